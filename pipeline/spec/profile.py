"""A noise profile: one line condition. Its keys fix the physical order: talker, room, device, network."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from pipeline import engines
from pipeline.spec.words import Words, complaint, folder_of, name_and_options, read_words, under

Place = Literal["talker", "room", "device", "network"]
PLACES: tuple[Place, ...] = ("talker", "room", "device", "network")
MOST_CORNERS = 256


@dataclass(frozen=True)
class Range:
    """`[low, high]`: drawn once per call, uniformly."""

    low: float
    high: float


@dataclass(frozen=True)
class AnyOf:
    """`{any_of: [...]}`: one of them, picked once per call."""

    choices: tuple[Any, ...]


@dataclass(frozen=True)
class EffectWords:
    """An effect as written: where, which, and its options, in which a Range or AnyOf may stand for a number."""

    place: Place
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path()

    def settle(self, drawn: Mapping[str, Any]) -> Any:
        """The effect's Options with every Range and AnyOf replaced by what was `drawn` for it."""
        options = engines.find(self.place, self.name).options
        return options.model_validate({**self.options, **drawn}, context={"folder": self.folder})

    def is_whole(self, option: str) -> bool:
        """Whether an option takes whole numbers only."""
        return engines.find(self.place, self.name).options.model_fields[option].annotation is int

    def said(self) -> dict[str, Any]:
        """The effect as plain words, for records and hashes."""
        return {self.name: {key: _said(value) for key, value in self.options.items()}}


def _said(value: Any) -> Any:
    match value:
        case Range(low, high):
            return [low, high]
        case AnyOf(choices):
            return {"any_of": list(choices)}
        case _:
            return value


def _drawable(value: Any) -> Any:
    match value:
        case [int() | float() as low, int() | float() as high] if low > high:
            raise complaint(f"[{low}, {high}] runs downwards; write [{high}, {low}]")
        case [int() | float() as low, int() | float() as high]:
            return Range(low, high)
        case {"any_of": list(choices), **rest} if choices and not rest:
            return AnyOf(tuple(choices))
        case _:
            return value


def _ends(value: Range | AnyOf) -> tuple[Any, ...]:
    return (value.low, value.high) if isinstance(value, Range) else value.choices


def corners(options: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every combination of the ends of what is drawn: what must be valid for all draws to be."""
    drawn = {key: _ends(value) for key, value in options.items() if isinstance(value, Range | AnyOf)}
    for i, ends in enumerate(product(*drawn.values())):
        if i == MOST_CORNERS:
            return
        yield dict(zip(drawn, ends, strict=True))


def _effect(place: Place, words: Any, info: ValidationInfo) -> EffectWords:
    name, options = name_and_options(place, words)
    with under():
        engines.find(place, name)
    effect = EffectWords(place, name, _drawables(name, options), folder_of(info))
    for corner in corners(effect.options):
        with under(name):
            effect.settle(corner)
    return effect


def _drawables(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    drawables = {}
    for key, value in options.items():
        with under(name, key):
            drawables[key] = _drawable(value)
    return drawables


def _effects(place: Place) -> BeforeValidator:
    def read(words: Any, info: ValidationInfo) -> Any:
        if isinstance(words, tuple):
            return words
        if not isinstance(words, list):
            raise complaint(f"wants a list of {place} effects: '- name: {{option: value}}'")
        effects = []
        for i, item in enumerate(words):
            with under(i):
                effects.append(_effect(place, item, info))
        return tuple(effects)

    return BeforeValidator(read)


def _listed(place: Place) -> WithJsonSchema:
    return WithJsonSchema({"type": "array", "items": {"x-stage": place}})


class Habits(Words):
    """How this line's callers behave. `patience` (when given) replaces the persona's."""

    patience: Annotated[int, Field(ge=1, le=10)] | None = None


class Profile(Words):
    """One line condition, from the talker's mouth to the far end of the network."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
    about: str
    caller: Habits = Habits()
    talker: Annotated[tuple[EffectWords, ...], _effects("talker"), _listed("talker")] = ()
    room: Annotated[tuple[EffectWords, ...], _effects("room"), _listed("room")] = ()
    device: Annotated[tuple[EffectWords, ...], _effects("device"), _listed("device")] = ()
    network: Annotated[tuple[EffectWords, ...], _effects("network"), _listed("network")] = ()

    @property
    def effects(self) -> tuple[EffectWords, ...]:
        """All effects by place, in the order of the signal chain."""
        return (*self.talker, *self.room, *self.device, *self.network)

    def without_line(self) -> "Profile":
        """The profile of the `clean` arm: the caller's habits are kept; every effect is removed."""
        return self.model_copy(update={place: () for place in PLACES})

    def said(self) -> dict[str, Any]:
        """The profile as plain words, for hashes."""
        places: dict[str, Any] = {place: [effect.said() for effect in getattr(self, place)] for place in PLACES}
        return {"name": self.name, "caller": self.caller.model_dump(), **places}


def read_profile(path: Path) -> Profile:
    """The profile in a file. Raises BadlineError."""
    return read_words(Profile, path)
