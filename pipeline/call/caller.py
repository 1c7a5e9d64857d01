"""The caller: scripted, but reacting to what the agent asks for. Decides what is said next, and when."""

from collections import Counter
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
        self._attempts: Counter[str] = Counter()  # by utterance, which names its windows
        self._tries: Counter[str] = Counter()  # by line, which wears out patience
        self._heard: Counter[str] = Counter()
        self._offered: set[str] = set()
        self._last: tuple[str, ...] = ("open",)
        self._holds = False
        self._plan: _Plan | None = None
        self._spoke_until_ms = 0
        self._waits_from_ms = 0
        self._wait_ms = FIRST_SOUND_MS
        self.unmatched: list[str] = []

    def hear(self, reply: Reply, *, start_ms: int, end_ms: int) -> None:
        """A reply that begins to reach the ear; it will have been heard at `end_ms`. It replaces what was planned."""
        self._waits_from_ms, self._wait_ms = max(start_ms, end_ms), SILENCE_MS
        self._plan, self._holds = None, False
        if reply.ends_call or reply.handoff or not values.has_words(reply.text):
            return
        if act := self._react(reply.text):
            self._plan = self._planned(act, end_ms)

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
        self._spoke_until_ms = self._waits_from_ms = end_ms
        self._wait_ms = SILENCE_MS

    def _planned(self, act: Speak | HangUp, heard_ms: int) -> _Plan:
        """After the reaction time, and not into the caller's own words."""
        names = (act.key, str(act.attempt)) if isinstance(act, Speak) else ("goodbye",)
        low, high = REACTION_MS[self._scenario.persona.mood]
        reaction_ms = int(self._chance.named("reaction", *names).stream().integers(low, high + 1))
        return _Plan(on_grid(max(heard_ms + reaction_ms - LEAD_IN_MS, self._spoke_until_ms)), act)

    def _react(self, text: str) -> Speak | HangUp | None:
        asked = self._listener.asked(text, frozenset(self._offered))
        self._heard[text] += 1
        if self._heard[text] > 1 + self._patience and asked.kind != "closing":
            return HangUp("gave_up")
        reactions: Mapping[Kind, Callable[[], Speak | HangUp | None]] = {
            "lines": lambda: self._say(asked.keys),
            "yes": lambda: self._phrase("yes"),
            "offer": lambda: self._phrase("offer"),
            "no": lambda: self._deny(asked),
            "open": lambda: self._say(("open",)),
            "again": lambda: self._say(self._last),
            "closing": self._close,
            "hold": self._hold,
            "statement": self._told,
            "goodbye": self._told,
            "unknown": lambda: self._otherwise(asked.sentence),
        }
        return reactions[asked.kind]()

    def _hold(self) -> None:
        self._holds = True

    def _say(self, keys: tuple[str, ...]) -> Speak | HangUp:
        """The lines of `keys` in one breath: as first written, or, said before, as corrected."""
        self._tries.update(keys)
        self._last = keys
        if max(self._tries[key] for key in keys) > 1 + self._patience:
            return HangUp("gave_up")
        lines = [self._line(key) for key in keys]
        again = [self._tries[key] > 1 for key in keys]
        texts = [(line.correct or line.say) if said else line.say for line, said in zip(lines, again, strict=True)]
        return self._speak("+".join(keys), " ".join(texts), slow=any(again))

    def _line(self, key: str) -> Line:
        return self._scenario.says.get(key) or Line(say=self._phrases[key])

    def _speak(self, key: str, template: str, *, slow: bool = False) -> Speak:
        self._attempts[key] += 1
        facts = self._scenario.facts
        text, spoken = values.written(template, facts), values.utter(template, facts, slow=slow)
        named = [slot["fact"] for slot in SLOT.finditer(template)]
        # A line may also say the value of its fact in words of its own.
        own = [
            name for name in key.split("+") if name in facts and values.find(facts[name], text, now=self._scenario.now)
        ]
        return Speak(key, self._attempts[key], text, spoken, tuple(dict.fromkeys((*named, *own))))

    def _phrase(self, key: str) -> Speak:
        """A stock answer; saying yes often costs no patience."""
        self._last = (key,)
        return self._speak(key, self._line(key).say)

    def _deny(self, asked: Asked) -> Speak | HangUp:
        """Not right: said with the facts that were read back wrong, slowly."""
        said = self._say(asked.keys)
        if isinstance(said, HangUp):
            return said
        lines = [self._line(name) for name in asked.keys]
        template = " ".join((self._phrases["no"], *(line.correct or line.say for line in lines)))
        facts = self._scenario.facts
        return replace(said, text=values.written(template, facts), spoken=values.utter(template, facts, slow=True))

    def _close(self) -> Speak | HangUp:
        """Nothing else is wanted; a caller who has said so twice just hangs up."""
        return HangUp("goodbye") if self._tries["closing"] > 1 else self._say(("closing",))

    def _told(self) -> Speak | HangUp:
        """Told something and asked nothing: begin; or that was it; who has said so already hangs up."""
        if not self._attempts:
            return self._say(("open",))
        return HangUp("goodbye") if self._tries["closing"] else self._say(("closing",))

    def _otherwise(self, sentence: str) -> Speak | HangUp:
        self.unmatched.append(sentence)
        if "otherwise" not in self._scenario.says or self.unmatched.count(sentence) > 1:
            return HangUp("no_line")
        return self._say(("otherwise",))

    def _break_silence(self) -> Speak | HangUp:
        """Nobody speaks: begin; hang up if all was said; or ask whether anybody is there, and say it again."""
        if not self._attempts:
            return self._say(("open",))
        if self._last == ("closing",):
            return HangUp("goodbye")
        if self._holds:
            return self._say(("hello",))
        again = self._say(self._last)
        if isinstance(again, HangUp):
            return again
        hello = self._phrases["hello"]
        return replace(again, text=f"{hello} {again.text}", spoken=f"{hello} {again.spoken}")
