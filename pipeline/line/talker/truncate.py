"""Truncation: the beginning or the end of the words is not there, as with a key pressed late or let go early.

The same is known from telephones whose voice detector opens late or closes early: front-end clipping in the sense of
Southcott et al. 1989 (recalled).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.line.scene import Device, Measure, Scene
from pipeline.line.spoken import words_in
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words

FADE_S = 0.005  # a cut without a fade would click
MOST_MS = 500.0


class Options(Words):
    """How much is missing at either end."""

    head_ms: float = Field(0.0, ge=0, le=MOST_MS)
    tail_ms: float = Field(0.0, ge=0, le=MOST_MS)

    def at(self, severity: float) -> Self:
        """The same with so much more missing: 0.5 is as written, 1 twice as much."""
        degree = severity / TYPICAL
        update = {"head_ms": min(self.head_ms * degree, MOST_MS), "tail_ms": min(self.tail_ms * degree, MOST_MS)}
        return self.model_copy(update=update)


class Truncate:
    """Of what the caller says the first `head_ms` and the last `tail_ms` are silence; what is shorter is gone."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 90
    device: ClassVar[Device] = "cpu"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.head_s = options.head_ms / 1000
        self.tail_s = options.tail_ms / 1000

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with the ends of `speech` cut off and, where somebody speaks, how much shorter that is."""
        speech = scene.speech.copy()
        got = [self._cut(row[scene.hidden :], scene.rate) for row in speech]
        return replace(scene, speech=speech).with_got(got)

    def _cut(self, heard: Floats, rate: int) -> list[Measure]:
        """Cut the words in place."""
        words = words_in(heard)
        if words.start == words.stop:
            return []
        fade = round(FADE_S * rate)
        if self.head_s:
            _cut_head(heard, words.start + round(self.head_s * rate), fade)
        if self.tail_s:
            _cut_head(heard[::-1], len(heard) - words.stop + round(self.tail_s * rate), fade)
        left = words_in(heard[words])
        cut_ms = (words.stop - words.start - left.stop + left.start) * 1000 / rate
        # Not judged: where the cut falls into a pause, the words begin only after it.
        return [Measure("talker.truncate", "cut_ms", (self.head_s + self.tail_s) * 1000, cut_ms, "drawn")]


def _cut_head(words: Floats, cut: int, fade: int) -> None:
    """Silence for `cut` samples, then a fade of half a cosine, in place."""
    words[:cut] = 0
    soft = words[cut : cut + fade]
    soft *= (0.5 - 0.5 * np.cos(np.pi * np.arange(1, fade + 1) / (fade + 1)))[: len(soft)].astype(np.float32)
