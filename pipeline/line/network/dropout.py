"""Dropouts: holes in the radio link, in which nothing arrives at all; a handover, an underpass, a hand on the antenna.

They begin as a Poisson process, each lasts 0.5 to 1.5 times as long as the mean, and all packets that are sent in one
are lost. That times and lengths are so distributed is our choice; both are `drawn` and measured.
"""

import math
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Bools
from pipeline.line.losses import FRAME_MS, losing
from pipeline.line.scene import Device, Measure, Scene
from pipeline.line.strikes import Arrivals, some_of
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words

Doubles = npt.NDArray[np.float64]

NAME = "network.dropout"
MOST_PER_MIN = 60.0
SHORTEST, LONGEST = 0.5, 1.5  # of the mean


class Options(Words):
    """How many holes begin in a minute, and how long they last on average."""

    per_min: float = Field(1.0, ge=0, le=MOST_PER_MIN)
    ms: float = Field(200.0, ge=50, le=2000)

    def at(self, severity: float) -> Self:
        """The same at another severity: as many more of them, each as long."""
        return self.model_copy(update={"per_min": min(self.per_min * severity / TYPICAL, MOST_PER_MIN)})


class Dropout:
    """Now and then nothing arrives for a while; the frames are marked, and the codec makes of it what it can."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 30
    device: ClassVar[Device] = "any"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()
    runs_on = True

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with the frames of each hole marked as lost."""
        frame_ms = scene.frame_ms if scene.lost is not None else FRAME_MS
        sent_s = (np.arange(math.ceil(scene.samples * 1000 / (scene.rate * frame_ms))) + 0.5) * frame_ms / 1000
        since = scene.since or (0,) * scene.rows
        lost, got = [], []
        for begun, rng in zip(since, rngs, strict=True):
            holes = self._holes(begun / scene.rate, scene.samples / scene.rate, rng)
            lost.append(self._within(holes, sent_s + begun / scene.rate))
            visible = sent_s * 1000 > scene.hidden * 1000 / scene.rate
            got.append(self._measured(holes.at_s - begun / scene.rate, lost[-1][visible], scene))
        return losing(scene, np.stack(lost), frame_ms).with_got(got)

    def _holes(self, since_s: float, seconds: float, rng: Generator) -> Arrivals:
        """All that begin before the end of the window and may not have ended before it begins."""
        longest_s = LONGEST * self.options.ms / 1000
        come = some_of(MOST_PER_MIN / 60, self.options.per_min / 60, -longest_s, since_s + seconds, rng)
        return come.after(since_s - longest_s)

    def _within(self, holes: Arrivals, sent_s: Doubles) -> Bools:
        """Which of the packets, sent at these moments, fall into a hole."""
        lost = np.zeros(len(sent_s), np.bool_)
        lengths_s = (SHORTEST + (LONGEST - SHORTEST) * holes.which) * self.options.ms / 1000
        begins, ends = (np.searchsorted(sent_s, at_s).tolist() for at_s in (holes.at_s, holes.at_s + lengths_s))
        for begin, end in zip(begins, ends, strict=True):
            lost[begin:end] = True
        return lost

    def _measured(self, begins_s: Doubles, lost: Bools, scene: Scene) -> list[Measure]:
        """How many began in what is heard, and the share of its frames that they took."""
        seconds = (scene.samples - scene.hidden) / scene.rate
        if seconds <= 0 or not len(lost):
            return []
        per_min, begun = self.options.per_min, int((begins_s >= scene.hidden / scene.rate).sum())
        # A Poisson count has the variance of its mean.
        sd = math.sqrt(per_min * 60 / seconds)
        # Holes may overlap: the share of time in none is that of an endless queue's being empty.
        share = -math.expm1(-per_min * self.options.ms / 60_000)
        return [
            Measure(NAME, "per_min", per_min, 60 * begun / seconds, "drawn", sd=sd or None),
            Measure(NAME, "lost_share", share, float(lost.mean()), "drawn"),
        ]
