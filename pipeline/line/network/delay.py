"""The time that sound takes through the network, each way."""

from collections.abc import Sequence
from typing import ClassVar, Self

from numpy.random import Generator
from pydantic import Field

from pipeline.line.scene import ANY_SOUND_S, Device, Measure, Scene
from pipeline.spec.words import Words


class Options(Words):
    """One way; a round trip takes twice as long."""

    ms: int = Field(80, ge=0, le=1000)

    def at(self, severity: float) -> Self:
        """The same at any severity: the way is as long."""
        return self


class Delay:
    """Sound takes so long from one end to the other, either way; it passes on the clock, and the sound stays."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 80
    device: ClassVar[Device] = "any"
    single: ClassVar[bool] = True
    calibration_s: ClassVar[float] = ANY_SOUND_S

    def __init__(self, options: Options) -> None:
        self.options = options
        self.lookahead_ms = 0
        self.voices: tuple[str, ...] = ()
        self.delay_ms = options.ms

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene as it is, and how long it takes: what a call's clock adds, which nothing in the sound can tell."""
        told = Measure("network.delay", "delay_ms", float(self.options.ms), float(self.delay_ms), "set", tolerance=0.0)
        return scene.with_got([(told,)] * scene.rows)
