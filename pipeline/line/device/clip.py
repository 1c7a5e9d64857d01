"""Clip: the microphone or its amplifier is overdriven, and cuts off what is too loud."""

from collections.abc import Sequence
from math import exp, log10, sqrt
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.levels import gain, leq_dbov
from pipeline.line.arrays import beside, namespace, to_numpy
from pipeline.line.scene import Device, Measure, Nominal, Scene
from pipeline.line.stems import turned_into
from pipeline.spec.severity import louder_db
from pipeline.spec.words import Words

NAME = "device.clip"
MOST_DB = 24.0


class Options(Words):
    """How far the clip level, as that of a square wave in dBov, lies over the nominal active speech level."""

    db_over_asl: float = Field(12.0, ge=0, le=MOST_DB)

    def at(self, severity: float) -> Self:
        """The same at another severity: twice as harsh is clipped at half the amplitude."""
        return self.model_copy(update={"db_over_asl": min(max(self.db_over_asl - louder_db(severity), 0.0), MOST_DB)})


class Clip:
    """Hard and symmetric: no sample goes beyond the clip level, and what does not reach it stays to the bit."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 90
    device: ClassVar[Device] = "any"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.db_over_asl = options.db_over_asl

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with what clipping adds in the noise; the clip level and the share of samples that it cut."""
        levels = np.array([[gain(self._level_dbov(nominal))] for nominal in scene.nominal], np.float32)
        before = scene.whole
        limits = beside(levels, before)
        after = namespace(before).clip(before, -limits, limits)
        added = after - before
        got = [self._measures(scene, after, added, row) for row in range(scene.rows)]
        return turned_into(scene, after, added).with_got(got)

    def _level_dbov(self, nominal: Nominal) -> float:
        return nominal.asl_dbov + self.db_over_asl

    def _measures(self, scene: Scene, sound: Floats, cut_off: Floats, row: int) -> list[Measure]:
        """Where nothing is clipped, the level at which it would be cannot be heard."""
        stems = (scene.speech, sound, cut_off)
        speech, after, cut = (to_numpy(stem[row, scene.hidden :]) for stem in stems)
        peak = max(float(after.max(initial=0)), -float(after.min(initial=0)))
        if not peak:
            return []
        share = np.count_nonzero(cut != 0) / len(cut)
        asked = self._share(leq_dbov(speech) - scene.nominal[row].asl_dbov)
        measures = [Measure(NAME, "share", asked, share, "drawn")]
        if share:
            asked_dbov = self._level_dbov(scene.nominal[row])
            measures.append(Measure(NAME, "level_dbov", asked_dbov, 20 * log10(peak), "set", 0.01))
        return measures

    def _share(self, leq_db: float) -> float:
        """The share of samples beyond the clip level where speech, pauses and all, is so loud beside the nominal level.

        As P.56 has it, the difference is the share of the time that somebody speaks. While he does, by a Laplace
        density, the usual first model of the samples of speech: P(|x| > c) = exp(-sqrt(2) c / rms).
        """
        activity = min(1.0, 10 ** (leq_db / 10))
        return activity * exp(-sqrt(2) * gain(self.db_over_asl))
