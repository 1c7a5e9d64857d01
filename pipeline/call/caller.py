"""The caller: scripted, but reacting to what the agent asks for. Decides what is said next, and when."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from operator import attrgetter

from pipeline import values
from pipeline.agent import Reply
from pipeline.call.asked import Asked, Kind, Listener, sentences
from pipeline.call.english import tongue_of
from pipeline.call.manner import Delivery, Part, deliver
from pipeline.chance import Chance
from pipeline.line.moods import MOODS
from pipeline.line.window import LEAD_IN_MS, Sort, on_grid
from pipeline.spec.habits import Habits
from pipeline.spec.scenario import SLOT, Line, Scenario

# From the end of the agent's words to the caller's first sound.
REACTION_MS = {
    "calm": (300, 1000),
    "hurried": (200, 600),
    "angry": (200, 700),
    "confused": (800, 2000),
    "stressed": (300, 1300),
}
FIRST_SOUND_MS = 3_000  # how long a caller waits for an agent that does not speak first
SILENCE_MS = 9_000  # how long a caller waits for an answer before asking whether anybody is there
IGNORED_MS = 2_500  # how long, when the agent just talked on over what they said
GONE_MS = 20_000  # how long a caller who says nothing lets the agent wait
AGAIN_MS = 300  # before they say it once more, still over the agent
TALKS_ON_MS = 1_000  # an agent with less left to say is let finish
INTERRUPTED_AT = (0.2, 0.8)  # where in a prompt
ONLY_ONCE = ("repairs", "changes_mind", "digresses")  # nobody does that again when asked to repeat


@dataclass(frozen=True)
class Speak:
    """What the caller does with their voice or keys now: the line's key and attempt, how, and the facts it carries."""

    key: str
    attempt: int
    delivery: Delivery
    offered: tuple[str, ...] = ()
    sort: Sort = "words"

    @property
    def text(self) -> str:
        """As written."""
        return self.delivery.text

    @property
    def spoken(self) -> str:
        """As spoken, or the keys as pressed."""
        return self.delivery.spoken


@dataclass(frozen=True)
class HangUp:
    """The caller ends the call: content (`goodbye`), out of patience, or asked what they have no line for."""

    why: str


@dataclass(frozen=True)
class _Plan:
    """What will be done, and when; an `answer` is due to the agent, anything else is not."""

    at_ms: int
    act: Speak | HangUp
    is_answer: bool = True


@dataclass(frozen=True)
class _Prompt:
    """What the agent says, and when it is heard."""

    text: str = ""
    start_ms: int = 0
    end_ms: int = 0


@dataclass
class _Memory:
    """What was said so far: how often each utterance (which names its windows) and each line, and the last one."""

    attempts: Counter[str] = field(default_factory=Counter)
    tries: Counter[str] = field(default_factory=Counter)
    last: tuple[str, ...] = ("open",)


class Caller:
    """One caller in one call. Told what it hears; asked at each tick of the grid what it does."""

    def __init__(self, scenario: Scenario, habits: Habits, listener: Listener, chance: Chance) -> None:
        self._scenario = scenario
        self._habits = habits.over(MOODS[scenario.persona.mood].pauses)
        self._patience = habits.patience or scenario.persona.patience
        self._listener = listener
        self._chance = chance
        self._tongue = tongue_of(scenario.language)
        self._memory = _Memory()
        self._before: _Memory | None = None  # what was remembered before the answer that is planned
        self._heard: Counter[str] = Counter()
        self._offered: set[str] = set()
        self._holds = False
        self._prompts = 0
        self._prompt = _Prompt()
        self._agenda: list[_Plan] = []
        self._speaking: Speak | None = None
        self._talks_over = False
        self._spoke_until_ms = 0
        self._waits_from_ms = 0
        self._wait_ms = FIRST_SOUND_MS
        self.unmatched: list[str] = []

    def hear(self, reply: Reply, *, start_ms: int, end_ms: int) -> None:
        """A reply that begins to reach the ear; it will have been heard at `end_ms`. It replaces what was planned.

        Who has decided to hang up does so whatever is said; and what has no words is not heard at all.
        """
        if self._is_leaving or not values.has_words(reply.text):
            return
        self._agenda = []
        self._unsay()
        self._prompts += 1
        self._prompt = _Prompt(reply.text, start_ms, end_ms)
        self._waits_from_ms, self._wait_ms = max(start_ms, end_ms), SILENCE_MS
        self._holds = self._talks_over = False
        if reply.ends_call or reply.handoff:
            return
        self._agenda = list(self._noises())
        self._before = deepcopy(self._memory)
        act = self._react(reply.text)
        if isinstance(act, Speak) and self._happens(self._habits.goes_silent, "goes_silent", str(self._prompts)):
            self._say_nothing()
        elif act:
            self._intend(act)

    def hear_silence(self, at_ms: int) -> None:
        """The agent has fallen silent in mid-sentence."""
        if self._is_leaving:
            return
        prompt, self._prompt = self._prompt, replace(self._prompt, end_ms=at_ms)
        self._waits_from_ms, self._wait_ms = max(at_ms, self._spoke_until_ms), SILENCE_MS
        planned = [plan for plan in self._agenda if plan.is_answer]
        was_interrupted, self._talks_over = self._talks_over, False
        if planned and not was_interrupted and at_ms >= self._enough_ms(prompt):
            self._agenda = [replace(plan, at_ms=min(plan.at_ms, self._reacting(plan.act, at_ms))) for plan in planned]
        else:
            self._agenda = []
            self._unsay()

    def act(self, now_ms: int) -> Speak | HangUp | None:
        """What the caller does at this tick of the grid; nothing while they speak."""
        if now_ms < self._spoke_until_ms:
            self._agenda = [plan for plan in self._agenda if plan.is_answer or plan.at_ms > now_ms]
            return None
        if not self._agenda and now_ms >= self._waits_from_ms + self._wait_ms:
            self._agenda = [_Plan(now_ms, self._break_silence())]
        if not self._agenda or now_ms < self._agenda[0].at_ms:
            return None
        plan = self._agenda.pop(0)
        if plan.is_answer:
            self._before = None
        if isinstance(plan.act, Speak):
            self._begin(plan.act, now_ms)
        return plan.act

    def spoke_until(self, end_ms: int) -> None:
        """The caller's own words end here; from here on they wait for an answer."""
        act, self._spoke_until_ms = self._speaking, end_ms
        self._waits_from_ms = max(self._waits_from_ms, end_ms)
        if act is None or act.sort not in ("words", "keys"):
            return
        self._wait_ms = IGNORED_MS if self._talks_over else SILENCE_MS
        talks_on = self._talks_over and self._prompt.end_ms - end_ms >= TALKS_ON_MS
        if talks_on and self._happens(self._habits.interrupts_again, "interrupts_again", *_names(act)):
            self._before = deepcopy(self._memory)
            self._agenda = [_Plan(end_ms + AGAIN_MS, self._say(self._memory.last))]

    # When

    def _begin(self, act: Speak, now_ms: int) -> None:
        self._speaking = act
        self._offered |= set(act.offered)
        if self._before:  # an answer still to come may be unsaid; this will not be
            self._before.attempts[act.key] = act.attempt
        if act.sort in ("words", "keys"):
            self._talks_over = now_ms + LEAD_IN_MS < self._prompt.end_ms

    @property
    def _is_leaving(self) -> bool:
        """Whether they are about to hang up."""
        return any(isinstance(plan.act, HangUp) for plan in self._agenda)

    def _unsay(self) -> None:
        """An answer that was planned and not given counts as never tried."""
        if self._before:
            self._memory, self._before = self._before, None

    def _say_nothing(self) -> None:
        """Asked again, they will know what for."""
        wanted = self._memory.last
        self._unsay()
        self._memory.last, self._wait_ms = wanted, GONE_MS

    def _happens(self, share: float | None, *names: str) -> bool:
        """Whether a habit shows this time."""
        return bool(share) and float(self._chance.named(*names).stream().random()) < (share or 0)

    def _intend(self, act: Speak | HangUp) -> None:
        """Answer when it is time; a caller who first has to say something to somebody else does so before."""
        at_ms = self._moment(act)
        if isinstance(act, Speak) and self._happens(self._habits.asides, "asides", *_names(act)):
            self._agenda.append(_Plan(at_ms, self._aside(), is_answer=False))
        self._agenda.append(_Plan(at_ms, act))
        self._agenda.sort(key=attrgetter("at_ms"))

    def _moment(self, act: Speak | HangUp) -> int:
        """When the window of an answer starts: after the prompt, or in the middle of it."""
        prompt, habits = self._prompt, self._habits
        if isinstance(act, Speak) and prompt.end_ms > prompt.start_ms:
            if self._happens(habits.interrupts, "interrupts", *_names(act)):
                at = float(self._chance.named("interrupts at", *_names(act)).stream().uniform(*INTERRUPTED_AT))
                return on_grid(max(0, round(prompt.start_ms + at * (prompt.end_ms - prompt.start_ms)) - LEAD_IN_MS))
            if self._happens(habits.cuts_short, "cuts_short", *_names(act)):
                return self._reacting(act, self._enough_ms(prompt))
        return self._reacting(act, prompt.end_ms)

    def _reacting(self, act: Speak | HangUp, heard_ms: int) -> int:
        """When the window of an answer to what was heard by `heard_ms` starts."""
        names = _names(act) if isinstance(act, Speak) else ("goodbye",)
        low, high = self._habits.reaction_ms or REACTION_MS[self._scenario.persona.mood]
        reaction_ms = int(self._chance.named("reaction", *names).stream().integers(low, high + 1))
        return on_grid(max(0, heard_ms + reaction_ms - LEAD_IN_MS))

    def _enough_ms(self, prompt: _Prompt) -> int:
        """From when on the prompt holds nothing that would change the answer; by its letters, since they take time."""
        said = sentences(prompt.text)
        whole = self._listener.asked(prompt.text, frozenset(self._offered))
        for n in range(1, len(said)):
            part = " ".join(said[:n])
            asked = self._listener.asked(part, frozenset(self._offered))
            if (asked.kind, asked.keys) == (whole.kind, whole.keys):
                return round(prompt.start_ms + len(part) / len(prompt.text) * (prompt.end_ms - prompt.start_ms))
        return prompt.end_ms

    # What is not for the agent

    def _noises(self) -> Iterator[_Plan]:
        """Sounds that the caller makes while the agent speaks: so many a minute, at any moment of it."""
        rates: Mapping[Sort, float | None] = {
            "backchannel": self._habits.backchannels_per_min,
            "cough": self._habits.coughs_per_min,
        }
        plans = []
        for sort, per_min in rates.items():
            rng = self._chance.named(sort, str(self._prompts)).stream()
            minutes = max(0, self._prompt.end_ms - self._prompt.start_ms) / 60_000
            for _ in range(int(rng.poisson((per_min or 0) * minutes))):
                at_ms = on_grid(max(0, int(rng.integers(self._prompt.start_ms, self._prompt.end_ms)) - LEAD_IN_MS))
                plans.append((at_ms, sort, float(rng.random())))
        for at_ms, sort, pick in sorted(plans):
            yield _Plan(at_ms, self._noise(sort, pick), is_answer=False)

    def _noise(self, sort: Sort, pick: float) -> Speak:
        phrases = self._tongue.backchannels if sort == "backchannel" else ("",)
        return self._utter(sort, phrases[int(pick * len(phrases))], sort)

    def _aside(self) -> Speak:
        phrases = self._tongue.asides
        at = int(self._chance.named("aside", str(self._prompts)).stream().integers(len(phrases)))
        return self._utter("aside", phrases[at], "aside")

    def _utter(self, key: str, words: str, sort: Sort, offered: tuple[str, ...] = ()) -> Speak:
        """Just that, as it stands."""
        self._memory.attempts[key] += 1
        return Speak(key, self._memory.attempts[key], Delivery(words, (Part(words),)), offered, sort)

    # What

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
            "again": lambda: self._say(self._memory.last),
            "closing": self._close,
            "hold": self._hold,
            "statement": self._told,
            "goodbye": self._told,
            "unknown": lambda: self._otherwise(asked.sentence),
        }
        return reactions[asked.kind]()

    def _hold(self) -> Speak | HangUp | None:
        """Wait; but a greeting is no more than that."""
        if not self._has_begun and not self._tongue.hold.search(self._prompt.text):
            return self._say(("open",))
        self._holds = True
        return None

    def _say(self, keys: tuple[str, ...], *, before: str = "", corrected: bool = False) -> Speak | HangUp:
        """The lines of `keys` in one breath, after `before`: as first written, or, said before, as corrected."""
        memory = self._memory
        memory.tries.update(keys)
        memory.last = keys
        if max(memory.tries[key] for key in keys) > 1 + self._patience:
            return HangUp("gave_up")
        if self._tongue.keypad.search(self._prompt.text) and all(self._line(key).keys for key in keys):
            return self._press(keys)
        again = [corrected or memory.tries[key] > 1 for key in keys]
        lines = [self._line(key) for key in keys]
        texts = [(line.correct or line.say) if said else line.say for line, said in zip(lines, again, strict=True)]
        return self._speak("+".join(keys), " ".join(filter(None, (before, *texts))), slow=any(again))

    def _line(self, key: str) -> Line:
        return self._scenario.says.get(key) or Line(say=self._tongue.phrases[key])

    def _press(self, keys: tuple[str, ...]) -> Speak:
        """What the lines have for the keypad."""
        wanted = "".join(self._line(key).keys or "" for key in keys)
        named = tuple(dict.fromkeys(slot["fact"] for slot in SLOT.finditer(wanted)))
        return self._utter("+".join(keys), values.keyed(wanted, self._scenario.facts), "keys", named)

    def _speak(self, key: str, template: str, *, slow: bool = False) -> Speak:
        self._memory.attempts[key] += 1
        attempt, facts = self._memory.attempts[key], self._scenario.facts
        habits = self._habits if attempt == 1 else self._habits.model_copy(update=dict.fromkeys(ONLY_ONCE))
        chance = self._chance.named("manner", key, str(attempt))
        delivery = deliver(template, self._scenario, habits, chance, slow=slow)
        named = [slot["fact"] for slot in SLOT.finditer(template)]
        # A line may also say the value of its fact in words of its own.
        own = [
            name
            for name in key.split("+")
            if name in facts and values.find(facts[name], delivery.text, now=self._scenario.now)
        ]
        return Speak(key, attempt, delivery, tuple(dict.fromkeys((*named, *own))))

    def _phrase(self, key: str) -> Speak:
        """A stock answer; saying yes often costs no patience."""
        self._memory.last = (key,)
        return self._speak(key, self._line(key).say)

    def _deny(self, asked: Asked) -> Speak | HangUp:
        """Not right: said with the facts that were read back wrong, slowly."""
        return self._say(asked.keys, before=self._tongue.phrases["no"], corrected=True)

    def _close(self) -> Speak | HangUp:
        """Nothing else is wanted; a caller who has said so twice just hangs up."""
        return HangUp("goodbye") if self._memory.tries["closing"] > 1 else self._say(("closing",))

    def _told(self) -> Speak | HangUp:
        """Told something and asked nothing: begin; or that was it; who has said so already hangs up."""
        if not self._has_begun:
            return self._say(("open",))
        return HangUp("goodbye") if self._memory.tries["closing"] else self._say(("closing",))

    @property
    def _has_begun(self) -> bool:
        """Whether anything was said to the agent."""
        return bool(self._memory.tries) or self._memory.last != ("open",)

    def _otherwise(self, sentence: str) -> Speak | HangUp:
        self.unmatched.append(sentence)
        if "otherwise" not in self._scenario.says or self.unmatched.count(sentence) > 1:
            return HangUp("no_line")
        return self._say(("otherwise",))

    def _break_silence(self) -> Speak | HangUp:
        """Nobody speaks: begin; hang up if all was said; or ask whether anybody is there, and say it again.

        Who was talked over just says it again.
        """
        if not self._has_begun:
            return self._say(("open",))
        if self._talks_over:
            return self._say(self._memory.last)
        if self._memory.last == ("closing",):
            return HangUp("goodbye")
        if self._holds:
            return self._say(("hello",))
        return self._say(self._memory.last, before=self._tongue.phrases["hello"])


def _names(act: Speak) -> tuple[str, str]:
    """What an utterance is called where chance is drawn for it."""
    return act.key, str(act.attempt)
