"""Sound: samples and their rate, and how they enter and leave files."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int16]
Bools = npt.NDArray[np.bool_]

FULL_SCALE = 32768


@dataclass(frozen=True, eq=False)
class Sound:
    """One channel: float32 samples, full scale ±1 (0 dBov is the level of a full-scale square wave), `rate` in Hz."""

    samples: Floats
    rate: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate

    def at(self, rate: int) -> Self:
        """The same sound at another rate (soxr, high quality)."""
        if rate == self.rate:
            return self
        samples = soxr.resample(self.samples, self.rate, rate, quality="HQ")
        return type(self)(np.ascontiguousarray(samples, dtype=np.float32), rate)


@dataclass(frozen=True)
class Word:
    """A word with its start and end in ms from the beginning of the sound."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float | None = None


def to_pcm(samples: Floats) -> Ints:
    """What a 16-bit converter makes of float samples: rounded, and limited at full scale. NaN is refused."""
    scaled: Floats = samples * np.float32(FULL_SCALE)
    if np.isnan(scaled.max(initial=0)):
        raise ValueError("samples hold NaN")
    np.rint(scaled, out=scaled)
    np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1, out=scaled)
    return scaled.astype(np.int16)


def from_pcm(pcm: Ints) -> Floats:
    """16-bit samples as float32, full scale ±1."""
    samples: Floats = pcm.astype(np.float32)
    samples *= np.float32(1 / FULL_SCALE)
    return samples


def pcm_hash(pcm: Ints) -> str:
    """The SHA-256 of the samples as little-endian bytes, in hex."""
    return hashlib.sha256(np.ascontiguousarray(pcm, dtype="<i2").tobytes()).hexdigest()


def sound_hash(samples: Floats) -> str:
    """The SHA-256 of the samples as little-endian float32, in hex."""
    return hashlib.sha256(np.ascontiguousarray(samples, dtype="<f4").tobytes()).hexdigest()


def read_sound(path: Path) -> Sound:
    """A sound file as one channel (several are averaged). Raises `soundfile.LibsndfileError` where it is none."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return Sound(np.ascontiguousarray(samples.mean(axis=1), dtype=np.float32), rate)


def write_pcm(path: Path, pcm: Ints, rate: int) -> None:
    """A 16-bit file of samples, or samples x channels; the ending of `path` says the format (wav, flac)."""
    soundfile.write(path, pcm, rate, subtype="PCM_16")
