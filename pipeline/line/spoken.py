"""What talker effects share: where the words stand in a row, and a talker who is louder or nearer as a whole."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf, log10

import numpy as np

from pipeline.audio import Floats
from pipeline.levels import gain, leq_dbov
from pipeline.line.arrays import beside, to_numpy
from pipeline.line.scene import Nominal, Scene

INAUDIBLE = 1e-4  # 80 dB below the row's peak: what a filter leaves around words is no part of them


def words_in(row: Floats, *, inaudible: float = INAUDIBLE) -> slice:
    """From the first sample of the words to behind the last; an empty slice where nobody speaks."""
    size = np.abs(to_numpy(row))
    heard = np.flatnonzero(size > inaudible * size.max(initial=0))
    return slice(int(heard[0]), int(heard[-1]) + 1) if len(heard) else slice(0, 0)


def raised(scene: Scene, gains_db: Sequence[float]) -> Scene:
    """The scene with each row's speech, and what is known of its level, raised by so many dB."""
    if not any(gains_db):
        return scene
    factors = beside(np.array([gain(db) for db in gains_db], np.float32)[:, np.newaxis], scene.speech)
    nominal = tuple(raised_nominal(one, db, db) for one, db in zip(scene.nominal, gains_db, strict=True))
    return replace(scene, speech=scene.speech * factors, nominal=nominal)


def raised_nominal(nominal: Nominal, asl_db: float, weighted_db: float) -> Nominal:
    """The level of a talker whose voice has risen by so much, plain and A-weighted."""
    return Nominal(nominal.asl_dbov + asl_db, nominal.weighted_dbov + weighted_db)


def change_db(before: Floats, after: Floats) -> float:
    """By how much one sound's level (Leq) lies above another's; NaN where one is silent."""
    levels = leq_dbov(to_numpy(after)), leq_dbov(to_numpy(before))
    return levels[0] - levels[1] if all(np.isfinite(levels)) else float("nan")


def within_db(words: Floats, sound: Floats) -> float:
    """By how much the words of a stem are louder or softer in a sound that holds them: the one gain that fits best.

    What was cut off them lies in the noise and is opposed to them: it lowers this, as it lowers what is heard. What
    has nothing to do with them leaves it as it is, but for chance. `-inf` where nothing of them is left.
    """
    one, other = (np.asarray(to_numpy(stem), np.float64) for stem in (words, sound))
    energy, shared = float(np.vdot(one, one)), float(np.vdot(one, other))
    return 20 * log10(shared / energy) if energy > 0 and shared > 0 else -inf
