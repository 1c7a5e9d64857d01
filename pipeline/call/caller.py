"""The caller: scripted, but reacting to what the agent asks for. Decides what is said next, and when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pipeline import values
from pipeline.agent import Reply
from pipeline.call.asked import Asked, Kind, Listener
from pipeline.call.english import tongue_of
from pipeline.chance import Chance
from pipeline.line.window import LEAD_IN_MS, on_grid
from pipeline.spec.scenario import SLOT, Line, Scenario

# From the end of the agent's words to the caller's first sound. Median gaps on the phone lie near half a second;
# a scripted caller hears a reply to its end, so the floor is the lead-in of a window.
REACTION_MS = {"calm": (700, 1300), "hurried": (550, 850), "confused": (1100, 2200)}
FIRST_SOUND_MS = 3_000  # how long a caller waits for an agent that does not speak first
SILENCE_MS = 9_000  # how long a caller waits for an answer before asking whether anybody is there


@dataclass(frozen=True)
class Speak:
    """What the caller says now: the line's key and attempt, as written and as spoken, and the facts it carries."""

    key: str
    attempt: int
    text: str
    spoken: str
    offered: tuple[str, ...]


@dataclass(frozen=True)
class HangUp:
    """The caller ends the call: content (`goodbye`), out of patience, or asked what they have no line for."""

    why: str


@dataclass(frozen=True)
class _Plan:
    at_ms: int
    act: Speak | HangUp


class Caller:
    """One caller in one call. Told what it hears; asked at each tick of the grid what it does."""

    def __init__(self, scenario: Scenario, patience: int, listener: Listener, chance: Chance) -> None:
        self._scenario = scenario
        self._patience = patience
        self._listener = listener
        self._chance = chance
        self._phrases = tongue_of(scenario.language).phrases
        self._attempts: dict[str, int] = {}
        self._offered: set[str] = set()
        self._last: tuple[str, ...] = ("open",)
        self._plan: _Plan | None = None
        self._waits_from_ms = 0
        self._wait_ms = FIRST_SOUND_MS
        self.unmatched: list[str] = []

    def hear(self, reply: Reply, *, start_ms: int, end_ms: int) -> None:
        """A reply that begins to reach the ear; it will have been heard at `end_ms`. It replaces what was planned."""
        self._waits_from_ms, self._wait_ms = max(start_ms, end_ms), SILENCE_MS
        self._plan = None
        if not (reply.ends_call or reply.handoff or not reply.text.strip()):
            self._plan = self._planned(self._react(reply.text), end_ms)

    def act(self, now_ms: int) -> Speak | HangUp | None:
        """What the caller does at this tick of the grid."""
        if self._plan is None and now_ms >= self._waits_from_ms + self._wait_ms:
            self._plan = _Plan(now_ms, self._break_silence())
        if self._plan is None or now_ms < self._plan.at_ms:
            return None
        plan, self._plan = self._plan, None
        if isinstance(plan.act, Speak):
            self._offered |= set(plan.act.offered)
        return plan.act

    def spoke_until(self, end_ms: int) -> None:
        """The caller's own words end here; from here on they wait for an answer."""
        self._waits_from_ms, self._wait_ms = end_ms, SILENCE_MS

    def _planned(self, act: Speak | HangUp, heard_ms: int) -> _Plan:
        names = (act.key, str(act.attempt)) if isinstance(act, Speak) else ("goodbye",)
        low, high = REACTION_MS[self._scenario.persona.mood]
        reaction_ms = int(self._chance.named("reaction", *names).stream().integers(low, high + 1))
        return _Plan(on_grid(heard_ms + reaction_ms - LEAD_IN_MS), act)

    def _react(self, text: str) -> Speak | HangUp:
        asked = self._listener.asked(text, frozenset(self._offered))
        reactions: Mapping[Kind, Callable[[], Speak | HangUp]] = {
            "lines": lambda: self._say(asked.keys),
            "yes": lambda: self._phrase("yes"),
            "no": lambda: self._deny(asked),
            "open": lambda: self._say(("open",)),
            "again": lambda: self._say(self._last),
            "closing": lambda: self._say(("closing",)),
            "statement": self._close,
            "unknown": lambda: self._otherwise(text),
        }
        return reactions[asked.kind]()

    def _say(self, keys: tuple[str, ...]) -> Speak | HangUp:
        """The lines of `keys` in one breath: as first written, or, the second time, as corrected."""
        key = "+".join(keys)
        attempt = self._attempts.get(key, 0) + 1
        if attempt > 1 + self._patience:
            return HangUp("gave_up")
        self._attempts[key], self._last = attempt, keys
        lines = [self._line(name) for name in keys]
        texts = [line.say if attempt == 1 else line.correct or line.say for line in lines]
        slow = attempt > 1
        return self._speak(key, attempt, " ".join(texts), slow=slow)

    def _line(self, key: str) -> Line:
        return self._scenario.says.get(key) or Line(say=self._phrases[key])

    def _speak(self, key: str, attempt: int, template: str, *, slow: bool = False) -> Speak:
        facts = self._scenario.facts
        offered = tuple(dict.fromkeys(slot["fact"] for slot in SLOT.finditer(template)))
        offered += tuple(name for name in key.split("+") if name in facts and name not in offered)
        spoken = values.utter(template, facts, slow=slow)
        return Speak(key, attempt, values.written(template, facts), spoken, offered)

    def _phrase(self, key: str) -> Speak:
        """A stock answer; saying yes often costs no patience."""
        attempt = self._attempts[key] = self._attempts.get(key, 0) + 1
        self._last = (key,)
        return self._speak(key, attempt, self._line(key).say)

    def _deny(self, asked: Asked) -> Speak | HangUp:
        """Not right: said with the facts that were read back wrong, slowly."""
        said = self._say(asked.keys)
        if isinstance(said, HangUp):
            return said
        lines = [self._line(name) for name in asked.keys]
        template = " ".join((self._phrases["no"], *(line.correct or line.say for line in lines)))
        return replace(self._speak(said.key, said.attempt, template, slow=True), offered=said.offered)

    def _close(self) -> Speak | HangUp:
        """Told something and asked nothing: nothing else is wanted; who has said so already hangs up."""
        return HangUp("goodbye") if "closing" in self._attempts else self._say(("closing",))

    def _otherwise(self, text: str) -> Speak | HangUp:
        self.unmatched.append(text)
        if "otherwise" not in self._scenario.says or self.unmatched.count(text) > 1:
            return HangUp("no_line")
        return self._say(("otherwise",))

    def _break_silence(self) -> Speak | HangUp:
        """Nobody speaks: begin, or ask whether anybody is there and say it again."""
        if not self._attempts:
            return self._say(("open",))
        again = self._say(self._last)
        if isinstance(again, HangUp):
            return again
        return replace(
            again,
            text=f"{self._phrases['hello']} {again.text}",
            spoken=f"{self._phrases['hello']} {again.spoken}",
        )
