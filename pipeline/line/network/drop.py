"""The line drops: some calls end at once, whoever is speaking."""

from collections.abc import Sequence
from typing import ClassVar, Self

from numpy.random import Generator
from pydantic import Field

from pipeline.line.scene import Device, Scene
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words


class Options(Words):
    """The share of calls that the line drops, and when: so long after pick-up. Calls of a `luck` below it drop.

    `luck` is drawn for each call, the same whatever the share: a worse line drops the same calls, and more.
    """

    share: float = Field(0.05, ge=0, le=1)
    after_s: float = Field(20.0, ge=1, le=300)
    luck: float | None = Field(None, ge=0, lt=1)

    def settled(self, rng: Generator) -> Self:
        """The same for one call, with its luck."""
        return self if self.luck is not None else self.model_copy(update={"luck": float(rng.random())})

    def at(self, severity: float) -> Self:
        """The same at another severity: the share is proportional to it."""
        return self.model_copy(update={"share": min(self.share * severity / TYPICAL, 1.0)})


class Drop:
    """Some calls are dropped by the line; the sound until then is left alone."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 90
    device: ClassVar[Device] = "any"

    def __init__(self, options: Options) -> None:
        self.options = options
        self.lookahead_ms = 0
        self.voices: tuple[str, ...] = ()

    @property
    def drop_ms(self) -> int | None:
        """How long after pick-up this call drops, if it does."""
        if self.options.luck is None:
            raise ValueError("whether this call drops is not settled: call options.settled(rng) first")
        return round(self.options.after_s * 1000) if self.options.luck < self.options.share else None

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene as it is."""
        return scene.with_got([()] * scene.rows)
