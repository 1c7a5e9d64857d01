"""Sudden sounds: they come by chance, each at a peak level against the talker's, and ring on from block to block."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.levels import gain
from pipeline.line.arrays import copied
from pipeline.line.scene import Measure, Nominal, Scene
from pipeline.line.strikes import add, some_of
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words

MOST_PER_MIN = 60.0
# A sound of peak 1 at a rate in Hz, by a number from 0 to 1 that is its own.
Make = Callable[[float, int], Floats]


class SuddenWords(Words):
    """How many come a minute, and how loud their peaks are.

    `peak_db` is over the talker's nominal active speech level; peaks lie `spread_db` (a standard deviation) about it.
    """

    per_min: float = Field(4.0, ge=0, le=MOST_PER_MIN)
    peak_db: float = Field(6.0, ge=-30, le=30)
    spread_db: float = Field(3.0, ge=0, le=10)

    def at(self, severity: float) -> Self:
        """The same with a rate in proportion; each is as loud as ever."""
        return self.model_copy(update={"per_min": min(self.per_min * severity / TYPICAL, MOST_PER_MIN)})


@dataclass(frozen=True, eq=False)
class Sudden:
    """A sound, its peak as asked for, that begins at a sample of the window (before it, if below 0)."""

    sound: Floats
    start: int


@dataclass(frozen=True)
class Process:
    """What comes: as often and as loud as `words` say, no longer than `longest_s`; measured under an effect's name."""

    effect: str
    words: SuddenWords
    longest_s: float
    make: Make

    def strewn_on(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with them among its noise, or in the whole sound where the stems have ended."""
        sound = copied(scene.speech if scene.mixed else scene.noise)
        since = scene.since or (0,) * scene.rows
        got = []
        for row, (nominal, rng) in enumerate(zip(scene.nominal, rngs, strict=True)):
            come = self._drawn(scene, nominal, since[row], rng)
            for one in come:
                add(one.sound, one.start, sound[row])
            got.append(self._measured(come, scene, nominal))
        after = replace(scene, speech=sound) if scene.mixed else replace(scene, noise=sound)
        return after.with_got(got)

    def _drawn(self, scene: Scene, nominal: Nominal, since: int, rng: Generator) -> list[Sudden]:
        """All that begin in the window, or so shortly before that they may still be heard."""
        words, rate = self.words, scene.rate
        until_s = (since + scene.samples) / rate
        come = some_of(MOST_PER_MIN / 60, words.per_min / 60, -self.longest_s, until_s, rng)
        come = come.after(since / rate - self.longest_s)
        peaks = gain(nominal.asl_dbov + words.peak_db) * 10 ** (words.spread_db * come.how / 20)
        return [
            Sudden(self.make(which, rate) * np.float32(peak), math.floor(at_s * rate) - since)
            for at_s, which, peak in zip(come.at_s.tolist(), come.which.tolist(), peaks.tolist(), strict=True)
        ]

    def _measured(self, come: Sequence[Sudden], scene: Scene, nominal: Nominal) -> list[Measure]:
        """How many began in what is heard, and how loud they were; the latter of those alone."""
        seconds = (scene.samples - scene.hidden) / scene.rate
        if seconds <= 0:
            return []
        heard = [one for one in come if scene.hidden <= one.start]
        # A Poisson count has the variance of its mean.
        sd = math.sqrt(self.words.per_min * 60 / seconds)
        per_min = 60 * len(heard) / seconds
        rate = Measure(self.effect, "per_min", self.words.per_min, per_min, "drawn", sd=sd or None)
        if not heard:
            return [rate]
        peaks_db = [20 * math.log10(float(np.abs(one.sound).max())) - nominal.asl_dbov for one in heard]
        sd, peak_db = self.words.spread_db / math.sqrt(len(heard)), float(np.mean(peaks_db))
        return [rate, Measure(self.effect, "peak_db", self.words.peak_db, peak_db, "drawn", sd=sd or None)]
