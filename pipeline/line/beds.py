"""Beds: steady noise without end, made from a spectrum or looped from a recording, with a long-term level."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import scipy.fft
import soundfile
from numpy.random import Generator
from scipy.interpolate import make_interp_spline

from pipeline.audio import Floats, Sound
from pipeline.errors import BadlineError
from pipeline.levels import a_curve, a_weighted_leq_dbov, leq_dbov

Doubles = npt.NDArray[np.float64]
Weighting = Literal["A", "none"]

PERIOD_S = 60
FADE_S = 0.1
SILENT_DBOV = -90.0  # less than the lowest of 16 bits

# Byrne et al., "An international comparison of long-term average speech spectra", JASA 96(4), 1994, table II:
# men and women together, in dB SPL per third of an octave, 70 dB in all
_LTASS_HZ = (63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150,
             4000, 5000, 6300, 8000, 10000, 12500, 16000)  # fmt: skip
_LTASS_DB = (38.6, 43.5, 54.4, 57.7, 56.8, 60.2, 60.3, 59.0, 62.1, 62.1, 60.5, 56.8, 53.7, 53.0, 52.0, 48.7,
             48.1, 46.8, 45.6, 44.5, 44.3, 43.7, 43.4, 41.3, 40.7)  # fmt: skip


class Bed(Protocol):
    """Noise that goes on as long as is asked; what is drawn longer begins with the same samples."""

    def draw(self, samples: int, rng: Generator) -> Floats:
        """So many samples of it."""
        ...

    def leq_dbov(self, weighting: Weighting) -> float:
        """Its level over any 60 s."""
        ...


def _white(freq_hz: Doubles) -> Doubles:
    return np.ones_like(freq_hz)


def _pink(freq_hz: Doubles) -> Doubles:
    """Falls by 3 dB an octave; level below 20 Hz, where nothing is heard and most of the power would lie."""
    return 1 / np.maximum(freq_hz, 20.0)


def _speech_shaped(freq_hz: Doubles) -> Doubles:
    """The long-term average spectrum of speech, straight in dB over log frequency, within and beyond it."""
    density_db = np.array(_LTASS_DB) - 10 * np.log10(_LTASS_HZ)
    line = make_interp_spline(np.log(_LTASS_HZ), density_db, k=1)
    return np.asarray(10 ** (line(np.log(np.maximum(freq_hz, 1.0))) / 10))


SPECTRA: Mapping[str, Callable[[Doubles], Doubles]] = {
    "white": _white,
    "pink": _pink,
    "speech_shaped": _speech_shaped,
}


@dataclass(frozen=True, eq=False)
class Coloured:
    """Gaussian noise of unit power and some spectrum: uniform white noise through the filter `response`."""

    rate: int
    response: Floats

    def draw(self, samples: int, rng: Generator) -> Floats:
        """Overlap-save, in blocks whose length follows from the rate; the first `taps` samples warm it up."""
        taps = len(self.response)
        size, hop = 8 * taps, 7 * taps
        spectrum = scipy.fft.rfft(self.response * np.float32(math.sqrt(12)), size)
        white = rng.random(taps, dtype=np.float32) - np.float32(0.5)
        parts = [np.zeros(0, dtype=np.float32)]
        for first in range(0, samples, 64 * hop):
            blocks = min(64, math.ceil((samples - first) / hop))
            fresh = rng.random(blocks * hop, dtype=np.float32) - np.float32(0.5)
            white = np.concatenate((white[-taps:], fresh))
            spectra = scipy.fft.rfft(np.lib.stride_tricks.sliding_window_view(white, size)[::hop], axis=1)
            spectra *= spectrum
            shaped = scipy.fft.irfft(spectra, size, axis=1)[:, taps:]
            parts.append(shaped.astype(np.float32, copy=False).reshape(-1))
        return np.concatenate(parts)[:samples]

    def leq_dbov(self, weighting: Weighting) -> float:
        """From the filter's own spectrum, so exact (Parseval)."""
        size = 8 * len(self.response)
        spectrum = scipy.fft.rfft(self.response.astype(np.float64), size)
        curve = a_curve(scipy.fft.rfftfreq(size, 1 / self.rate)) if weighting == "A" else 1.0
        weighted = scipy.fft.irfft(spectrum * curve, size)
        return float(10 * np.log10(np.square(weighted).sum()))


@lru_cache(maxsize=32)
def coloured(kind: str, rate: int) -> Coloured:
    """The bed of a kind in `SPECTRA`.

    The filter is a sweep, an eighth of a second long: as it spreads over many samples, what it makes of any
    white noise is Gaussian, and uniform noise is drawn at a third of the cost.
    """
    taps = 2 ** round(math.log2(rate / 8))
    bins = np.arange(taps // 2 + 1)
    amplitude = np.sqrt(SPECTRA[kind](bins * rate / taps))
    amplitude[0] = 0.0
    turns = 0.1 * bins + 0.4 * np.square(bins) / bins[-1]
    response = scipy.fft.irfft(amplitude * np.exp(-2j * np.pi * turns), taps)
    return Coloured(rate, (response / np.linalg.norm(response)).astype(np.float32))


@dataclass(frozen=True, eq=False)
class Looped:
    """A recording that returns to its beginning; a whole number of loops make 60 s."""

    loop: Sound

    def draw(self, samples: int, rng: Generator) -> Floats:
        """From a random place of the loop on."""
        start = int(rng.integers(len(self.loop.samples)))
        return np.resize(np.roll(self.loop.samples, -start), samples)

    def leq_dbov(self, weighting: Weighting) -> float:
        """Of one loop."""
        if weighting == "A":
            return a_weighted_leq_dbov(self.loop.samples, self.loop.rate)
        return leq_dbov(self.loop.samples)


def looped(path: Path, rate: int) -> Looped:
    """The bed of a recording's first minute. Raises BadlineError where it has a `fault`."""
    if (wrong := fault(path)) is not None:
        raise BadlineError(f"{path}: {wrong}")
    return _looped(path, path.stat().st_mtime_ns, rate)


@lru_cache(maxsize=16)
def _looped(path: Path, _changed_ns: int, rate: int) -> Looped:
    loop = Sound(closed(_first_minute(path).at(rate).samples, rate), rate)
    if (wrong := _unheard(loop)) is not None:
        raise BadlineError(f"{path}: {wrong}")
    return Looped(loop)


def _first_minute(path: Path) -> Sound:
    with soundfile.SoundFile(path) as file:
        frames = math.ceil((PERIOD_S + FADE_S) * file.samplerate)
        read = file.read(frames, dtype="float32", always_2d=True)
        # One microphone: the mean of several would comb a diffuse field
        return Sound(np.ascontiguousarray(read[:, 0]), file.samplerate)


def closed(samples: Floats, rate: int) -> Floats:
    """A loop without seam or DC: its end fades into its beginning with equal power.

    Its length is a whole fraction of 60 s, so that any 60 s of it hold the same energy.
    """
    if not len(samples):
        return samples
    fade = min(round(FADE_S * rate), len(samples) // 4)
    times = max(1, math.ceil(PERIOD_S * rate / (len(samples) - fade)))
    length = PERIOD_S * rate // times
    steady: Floats = samples - samples.mean(dtype=np.float64).astype(np.float32)
    loop: Floats = steady[:length].copy()
    angle = (np.arange(fade) + 0.5) / fade * (np.pi / 2)
    loop[:fade] = loop[:fade] * np.sin(angle) + steady[length : length + fade] * np.cos(angle)
    return loop


def fault(path: Path) -> str | None:
    """Why the first minute of a sound file can be no bed; None where it can."""
    if not path.is_file():
        return "there is no such file"
    return _fault(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _fault(path: Path, _changed_ns: int) -> str | None:
    try:
        first = _first_minute(path)
    except soundfile.LibsndfileError:
        return "is not a sound file that can be read"
    if not len(first.samples):
        return "holds no samples"
    if not np.isfinite(first.samples).all():
        return "holds NaN or infinity"
    return _unheard(first)


def _unheard(sound: Sound) -> str | None:
    heard = sound.samples - sound.samples.mean(dtype=np.float64)
    if leq_dbov(heard) >= SILENT_DBOV:
        return None
    return f"is silent in its first {PERIOD_S} s, so no SNR can be set with it"
