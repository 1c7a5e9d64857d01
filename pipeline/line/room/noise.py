"""Noise: a bed around the talker, at an SNR that holds at the microphone for the whole call."""

from collections.abc import Sequence
from typing import ClassVar, Self

from numpy.random import Generator
from pydantic import Field

from pipeline.line.ambiences import Kind, ambience
from pipeline.line.beds import Bed, Weighting
from pipeline.line.loops import looped
from pipeline.line.recordings import Recordings
from pipeline.line.scene import Scene
from pipeline.line.snr import LEAST_DB, MOST_DB, Asked, lay, snr_at


class Options(Recordings):
    """What sounds, and how far below the talker: a `kind`, a `file` or a `folder`, else speech-shaped noise.

    `file` and `folder` lead from the profile's folder.
    """

    kind: Kind | None = None
    snr_db: float = Field(default=15.0, ge=LEAST_DB, le=MOST_DB)
    weighting: Weighting = "A"

    def at(self, severity: float) -> Self:
        """The same with an amplitude in proportion: as written at .5, 6 dB louder at 1."""
        return self.model_copy(update={"snr_db": snr_at(self.snr_db, severity)})


class Noise:
    """A bed of noise: one of many procedural kinds, or a recording, at an A-weighted SNR."""

    version: ClassVar[int] = 2
    order: ClassVar[int] = 20
    lookahead_ms = 0
    voices: tuple[str, ...] = ()
    runs_on = True

    def __init__(self, options: Options) -> None:
        if options.folder is not None:
            raise ValueError("a folder is not settled: call options.settled(rng) first")
        self._options = options

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with a bed added to all samples of its noise."""
        asked = Asked("room.noise", self._options.snr_db, self._options.weighting)
        return lay(self._bed(scene.rate), scene, rngs, asked)

    def _bed(self, rate: int) -> Bed:
        if self._options.file is not None:
            return looped(self._options.file, rate)
        return ambience(self._options.kind or "speech_shaped", rate)
