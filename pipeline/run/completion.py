"""How long calls take to come to their aim, when some never do: Kaplan and Meier's estimate.

Never the mean of those that did: a call that ended without its aim says only that it would have taken longer, so it
is right-censored.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import CensoredData, ecdf

CONFIDENCE = 0.95
Counts = Mapping[tuple[int, bool], int]  # how many calls took so much, and whether they came to their aim


@dataclass(frozen=True)
class Median:
    """Half of the calls took no longer; with the 95 % interval. None: more than any call took."""

    median: int | None
    low: int | None
    high: int | None


def median_of(counts: Counts) -> Median | None:
    """The median of what calls took; None where none of them came to its aim."""
    took = {aim: _repeated(counts, aim) for aim in (True, False)}
    if not len(took[True]):
        return None
    curve = ecdf(CensoredData(uncensored=took[True], right=took[False])).sf
    left = curve.probabilities
    with warnings.catch_warnings():  # it has no interval where all or none are left, and says so
        warnings.simplefilter("ignore", RuntimeWarning)
        around: Any = curve.confidence_interval(CONFIDENCE, method="log-log")
    low = np.where(np.isnan(around.low.probabilities), np.where(left > 0, 1.0, 0.0), around.low.probabilities)
    high = np.where(np.isnan(around.high.probabilities), 1.0, around.high.probabilities)
    return Median(*(_falls_to_half(curve.quantiles, shares) for shares in (left, low, high)))


def _repeated(counts: Counts, aim: bool) -> npt.NDArray[np.float64]:
    some = [(took, count) for (took, came), count in sorted(counts.items()) if came == aim]
    return np.repeat([took for took, _ in some], [count for _, count in some]).astype(np.float64)


def _falls_to_half(at: npt.NDArray[np.float64], shares: npt.NDArray[np.float64]) -> int | None:
    """Where no more than half are left."""
    below = np.flatnonzero(shares <= 0.5)
    return int(at[below[0]]) if below.size else None
