"""G.711: mu-law and A-law, there and back, as tables of all 65 536 samples."""

from functools import cache

import numpy as np
import numpy.typing as npt

from pipeline.audio import Ints


def mu_law(pcm: Ints) -> Ints:
    """Int16 samples after mu-law."""
    return _mu_law().take(pcm.view(np.uint16))


def a_law(pcm: Ints) -> Ints:
    """Int16 samples after A-law."""
    return _a_law().take(pcm.view(np.uint16))


def _every_sample() -> npt.NDArray[np.int64]:
    """All int16 values, in the order of their bits as uint16."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int64)


@cache
def _mu_law() -> Ints:
    """Mu-law there and back (ITU-T G.711, table 2): 14 bits, a bias of 33, eight segments of sixteen steps."""
    pcm = _every_sample()
    biased = np.minimum(np.abs(pcm) // 4, 8158) + 33
    step = 2 ** (np.floor(np.log2(biased)).astype(np.int64) - 4)
    return np.asarray(np.sign(pcm) * 4 * (biased // step * step + step // 2 - 33), dtype=np.int16)


@cache
def _a_law() -> Ints:
    """A-law there and back (ITU-T G.711, table 1): 13 bits, eight segments of sixteen steps, two of the finest."""
    pcm = _every_sample()
    size = np.minimum(np.abs(pcm) // 16, 2047)
    step = 2 ** np.maximum(np.floor(np.log2(np.maximum(size, 1))).astype(np.int64) - 4, 0)
    return np.asarray(np.where(pcm < 0, -1, 1) * (16 * (size // step * step) + 8 * step), dtype=np.int16)
