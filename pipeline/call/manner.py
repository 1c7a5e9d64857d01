"""Manner: how a caller brings out what they have to say. Fillers, pauses, slips, second thoughts, digressions.

Each habit draws from a stream of its own name, so that one more habit does not move what another drew.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.random import Generator

from pipeline import values
from pipeline.call.english import Tongue, tongue_of
from pipeline.chance import Chance
from pipeline.spec.habits import Habits
from pipeline.spec.scenario import SLOT, SPECIAL_LINES, Scenario
from pipeline.values import Value
from pipeline.values.language import language_named

T = TypeVar("T")

PAUSE_MS = (600, 1800)  # long enough for many endpointers to take it for the end
FILLED = 0.4  # the share of hesitations that an "um" goes before
CUT_WORDS = (2, 4)  # how much is heard of what somebody did not mean to say


@dataclass(frozen=True)
class Part:
    """What is said in one breath, and the silence after it."""

    spoken: str
    pause_ms: int = 0


@dataclass(frozen=True)
class Delivery:
    """One utterance: as written for people, and as spoken, in parts with pauses between; the last has none after it."""

    text: str
    parts: tuple[Part, ...]

    @property
    def spoken(self) -> str:
        """All its words."""
        return " ".join(part.spoken for part in self.parts)


@dataclass(frozen=True)
class _Draft:
    """A template, the values that stand in it, and the language: what habits make another one of."""

    template: str
    facts: Mapping[str, Value]
    tongue: Tongue

    @property
    def words(self) -> list[str]:
        """The template word by word; a slot is one word, with the signs around it."""
        return self.template.split()

    @property
    def text(self) -> str:
        return values.written(self.template, self.facts)

    def spoken(self, words: Sequence[str], *, slow: bool) -> str:
        return values.utter(" ".join(words), self.facts, slow=slow)

    def other(self, *parts: str) -> "_Draft":
        return replace(self, template=" ".join(part for part in parts if part))


@dataclass(frozen=True)
class _Place:
    """Where a pause may stand: before the word `at`, or `inside` its spoken value, so many characters in."""

    at: int
    weight: float
    inside: int = 0


def deliver(template: str, scenario: Scenario, habits: Habits, chance: Chance, *, slow: bool = False) -> Delivery:
    """The template in the caller's manner; without a habit, just as it stands, in one breath.

    At most one of `repairs`, `changes_mind` and `digresses` shows, in this order. `chance` is named by the utterance.
    """
    draft = _reshaped(_Draft(template, scenario.facts, tongue_of(scenario.language)), scenario, habits, chance)
    if _happens(habits.fillers, chance.named("fillers")):
        draft = _filled(draft, scenario, chance.named("fillers").stream())
    if _happens(habits.hesitates, chance.named("hesitates")):
        rng = chance.named("hesitates").stream()
        return _hesitant(draft, scenario, habits.pause_ms or PAUSE_MS, rng, slow=slow)
    return _fluent(draft, slow=slow)


def _happens(share: float | None, chance: Chance) -> bool:
    return bool(chance.named("whether").stream().random() < (share or 0.0))


def _fluent(draft: _Draft, *, slow: bool) -> Delivery:
    return Delivery(draft.text, (Part(values.utter(draft.template, draft.facts, slow=slow)),))


# Said otherwise than it was meant to be


def _reshaped(draft: _Draft, scenario: Scenario, habits: Habits, chance: Chance) -> _Draft:
    ways: Sequence[tuple[str, float | None, Callable[[_Draft, Scenario, Generator], Iterator[_Draft]]]] = (
        ("repairs", habits.repairs, _repaired),
        ("changes_mind", habits.changes_mind, _rethought),
        ("digresses", habits.digresses, _digressed),
    )
    for name, share, reshape in ways:
        if _happens(share, chance.named(name)):
            for other in reshape(draft, scenario, chance.named(name).stream()):
                if _gives_the_same(draft, other, scenario):
                    return other
    return draft


def _gives_the_same(draft: _Draft, other: _Draft, scenario: Scenario) -> bool:
    """Whether every fact that could be heard still can, and no other but those of the slots."""
    before, now = _given(draft, scenario), _given(other, scenario)
    return before <= now <= before | {slot["fact"] for slot in SLOT.finditer(other.template)}


def _given(draft: _Draft, scenario: Scenario) -> frozenset[str]:
    return _carried(scenario, draft.text, draft.spoken(draft.words, slow=False))


def _carried(scenario: Scenario, text: str, spoken: str) -> frozenset[str]:
    """The facts that the words carry, as written and as spoken."""
    now = scenario.now
    found = (
        (name, values.find(fact, text, now=now), values.find(fact, spoken, now=now))
        for name, fact in scenario.facts.items()
    )
    return frozenset(name for name, *both in found if all(both))


def _repaired(draft: _Draft, scenario: Scenario, rng: Generator) -> Iterator[_Draft]:
    """A value said wrong and put right at once; where none can be, the first words said twice."""
    slots = list(SLOT.finditer(draft.template))
    correction = _one_of(draft.tongue.repairs, rng)
    for slot in _shuffled(slots, rng):
        if wrong := values.slip(draft.facts[slot["fact"]], rng):
            yield _slipped(draft, slot, wrong, correction)
    yield from _restarted(draft)


def _slipped(draft: _Draft, slot: re.Match[str], wrong: Value, correction: str) -> _Draft:
    name = f"{slot['fact']}_slip"
    while name in draft.facts:
        name += "_"
    before, after = draft.template[: slot.start()], draft.template[slot.start() :]
    said = slot[0].replace(slot["fact"], name, 1)
    return replace(draft, template=f"{before}{said}, {correction} {after}", facts={**draft.facts, name: wrong})


def _restarted(draft: _Draft) -> Iterator[_Draft]:
    """The first words of a longer clause twice, else of any: "I need, I need to ..."."""
    words = draft.words
    for start, end in sorted(_clauses(words), key=lambda clause: clause[1] - clause[0] < 4):
        stop = start + (2 if end - start >= 4 else 1)
        once = " ".join(words[start:stop])
        if end - start >= 2 and "{" not in once and _bare(words[start]) not in draft.tongue.tails:
            yield draft.other(*words[:start], f"{once},", _lowered(once, draft.tongue), *words[stop:])


def _rethought(draft: _Draft, scenario: Scenario, rng: Generator) -> Iterator[_Draft]:
    """The beginning of another line, thought better of."""
    greeting, rest = _greeted(draft)
    no_echo = [way for way in draft.tongue.second_thoughts if _bare(way.split()[-1]) != _bare(rest.split()[0])]
    thought = _one_of(no_echo, rng)
    cuts = (_cut_off(line, scenario) for line in _other_lines(draft, scenario))
    others = [cut for cut in cuts if cut and cut not in draft.template]
    for cut in (*_shuffled(others, rng), *_shuffled(draft.tongue.starts, rng)):
        begun = _after(greeting, cut, draft.tongue)
        yield draft.other(greeting, f"{begun},", thought, _lowered(rest, draft.tongue))


def _other_lines(draft: _Draft, scenario: Scenario) -> list[str]:
    said = draft.template
    lines = [line for key, line in scenario.says.items() if key not in SPECIAL_LINES]
    return [line.say for line in lines if line.say not in said and (line.correct or line.say) not in said]


def _cut_off(line: str, scenario: Scenario) -> str | None:
    """The first words of a line, before a value or a sign; None where these are too few to be noticed."""
    few, many = CUT_WORDS
    words = _before_values(line, scenario)
    first_sign = next((i for i, word in enumerate(words, 1) if not _runs_on(word)), many)
    cut = words[: min(many, first_sign)]
    return " ".join(cut).rstrip(",.;:?!") if few <= len(cut) < len(line.split()) else None


def _before_values(line: str, scenario: Scenario) -> list[str]:
    """The words of a line up to its first slot, to a fact that it says in words of its own, or to a digit."""
    found = (values.find(fact, line, now=scenario.now) for fact in scenario.facts.values())
    stops = [span.start for span in found if span]
    digits = language_named(scenario.language).DIGITS.values()
    stops += [sign.start() for sign in re.finditer(rf"{{|\b({'|'.join(digits)})\b", line, re.IGNORECASE)]
    return line[: min(stops, default=len(line))].split()


def _digressed(draft: _Draft, scenario: Scenario, rng: Generator) -> Iterator[_Draft]:
    """Half of it, another matter, and all of it."""
    tongue = draft.tongue
    own = scenario.says.get("digression")
    matter = own.say.strip() if own else _one_of(tongue.digressions, rng)
    detour, back = _one_of(tongue.detours, rng), _one_of(tongue.returns, rng)
    greeting, rest = _greeted(draft)
    half = _half(rest, scenario, tongue.tails)
    begun = f"{half}, {detour}" if half else _after(greeting, detour, tongue)
    stop = "" if _ends(matter) else "."
    yield draft.other(greeting, begun, f"{_lowered(matter, tongue)}{stop}", back, _lowered(rest, tongue))


def _half(line: str, scenario: Scenario, tails: frozenset[str]) -> str:
    """What is said of a line before a digression: all up to its first value, or half of it; at most six words."""
    words, plain = line.split(), _before_values(line, scenario)
    count = len(plain) if len(plain) < len(words) else max(1, len(words) // 2)
    half = plain[: min(count, 6)]
    while half and _bare(half[-1]) in tails:
        half.pop()
    return " ".join(half).rstrip(",.;:?!")


# Fillers


def _filled(draft: _Draft, scenario: Scenario, rng: Generator) -> _Draft:
    """With one filler: at the start, before a value, or where a clause begins."""
    filler, words = _one_of(draft.tongue.fillers, rng), draft.words
    places = [i for i in range(len(words)) if _takes_filler(words, i, draft.tongue)]
    ways = (_with_filler(draft, at, filler) for at in _shuffled(places, rng))
    return next((way for way in ways if _gives_the_same(draft, way, scenario)), draft)


def _takes_filler(words: Sequence[str], at: int, tongue: Tongue) -> bool:
    near = {_bare(word) for word in words[max(0, at - 1) : at + 1]}
    begins = at == 0 or "{" in words[at] or not _runs_on(words[at - 1])
    return begins and not near & {*tongue.fillers, *tongue.tails}


def _with_filler(draft: _Draft, at: int, filler: str) -> _Draft:
    before, after = draft.words[:at], draft.words[at:]
    if before and _runs_on(before[-1]):
        before[-1] += ","
    if before and not _ends(before[-1]):
        return draft.other(*before, f"{filler},", *after)
    return draft.other(*before, f"{filler.capitalize()},", _lowered(after[0], draft.tongue), *after[1:])


# Hesitation


def _hesitant(draft: _Draft, scenario: Scenario, pause_ms: tuple[int, int], rng: Generator, *, slow: bool) -> Delivery:
    """In two parts, if there is a place for a pause."""
    silence_ms = int(rng.integers(pause_ms[0], pause_ms[1] + 1))
    filler = _one_of(draft.tongue.fillers, rng) if rng.random() < FILLED else ""
    fluent = _fluent(draft, slow=slow)
    given = _carried(scenario, fluent.text, fluent.spoken)
    for place in _drawn(_places(draft, slow=slow), rng):
        way = _paused(draft, place, silence_ms, filler, slow=slow)
        if way and given == _carried(scenario, way.text, way.spoken):
            return way
    return fluent


def _drawn(places: Sequence[_Place], rng: Generator) -> list[_Place]:
    """All places in a drawn order, the likelier ones earlier."""
    weights = np.array([place.weight for place in places])
    order = rng.choice(len(places), len(places), replace=False, p=weights / weights.sum()) if places else ()
    return [places[i] for i in order]


def _places(draft: _Draft, *, slow: bool) -> list[_Place]:
    """Where this caller may stop to think; between any two words only if there is no better place."""
    words = draft.words
    between = [_Place(i, _weight(words[i - 1], words[i], draft.tongue)) for i in range(1, len(words))]
    likely = [place for place in between if place.weight] + list(_inside_values(draft, slow=slow))
    return likely or [replace(place, weight=1.0) for place in between if not _belongs(words, place.at, draft.tongue)]


def _belongs(words: Sequence[str], at: int, tongue: Tongue) -> bool:
    """Whether a word belongs to the one before it: "thank you"."""
    return not {_bare(word) for word in words[at - 1 : at + 1]}.isdisjoint(tongue.tails)


def _weight(before: str, after: str, tongue: Tongue) -> float:
    """How likely somebody stops between two words, by what stands there."""
    if _ends(before) or _bare(after) in tongue.tails:
        return 0.0
    if "{" in after:
        return 4.0
    if not _runs_on(before):
        return 3.0
    if _bare(after) in tongue.before:
        return 2.0
    return 1.0 if _bare(before) in tongue.after else 0.0


def _inside_values(draft: _Draft, *, slow: bool) -> Iterator[_Place]:
    """Between the groups in which values are said; one value is as likely as any other, however many groups it has."""
    for i, word in enumerate(draft.words):
        if slot := SLOT.search(word):
            said = values.utter(slot[0], draft.facts, slow=slow)
            gaps = [gap.start() + 1 for gap in re.finditer(r"\. " if ". " in said else ", ", said)]
            yield from (_Place(i, 4.0 / len(gaps), inside=gap) for gap in gaps)


def _halves(draft: _Draft, place: _Place, *, slow: bool) -> tuple[str, ...]:
    """What is spoken before and after the pause; nothing where one of them has no words."""
    words = draft.words
    first, second = draft.spoken(words[: place.at], slow=slow), draft.spoken(words[place.at :], slow=slow)
    if place.inside:
        cut = place.inside + words[place.at].index("{")
        first, second = f"{first} {second[:cut]}".strip(), second[cut:].strip()
    if not (values.has_words(first) and values.has_words(second)):
        return ()
    return (f"{first}," if _runs_on(first) else first), second


def _paused(draft: _Draft, place: _Place, silence_ms: int, filler: str, *, slow: bool) -> Delivery | None:
    """With the pause in its place, and the filler before it unless there is one; None if a part has no words."""
    if filler and not place.inside and not _near_filler(draft, place.at):
        draft, place = _with_filler(draft, place.at, filler), replace(place, at=place.at + 1)
    halves = _halves(draft, place, slow=slow)
    return Delivery(draft.text, (Part(halves[0], silence_ms), Part(halves[1]))) if halves else None


def _near_filler(draft: _Draft, at: int) -> bool:
    return any(_bare(word) in draft.tongue.fillers for word in draft.words[max(0, at - 1) : at + 1])


# Words


def _clauses(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The spans of words between signs."""
    start = 0
    for i, word in enumerate(words):
        if not _runs_on(word) or i == len(words) - 1:
            yield start, i + 1
            start = i + 1


def _greeted(draft: _Draft) -> tuple[str, str]:
    """The greeting with which it begins, if it does, and the rest."""
    greeting = draft.tongue.greeting.match(draft.template)
    end = greeting.end() if greeting else 0
    return draft.template[:end].strip(), draft.template[end:]


def _after(before: str, words: str, tongue: Tongue) -> str:
    """Words with the capital letter that they have after `before`: only where a sentence begins."""
    return _lowered(words, tongue) if before and not _ends(before) else words[:1].upper() + words[1:]


def _lowered(words: str, tongue: Tongue) -> str:
    """Without the capital letter of a sentence's beginning; a name keeps its own."""
    first = words.split(maxsplit=1)[0] if words.strip() else ""
    return words[:1].lower() + words[1:] if _bare(first) in tongue.small else words


def _bare(word: str) -> str:
    return word.strip(",.;:?!").lower()


def _runs_on(word: str) -> bool:
    """Whether no sign stands after it."""
    return word[-1:].isalnum() or word.endswith(("}", "%"))


def _ends(word: str) -> bool:
    return word.endswith((".", "?", "!"))


def _one_of(options: Sequence[str], rng: Generator) -> str:
    return options[int(rng.integers(len(options)))]


def _shuffled(options: Sequence[T], rng: Generator) -> list[T]:
    return [options[i] for i in rng.permutation(len(options))]
