"""A line: a profile with every number settled for one call, its effects built and in physical order."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipeline import engines
from pipeline.chance import Chance
from pipeline.line.scene import Delays, Drops, Effect, HearsAgent
from pipeline.spec.profile import PLACES, AnyOf, EffectWords, Place, Profile, Range
from pipeline.spec.severity import NONE, TYPICAL

ONE_WAY_MS = 80
SMEARED_MS = 100  # band, codec and concealment behind an echo spread it by up to so much


@dataclass(frozen=True)
class PlacedEffect:
    """An effect at its place: its name there (the second of two noises is `noise.2`), settled options, and itself."""

    place: Place
    name: str
    options: Any
    effect: Effect


@dataclass(frozen=True)
class Line:
    """The whole way from mouth to platform for one call."""

    effects: tuple[PlacedEffect, ...] = ()

    @cached_property
    def lookahead_ms(self) -> int:
        """How far its sound runs ahead: what is heard at t does not depend on what comes after t and this."""
        # A talker shapes words before they are spoken, so what a talker effect looks ahead delays nobody.
        return sum(placed.effect.lookahead_ms for placed in self.effects if placed.place != "talker")

    @cached_property
    def delay_ms(self) -> int:
        """One way, with what the effects look ahead."""
        own = [placed.effect.delay_ms for placed in self.effects if isinstance(placed.effect, Delays)]
        return (sum(own) if own else ONE_WAY_MS) + self.lookahead_ms

    @cached_property
    def drop_ms(self) -> int | None:
        """When the line drops, if it does."""
        drops = [placed.effect.drop_ms for placed in self.effects if isinstance(placed.effect, Drops)]
        return min((ms for ms in drops if ms is not None), default=None)

    @cached_property
    def reach_ms(self) -> int | None:
        """For how long what the agent says is heard on the caller's side; None: it is not."""
        reaches = [one.effect.reach_ms for one in self.effects if isinstance(one.effect, HearsAgent)]
        return max(reaches) + SMEARED_MS if reaches else None

    @cached_property
    def voices(self) -> frozenset[str]:
        """The kinds of bystander whose speech the effects need."""
        return frozenset(kind for placed in self.effects for kind in placed.effect.voices)

    def said(self) -> list[dict[str, Any]]:
        """The settled effects as plain words, for records and hashes."""
        return [
            {
                "place": placed.place,
                "name": placed.name,
                "version": placed.effect.version,
                "options": placed.options.model_dump(mode="json"),
            }
            for placed in self.effects
        ]


def draw_line(profile: Profile, chance: Chance, severity: float = TYPICAL, *, lacks: Collection[Place] = ()) -> Line:
    """The profile's line for one call, less what it `lacks`; every number is drawn by the names of effect and option.

    All severities share what is drawn: a harsher line is the same one, only worse. With 0 nothing of it is left.
    Where there is any effect there is a converter, of 16 bits unless the profile says otherwise.
    """
    there = [one for one in _placed(profile, chance, severity) if one.place not in lacks] if severity != NONE else []
    placed = _converted(there)
    return Line(tuple(sorted(placed, key=lambda one: (PLACES.index(one.place), one.effect.order))))


def _placed(profile: Profile, chance: Chance, severity: float) -> list[PlacedEffect]:
    seen: dict[tuple[str, str], int] = {}
    placed = []
    for words in profile.effects:
        count = seen[words.place, words.name] = seen.get((words.place, words.name), 0) + 1
        name = words.name if count == 1 else f"{words.name}.{count}"
        options = _at(severity, _settled(words, chance.named(words.place, name)))
        effect = engines.find(words.place, words.name).build(options)
        placed.append(PlacedEffect(words.place, name, options, effect))
    return placed


def _converted(placed: list[PlacedEffect]) -> list[PlacedEffect]:
    """With the one converter that every device has; what a profile does not name draws nothing."""
    if not placed or any((one.place, one.name) == ("device", "adc") for one in placed):
        return placed
    adc = engines.find("device", "adc")
    options = adc.options()
    return [*placed, PlacedEffect("device", "adc", options, adc.build(options))]


def _settled(words: EffectWords, chance: Chance) -> Any:  # noqa: ANN401  each effect has Options of its own
    drawn = {key: _draw(value, words.is_whole(key), chance.named(key)) for key, value in words.options.items()}
    options = words.settle(drawn)
    if not hasattr(options, "settled"):
        return options
    return options.settled(chance.named("settled").stream())


def _at(severity: float, options: Any) -> Any:  # noqa: ANN401  each effect has Options of its own
    """What has no degree stays as it is."""
    return options.at(severity) if hasattr(options, "at") else options


def _draw(value: Any, whole: bool, chance: Chance) -> Any:  # noqa: ANN401  anything YAML holds
    match value:
        case Range(low, high) if whole:
            return int(chance.stream().integers(int(low), int(high) + 1))
        case Range(low, high):
            return float(chance.stream().uniform(low, high))
        case AnyOf(choices):
            return choices[int(chance.stream().integers(len(choices)))]
        case _:
            return value
