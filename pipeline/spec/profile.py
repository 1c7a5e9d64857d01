"""A noise profile: one line condition. Its keys fix the physical order: talker, room, device, network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain, islice, product
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from pipeline import engines
from pipeline.errors import BadlineError
from pipeline.files import find_named
from pipeline.spec.habits import Habits
from pipeline.spec.wording import instead, shown
from pipeline.spec.words import (
    LONGEST_NAME,
    Name,
    Words,
    complaint,
    folder_of,
    name_and_options,
    read_words,
    under,
    upwards,
)

Place = Literal["talker", "room", "device", "network"]
PLACES: tuple[Place, ...] = ("talker", "room", "device", "network")
MOST_CORNERS = 256
JOINT = "+"


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

    @property
    def is_single(self) -> bool:
        """Whether there can be only one of it: a room, a way through the network."""
        return bool(getattr(engines.find(self.place, self.name).build, "single", False))

    def is_whole(self, option: str) -> bool:
        """Whether an option takes whole numbers only."""
        return number_type(self.place, self.name, option) is int

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


def number_type(place: Place, name: str, option: str) -> type[int] | type[float] | None:
    """Whether an effect's option is a whole number, a number or neither: only numbers lie between two others."""
    field = engines.find(place, name).options.model_fields.get(option)
    kinds = {field.annotation, *get_args(field.annotation)} if field else set()
    return next((kind for kind in (int, float) if kind in kinds), None)


def _drawable(value: Any, number: type[int] | type[float] | None) -> Any:
    """The value, or what it is drawn from; a range may stand only where a number may."""
    match value:
        case {"any_of": [_, *_] as choices, **rest} if not rest:
            return AnyOf(tuple(choices))
        case {"any_of": _}:
            raise complaint("wants its choices as '{any_of: [one, another]}'")
        case _ if number is None:
            return value
        case [low, high] if _are_numbers(low, high):
            return Range(*upwards(low, high))
        case list() | dict():
            raise complaint(f"wants a number, a range [low, high] or {{any_of: [one, another]}}, not {shown(value)}")
        case _:
            return value


def _are_numbers(*ends: Any) -> bool:
    return all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)


def _ends(value: Range | AnyOf) -> tuple[Any, ...]:
    return (value.low, value.high) if isinstance(value, Range) else value.choices


def corners(options: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Combinations of the ends of what is drawn: each end at least once, then all, up to `MOST_CORNERS`."""
    drawn = {key: _ends(value) for key, value in options.items() if isinstance(value, Range | AnyOf)}
    first = {key: ends[0] for key, ends in drawn.items()}
    each = ({**first, key: end} for key, ends in drawn.items() for end in ends)
    every = (dict(zip(drawn, ends, strict=True)) for ends in product(*drawn.values()))
    return chain(each, islice(every, MOST_CORNERS))


def _effect(place: Place, words: Any, info: ValidationInfo) -> EffectWords:
    name, options = name_and_options(place, words)
    with under():
        engines.find(place, name)
    effect = EffectWords(place, name, _drawables(place, name, options), folder_of(info))
    for corner in corners(effect.options):
        with under(name):
            effect.settle(corner)
    return effect


def _drawables(place: Place, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    drawables = {}
    for key, value in options.items():
        with under(name, key):
            drawables[key] = _drawable(value, number_type(place, name, key))
    return drawables


def _effects(place: Place) -> BeforeValidator:
    def read(words: Any, info: ValidationInfo) -> Any:
        if isinstance(words, tuple):
            return words
        if not isinstance(words, list):
            raise complaint(f"wants a list of {place} effects as '- name: {{option: value}}', {instead(words)}")
        effects: list[EffectWords] = []
        for i, item in enumerate(words):
            with under(i):
                effect = _effect(place, item, info)
                if effect.is_single and effect.name in {one.name for one in effects}:
                    raise complaint("stands here twice, but a line has only one: leave one out", effect.name)
                effects.append(effect)
        return tuple(effects)

    return BeforeValidator(read)


def _listed(place: Place) -> WithJsonSchema:
    return WithJsonSchema({"type": "array", "items": {"x-stage": place}})


class Profile(Words):
    """One line condition, from the talker's mouth to the far end of the network."""

    name: Name
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

    def said(self) -> dict[str, Any]:
        """The profile as plain words, for hashes."""
        places: dict[str, Any] = {place: [effect.said() for effect in getattr(self, place)] for place in PLACES}
        return {"name": self.name, "caller": self.caller.model_dump(mode="json", exclude_none=True), **places}


def read_profile(path: Path) -> Profile:
    """The profile in a file. Raises BadlineError."""
    return read_words(Profile, path)


def find_profile(call: str) -> Profile:
    """The profile that is so called: a name, a path, or several of them joined by `+`. Raises BadlineError."""
    return combined([read_profile(find_named(part, folder="noise_profiles")) for part in parts_of(call)])


def parts_of(call: str, near: Path = Path()) -> tuple[str, ...]:
    """What is called with a `+` between, one by one; a file with a `+` in its path is one. Raises BadlineError."""
    if JOINT not in call or (near / call).is_file():
        return (call,)
    parts = tuple(call.split(JOINT))
    if not all(parts):
        raise BadlineError(f"'{call}': a profile is missing beside a '{JOINT}'; write one{JOINT}another")
    return parts


def combined(profiles: Sequence[Profile]) -> Profile:
    """One profile of several, in order: the effects of all, and the later's habits over the earlier's.

    Raises BadlineError where one stands among them twice, or their joint name is too long for a file's.
    """
    names = [profile.name for profile in profiles]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise BadlineError(f"'{name}' stands twice in '{JOINT.join(names)}'; a profile combines with others only")
    if len(name := JOINT.join(names)) > LONGEST_NAME:
        raise BadlineError(f"'{name}' is {len(name)} letters long, more than {LONGEST_NAME}: files are named after it")
    return reduce(_with, profiles)


def _with(one: Profile, other: Profile) -> Profile:
    return one.model_copy(
        update={
            "name": f"{one.name}{JOINT}{other.name}",
            "about": f"{one.about} {other.about}",
            "caller": other.caller.over(one.caller),
            **{place: _both(getattr(one, place), getattr(other, place)) for place in PLACES},
        }
    )


def _both(before: Sequence[EffectWords], later: Sequence[EffectWords]) -> tuple[EffectWords, ...]:
    """The effects of both; of what there can be only one, the later's."""
    replaced = {effect.name for effect in later if effect.is_single}
    return (*(effect for effect in before if effect.name not in replaced), *later)
