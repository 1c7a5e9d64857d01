"""Self-noise: the hiss of the microphone itself and of its amplifier, which nobody's silence can undercut.

The motion of air and electrons is white; below 200 Hz the flicker noise of the amplifier is as strong, and rises by
3 dB an octave towards the bottom. Where the two meet is our choice.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.levels import gain, leq_dbov
from pipeline.line.arrays import beside, stacked
from pipeline.line.beds import Coloured, Doubles, shaped
from pipeline.line.scene import Device, Measure, Scene
from pipeline.line.stems import with_noise
from pipeline.spec.severity import louder_db
from pipeline.spec.words import Words

SOFTEST_DBOV, LOUDEST_DBOV = -100.0, -30.0
CORNER_HZ = 200.0
LOWEST_HZ = 20.0  # below it the spectrum is level: nothing there is heard
TOLERANCE_DB = 0.2


class Options(Words):
    """The level of the hiss, unweighted, over all frequencies."""

    dbov: float = Field(-75.0, ge=SOFTEST_DBOV, le=LOUDEST_DBOV)

    def at(self, severity: float) -> Self:
        """The same with an amplitude in proportion: 6 dB louder at 1."""
        dbov = self.dbov + louder_db(severity)
        return self.model_copy(update={"dbov": min(max(dbov, SOFTEST_DBOV), LOUDEST_DBOV)})


class SelfNoise:
    """A hiss under all that is said, and under all silence."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 80
    single: ClassVar[bool] = True
    device: ClassVar[Device] = "any"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.dbov = options.dbov

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with hiss in the noise, or in the whole sound where the stems have ended, and its level."""
        hiss = stacked([_hiss(scene.rate).draw(scene.samples, rng) for rng in rngs])
        hiss *= np.float32(gain(self.dbov))
        got = [self._measured(row[scene.hidden :]) for row in hiss]
        return with_noise(scene, beside(hiss, scene.speech)).with_got(got)

    def _measured(self, heard: Floats) -> list[Measure]:
        got = leq_dbov(heard)
        return [Measure("device.self_noise", "dbov", self.dbov, got, "set", TOLERANCE_DB)] if math.isfinite(got) else []


@lru_cache(maxsize=8)
def _hiss(rate: int) -> Coloured:
    return shaped(_spectrum, rate)


def _spectrum(freq_hz: Doubles) -> Doubles:
    """White, and flicker noise as strong at the corner."""
    return 1 + CORNER_HZ / np.maximum(freq_hz, LOWEST_HZ)
