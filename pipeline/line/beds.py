"""Beds: noise without end, made from a spectrum and from what wavers in it, with a long-term level."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.signal
from numpy.random import Generator
from scipy.interpolate import make_interp_spline

from pipeline.audio import Floats
from pipeline.chance import stream
from pipeline.levels import a_curve

Doubles = npt.NDArray[np.float64]
Weighting = Literal["A", "none"]
Spectrum = Callable[[Doubles], Doubles]  # power a hertz over frequency in Hz

SIZE = 8  # of a transform, in lengths of the filter
ABREAST = 4  # blocks at a time: that many lie side by side in the processor's registers, and stay in the cache
ENVELOPE_HZ = 200  # slow enough to be cheap, fast enough for what wavers up to 20 Hz


# Byrne et al., "An international comparison of long-term average speech spectra", JASA 96(4), 1994, table II:
# men and women together, in dB SPL per third of an octave, 70 dB in all
_LTASS_HZ = (63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150,
             4000, 5000, 6300, 8000, 10000, 12500, 16000)  # fmt: skip
_LTASS_DB = (38.6, 43.5, 54.4, 57.7, 56.8, 60.2, 60.3, 59.0, 62.1, 62.1, 60.5, 56.8, 53.7, 53.0, 52.0, 48.7,
             48.1, 46.8, 45.6, 44.5, 44.3, 43.7, 43.4, 41.3, 40.7)  # fmt: skip
# D. F. Hoth, "Room noise spectra at subscribers' telephone locations", JASA 12, 1941, as tabulated in ITU-T P.800
# annex A and IEEE 269: spectral density in dB SPL a hertz, 50 dBA in all
_HOTH_HZ = (100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150, 4000, 5000,
            6300, 8000)  # fmt: skip
_HOTH_DB = (32.4, 30.9, 29.1, 27.6, 26.0, 24.4, 22.7, 21.1, 19.5, 17.8, 16.2, 14.6, 12.9, 11.3, 9.6, 7.8, 5.4,
            2.6, -1.3, -6.6)  # fmt: skip
# EN 1793-3, normalised traffic noise: A-weighted dB per third of an octave, 0 dB in all
_TRAFFIC_HZ = (100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150, 4000, 5000)
_TRAFFIC_DBA = (-20, -20, -18, -16, -15, -14, -13, -12, -11, -9, -8, -9, -10, -11, -13, -15, -16, -18)
# Beranek's NC-40 curve (ANSI/ASA S12.2): dB SPL per octave
_NC40_HZ = (63, 125, 250, 500, 1000, 2000, 4000, 8000)
_NC40_DB = (64, 56, 50, 45, 41, 39, 38, 37)


def _through(points_hz: Sequence[int], density_db: npt.ArrayLike, level_below_hz: float = 1.0) -> Spectrum:
    """Straight in dB over log frequency, within the points and beyond them; level below `level_below_hz`."""
    line = make_interp_spline(np.log(points_hz), np.asarray(density_db, np.float64), k=1)
    return lambda freq_hz: np.asarray(10 ** (line(np.log(np.maximum(freq_hz, level_below_hz))) / 10))


def _white(freq_hz: Doubles) -> Doubles:
    return np.ones_like(freq_hz)


def _pink(freq_hz: Doubles) -> Doubles:
    """Falls by 3 dB an octave; level below 20 Hz, where nothing is heard and most of the power would lie."""
    return 1 / np.maximum(freq_hz, 20.0)


def _brown(freq_hz: Doubles) -> Doubles:
    """Falls by 6 dB an octave; level below 20 Hz."""
    return 1 / np.square(np.maximum(freq_hz, 20.0))


def _car(freq_hz: Doubles) -> Doubles:
    """Inside a car at speed: level up to 50 Hz, then 9 dB an octave less (thirds of an octave: 6 dB)."""
    return 1 / np.maximum(freq_hz, 50.0) ** 3


def _rain(freq_hz: Doubles) -> Doubles:
    """The hiss of many drops: level from 700 Hz to 5 kHz, 6 dB an octave less to either side."""
    low, high = np.square(freq_hz / 700), np.square(freq_hz / 5000)
    return np.asarray(low / (1 + low) / (1 + high))


def _water(freq_hz: Doubles) -> Doubles:
    """A tap that runs into a basin: a hill around 1.5 kHz, 3 dB an octave less to either side."""
    octaves = np.abs(np.log2(np.maximum(freq_hz, 1.0) / 1500))
    return np.asarray(2.0 ** -np.maximum(octaves - 0.5, 0.0))


SPECTRA: Mapping[str, Spectrum] = {
    "white": _white,
    "pink": _pink,
    "brown": _brown,
    "hoth": _through(_HOTH_HZ, _HOTH_DB, 60.0),
    "speech_shaped": _through(_LTASS_HZ, np.array(_LTASS_DB) - 10 * np.log10(_LTASS_HZ)),
    "car": _car,
    "hvac": _through(_NC40_HZ, np.array(_NC40_DB) - 10 * np.log10(_NC40_HZ), 63.0),
    "street": _through(
        _TRAFFIC_HZ, np.array(_TRAFFIC_DBA) - 20 * np.log10(a_curve(_TRAFFIC_HZ)) - 10 * np.log10(_TRAFFIC_HZ), 100.0
    ),
    "rain": _rain,
    "water": _water,
}


def band(spectrum: Spectrum, low_hz: float, high_hz: float) -> Spectrum:
    """The part of a spectrum between two frequencies; parts that share an edge add up to the whole."""
    return lambda freq_hz: spectrum(freq_hz) * (_above(low_hz, freq_hz) - _above(high_hz, freq_hz))


def _above(edge_hz: float, freq_hz: Doubles) -> Doubles:
    """From 0 to 1 within half an octave around the edge."""
    if edge_hz <= 0:
        return np.ones_like(freq_hz)
    octaves = np.log2(np.maximum(freq_hz, 1e-3) / edge_hz)
    return np.asarray(np.square(np.sin(np.clip(octaves + 0.25, 0.0, 0.5) * np.pi)))


class Bed(Protocol):
    """Noise that goes on as long as is asked; what is drawn longer begins with the same samples."""

    def draw(self, samples: int, rng: Generator, since: int = 0) -> Floats:
        """So many samples of it, `since` samples in: what has a shape in time runs on from there."""
        ...

    def leq_dbov(self, weighting: Weighting) -> float:
        """Its level over any 60 s."""
        ...

    def leq_sd_db(self, weighting: Weighting, seconds: float) -> float:
        """How much chance moves the level of so many seconds; next to nothing where it is 0."""
        ...


@dataclass(frozen=True, eq=False)
class Coloured:
    """Gaussian noise of unit power and some spectrum: uniform white noise through the filter `response`."""

    rate: int
    response: Floats

    def draw(self, samples: int, rng: Generator, since: int = 0) -> Floats:
        """Overlap-save, in blocks whose length follows from the rate; the first `taps` samples warm it up."""
        if since:
            [rng] = children(rng, 1, str(since))  # hiss that goes on is no other than new hiss
        taps, hop = len(self.response), SIZE * len(self.response) - len(self.response)
        blocks = max(1, math.ceil(samples / hop))
        white = rng.random(taps + blocks * hop, dtype=np.float32)
        white -= np.float32(0.5)
        frames = np.lib.stride_tricks.sliding_window_view(white, taps + hop)[::hop]
        shaped = np.empty((blocks, hop), np.float32)
        for first in range(0, blocks, ABREAST):
            some = slice(first, first + ABREAST)
            spectra = scipy.fft.rfft(frames[some])
            spectra *= self._spectrum
            shaped[some] = scipy.fft.irfft(spectra, taps + hop)[:, taps:]
        return shaped.reshape(-1)[:samples]

    @cached_property
    def _spectrum(self) -> npt.NDArray[np.complex64]:
        """Of the filter, for uniform noise that is to be of unit power."""
        spectrum = scipy.fft.rfft(self.response * np.float32(math.sqrt(12)), SIZE * len(self.response))
        return np.asarray(spectrum, np.complex64)

    def leq_dbov(self, weighting: Weighting) -> float:
        """From the filter's own spectrum, so exact (Parseval)."""
        size = 8 * len(self.response)
        spectrum = scipy.fft.rfft(self.response.astype(np.float64), size)
        curve = a_curve(scipy.fft.rfftfreq(size, 1 / self.rate)) if weighting == "A" else 1.0
        weighted = scipy.fft.irfft(spectrum * curve, size)
        return float(10 * np.log10(np.square(weighted).sum()))

    def leq_sd_db(self, weighting: Weighting, seconds: float) -> float:
        """It is steady."""
        return 0.0


@lru_cache(maxsize=32)
def coloured(kind: str, rate: int) -> Coloured:
    """The bed of a kind in `SPECTRA`."""
    return shaped(SPECTRA[kind], rate)


def shaped(spectrum: Spectrum, rate: int) -> Coloured:
    """Noise of a spectrum.

    The filter is a sweep, an eighth of a second long: as it spreads over many samples, what it makes of any
    white noise is Gaussian, and uniform noise is drawn at a third of the cost.
    """
    amplitude = np.sqrt(_powers(spectrum, rate))
    taps = 2 * (len(amplitude) - 1)
    bins = np.arange(len(amplitude))
    turns = 0.1 * bins + 0.4 * np.square(bins) / bins[-1]
    response = scipy.fft.irfft(amplitude * np.exp(-2j * np.pi * turns), taps)
    return Coloured(rate, (response / np.linalg.norm(response)).astype(np.float32))


def power(spectrum: Spectrum, rate: int) -> float:
    """How much lies in a spectrum up to half the rate, to compare it with another."""
    return float(_powers(spectrum, rate).sum())


def _powers(spectrum: Spectrum, rate: int) -> Doubles:
    taps = 2 ** round(math.log2(rate / 8))
    powers = spectrum(np.arange(taps // 2 + 1) * rate / taps)
    return np.concatenate(([0.0], powers[1:]))


@dataclass(frozen=True, eq=False)
class Modulated:
    """A bed whose level wavers between `slow_hz` and `fast_hz`, by `depth` nepers; as strong as it was."""

    bed: Bed
    rate: int
    slow_hz: float
    fast_hz: float
    depth: float

    def draw(self, samples: int, rng: Generator, since: int = 0) -> Floats:
        """Envelope and sound have chance of their own, so that neither moves the other."""
        first, second = children(rng, 2)
        return self.bed.draw(samples, second, since) * self._envelope(samples, first, since)

    def leq_dbov(self, weighting: Weighting) -> float:
        """As before: the mean square of the envelope is 1."""
        return self.bed.leq_dbov(weighting)

    def leq_sd_db(self, weighting: Weighting, seconds: float) -> float:
        """It wavers too fast for that."""
        return self.bed.leq_sd_db(weighting, seconds)

    def _envelope(self, samples: int, rng: Generator, since: int) -> Floats:
        """The exponential of Gaussian noise, made slowly and joined by straight lines."""
        hop = round(self.rate / ENVELOPE_HZ)
        first, late = divmod(since, hop)
        points = first + math.ceil((late + samples) / hop) + 1
        sections, spread, warming = _wavering(self.slow_hz, self.fast_hz, self.rate / hop)
        nepers = scipy.signal.sosfilt(sections, rng.standard_normal(warming + points))[warming:] * self.depth / spread
        envelope = np.exp(nepers[first:] - self.depth**2).astype(np.float32)
        between = np.arange(hop, dtype=np.float32) / np.float32(hop)
        lines = envelope[:-1, np.newaxis] + np.diff(envelope)[:, np.newaxis] * between
        return np.ascontiguousarray(lines.reshape(-1)[late : late + samples])


@lru_cache(maxsize=32)
def _wavering(slow_hz: float, fast_hz: float, rate_hz: float) -> tuple[Doubles, float, int]:
    """A band-pass, what it makes of a standard deviation of 1, and how long it takes to forget."""
    sections = scipy.signal.butter(2, (slow_hz, fast_hz), "bandpass", fs=rate_hz, output="sos")
    warming = math.ceil(2 * rate_hz / slow_hz)
    impulse = np.zeros(warming)
    impulse[0] = 1.0
    return sections, float(np.linalg.norm(scipy.signal.sosfilt(sections, impulse))), warming


@dataclass(frozen=True, eq=False)
class Together:
    """Several beds at once, each with its share of the power."""

    parts: tuple[tuple[float, Bed], ...]

    def draw(self, samples: int, rng: Generator, since: int = 0) -> Floats:
        """Their sum; each has chance of its own."""
        sound = np.zeros(samples, np.float32)
        for (share, bed), own in zip(self.parts, children(rng, len(self.parts)), strict=True):
            sound += np.float32(math.sqrt(share)) * bed.draw(samples, own, since)
        return sound

    def leq_dbov(self, weighting: Weighting) -> float:
        """Of the sum of their powers: they know nothing of each other."""
        return 10 * math.log10(sum(share * 10 ** (bed.leq_dbov(weighting) / 10) for share, bed in self.parts))

    def leq_sd_db(self, weighting: Weighting, seconds: float) -> float:
        """No more than that of the most uneven."""
        return max(bed.leq_sd_db(weighting, seconds) for _, bed in self.parts)


def children(rng: Generator, count: int, name: str = "child") -> list[Generator]:
    """Generators that go their own way from here."""
    return [stream(int(seed), name) for seed in rng.integers(2**62, size=count)]
