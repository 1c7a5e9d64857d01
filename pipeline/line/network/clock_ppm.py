"""Clock drift: the caller's converter and the platform's do not run alike, so that sound comes out slower or faster.

Crystals are off by up to some 50 parts per million, poor ones by more. A receiver that plays samples at its own pace
stretches the sound by as much; what it gets ahead or falls behind it makes good from time to time, by a slip.
"""

from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import pairwise
from math import ceil
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
from numpy.polynomial import polynomial
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.line.arrays import beside, zeros
from pipeline.line.filters import fir_filter
from pipeline.line.losses import silenced
from pipeline.line.scene import ANY_SOUND_S, Device, Measure, Scene
from pipeline.line.stems import in_each
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words

Doubles = npt.NDArray[np.float64]

NAME = "network.clock_ppm"
MOST_PPM = 200.0
SLIP_MS = 20  # a frame: so far the receiver lets the two clocks come apart
LOWEST_RATE = 8_000
HALF_TAPS, DEGREE, KAISER_BETA = 32, 6, 7.0
TOLERANCE_PPM = 0.1
TONE_HZ, TONE_S = 1000, 4


class Options(Words):
    """By how many parts per million the caller's clock runs faster than the platform's, or slower (below 0)."""

    ppm: float = Field(50.0, ge=-MOST_PPM, le=MOST_PPM)

    def at(self, severity: float) -> Self:
        """The same at another severity: the drift is proportional to it."""
        ppm = self.ppm * severity / TYPICAL
        return self.model_copy(update={"ppm": min(max(ppm, -MOST_PPM), MOST_PPM)})


class ClockPpm:
    """The sound a little slower (the caller's clock is faster) or faster, and lower or higher by as much.

    Each window starts in time, and the clock of the call knows of no drift: the same words have the same bytes whenever
    they are said.
    """

    version: ClassVar[int] = 1
    order: ClassVar[int] = 70
    device: ClassVar[Device] = "any"
    calibration_s: ClassVar[float] = ANY_SOUND_S  # it measures a tone of its own
    single: ClassVar[bool] = True
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.ppm = options.ppm
        reach_ms = ceil((HALF_TAPS + 1) * 1000 / LOWEST_RATE)
        self.lookahead_ms = (reach_ms if self.ppm else 0) + (SLIP_MS if self.ppm < 0 else 0)

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with every stem but the agent's sound in the caller's time, and the drift that a tone has in it."""
        scene = silenced(scene)
        got = Measure(NAME, "ppm", self.ppm, _drift_ppm(self.ppm, scene.rate), "set", TOLERANCE_PPM)
        changed = in_each(scene, partial(drifted, rate=scene.rate, ppm=self.ppm)) if self.ppm else scene
        return changed.with_got([(got,)] * scene.rows)


def drifted(rows: Floats, *, rate: int, ppm: float) -> Floats:
    """Rows x samples as a clock plays them that is slower by so many parts per million; 0 leaves every bit.

    What stands at t is what was said at t / (1 + ppm / 1e6), until that is `SLIP_MS` off: then it is at once in time
    again. Between samples it is read by a windowed sinc whose taps are polynomials in the fraction (Farrow 1988), and
    none of them changes on the way: a longer row begins with the same samples.
    """
    if not ppm:
        return rows
    whole, fraction = _offsets(rows.shape[1], rate, ppm)
    out = zeros(tuple(rows.shape), rows)
    power = np.ones(len(fraction), np.float32)
    for taps in _farrow():
        out += beside(power, rows) * _read(fir_filter(rows, taps), whole)
        power = power * fraction
    return out


def _offsets(samples: int, rate: int, ppm: float) -> tuple[npt.NDArray[np.int64], Floats]:
    """How far from each sample it is read: in whole samples, and from -0.5 to 0.5 of one."""
    most = SLIP_MS * rate / 1000
    offset = np.fmod(np.arange(samples) * (1 / (1 + ppm * 1e-6) - 1), most)
    whole = np.rint(offset)
    return whole.astype(np.int64), (offset - whole).astype(np.float32)


def _read(rows: Floats, whole: npt.NDArray[np.int64]) -> Floats:
    """Each sample that lies so many samples on; silence beyond the ends."""
    out = zeros(tuple(rows.shape), rows)
    samples = len(whole)
    edges = [0, *(np.flatnonzero(np.diff(whole)) + 1).tolist(), samples]
    for start, end in pairwise(edges):
        by = int(whole[start])
        first, last = max(start, -by), min(end, samples - by)
        if first < last:
            out[:, first:last] = rows[:, first + by : last + by]
    return out


@lru_cache(maxsize=1)
def _farrow() -> tuple[Doubles, ...]:
    """Taps for each power of the fraction f: together they read at f, within -68 dB up to 0.9 of half the rate."""
    steps = np.cos(np.pi * (np.arange(64) + 0.5) / 64) / 2  # Chebyshev's points: no place is much worse than others
    at = np.arange(-HALF_TAPS, HALF_TAPS + 1) + steps[:, np.newaxis]
    window = np.i0(KAISER_BETA * np.sqrt(1 - np.square(at / (HALF_TAPS + 0.5)))) / np.i0(KAISER_BETA)
    return tuple(polynomial.polyfit(steps, np.sinc(at) * window, DEGREE))


@lru_cache(maxsize=64)
def _drift_ppm(ppm: float, rate: int) -> float:
    """By how much a tone comes out slower: the slope of its phase."""
    turns = TONE_HZ * np.arange(TONE_S * rate) / rate
    heard = drifted(np.sin(2 * np.pi * turns).astype(np.float32)[np.newaxis], rate=rate, ppm=ppm)[0]
    period = rate * 10 // TONE_HZ  # whole periods at any rate of whole hundreds
    mixed = heard * np.exp(-2j * np.pi * turns)
    blocks = mixed[: len(mixed) // period * period].reshape(-1, period).mean(axis=1)[5:-5]
    phase = np.unwrap(np.angle(blocks)) / (2 * np.pi)
    slope = np.polyfit(np.arange(len(phase)) * period / rate, phase, 1)[0]
    share = slope / TONE_HZ
    return float(-share / (1 + share) * 1e6)
