"""By how much one sound lags another, and a voice on which to measure that."""

from functools import lru_cache

import numpy as np
from scipy import signal

from pipeline.audio import Floats

REACH_MS = 30
SKIPPED_MS = 200  # until codecs have settled
PEAK = 0.2


@lru_cache(maxsize=8)
def humming(rate: int) -> Floats:
    """A second and a half of a voice that says nothing: twenty harmonics of a pitch that wanders about 130 Hz.

    All are as loud: a voice's low ones outweigh the rest, and there a codec's high-pass shifts the wave.
    """
    time_s = np.arange(round(1.5 * rate)) / rate
    pitch_hz = 130 + 25 * np.sin(2 * np.pi * 1.3 * time_s) + 10 * np.sin(2 * np.pi * 3.1 * time_s)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / rate
    voice = sum(np.cos(k * phase + k * k) for k in range(1, 21))
    loudness = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * time_s)
    return np.asarray(PEAK * voice * loudness / np.abs(voice).max(), np.float32)


def lag_samples(before: Floats, after: Floats, rate: int) -> int:
    """By how many samples `after` lags behind `before` where both are most alike, at most 30 ms either way."""
    reach, skipped = round(REACH_MS * rate / 1000), round(SKIPPED_MS * rate / 1000)
    heard = after[skipped:-skipped].astype(np.float64)
    said = before[skipped - reach : len(before) - skipped + reach].astype(np.float64)
    return reach - int(np.argmax(signal.correlate(said, heard, mode="valid", method="fft")))
