"""Level: how loud the caller arrives at the microphone's converter, whatever their effort and distance.

It stands last of the talker's effects, as the gain of a microphone does: effort and distance are known before the
call, and this gain makes the nominal level what is asked. So a raised voice does not clip where a level is given.
"""

from collections.abc import Sequence
from math import isfinite
from typing import ClassVar, Self

from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.levels import active_speech_level
from pipeline.line.arrays import to_numpy
from pipeline.line.scene import Device, Measure, Scene
from pipeline.line.spoken import change_db, raised
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words

USUAL_DBOV = -26.0  # the usual level of speech in telephone tests (ITU-T P.830, recalled)
LEAST_DBOV, MOST_DBOV = -45.0, -12.0


class Options(Words):
    """The nominal active speech level, in dBov."""

    asl_dbov: float = Field(USUAL_DBOV, ge=LEAST_DBOV, le=MOST_DBOV)

    def at(self, severity: float) -> Self:
        """The same, so much further from the usual level: 0.5 is as written, 1 twice as far in dB."""
        degree = severity / TYPICAL
        asl_dbov = degree * self.asl_dbov + (1 - degree) * USUAL_DBOV
        return self.model_copy(update={"asl_dbov": min(max(asl_dbov, LEAST_DBOV), MOST_DBOV)})


class Level:
    """One gain for the whole call brings the caller's nominal level to what is asked."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 110
    device: ClassVar[Device] = "any"
    single: ClassVar[bool] = True
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.asl_dbov = options.asl_dbov

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene at that level, with the gain, and the level that each row's own words have."""
        gains_db = [self.asl_dbov - nominal.asl_dbov for nominal in scene.nominal]
        after = raised(scene, gains_db)
        sounds = zip(scene.speech[:, scene.hidden :], after.speech[:, scene.hidden :], gains_db, strict=True)
        return after.with_got([self._measures(*row, scene.rate) for row in sounds])

    def _measures(self, before: Floats, now: Floats, gain_db: float, rate: int) -> list[Measure]:
        got_db, got_dbov = change_db(before, now), active_speech_level(to_numpy(now), rate).asl_dbov
        if not isfinite(got_db) or not isfinite(got_dbov):
            return []
        return [
            Measure("talker.level", "gain_db", gain_db, got_db, "set", 0.1),
            Measure("talker.level", "asl_dbov", self.asl_dbov, got_dbov, "drawn"),
        ]
