"""Adc: the converter of the device. Behind it sound is numbers on a grid, and none beyond full scale.

Every line with any effect has one, whether its profile names it or not: what is behind it, a codec above all, hears
what a real one would.
"""

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.line.arrays import namespace, to_numpy
from pipeline.line.scene import Device, Measure, Scene
from pipeline.line.stems import turned_into
from pipeline.spec.words import Words


class Options(Words):
    """How many bits a sample has, its sign among them."""

    bits: int = Field(16, ge=8, le=24)

    def at(self, severity: float) -> Self:
        """The same at any severity: a converter is what it is."""
        return self


class Adc:
    """Rounds to the grid of its bits, and limits at full scale."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 100
    single: ClassVar[bool] = True
    device: ClassVar[Device] = "any"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.steps = 2 ** (options.bits - 1)

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with what rounding and limits add in the noise, and the share of samples at the limits."""
        before = scene.whole
        space = namespace(before)
        sound = before * self.steps
        space.round(sound, out=sound)
        got = [_measures(row[scene.hidden :], self.steps) for row in to_numpy(sound)]
        space.clip(sound, -self.steps, self.steps - 1, out=sound)
        sound *= 1 / self.steps
        return turned_into(scene, sound, sound - before).with_got(got)


def _measures(rounded: Floats, steps: int) -> list[Measure]:
    """The share of samples beyond the limits; nothing where nothing sounds."""
    highest, lowest = rounded.max(initial=0), rounded.min(initial=0)
    if highest == lowest:
        return []
    beyond = highest >= steps or lowest < -steps
    cut = np.count_nonzero((rounded >= steps) | (rounded < -steps)) if beyond else 0
    return [Measure("device.adc", "share", 0.0, cut / len(rounded), "drawn")]
