"""Response: what the microphone of a telephone, a headset, a laptop or a car does to a voice.

It is 0 dB at 1 kHz, and causal: of all filters with these gains the one that answers soonest (minimum phase).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator

from pipeline.line.causal import click_through, minimum_phase, passed_by
from pipeline.line.filters import Doubles, curve_taps, response_db
from pipeline.line.microphones import CAR_DB, HANDSET_DB, HEADSET_DB, IRS_SEND_DB, LAPTOP_DB
from pipeline.line.scene import Device, Measure, Scene
from pipeline.spec.words import Words

HALF_MS = 20  # costs no lookahead, and shorter filters blur the slope from 50 to 100 Hz
DEEPEST_DB = -30.0  # below that a point only says that the band ends
CURVES: Mapping[str, Mapping[int, float]] = {
    "handset": HANDSET_DB,
    "headset": HEADSET_DB,
    "laptop": LAPTOP_DB,
    "car": CAR_DB,
    "irs": IRS_SEND_DB,
}


class Options(Words):
    """Whose microphone it is; `flat` leaves every bit as it is."""

    preset: Literal["flat", "handset", "headset", "laptop", "car", "irs"] = "handset"

    def at(self, severity: float) -> Self:
        """The same at any severity: a microphone is what it is."""
        return self


class Response:
    """The caller, and all else that the microphone hears, coloured by it."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 10
    single: ClassVar[bool] = True
    device: ClassVar[Device] = "any"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.preset = options.preset

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with every stem but the agent's sound filtered, and how far the filter is off its curve."""
        if self.preset == "flat":
            return scene
        taps, measure = _design(self.preset, scene.rate)
        return passed_by(scene, taps).with_got([(measure,)] * scene.rows)


@lru_cache(maxsize=32)
def _design(preset: str, rate: int) -> tuple[Doubles, Measure]:
    curve_db = CURVES[preset]
    taps = minimum_phase(curve_taps(curve_db, rate, half_ms=HALF_MS))
    return taps, Measure("device.response", "worst_miss_db", 0.0, _worst_miss_db(taps, curve_db, rate), "set", 0.5)


def _worst_miss_db(taps: Doubles, curve_db: Mapping[int, float], rate: int) -> float:
    """How far a click that went through is off the curve, at the points that the rate holds."""
    points = np.array([hz for hz, db in curve_db.items() if hz <= rate / 2 and db >= DEEPEST_DB], np.float64)
    got_db = response_db(click_through(taps), points, rate)
    return float(np.abs(got_db - [curve_db[int(hz)] for hz in points]).max())
