"""Gate: a noise gate shuts the microphone while nobody talks, and with it the soft beginnings and ends of words."""

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Bools, Floats
from pipeline.levels import active_speech_level, gain
from pipeline.line.filters import Doubles
from pipeline.line.gains import block_powers, held, ramped
from pipeline.line.scene import ANY_SOUND_S, Device, Measure, Nominal, Scene
from pipeline.line.spoken import change_db
from pipeline.line.stems import in_each
from pipeline.spec.severity import TYPICAL, louder_db
from pipeline.spec.words import Words

NAME = "device.gate"
LEAST_DB, MOST_DB, DEEPEST_DB = -60.0, 0.0, 80.0
LEVEL_MS = 10  # one period of a deep voice: a shorter level would fall between two pulses of it
CLOSING_MS = 50


class Options(Words):
    """The level at which it opens, over the talker's nominal one; how long it stays open after, how fast, how deep."""

    threshold_db: float = Field(-35.0, ge=LEAST_DB, le=MOST_DB)
    hang_ms: int = Field(150, ge=0, le=2000)
    attack_ms: int = Field(5, ge=1, le=100)
    depth_db: float = Field(30.0, ge=0, le=DEEPEST_DB)

    def at(self, severity: float) -> Self:
        """The same at another severity: it opens at an amplitude in proportion, and shuts in proportion in dB."""
        threshold_db = min(max(self.threshold_db + louder_db(severity), LEAST_DB), MOST_DB)
        depth_db = min(self.depth_db * severity / TYPICAL, DEEPEST_DB)
        return self.model_copy(update={"threshold_db": threshold_db, "depth_db": depth_db})


class Gate:
    """One gain for all stems: 1 while the sound is loud and `hang_ms` longer, and `depth_db` less otherwise."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 130
    single: ClassVar[bool] = True
    device: ClassVar[Device] = "cpu"
    calibration_s: ClassVar[float] = ANY_SOUND_S
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene behind the gate, for how much of the time it was shut, and what it took of the words."""
        block = max(1, scene.rate // 1000)
        rows = zip(scene.whole, scene.nominal, strict=True)
        opened = [self._is_open(row, nominal, block) for row, nominal in rows]
        factors = np.stack([self._factors(each, block, scene.samples) for each in opened])
        after = in_each(scene, lambda stem: stem * factors)
        return after.with_got([self._measures(scene, after, row, opened[row]) for row in range(scene.rows)])

    def _is_open(self, row: Floats, nominal: Nominal, block: int) -> Bools:
        """Whether it opens or stays so after each block of a millisecond."""
        powers = block_powers(row, block)
        if len(powers):
            powers = np.convolve(powers, np.full(LEVEL_MS, 1 / LEVEL_MS))[: len(powers)]
        threshold = 10 ** ((nominal.asl_dbov + self.options.threshold_db) / 10)
        return held(powers >= threshold, self.options.hang_ms)

    def _factors(self, opened: Bools, block: int, samples: int) -> Floats:
        shut = gain(-self.options.depth_db)
        return ramped(shut, moved(opened, shut, self.options.attack_ms), block, samples)

    def _measures(self, before: Scene, after: Scene, row: int, opened: Bools) -> list[Measure]:
        """It is asked to be shut while nobody speaks, and to take nothing of the words."""
        shut = ~opened[before.hidden * len(opened) // max(1, before.samples) :]
        if not len(shut) or not before.whole[row, before.hidden :].any():
            return []
        words, left = before.speech[row, before.hidden :], after.speech[row, before.hidden :]
        silent = 1 - active_speech_level(words, before.rate).activity
        measures = [Measure(NAME, "closed_share", silent, float(shut.mean()), "drawn")]
        if words.any():
            measures.append(Measure(NAME, "speech_db", 0.0, change_db(words, left), "drawn"))
        return measures


def moved(opened: Bools, shut: float, attack_ms: int) -> Doubles:
    """The gain after each millisecond: straight up to 1 within `attack_ms`, straight down to `shut` within 50 ms."""
    up, down = (1 - shut) / attack_ms, (1 - shut) / CLOSING_MS
    now, gains = shut, []
    for is_open in opened.tolist():
        now = min(1.0, now + up) if is_open else max(shut, now - down)
        gains.append(now)
    return np.array(gains)
