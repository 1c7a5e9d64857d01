"""Loops: recordings, or other sounds of a length, that go on for ever without a seam."""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
from numpy.random import Generator

from pipeline.audio import Floats, Sound
from pipeline.errors import BadlineError
from pipeline.levels import a_weighted_leq_dbov, leq_dbov
from pipeline.line.beds import Weighting

PERIOD_S = 60
FADE_S = 0.1
SILENT_DBOV = -90.0  # less than the lowest of 16 bits


@dataclass(frozen=True, eq=False)
class Looped:
    """A recording that returns to its beginning; a whole number of loops make 60 s. It is entered at any `step`."""

    loop: Sound
    step: int = 1

    def draw(self, samples: int, rng: Generator, since: int = 0) -> Floats:
        """From a random place of the loop on, and on."""
        loop = self.loop.samples
        start = (int(rng.integers(len(loop) // self.step)) * self.step + since) % len(loop)
        first = loop[start : start + samples]
        return np.concatenate((first, np.resize(loop, samples - len(first))))

    def leq_dbov(self, weighting: Weighting) -> float:
        """Of one loop."""
        return _leq_dbov(self, weighting)

    def leq_sd_db(self, weighting: Weighting, seconds: float) -> float:
        """A whole number of loops makes 60 s: no chance in that."""
        return 0.0


@lru_cache(maxsize=16)
def _leq_dbov(bed: Looped, weighting: Weighting) -> float:
    if weighting == "A":
        return a_weighted_leq_dbov(bed.loop.samples, bed.loop.rate)
    return leq_dbov(bed.loop.samples)


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
    minute = sound.samples[: PERIOD_S * sound.rate]
    heard = minute - minute.mean(dtype=np.float64)
    if leq_dbov(heard) >= SILENT_DBOV:
        return None
    return f"is silent in its first {PERIOD_S} s, so no SNR can be set with it"
