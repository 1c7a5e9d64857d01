"""The band a telephone network passes: narrow, wide, or shaped as a handset of the reference system sends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from scipy.optimize import brentq

from pipeline.line.filters import Doubles, curve_taps, fir_filter, half_taps, response_db
from pipeline.line.microphones import IRS_SEND_DB
from pipeline.line.scene import Device, Measure, Scene
from pipeline.spec.words import Words

HALF_POWER_DB = float(10 * np.log10(0.5))

IRS_HALF_MS = 10  # shorter filters blur the slope from 100 to 200 Hz


class Options(Words):
    """`nb` passes 300 to 3400 Hz, `wb` 50 to 7000 Hz, `irs` is the send response of a telephone handset."""

    kind: Literal["nb", "wb", "irs"] = "nb"

    def at(self, severity: float) -> Self:
        """The same at any severity: a band is what it is."""
        return self


@dataclass(frozen=True)
class Passband:
    """Edges at half power, how far they may be off, and how long the filter rings on either side."""

    low_hz: float
    low_tolerance_hz: float
    high_hz: float
    high_tolerance_hz: float
    half_ms: int


PASSBANDS = {
    "nb": Passband(300, 30, 3400, 60, half_ms=5),
    "wb": Passband(50, 5, 7000, 120, half_ms=16),
}


class Band:
    """Only the frequencies that the network passes are left; no delay, and 0 dB at 1 kHz."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 10
    device: ClassVar[Device] = "any"
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.kind = options.kind
        self.lookahead_ms = IRS_HALF_MS if options.kind == "irs" else PASSBANDS[options.kind].half_ms

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with every stem but the agent's sound filtered, and the edges that the filter has."""
        taps, measures = _design(self.kind, scene.rate)
        speech, others, noise = (fir_filter(stem, taps) for stem in (scene.speech, scene.others, scene.noise))
        return replace(scene, speech=speech, others=others, noise=noise).with_got([measures] * scene.rows)


@lru_cache
def _design(kind: str, rate: int) -> tuple[Doubles, tuple[Measure, ...]]:
    if kind == "irs":
        taps = curve_taps(IRS_SEND_DB, rate, half_ms=IRS_HALF_MS)
        return taps, (_irs_measure(taps, rate),)
    passband = PASSBANDS[kind]
    taps = passband_taps(passband, rate)
    return taps, _edge_measures(taps, passband, rate)


def passband_taps(passband: Passband, rate: int) -> Doubles:
    """Linear-phase taps, 0 dB at 1 kHz, half power at those edges that lie below half the rate."""
    cut_low, cut_high = passband.low_hz, passband.high_hz
    for _ in range(6):
        taps = _windowed_sinc(cut_low, cut_high, rate, half_taps(passband.half_ms, rate))
        cut_low += passband.low_hz - low_edge_hz(taps, rate)
        if passband.high_hz < rate / 2:
            cut_high += passband.high_hz - high_edge_hz(taps, rate)
    return taps


def _windowed_sinc(low_hz: float, high_hz: float, rate: int, half: int) -> Doubles:
    steps = np.arange(-half, half + 1)
    high, low = min(2 * high_hz / rate, 1.0), 2 * low_hz / rate
    ideal = high * np.sinc(high * steps) - low * np.sinc(low * steps)
    taps: Doubles = ideal * np.kaiser(2 * half + 1, 5.0)
    return taps


def low_edge_hz(taps: Doubles, rate: int) -> float:
    """Where below 1 kHz the response falls to half the power at 1 kHz."""
    return _half_power_hz(taps, rate, 1.0, 1000.0)


def high_edge_hz(taps: Doubles, rate: int) -> float:
    """Where above 1 kHz the response falls to half the power at 1 kHz."""
    return _half_power_hz(taps, rate, 1000.0, rate / 2)


def _half_power_hz(taps: Doubles, rate: int, lowest: float, highest: float) -> float:
    edge_db = response_db(taps, 1000.0, rate)[0] + HALF_POWER_DB
    return float(brentq(lambda hz: response_db(taps, hz, rate)[0] - edge_db, lowest, highest, xtol=0.01))


def _edge_measures(taps: Doubles, passband: Passband, rate: int) -> tuple[Measure, ...]:
    low = _set("low_hz", passband.low_hz, low_edge_hz(taps, rate), passband.low_tolerance_hz)
    if passband.high_hz >= rate / 2:
        return (low,)
    return low, _set("high_hz", passband.high_hz, high_edge_hz(taps, rate), passband.high_tolerance_hz)


def _irs_measure(taps: Doubles, rate: int) -> Measure:
    points = np.array([hz for hz in IRS_SEND_DB if 100 <= hz <= min(4000, rate / 2)], np.float64)
    relative = response_db(taps, points, rate) - response_db(taps, 1000.0, rate)
    misses = np.abs(relative - [IRS_SEND_DB[int(hz)] for hz in points])
    return _set("worst_miss_db", 0.0, float(misses.max()), 1.0)


def _set(name: str, asked: float, got: float, tolerance: float) -> Measure:
    return Measure("network.band", name, asked, got, "set", tolerance)
