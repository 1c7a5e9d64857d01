"""Highpass: what a telephone leaves out at the bottom, to be rid of rumble and of the breath on the microphone.

A Butterworth filter of order 2, as the coupling and the first digital filter of a device are: -3 dB at its frequency,
12 dB an octave less below. It is causal: with linear phase it would have to look ahead for tens of milliseconds, and
delay the whole line by that.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field
from scipy import signal
from scipy.optimize import brentq

from pipeline.line.causal import click_through, passed_by
from pipeline.line.filters import Doubles, response_db
from pipeline.line.scene import Device, Measure, Scene
from pipeline.spec.words import Words

HALF_POWER_DB = float(10 * np.log10(0.5))
RINGING = 2.6  # periods of its frequency until it has rung down by 100 dB: ln(1e5) / (2 pi sqrt(1/2))


class Options(Words):
    """Where half the power passes."""

    hz: float = Field(80.0, ge=20, le=500)

    def at(self, severity: float) -> Self:
        """The same at any severity: a filter that is built in is what it is."""
        return self


class Highpass:
    """All that the microphone hears, without the bottom."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 60
    single: ClassVar[bool] = True
    device: ClassVar[Device] = "any"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.hz = options.hz

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with every stem but the agent's sound filtered, and the edge that the filter has."""
        taps, measure = _design(self.hz, scene.rate)
        return passed_by(scene, taps).with_got([(measure,)] * scene.rows)


@lru_cache(maxsize=64)
def _design(hz: float, rate: int) -> tuple[Doubles, Measure]:
    click = np.zeros(math.ceil(RINGING * rate / hz))
    click[0] = 1.0
    taps: Doubles = signal.sosfilt(signal.butter(2, hz, "highpass", fs=rate, output="sos"), click)
    return taps, Measure("device.highpass", "hz", hz, _half_power_hz(taps, hz, rate), "set", 0.01 * hz)


def _half_power_hz(taps: Doubles, near_hz: float, rate: int) -> float:
    """Where half the power of a click comes through, within an octave of where it should be."""
    click = click_through(taps)
    return float(
        brentq(lambda hz: response_db(click, hz, rate)[0] - HALF_POWER_DB, near_hz / 2, 2 * near_hz, xtol=0.01)
    )
