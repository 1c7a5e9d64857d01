"""Events: a door, a cough, dishes; they come by chance, each a sound of its own, at a level against the talker's."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Self, get_args

import numpy as np
from numpy.random import Generator
from pydantic import BeforeValidator, Field, WithJsonSchema

from pipeline.audio import Floats
from pipeline.chance import stream
from pipeline.levels import gain
from pipeline.line.arrays import copied
from pipeline.line.happenings import LONGEST_S, Kind, happening
from pipeline.line.scene import Device, Measure, Nominal, Scene
from pipeline.line.strikes import add, some_of
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words

NAME = "room.events"
MOST_PER_MIN = 60.0


def _listed(words: Any) -> Any:  # noqa: ANN401  what YAML holds
    """One kind or a list of them, as a tuple."""
    match words:
        case str():
            return (words,)
        case list():
            return tuple(words)
        case _:
            return words


_ONE: dict[str, Any] = {"enum": list(get_args(Kind))}
_ONE_OR_MORE = WithJsonSchema({"anyOf": [_ONE, {"type": "array", "items": _ONE, "minItems": 1}]})


class Options(Words):
    """Which kinds of event come, one as likely as another, how many a minute, and how loud their peaks are.

    `peak_db` is over the talker's nominal active speech level; events lie `spread_db` (a standard deviation) about it.
    """

    kinds: Annotated[tuple[Kind, ...], BeforeValidator(_listed), Field(min_length=1), _ONE_OR_MORE] = (
        "door",
        "cough",
        "footsteps",
    )
    per_min: float = Field(4.0, ge=0, le=MOST_PER_MIN)
    peak_db: float = Field(6.0, ge=-30, le=30)
    spread_db: float = Field(3.0, ge=0, le=10)

    def at(self, severity: float) -> Self:
        """The same with a rate in proportion; a door is as loud as ever."""
        return self.model_copy(update={"per_min": min(self.per_min * severity / TYPICAL, MOST_PER_MIN)})


@dataclass(frozen=True, eq=False)
class Event:
    """A sound, its peak as asked for, that begins at a sample of the window (before it, if below 0)."""

    sound: Floats
    start: int


class Events:
    """Things happen around the talker, by chance and each in its own way: a door, a cough, footsteps."""

    version: ClassVar[int] = 2
    order: ClassVar[int] = 90
    device: ClassVar[Device] = "any"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()
    runs_on = True

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with events among its noise."""
        noise = copied(scene.noise)
        got = []
        since = scene.since or (0,) * scene.rows
        for row, (nominal, rng) in enumerate(zip(scene.nominal, rngs, strict=True)):
            events = self._events(scene, nominal, since[row], rng)
            for event in events:
                add(event.sound, event.start, noise[row])
            got.append(self._measured(events, scene, nominal))
        return replace(scene, noise=noise).with_got(got)

    def _events(self, scene: Scene, nominal: Nominal, since: int, rng: Generator) -> list[Event]:
        """All that begin in the window, or so shortly before that they may still be heard."""
        chosen, rate = self.options, scene.rate
        come = some_of(MOST_PER_MIN / 60, chosen.per_min / 60, -LONGEST_S, (since + scene.samples) / rate, rng)
        come = come.after(since / rate - LONGEST_S)
        peaks = gain(nominal.asl_dbov + chosen.peak_db) * 10 ** (chosen.spread_db * come.how / 20)
        events = []
        for at_s, which, peak in zip(come.at_s.tolist(), come.which.tolist(), peaks.tolist(), strict=True):
            # What picks the kind is also its seed: a number of its own for each event.
            kind = chosen.kinds[int(which * len(chosen.kinds))]
            sound = happening(kind, rate, stream(int(which * 2**53), "happening"))
            events.append(Event(sound * np.float32(peak), math.floor(at_s * rate) - since))
        return events

    def _measured(self, events: Sequence[Event], scene: Scene, nominal: Nominal) -> list[Measure]:
        """How many began in what is heard, and how loud they were; the latter of those alone."""
        seconds = (scene.samples - scene.hidden) / scene.rate
        if seconds <= 0:
            return []
        heard = [event for event in events if scene.hidden <= event.start]
        # A Poisson count has the variance of its mean.
        sd = math.sqrt(self.options.per_min * 60 / seconds)
        rate = Measure(NAME, "per_min", self.options.per_min, 60 * len(heard) / seconds, "drawn", sd=sd or None)
        if not heard:
            return [rate]
        peaks_db = [20 * math.log10(float(np.abs(event.sound).max())) - nominal.asl_dbov for event in heard]
        sd = self.options.spread_db / math.sqrt(len(heard))
        return [rate, Measure(NAME, "peak_db", self.options.peak_db, float(np.mean(peaks_db)), "drawn", sd=sd or None)]
