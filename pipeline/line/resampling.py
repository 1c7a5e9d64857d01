"""Sound at another rate, without delay, and alike for long sounds and short ones."""

import numpy as np
import soxr

from pipeline.audio import Floats, Ints, to_pcm

REACH_MS = 20  # so far the filter reaches to either side at 8 kHz, the lowest rate


def resampled(samples: Floats, rate: int, new_rate: int) -> Floats:
    """The samples at another rate, to seven digits."""
    if rate == new_rate:
        return samples
    return np.asarray(soxr.resample(samples, rate, new_rate, quality="HQ"), dtype=np.float32)


def pcm_resampled(samples: Floats, rate: int, new_rate: int) -> Ints:
    """16-bit samples at another rate, rounded once.

    The quality of 28 bits is computed in double precision: there a long sound's blocks differ from a short one's by
    1e-11 and not by 1e-7, which would now and then round to another number, and a codec makes a step of that.
    """
    return to_pcm(samples if rate == new_rate else soxr.resample(samples, rate, new_rate, quality="VHQ"))


def fitted(samples: Floats, length: int) -> Floats:
    """The samples cut or filled up with silence to a length."""
    if len(samples) >= length:
        return samples[:length]
    return np.pad(samples, (0, length - len(samples)))
