"""Handling: a hand on the case. Thumps, rubs and clicks reach the microphone through the case, not through the air."""

import math
from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.chance import stream
from pipeline.levels import gain
from pipeline.line.scene import Device, Scene
from pipeline.line.strikes import Doubles, burst, finished, placed, ringing
from pipeline.line.sudden import Process, SuddenWords

NAME = "device.handling"
LONGEST_S = 0.8
CASE_HZ = (80.0, 400.0)  # where a case of the size of a hand rings; our choice
STROKE_S = (0.1, 0.5)
CATCHES_HZ = (15.0, 60.0)  # how often skin sticks to the case and slips; our choice


class Options(SuddenWords):
    """How often a hand stirs on the case, and how loud that is at its peak."""

    peak_db: float = Field(9.0, ge=-30, le=30)
    spread_db: float = Field(4.0, ge=0, le=10)


class Handling:
    """The phone is gripped, shifted and knocked now and then, each time in its own way."""

    version: ClassVar[int] = 2
    order: ClassVar[int] = 40
    single: ClassVar[bool] = True
    device: ClassVar[Device] = "any"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()
    runs_on = True

    def __init__(self, options: Options) -> None:
        self._process = Process(NAME, options, LONGEST_S, _touch)

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with touches among its noise, or in the whole sound where the stems have ended."""
        return self._process.strewn_on(scene, rngs)


def thump(rate: int, rng: Generator) -> Doubles:
    """The case is set down or gripped: three or four of its modes, ringing for .05 to .15 s, and soft flesh on it."""
    hz = _modes_hz(*CASE_HZ, int(rng.integers(3, 5)), rng)
    modes = ringing(hz, rng.uniform(0.05, 0.15, len(hz)), rng.uniform(0.3, 1.0, len(hz)), rate)
    return placed([(0.0, modes), (0.0, 0.4 * burst(rng.uniform(0.03, 0.08), 60, 500, rate, rng))], rate)


def rub(rate: int, rng: Generator) -> Doubles:
    """Skin slides over the case: a stroke of .1 to .5 s that catches and slips, coloured by the case."""
    seconds = rng.uniform(*STROKE_S)
    t = np.arange(round(seconds * rate)) / rate
    top_hz = rng.uniform(500, 1200)
    # A burst this long has hardly begun to die away when the stroke is over.
    hiss = burst(8 * seconds, rng.uniform(CASE_HZ[0], 200), top_hz, rate, rng)[: len(t)]
    catching = 1 + 0.7 * np.sin(2 * np.pi * np.cumsum(_wandering(len(t), rate, rng)) / rate)
    return np.asarray(hiss * catching * np.sin(np.pi * (t + 0.5 / rate) / seconds) ** rng.uniform(0.6, 1.5))


def _wandering(samples: int, rate: int, rng: Generator) -> Doubles:
    """How often a second the skin slips, anew every 60 ms and straight between."""
    hz = rng.uniform(*CATCHES_HZ, math.ceil(STROKE_S[1] / 0.06) + 2)
    return np.asarray(np.interp(np.arange(samples) / rate / 0.06, np.arange(len(hz)), hz))


def click(rate: int, rng: Generator) -> Doubles:
    """A nail or a ring: a tick of some ms, and one or two modes of the case; often a second one as it lets go."""

    def tick() -> Doubles:
        hz = _modes_hz(200.0, CASE_HZ[1], int(rng.integers(1, 3)), rng)
        body = ringing(hz, rng.uniform(0.02, 0.05, len(hz)), rng.uniform(0.3, 0.8, len(hz)), rate)
        return placed([(0.0, burst(rng.uniform(0.004, 0.015), 500, 4000, rate, rng)), (0.0, body)], rate)

    again = [(rng.uniform(0.06, 0.2), gain(-6) * tick())] if rng.random() < 0.5 else []
    return placed([(0.0, tick()), *again], rate)


def _modes_hz(low_hz: float, high_hz: float, count: int, rng: Generator) -> Doubles:
    """As likely in one octave as in another."""
    return np.asarray(low_hz * (high_hz / low_hz) ** rng.random(count))


class Sort(NamedTuple):
    """A sort of touch, and up to which number from 0 to 1 it is the one."""

    up_to: float
    make: Callable[[int, Generator], Doubles]


SORTS = (Sort(0.4, thump), Sort(0.75, rub), Sort(1.0, click))


def _touch(which: float, rate: int) -> Floats:
    """One touch with a peak of 1. What picks its sort is its seed too: a number of its own for each."""
    make = next(sort.make for sort in SORTS if which < sort.up_to)
    sound = finished(make(rate, stream(int(which * 2**53), "handling")), rate, indoors=False)
    return sound / np.float32(np.abs(sound).max())
