"""Sound at another rate and back, without delay, and alike for long sounds and short ones."""

import numpy as np
import soxr

from pipeline.audio import Floats

REACH_MS = 20  # so far the filter reaches to either side at 8 kHz, the lowest rate
# Finer than 16 bits can tell, and much coarser than the rounding in soxr's transforms.
GRID = 2.0**20


def resampled(samples: Floats, rate: int, new_rate: int) -> Floats:
    """The samples at another rate, without delay.

    In double precision, where soxr's blocks differ by 1e-11 and not by 1e-7 between a long sound and a short one;
    what is left of that difference is rounded away.
    """
    if rate == new_rate:
        return samples
    new = soxr.resample(samples.astype(np.float64), rate, new_rate, quality="VHQ")
    new *= GRID
    np.rint(new, out=new)
    new *= 1 / GRID
    return np.asarray(new, dtype=np.float32)


def fitted(samples: Floats, length: int) -> Floats:
    """The samples cut or filled up with silence to a length."""
    return np.pad(samples[:length], (0, max(0, length - len(samples))))
