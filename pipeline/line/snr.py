"""A bed is laid under a call: at so many dB below the talker's nominal level, with one gain for the whole call."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.levels import a_weighted_leq_dbov, gain, leq_dbov
from pipeline.line.arrays import beside, stacked
from pipeline.line.beds import Bed, Weighting
from pipeline.line.recordings import Recordings
from pipeline.line.scene import Measure, Nominal, Scene
from pipeline.line.stems import with_noise
from pipeline.spec.severity import louder_db

LEAST_DB, MOST_DB = -10.0, 50.0
TOLERANCE_DB = 0.5
SURELY = 5.0  # standard deviations that nothing exceeds by chance


@dataclass(frozen=True)
class Asked:
    """The SNR that an effect is asked for; A-weighted, speech and bed alike, or not."""

    effect: str
    snr_db: float
    weighting: Weighting = "A"

    def speech_dbov(self, nominal: Nominal) -> float:
        """The level that the bed is held against."""
        return nominal.weighted_dbov if self.weighting == "A" else nominal.asl_dbov

    def level_dbov(self, sound: Floats, rate: int) -> float:
        """The level of a piece of the bed; `-inf` where it is silent."""
        return a_weighted_leq_dbov(sound, rate) if self.weighting == "A" else leq_dbov(sound)


class BedWords(Recordings):
    """How far below the talker a bed lies, and the recordings it may be taken from."""

    snr_db: float = Field(default=15.0, ge=LEAST_DB, le=MOST_DB)
    weighting: Weighting = "A"

    def at(self, severity: float) -> Self:
        """The same with an amplitude in proportion: as written at .5, 6 dB louder at 1."""
        return self.model_copy(update={"snr_db": snr_at(self.snr_db, severity)})

    def asked(self, effect: str) -> Asked:
        """What this asks of the effect. Raises ValueError where the recording was not picked yet."""
        if self.folder is not None:
            raise ValueError("a folder is not settled: call options.settled(rng) first")
        return Asked(effect, self.snr_db, self.weighting)


def lay(bed: Bed, scene: Scene, rngs: Sequence[Generator], asked: Asked) -> Scene:
    """The scene with the bed in its noise (see `with_noise`), hidden samples too, and the SNR got in each row."""
    level_dbov = bed.leq_dbov(asked.weighting)
    since = scene.since or (0,) * scene.rows
    sounds, got = [], []
    for nominal, rng, late in zip(scene.nominal, rngs, since, strict=True):
        sound = bed.draw(scene.samples, rng, late)
        sound *= np.float32(gain(asked.speech_dbov(nominal) - asked.snr_db - level_dbov))
        sounds.append(sound)
        got.append(_measured(sound[scene.hidden :], scene.rate, nominal, asked, bed))
    return with_noise(scene, beside(stacked(sounds), scene.speech)).with_got(got)


def snr_at(snr_db: float, severity: float) -> float:
    """The SNR at a severity: the amplitude of the bed is proportional to it."""
    return min(max(snr_db - louder_db(severity), LEAST_DB), MOST_DB)


def _measured(sound: Floats, rate: int, nominal: Nominal, asked: Asked, bed: Bed) -> list[Measure]:
    """The SNR got; none where the bed is silent, as a recording may be for a while."""
    level_dbov = asked.level_dbov(sound, rate)
    if not math.isfinite(level_dbov):
        return []
    got = asked.speech_dbov(nominal) - level_dbov
    tolerance = TOLERANCE_DB + SURELY * bed.leq_sd_db(asked.weighting, len(sound) / rate)
    return [Measure(asked.effect, "snr_db", asked.snr_db, got, "set", tolerance=tolerance)]
