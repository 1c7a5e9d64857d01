"""Music: a tune from a loudspeaker in the room, made up for the call or recorded, at an SNR for the whole call."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal, Self

from numpy.random import Generator
from pydantic import Field

from pipeline.line.beds import Bed
from pipeline.line.loops import Looped, looped
from pipeline.line.scene import Device, Scene
from pipeline.line.snr import LEAST_DB, MOST_DB, BedWords, lay
from pipeline.line.tunes import STEP_S, from_small_speaker, tune


class Options(BedWords):
    """How far below the talker it plays, from what loudspeaker, and what: a `file`, a `folder`, else made-up music."""

    snr_db: float = Field(default=18.0, ge=LEAST_DB, le=MOST_DB)
    loudspeaker: Literal["small", "none"] = "small"
    tune: int = Field(default=0, ge=0, le=2**32 - 1)

    def settled(self, rng: Generator) -> Self:
        """The same with one tune, or one recording of the folder, for the whole call."""
        picked = super().settled(rng)
        return picked if picked.tune else picked.model_copy(update={"tune": int(rng.integers(1, 2**32))})


class Music:
    """Music plays in the room, from a small loudspeaker, at an A-weighted SNR."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 80
    device: ClassVar[Device] = "any"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()
    runs_on = True

    def __init__(self, options: Options) -> None:
        self._options, self._asked = options, options.asked("room.music")

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with music among its noise."""
        return lay(self._bed(scene.rate), scene, rngs, self._asked)

    def _bed(self, rate: int) -> Bed:
        small = self._options.loudspeaker == "small"
        if self._options.file is None:
            return _made_up(self._options.tune, rate, small=small)
        file = self._options.file
        recorded = looped(file, rate)
        return _smaller(file, recorded, rate) if small else recorded


@lru_cache(maxsize=16)
def _made_up(seed: int, rate: int, *, small: bool) -> Looped:
    loop = tune(seed, rate)
    return Looped(from_small_speaker(loop) if small else loop, round(STEP_S * rate))


@lru_cache(maxsize=16)
def _smaller(_file: Path, recorded: Looped, _rate: int) -> Looped:
    return Looped(from_small_speaker(recorded.loop))
