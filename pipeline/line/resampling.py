"""Sound at another rate, without delay, and alike for long sounds and short ones."""

import numpy as np
import soxr

from pipeline.audio import FULL_SCALE, Floats, Ints, to_pcm

REACH_MS = 20  # so far the filter reaches to either side at 8 kHz, the lowest rate


def resampled(samples: Floats, rate: int, new_rate: int) -> Floats:
    """The samples at another rate, to seven digits."""
    if rate == new_rate:
        return samples
    return np.asarray(soxr.resample(samples, rate, new_rate, quality="HQ"), dtype=np.float32)


def pcm_resampled(samples: Floats, rate: int, new_rate: int) -> Ints:
    """16-bit samples at another rate, rounded once.

    In double precision: there a long sound's blocks differ from a short one's by 1e-11 and not by 1e-7, which would
    now and then round to another number, and a codec makes a step of that.
    """
    if rate == new_rate:
        return to_pcm(samples)
    scaled = soxr.resample(samples * np.float64(FULL_SCALE), rate, new_rate, quality="VHQ")
    return np.asarray(np.clip(np.rint(scaled), -FULL_SCALE, FULL_SCALE - 1), dtype=np.int16)


def fitted(samples: Floats, length: int) -> Floats:
    """The samples cut or filled up with silence to a length."""
    if len(samples) >= length:
        return samples[:length]
    return np.pad(samples, (0, length - len(samples)))
