"""Distance: how far the mouth is from the microphone; sound pressure falls as one over the way.

What a room adds to that, its reverberation and its noise, are effects of their own. Air takes less than 0.2 dB from
the telephone band over 5 m (ISO 9613-1, 20 degrees and half humid, recalled) and is left out.
"""

from collections.abc import Sequence
from math import isfinite, log10
from typing import ClassVar, Self

from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.line.scene import Device, Measure, Scene
from pipeline.line.spoken import change_db, raised
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words

AT_THE_EAR_M = 0.12  # from the mouth to the microphone of a telephone at the ear: there a voice is as it was made
NEAREST_M, FURTHEST_M = 0.02, 5.0


class Options(Words):
    """How far it is from the lips to the microphone."""

    m: float = Field(AT_THE_EAR_M, ge=NEAREST_M, le=FURTHEST_M)

    def at(self, severity: float) -> Self:
        """The same, so much further from a telephone at the ear: 0.5 is as written, 1 twice as far."""
        degree = severity / TYPICAL
        m = degree * self.m + (1 - degree) * AT_THE_EAR_M
        return self.model_copy(update={"m": min(max(m, NEAREST_M), FURTHEST_M)})


class Distance:
    """The caller is nearer or further away than a telephone at the ear; the nominal level follows."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 100
    device: ClassVar[Device] = "any"
    single: ClassVar[bool] = True
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.gain_db = 20 * log10(AT_THE_EAR_M / options.m)

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with `speech` and nominal level as they are over there and, where somebody speaks, the change."""
        after = raised(scene, [self.gain_db] * scene.rows)
        sounds = zip(scene.speech[:, scene.hidden :], after.speech[:, scene.hidden :], strict=True)
        return after.with_got([self._measures(*row) for row in sounds])

    def _measures(self, before: Floats, now: Floats) -> list[Measure]:
        got_db = change_db(before, now)
        return [Measure("talker.distance", "gain_db", self.gain_db, got_db, "set", 0.1)] if isfinite(got_db) else []
