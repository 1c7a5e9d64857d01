"""Trailing off: the last words fade, as they do when breath or interest runs out.

That a voice loses level towards the end of what it says is known (energy declination: Trouvain, Barry, Nielsen and
Andersen 1998, recalled). How far, and that the fade is straight in dB, is our choice.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.levels import gain
from pipeline.line.arrays import beside, copied
from pipeline.line.scene import Device, Measure, Scene
from pipeline.line.spoken import change_db, words_in
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words

FARTHEST_DB = -40.0


class Options(Words):
    """How far the voice falls, and over how long."""

    db: float = Field(-8.0, ge=FARTHEST_DB, le=0)
    seconds: float = Field(0.6, ge=0.05, le=5)

    def at(self, severity: float) -> Self:
        """The same, falling so much further: 0.5 is as written, 1 twice as far in dB, over the same time."""
        return self.model_copy(update={"db": max(self.db * severity / TYPICAL, FARTHEST_DB)})


class TrailOff:
    """The end of what the caller says fades by `db`, straight in dB; what is shorter fades from its beginning."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 80
    device: ClassVar[Device] = "any"
    lookahead_ms = 0  # whoever talks knows when they are done: no delay on the line
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.db = options.db
        self.seconds = options.seconds

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with the ends of `speech` faded and, where somebody speaks, how far its very end fell."""
        speech = copied(scene.speech)
        got = [self._fade(row[scene.hidden :], scene.rate) for row in speech]
        return replace(scene, speech=speech).with_got(got)

    def _fade(self, heard: Floats, rate: int) -> list[Measure]:
        """Fade the words in place."""
        words = words_in(heard)
        if words.start == words.stop:
            return []
        end = heard[max(words.start, words.stop - max(1, round(self.seconds * rate))) : words.stop]
        before = copied(end)
        end *= beside((10 ** (np.linspace(0, self.db, len(end) + 1)[1:] / 20)).astype(np.float32), end)
        heard[words.stop :] *= np.float32(gain(self.db))
        last = slice(-max(1, len(end) // 100), None)
        got_db = change_db(before[last], end[last])
        return [Measure("talker.trail_off", "db", self.db, got_db, "set", 0.5)] if isfinite(got_db) else []
