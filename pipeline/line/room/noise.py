"""Noise: a bed around the talker, at an SNR that holds at the microphone for the whole call."""

from collections.abc import Sequence
from typing import ClassVar

from numpy.random import Generator

from pipeline.line.ambiences import Kind, ambience
from pipeline.line.beds import Bed
from pipeline.line.loops import looped
from pipeline.line.scene import Device, Scene
from pipeline.line.snr import BedWords, lay


class Options(BedWords):
    """What sounds, and how far below the talker: a `kind`, a `file` or a `folder`, else speech-shaped noise.

    `file` and `folder` lead from the profile's folder.
    """

    kind: Kind | None = None


class Noise:
    """A bed of noise: one of many procedural kinds, or a recording, at an A-weighted SNR."""

    version: ClassVar[int] = 2
    order: ClassVar[int] = 20
    device: ClassVar[Device] = "any"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()
    runs_on = True

    def __init__(self, options: Options) -> None:
        self._options, self._asked = options, options.asked("room.noise")

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with a bed added to all samples of its noise."""
        return lay(self._bed(scene.rate), scene, rngs, self._asked)

    def _bed(self, rate: int) -> Bed:
        if self._options.file is not None:
            return looped(self._options.file, rate)
        return ambience(self._options.kind or "speech_shaped", rate)
