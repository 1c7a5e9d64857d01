"""Wind: the turbulence of moving air on the microphone, in gusts, at an SNR for the whole call.

No sound of the wind is heard here but its pressure on the microphone itself. Eddies that drift by press on it with
the mean speed times their own (Morgan and Raspet, "Investigation of the mechanisms of low-frequency wind noise
generation outdoors", JASA 92, 1992), so its spectrum is theirs: -5/3 in the inertial range. Eddies smaller than what
they meet cancel on it: from speed / 3 d on it falls more steeply (van den Berg, "Wind-induced noise in a screened
microphone", JASA 119, 2006).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Self

import numpy as np
import scipy.fft
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.chance import stream
from pipeline.line.beds import ENVELOPE_HZ, Bed, Doubles, Spectrum, Weighting, children, shaped
from pipeline.line.scene import Device, Scene
from pipeline.line.snr import Asked, lay
from pipeline.spec.severity import louder_db
from pipeline.spec.words import Words

LOUDEST_DB, SOFTEST_DB = -10.0, 30.0
CAPSULE_HZ = 30.0  # below it a small capsule hears less and less, by 6 dB an octave; our choice
OPENING_M = 0.01  # what the eddies meet: the opening of a handset's microphone; our choice
EDDY_M = 10.0  # the largest eddies among people and houses; our choice
FASTEST_GUST_HZ = 10.0
STILL = 1e-6  # power in a lull of which nothing is heard
PERIOD_S = 60  # so long an SNR is measured: a minute of gusts holds it, and comes again after it
# Pressure is speed times the speed of the eddies, which goes with it too; and a fixed frequency is that of larger,
# stronger eddies where they drift by faster: power goes with the 4 + 2/3rd power of the speed.
STRENGTH = 7 / 3


class Options(Words):
    """How fast the wind is, how far below the talker its noise lies (A-weighted), and how gusty it is.

    `gust` is the intensity of turbulence: the standard deviation of the wind's speed over its mean.
    """

    speed_mps: float = Field(4.0, ge=0.5, le=20)
    snr_db: float = Field(8.0, ge=LOUDEST_DB, le=SOFTEST_DB)
    gust: float = Field(0.4, ge=0, le=1)

    def at(self, severity: float) -> Self:
        """The same with an amplitude in proportion; the wind is as fast and as gusty."""
        snr_db = self.snr_db - louder_db(severity)
        return self.model_copy(update={"snr_db": min(max(snr_db, LOUDEST_DB), SOFTEST_DB)})


class Wind:
    """The rumble of wind on the microphone, swelling and falling with its gusts."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 30
    single: ClassVar[bool] = True
    device: ClassVar[Device] = "any"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()
    runs_on = True

    def __init__(self, options: Options) -> None:
        self.options = options
        self._asked = Asked("device.wind", options.snr_db)

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with wind among its noise, or in the whole sound where the stems have ended."""
        chosen = self.options
        bed = Gusty(_steady(chosen.speed_mps, scene.rate), scene.rate, chosen.speed_mps, chosen.gust)
        return lay(bed, scene, rngs, self._asked)


def corner_hz(speed_mps: float) -> float:
    """From where on eddies are smaller than what they meet."""
    return speed_mps / (3 * OPENING_M)


def rumble(speed_mps: float) -> Spectrum:
    """Power a hertz of a steady wind: it falls by its -5/3rd power up to the corner, by its -7/3rd above."""

    def power(freq_hz: Doubles) -> Doubles:
        square = np.square(freq_hz / CAPSULE_HZ)
        beyond = np.square(freq_hz / corner_hz(speed_mps))
        return np.asarray(square / (1 + square) * np.maximum(freq_hz, 1.0) ** (-5 / 3) * (1 + beyond) ** (-1 / 3))

    return power


@lru_cache(maxsize=16)
def _steady(speed_mps: float, rate: int) -> Bed:
    return shaped(rumble(speed_mps), rate)


@dataclass(frozen=True, eq=False)
class Gusty:
    """A bed that is as strong as a wind of so many metres a second, whose speed wavers by `gust` of that, makes it.

    A minute of gusts has the level of the bed, and comes again, on other noise: so any minute has that level.
    """

    bed: Bed
    rate: int
    speed_mps: float
    gust: float

    def draw(self, samples: int, rng: Generator, since: int = 0) -> Floats:
        """Gusts and noise have chance of their own, so that neither moves the other."""
        first, second = children(rng, 2)
        return self.bed.draw(samples, second, since) * self._strength(samples, first, since)

    def leq_dbov(self, weighting: Weighting) -> float:
        """As without gusts."""
        return self.bed.leq_dbov(weighting)

    def leq_sd_db(self, weighting: Weighting, seconds: float) -> float:
        """How unlike pieces of one minute are; none where they are whole minutes."""
        power = np.square(self._minute(stream(0, "gusts")))
        length = max(1, round(seconds * ENVELOPE_HZ)) % len(power)
        if not length:
            return 0.0
        sums = np.cumsum(np.concatenate(([0.0], power, power)))
        means = np.maximum((sums[length : length + len(power)] - sums[: len(power)]) / length, STILL)
        return float(np.std(10 * np.log10(means))) * length / max(length, seconds * ENVELOPE_HZ)

    def _strength(self, samples: int, rng: Generator, since: int) -> Floats:
        """The factor on each sample: straight lines between the points of the minute."""
        minute = self._minute(rng).astype(np.float32)
        first, late = divmod(since, self._hop)
        points = np.arange(first, first + math.ceil((late + samples) / self._hop) + 1) % len(minute)
        ends = minute[points]
        between = np.arange(self._hop, dtype=np.float32) / np.float32(self._hop)
        lines = ends[:-1, np.newaxis] + np.diff(ends)[:, np.newaxis] * between
        return np.ascontiguousarray(lines.reshape(-1)[late : late + samples])

    def _minute(self, rng: Generator) -> Doubles:
        """The strength of the wind every `_hop` samples; its mean square is 1."""
        points = round(PERIOD_S * self.rate / self._hop)
        strength = np.abs(1 + self.gust * gusts(points, EDDY_M / self.speed_mps, rng)) ** STRENGTH
        return np.asarray(strength / np.sqrt(np.mean(np.square(strength))))

    @property
    def _hop(self) -> int:
        return round(self.rate / ENVELOPE_HZ)


def gusts(points: int, longest_s: float, rng: Generator) -> Doubles:
    """A minute of the wind's speed about its mean, with a standard deviation of 1, at so many points.

    The spectrum is von Karman's for the component along the wind (Progress in the statistical theory of turbulence,
    PNAS 34, 1948; as in IEC 61400-1, annex C); `longest_s` is how long the largest eddies take to drift by.
    """
    hz = np.arange(1, round(FASTEST_GUST_HZ * PERIOD_S) + 1) / PERIOD_S
    amplitude = (1 + 70.8 * np.square(hz * longest_s)) ** (-5 / 12)
    real, imaginary = rng.standard_normal((2, len(hz)))
    speed = scipy.fft.irfft(np.concatenate(([0.0], amplitude * (real + 1j * imaginary))), points)
    return np.asarray(speed / speed.std())
