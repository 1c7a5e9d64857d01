"""Gains that move while somebody talks: the level that they follow, block by block, and their ramps."""

import numpy as np
from scipy import ndimage

from pipeline.audio import Bools, Floats
from pipeline.line.filters import Doubles


def block_powers(row: Floats, block: int) -> Doubles:
    """The mean square of each whole block of so many samples."""
    blocks = row[: len(row) // block * block].reshape(-1, block)
    return np.asarray(np.einsum("ij,ij->i", blocks, blocks, dtype=np.float64) / block)


def ramped(start: float, after: Doubles, block: int, samples: int) -> Floats:
    """The factor on each sample: `after` each block that was heard, a straight ramp to it through the next one.

    So no factor depends on what comes later. It begins with `start`.
    """
    ends = np.concatenate(([start, start], after))[: -(-samples // block) + 1]
    ramp = np.arange(1, block + 1) / block
    factors = ends[:-1, np.newaxis] + np.diff(ends)[:, np.newaxis] * ramp
    return factors.reshape(-1)[:samples].astype(np.float32)


def lowest_of_late(values: Doubles, count: int) -> Doubles:
    """The least of the last `count` values at each, along the first axis."""
    origin = count - 1 - count // 2
    return ndimage.minimum_filter1d(values, count, axis=0, origin=origin, mode="constant", cval=np.inf)


def held(marks: Bools, count: int) -> Bools:
    """True where there is a mark, and at up to `count` places after it."""
    at = np.arange(len(marks))
    last = np.maximum.accumulate(np.where(marks, at, -count - 1))
    return np.asarray(at - last <= count)
