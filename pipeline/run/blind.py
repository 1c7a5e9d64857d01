"""What can be told of a sound alone, whatever made it: how loud, how noisy, and in which band."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import signal

from pipeline.audio import Floats, Sound
from pipeline.levels import active_speech_level

FRAME_MS = 20
QUIETEST = 0.1
BAND_DB = 40.0  # speech falls by so much towards 7 kHz, and telephone filters by more
SEGMENT_MS = 64


@dataclass(frozen=True)
class Blind:
    """Levels in dBov: active speech (ITU-T P.56), peak, and the floor, in the quietest tenth of frames of 20 ms.

    `low_hz` and `high_hz` are the first and last frequency at which the long-term spectrum is within 40 dB of its
    strongest. Silence has none of them: None; nor has a sound a floor whose quietest tenth is digital silence.
    `rate` is the one at which it was told, in Hz.
    """

    asl_dbov: float | None
    activity: float
    peak_dbov: float | None
    floor_dbov: float | None
    low_hz: float | None
    high_hz: float | None
    rate: int


def blind(sound: Sound) -> Blind:
    """The levels and the band of a sound."""
    level = active_speech_level(sound.samples, sound.rate)
    low_hz, high_hz = _band_hz(sound)
    return Blind(
        asl_dbov=_finite(level.asl_dbov),
        activity=level.activity,
        peak_dbov=_db(float(np.abs(sound.samples).max(initial=0)) ** 2),
        floor_dbov=_db(_floor(sound.samples, sound.rate * FRAME_MS // 1000)),
        low_hz=low_hz,
        high_hz=high_hz,
        rate=sound.rate,
    )


def _floor(samples: Floats, frame: int) -> float:
    """The mean power of the quietest frames; of a sound shorter than a frame, its own."""
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame) if len(samples) >= frame else samples[None]
    powers = np.sort(np.mean(frames.astype(np.float64) ** 2, axis=1))
    return float(powers[: max(1, round(len(powers) * QUIETEST))].mean())


def _band_hz(sound: Sound) -> tuple[float | None, float | None]:
    size = min(sound.rate * SEGMENT_MS // 1000, len(sound.samples))
    freqs_hz, power = signal.welch(sound.samples.astype(np.float64), sound.rate, nperseg=size, detrend=False)
    inside = np.flatnonzero(power > power.max(initial=0) * 10 ** (-BAND_DB / 10))
    return (float(freqs_hz[inside[0]]), float(freqs_hz[inside[-1]])) if len(inside) else (None, None)


def _db(power: float) -> float | None:
    return 10 * math.log10(power) if power > 0 else None


def _finite(level: float) -> float | None:
    return level if math.isfinite(level) else None
