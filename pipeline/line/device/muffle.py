"""Muffle: a hand or a cloth over the microphone takes the top off the voice.

The air in the gaps that are left is a mass, the air before the capsule a spring: a low-pass of second order, here the
flattest one (Butterworth), -3 dB at the cutoff and 12 dB an octave less above it.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field
from scipy.optimize import brentq

from pipeline.line.causal import click_through, minimum_phase, passed_by
from pipeline.line.filters import Doubles, curve_taps, response_db
from pipeline.line.scene import Device, Measure, Scene
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words

LOWEST_HZ, HIGHEST_HZ = 800.0, 8000.0
HALF_MS = 5  # by then the lowest cutoff has rung down by more than 100 dB
HALF_POWER_DB = float(10 * np.log10(0.5))
NEAR_HALF = 0.9  # of half the rate: a cutoff above that cannot be measured
POINTS_HZ = np.unique(np.rint(np.geomspace(100, 24_000, 60))).astype(int)  # an eighth of an octave apart


class Options(Words):
    """From where on the voice is taken away."""

    cutoff_hz: float = Field(2500.0, ge=LOWEST_HZ, le=HIGHEST_HZ)

    def at(self, severity: float) -> Self:
        """The same, covered more or less: twice the severity halves the cutoff."""
        cutoff_hz = self.cutoff_hz * TYPICAL / severity
        return self.model_copy(update={"cutoff_hz": min(max(cutoff_hz, LOWEST_HZ), HIGHEST_HZ)})


class Muffle:
    """All that the microphone hears, dull."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 20
    single: ClassVar[bool] = True
    device: ClassVar[Device] = "any"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.cutoff_hz = options.cutoff_hz

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with every stem but the agent's sound filtered, and the cutoff that the filter has."""
        taps, measures = _design(self.cutoff_hz, scene.rate)
        return passed_by(scene, taps).with_got([measures] * scene.rows)


@lru_cache(maxsize=64)
def _design(cutoff_hz: float, rate: int) -> tuple[Doubles, tuple[Measure, ...]]:
    gains_db = -10 * np.log10(1 + (POINTS_HZ / cutoff_hz) ** 4)
    curve_db = dict(zip(POINTS_HZ.tolist(), gains_db.tolist(), strict=True))
    taps = minimum_phase(curve_taps(curve_db, rate, half_ms=HALF_MS))
    if cutoff_hz > NEAR_HALF * rate / 2:
        return taps, ()
    got_hz = _half_power_hz(taps, cutoff_hz, rate)
    return taps, (Measure("device.muffle", "cutoff_hz", cutoff_hz, got_hz, "set", 0.02 * cutoff_hz),)


def _half_power_hz(taps: Doubles, near_hz: float, rate: int) -> float:
    """Where half the power of a click comes through, within an octave of where it should be."""
    click = click_through(taps)
    highest_hz = min(2 * near_hz, rate / 2)
    return float(brentq(lambda hz: response_db(click, hz, rate)[0] - HALF_POWER_DB, near_hz / 2, highest_hz, xtol=0.1))
