"""Effort: who speaks in noise raises their voice (the Lombard effect), and a raised voice is brighter, too.

How much: 0.24 dB for each dB of noise below a knee near 43 dBA and up to 0.65 dB above it, both A-weighted (Bottalico,
Passione, Graetzer and Hunter 2017). How bright: the standard speech spectra of ANSI S3.5-1997 for normal, raised,
loud and shouted speech; nobody gets louder than shouting.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import isfinite
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.levels import a_curve, a_weighted_leq_dbov, gain, leq_dbov
from pipeline.line.arrays import stacked, to_numpy, zeros
from pipeline.line.filters import Doubles, curve_taps, fir_filter
from pipeline.line.scene import Device, Measure, Scene
from pipeline.line.spoken import raised_nominal, words_in
from pipeline.spec.severity import louder_db
from pipeline.spec.words import Words

QUIET_DBA = 45.0  # in this noise a voice is as it was synthesised or recorded
LEAST_DBA, MOST_DBA = 30.0, 90.0
BELOW_KNEE = 0.24  # dB for each dB of noise
HALF_MS = 8.0  # to each side of the filter's middle: finer than the table's lowest thirds need
# ANSI S3.5-1997, table 3: dB SPL per Hz at 1 m from the mouth in thirds of an octave.
HZ = (160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150, 4000, 5000, 6300, 8000)
# fmt: off
EFFORTS_DB = np.array((  # normal, raised, loud, shouted
    (32.41, 34.48, 34.75, 33.98, 34.59, 34.27, 32.06, 28.30, 25.01,
     23.00, 20.15, 17.32, 13.18, 11.55,  9.33,  5.31,  2.59,  1.13),
    (33.81, 33.92, 38.98, 38.57, 39.11, 40.15, 38.78, 36.37, 33.86,
     31.89, 28.58, 25.32, 22.35, 20.15, 16.78, 11.47,  7.67,  5.07),
    (35.29, 37.76, 41.55, 43.78, 43.40, 44.85, 45.55, 44.05, 42.16,
     40.53, 37.70, 34.39, 30.98, 28.21, 25.41, 18.35, 13.87, 11.39),
    (30.77, 36.65, 42.50, 46.51, 47.40, 49.24, 51.21, 51.44, 51.31,
     49.63, 47.65, 44.32, 40.80, 38.13, 34.41, 28.24, 23.45, 20.72),
))
# fmt: on


class Options(Words):
    """The noise the talker hears, and how they answer it: `slope` dB for each dB above the knee."""

    noise_dba: float = Field(QUIET_DBA, ge=LEAST_DBA, le=MOST_DBA)
    slope: float = Field(0.5, ge=0.2, le=0.7)
    knee_dba: float = Field(45.0, ge=35, le=55)

    def at(self, severity: float) -> Self:
        """The same where the noise is louder or softer: its amplitude goes with `severity`, 0.5 is as written."""
        noise_dba = self.noise_dba + louder_db(severity)
        return self.model_copy(update={"noise_dba": min(max(noise_dba, LEAST_DBA), MOST_DBA)})

    def rise_db(self) -> float:
        """How much louder than in a quiet room, A-weighted, if the voice has no limit."""
        return self._answer_db(self.noise_dba) - self._answer_db(QUIET_DBA)

    def _answer_db(self, noise_dba: float) -> float:
        over = noise_dba - self.knee_dba
        return (self.slope if over > 0 else BELOW_KNEE) * over


class Effort:
    """The caller speaks up, or softer, as one does in such noise; the nominal level follows."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 20
    device: ClassVar[Device] = "any"
    single: ClassVar[bool] = True
    lookahead_ms = 0  # a voice is raised before the word is spoken: no delay on the line
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.asked_db = options.rise_db()

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with `speech` and nominal level raised and, in rows that have a speech level, by how much."""
        raised = raised_by(self.asked_db, scene.rate)
        rows = [self._row(row, raised, scene) for row in scene.speech]
        speech = stacked([sound for sound, _ in rows])
        nominal = tuple(raised_nominal(one, raised.asl_db, raised.weighted_db) for one in scene.nominal)
        return replace(scene, speech=speech, nominal=nominal).with_got([measures for _, measures in rows])

    def _row(self, row: Floats, raised: "Raised", scene: Scene) -> tuple[Floats, tuple[Measure, ...]]:
        if not row.any():
            return row, ()
        sound = raised.voiced(row)
        rose_db = _levels(sound, scene) - _levels(row, scene)
        # The table is of no voice in particular: what this one rises otherwise is made good, so that SNRs hold.
        mend_db = float(raised.weighted_db - rose_db[1]) if isfinite(rose_db[1]) else 0.0
        return sound * np.float32(gain(mend_db)), _measures(raised, rose_db + mend_db)


def _levels(row: Floats, scene: Scene) -> Doubles:
    """The level of what is heard, plain and A-weighted; NaN for silence.

    A filter changes Leq as it changes the active speech level, within 0.15 dB for single words, and Leq is quicker.
    """
    heard = to_numpy(row[scene.hidden :])
    levels = np.array([leq_dbov(heard), a_weighted_leq_dbov(heard, scene.rate)])
    return np.where(np.isfinite(levels), levels, np.nan)


def _measures(raised: "Raised", got_db: Doubles) -> tuple[Measure, ...]:
    if not np.isfinite(got_db).all():
        return ()
    plain_db, weighted_db = (float(db) for db in got_db)
    return (
        Measure("talker.effort", "weighted_db", raised.weighted_db, weighted_db, "set", 0.3),
        Measure("talker.effort", "plain_db", raised.asl_db, plain_db, "drawn"),
    )


@dataclass(frozen=True, eq=False)
class Raised:
    """A voice raised by so much: the change of its level, A-weighted and plain, and the filter that does it."""

    weighted_db: float
    asl_db: float
    taps: Doubles

    def voiced(self, row: Floats) -> Floats:
        """The row in this voice; where nobody spoke, apart from the filter's reach, there stays exact silence."""
        if not self.weighted_db:
            return row
        reach = len(self.taps) // 2
        words = words_in(row, inaudible=0.0)
        part = slice(max(0, words.start - reach), words.stop + reach)
        sound = zeros((len(row),), row)
        sound[part] = fir_filter(row[np.newaxis, part], self.taps)[0]
        return sound


@lru_cache(maxsize=64)
def raised_by(weighted_db: float, rate: int) -> Raised:
    """A voice raised as the standard's talkers raise theirs, at most to a shout."""
    risen_db = min(weighted_db, _rises_db(rate)[-1])
    curve_db = raised_spectrum(risen_db, rate) - EFFORTS_DB[0]
    asl_db = total_db(EFFORTS_DB[0] + curve_db, rate, weighted=False) - total_db(EFFORTS_DB[0], rate, weighted=False)
    taps = curve_taps(dict(zip(HZ, curve_db, strict=True)), rate, half_ms=HALF_MS)
    return Raised(risen_db, asl_db, taps)


def raised_spectrum(risen_db: float, rate: int) -> Doubles:
    """The spectrum in thirds of an octave of a voice that has risen by so much, A-weighted: between two efforts.

    Below normal it goes on as from raised to normal.
    """
    rises_db = _rises_db(rate)
    above = min(max(int(np.searchsorted(rises_db, risen_db)), 1), len(rises_db) - 1)
    share = (risen_db - rises_db[above - 1]) / (rises_db[above] - rises_db[above - 1])
    between = EFFORTS_DB[above - 1] + share * (EFFORTS_DB[above] - EFFORTS_DB[above - 1])
    missing_db = total_db(EFFORTS_DB[0], rate, weighted=True) + risen_db - total_db(between, rate, weighted=True)
    spectrum: Doubles = between + missing_db
    return spectrum


def _rises_db(rate: int) -> list[float]:
    """How far normal, raised, loud and shouted speech lie above normal speech, A-weighted."""
    levels_db = [total_db(spectrum, rate, weighted=True) for spectrum in EFFORTS_DB]
    return [level - levels_db[0] for level in levels_db]


def total_db(spectrum: Doubles, rate: int, *, weighted: bool) -> float:
    """The level of a spectrum in thirds of an octave, of the bands that `rate` can hold, but for a constant."""
    hz = np.array(HZ, np.float64)
    weights = np.square(a_curve(hz)) if weighted else np.ones_like(hz)
    power = 10 ** (spectrum / 10) * hz * weights
    return float(10 * np.log10(power[hz <= rate / 2].sum()))
