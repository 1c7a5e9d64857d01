"""Line noise: the hiss of the last stretch, from the network to the platform, under all that arrives.

It is white up to 3.4 kHz and gone at 4 kHz, for a telephone line carries no more. ITU-T G.107 counts the noise of
circuits and of the receiving side, too. Speech on such a line has -26 dBov or so: the default lies 39 dB below it.
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
from pipeline.line.losses import silenced
from pipeline.line.scene import Device, Measure, Scene
from pipeline.line.stems import with_noise
from pipeline.spec.severity import louder_db
from pipeline.spec.words import Words

NAME = "network.line_noise"
SOFTEST_DBOV, LOUDEST_DBOV = -90.0, -30.0
WHITE_HZ, HIGHEST_HZ = 3400.0, 4000.0
TOLERANCE_DB = 0.2


class Options(Words):
    """The level of the noise, unweighted."""

    dbov: float = Field(-65.0, ge=SOFTEST_DBOV, le=LOUDEST_DBOV)

    def at(self, severity: float) -> Self:
        """The same with an amplitude in proportion: 6 dB louder at 1."""
        dbov = self.dbov + louder_db(severity)
        return self.model_copy(update={"dbov": min(max(dbov, SOFTEST_DBOV), LOUDEST_DBOV)})


class LineNoise:
    """A hiss under all that arrives, also where frames were lost: it comes after the codec."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 60
    device: ClassVar[Device] = "any"
    single: ClassVar[bool] = True
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.dbov = options.dbov

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with hiss in the noise, or in the whole sound where the stems have ended, and its level."""
        scene = silenced(scene)
        hiss = stacked([_hiss(scene.rate).draw(scene.samples, rng) for rng in rngs])
        hiss *= np.float32(gain(self.dbov))
        got = [self._measured(row[scene.hidden :]) for row in hiss]
        return with_noise(scene, beside(hiss, scene.speech)).with_got(got)

    def _measured(self, heard: Floats) -> list[Measure]:
        got = leq_dbov(heard)
        return [Measure(NAME, "dbov", self.dbov, got, "set", TOLERANCE_DB)] if math.isfinite(got) else []


@lru_cache(maxsize=8)
def _hiss(rate: int) -> Coloured:
    return shaped(_spectrum, rate)


def _spectrum(freq_hz: Doubles) -> Doubles:
    """White, and gone within 600 Hz."""
    past = np.clip((freq_hz - WHITE_HZ) / (HIGHEST_HZ - WHITE_HZ), 0.0, 1.0)
    return np.square(np.cos(np.pi / 2 * past))
