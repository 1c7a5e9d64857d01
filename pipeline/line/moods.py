"""Moods: what calm, hurried, angry, confused and stressed callers do with their voice, and with their pauses.

Which way each goes is after three reviews: Murray & Arnott 1993 ("Toward the simulation of emotion in synthetic
speech", JASA 93(2), table 1: anger is slightly faster, much higher, of much wider range, louder and tense), Juslin &
Laukka 2003 ("Communication of emotions in vocal expression and music performance", Psychological Bulletin 129(5):
anger is fast, loud, high, with more energy in high frequencies) and Scherer 2003 ("Vocal communication of emotion: a
review of research paradigms", Speech Communication 40, table 1: stress is louder and higher). Doubt is after Smith &
Clark 1993 ("On the course of answering questions", J. Memory and Language 32: unsure answers come late, and with
fillers). All are quoted from memory. How far each goes is our choice, of the size of a shift that is heard at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from pydantic import Field

from pipeline import engines
from pipeline.audio import Floats
from pipeline.levels import active_speech_level, gain
from pipeline.line.arrays import to_numpy
from pipeline.line.draw import Line, PlacedEffect
from pipeline.line.filters import curve_taps, fir_filter
from pipeline.line.scene import Device, Measure, Scene
from pipeline.spec.habits import Habits
from pipeline.spec.profile import PLACES
from pipeline.spec.scenario import Mood
from pipeline.spec.words import Words

CALM_HABITS = Habits()
TILT_FROM_HZ = 800
HALF_MS = 8.0
TOLERANCE_DB = 1.0
TILT_ADDS_DB = 0.27  # a tilt of 1 dB an octave, to the level of speech: measured on three synthesised voices


@dataclass(frozen=True)
class Shift:
    """What a mood does: to the voice against its calm one, and to what the caller does with their time.

    `rate` and `range_factor` are factors, `level_db` is of the active speech level, `tilt_db_oct` above 800 Hz.
    """

    rate: float = 1.0
    semitones: float = 0.0
    range_factor: float = 1.0
    level_db: float = 0.0
    tilt_db_oct: float = 0.0
    pauses: Habits = CALM_HABITS


MOODS: Mapping[Mood, Shift] = {
    "calm": Shift(),
    "hurried": Shift(rate=1.25, semitones=0.5, range_factor=0.9, level_db=1.0),
    "angry": Shift(rate=1.1, semitones=2.5, range_factor=1.4, level_db=6.0, tilt_db_oct=2.0),
    "confused": Shift(
        rate=0.88,
        range_factor=1.15,
        level_db=-2.0,
        pauses=Habits(hesitates=0.3, fillers=0.25, pause_ms=(700, 2000)),
    ),
    "stressed": Shift(
        rate=1.1,
        semitones=1.5,
        range_factor=0.9,
        level_db=2.0,
        tilt_db_oct=1.0,
        pauses=Habits(hesitates=0.15, fillers=0.15, pause_ms=(400, 1000)),
    ),
}


class Options(Words):
    """How much louder, and how much brighter above 800 Hz."""

    level_db: float = Field(0.0, ge=-12, le=12)
    tilt_db_oct: float = Field(0.0, ge=-6, le=6)


class Loudness:
    """The caller speaks up or lowers their voice, with the sound that goes with it."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 15
    device: ClassVar[Device] = "any"
    lookahead_ms = 0  # whoever talks knows what they will say: no delay on the line
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.level_db, self.tilt_db_oct = options.level_db, options.tilt_db_oct

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with `speech` moved, and in rows that have a level by how much.

        The nominal level stays: a mood moves the SNR that is got.
        """
        speech = scene.speech * np.float32(gain(self.level_db - self.tilt_db_oct * TILT_ADDS_DB))
        if self.tilt_db_oct:
            speech = fir_filter(speech, _tilting(self.tilt_db_oct, scene.rate))
        got = [self._measures(*rows, scene) for rows in zip(scene.speech, speech, strict=True)]
        return replace(scene, speech=speech).with_got(got)

    def _measures(self, before: Floats, after: Floats, scene: Scene) -> tuple[Measure, ...]:
        old, new = (active_speech_level(to_numpy(row[scene.hidden :]), scene.rate).asl_dbov for row in (before, after))
        if not isfinite(old) or not isfinite(new):
            return ()
        return (Measure("talker.mood", "level_db", self.level_db, new - old, "set", TOLERANCE_DB),)


def _tilting(tilt_db_oct: float, rate: int) -> Floats:
    """Taps that leave all below 800 Hz, and rise or fall from there by so much an octave."""
    octaves = {TILT_FROM_HZ // 4: 0.0, TILT_FROM_HZ: 0.0} | {TILT_FROM_HZ * 2**k: float(k) for k in range(1, 5)}
    curve_db = {hz: tilt_db_oct * k for hz, k in octaves.items()}
    return curve_taps(curve_db, rate, half_ms=HALF_MS).astype(np.float32)


def in_mood(line: Line, mood: Mood) -> Line:
    """The line of a caller in this mood, whose effects come first in their order; a calm one has none.

    They have names of their own, so that a mood moves nothing of what the profile's effects draw.
    """
    effects = (*_effects_of(MOODS[mood]), *line.effects)
    return Line(tuple(sorted(effects, key=lambda one: (PLACES.index(one.place), one.effect.order))))


def _effects_of(shift: Shift) -> Sequence[PlacedEffect]:
    effects = []
    if shift.level_db or shift.tilt_db_oct:
        loud = Options(level_db=shift.level_db, tilt_db_oct=shift.tilt_db_oct)
        effects.append(PlacedEffect("talker", "mood.loudness", loud, Loudness(loud)))
    if shift.rate != 1:
        effects.append(_built("rate", factor=shift.rate))
    if shift.semitones or shift.range_factor != 1:
        effects.append(_built("pitch", semitones=shift.semitones, range_factor=shift.range_factor))
    return effects


def _built(name: str, **numbers: float) -> PlacedEffect:
    engine = engines.find("talker", name)
    options = engine.options(**numbers)
    return PlacedEffect("talker", f"mood.{name}", options, engine.build(options))
