"""Agc: automatic gain control brings whoever talks to the same level, and what lies under the talk with them.

It works in numbers, behind the converter: what its gain takes beyond full scale it cuts off.

Feed-forward, as described by Giannoulis, Massberg and Reiss ("Digital Dynamic Range Compressor Design", JAES 60,
2012): the level of the sound sets the gain. Level controls of telephones wait for speech and hold their gain
in pauses (ITU-T G.169 asks for that, recalled); so does this one. Its speech detector compares the sound above
300 Hz with its own minimum of the last 1.5 s, which speech leaves between words (Martin, "Spectral Subtraction
Based on Minimum Statistics", EUSIPCO 1994).
"""

from collections.abc import Sequence
from math import exp, isfinite, log10
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field
from scipy import signal

from pipeline.audio import FULL_SCALE, Bools, Floats
from pipeline.levels import active_speech_level
from pipeline.line.filters import Doubles
from pipeline.line.gains import block_powers, lowest_of_late, ramped
from pipeline.line.scene import ANY_SOUND_S, Device, Measure, Scene
from pipeline.line.spoken import within_db
from pipeline.line.stems import beyond_full_scale, in_each, turned_into
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words

NAME = "device.agc"
MOST_DB = 30.0
BLOCK_MS = 10
# The power of speech is averaged over so much of it: what is 20 dB louder is down to 3 dB over the target
# after 0.35 s, and what is far softer comes up by 8.7 dB a second.
AVERAGE_S = 0.5
RUMBLE_HZ = 300  # a car's noise lies below, and would hide the words
SMOOTH_MS = 30
FLOOR_MS = 1500
OVER_FLOOR_DB = 9.0  # steady noise, so smoothed, does not rise so far over its own minimum
FAINTEST_DBOV = -65.0
# As in ITU-T P.56, so that the level is the one that it means: what is softer by the margin than the level so far is
# not the talker, and what follows the talker for so long counts with them.
MARGIN_DB = 15.9
HANG_MS = 200
ROOM_TELLS = ("room.reverb", "drr_db")  # the measure of the direct sound against what is reflected


class Options(Words):
    """The active speech level it aims at, and the most that it raises or lowers."""

    target_dbov: float = Field(-20.0, ge=-45, le=-12)
    max_gain_db: float = Field(12.0, ge=0, le=MOST_DB)

    def at(self, severity: float) -> Self:
        """The same with a reach in proportion, in dB: as written at 0.5, twice as far at 1."""
        return self.model_copy(update={"max_gain_db": min(self.max_gain_db * severity / TYPICAL, MOST_DB)})


class Agc:
    """One gain for all stems, that follows the level while somebody talks and holds in pauses."""

    version: ClassVar[int] = 3
    order: ClassVar[int] = 140
    single: ClassVar[bool] = True
    device: ClassVar[Device] = "cpu"
    calibration_s: ClassVar[float] = ANY_SOUND_S
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with every stem raised alike, and limited; mean gain, share at the limits, the words' level."""
        block = scene.rate * BLOCK_MS // 1000
        levels_dbov = _levels_dbov(scene)
        rows = zip(scene.whole, levels_dbov, strict=True)
        factors = np.stack([self._factors(row, level_dbov, scene.rate, block) for row, level_dbov in rows])
        raised = in_each(scene, lambda stem: stem * factors)
        beyond = beyond_full_scale(raised.whole)
        after = _limited(raised, beyond)
        told = zip(factors, beyond, levels_dbov, strict=True)
        return after.with_got([self._measures(after, row, *one) for row, one in enumerate(told)])

    def _factors(self, row: Floats, level_dbov: float, rate: int, block: int) -> Floats:
        """It begins as it would have settled on a talker of that level, earlier in the call."""
        start = 10 ** (level_dbov / 10)
        levels = averaged(block_powers(row, block), stands_out(row, rate, block), start)
        gains_db = self._gain_db(10 * np.log10(np.concatenate(([start], levels))))
        gains = 10 ** (gains_db / 20)
        return ramped(float(gains[0]), gains[1:], block, len(row))

    def _gain_db(self, level_dbov: Doubles) -> Doubles:
        most = self.options.max_gain_db
        return np.clip(self.options.target_dbov - level_dbov, -most, most)

    def _measures(self, after: Scene, row: int, factors: Floats, beyond: Bools, level_dbov: float) -> list[Measure]:
        heard, speech = factors[after.hidden :], after.speech[row, after.hidden :]
        if not len(heard) or not after.whole[row, after.hidden :].any():
            return []
        asked_db = float(self._gain_db(np.array(level_dbov)))
        measures = [Measure(NAME, "gain_db", asked_db, float(20 * np.log10(heard).mean()), "drawn")]
        measures.append(Measure(NAME, "share", 0.0, float(beyond[after.hidden :].mean()), "drawn"))
        level = active_speech_level(speech, after.rate).asl_dbov
        got_dbov = level + within_db(speech, after.whole[row, after.hidden :]) if isfinite(level) else level
        if isfinite(got_dbov):
            measures.append(Measure(NAME, "level_dbov", self.options.target_dbov, got_dbov, "drawn"))
        return measures


def _limited(scene: Scene, beyond: Bools) -> Scene:
    """The scene limited at full scale, what that takes away in the noise; where nothing was beyond every bit stays."""
    if not beyond.any():
        return scene
    before = scene.whole
    sound = np.where(beyond, np.clip(before, -1, 1 - 1 / FULL_SCALE, dtype=np.float32), before)
    return turned_into(scene, sound, sound - before)


def _levels_dbov(scene: Scene) -> list[float]:
    """How loud the talker of each row is known to be, before a word is heard: the nominal level, and what a room adds.

    The nominal level is that of the direct sound. What is reflected comes to it, by the measured ratio of the two.
    """
    got = scene.got or ((),) * scene.rows
    return [nominal.asl_dbov + _room_db(row) for nominal, row in zip(scene.nominal, got, strict=True)]


def _room_db(got: Sequence[Measure]) -> float:
    """How much louder a room makes a talker; nothing outdoors."""
    ratios_db = [one.got for one in got if (one.effect, one.name) == ROOM_TELLS]
    return sum(10 * log10(1 + 10 ** (-ratio_db / 10)) for ratio_db in ratios_db)


def averaged(powers: Doubles, out: Bools, start: float) -> Doubles:
    """The mean power of speech after each block, the last half second of it above all; other blocks are passed by."""
    share, margin = 1 - exp(-BLOCK_MS / 1000 / AVERAGE_S), 10 ** (-MARGIN_DB / 10)
    mean, means, hang = start, [], 0
    for power, smooth, is_out in zip(powers.tolist(), smoothed(powers).tolist(), out.tolist(), strict=True):
        hang = HANG_MS // BLOCK_MS if is_out and smooth > margin * mean else hang - 1
        if hang >= 0:
            mean += share * (power - mean)
        means.append(mean)
    return np.array(means)


def stands_out(row: Floats, rate: int, block: int) -> Bools:
    """Which blocks stand out of the noise, told by them and those before."""
    high = signal.sosfilt(signal.butter(2, RUMBLE_HZ, "highpass", fs=rate, output="sos"), row)
    smooth = smoothed(block_powers(np.asarray(high, np.float32), block))
    floor = lowest_of_late(smooth, FLOOR_MS // BLOCK_MS)
    return np.asarray(smooth > np.maximum(floor * 10 ** (OVER_FLOOR_DB / 10), 10 ** (FAINTEST_DBOV / 10)))


def smoothed(powers: Doubles) -> Doubles:
    """Powers of blocks, averaged over 30 ms, those before above all."""
    keep = exp(-BLOCK_MS / SMOOTH_MS)
    return np.asarray(signal.lfilter([1 - keep], [1, -keep], powers))
