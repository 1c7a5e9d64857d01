"""Pop: the breath of a p or t that hits the microphone. A puff flies more slowly than sound: it comes after its stop.

Where a plosive begins is read off the speech itself: the mouth is closed for 50 to 70 ms in the mean (Byrd, "54,000
American stops", UCLA Working Papers in Phonetics 83, 1993), and then opens at once. The puff is a burst of pressure
far below the voice's own sounds (Elko, Meyer, Backer and Peissig, "Electronic pop protection for microphones",
WASPAA 2007).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.random import Generator
from pydantic import Field
from scipy import signal

from pipeline.audio import Bools, Floats
from pipeline.chance import stream
from pipeline.levels import gain
from pipeline.line.arrays import copied, to_numpy
from pipeline.line.beds import Doubles
from pipeline.line.scene import Device, Measure, Nominal, Scene
from pipeline.line.strikes import add
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words

NAME = "device.pop"
FRAME_MS = 5
CLOSED_FRAMES = 7  # 35 ms: shorter than most closures, so that they are found
# What parts the stops of a synthetic voice from its vowels and nasals; ours
JUMP_DB = 15.0  # from the closure to the burst, within two frames
SWELL_DB = 3.0  # and after those it hardly grows: a vowel or an s would
BURST_DB = -20.0  # a burst reaches at least so much, over the nominal active speech level
HISS_HZ = 1000.0  # and a root mean square frequency of so much: voices that set in hard lie lower
SILENCE = 1e-12
FLIGHT_S = (0.0, 0.025)  # the breath is later than the sound by this and the 15 ms of finding it; our choice
PUFF_S = (0.03, 0.08)
PUFF_HZ = (20.0, 150.0)
RINGING_S = 0.1  # after that what the band leaves of a puff is nothing


class Options(Words):
    """How many of the talker's plosives pop, and how loud that is at its peak.

    `peak_db` is over the talker's nominal active speech level; peaks lie `spread_db` (a standard deviation) about it.
    """

    share: float = Field(0.3, ge=0, le=1)
    peak_db: float = Field(14.0, ge=-30, le=40)
    spread_db: float = Field(4.0, ge=0, le=10)

    def at(self, severity: float) -> Self:
        """The same with a share in proportion; each pop is as loud as ever."""
        return self.model_copy(update={"share": min(self.share * severity / TYPICAL, 1.0)})


@dataclass(frozen=True, eq=False)
class Puff:
    """A sound, its peak as asked for, that begins at a sample of the window."""

    sound: Floats
    start: int


class Pop:
    """The breath of the talker's own plosives, now and then, on the microphone."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 50
    single: ClassVar[bool] = True
    device: ClassVar[Device] = "any"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with puffs among its noise, or in the whole sound where the stems have ended."""
        sound = copied(scene.speech if scene.mixed else scene.noise)
        got = []
        for row, (nominal, rng) in enumerate(zip(scene.nominal, rngs, strict=True)):
            starts = plosives(to_numpy(scene.speech[row]), scene.rate, nominal.asl_dbov)
            puffs = self._puffs(starts, scene.rate, nominal, rng)
            for puff in puffs:
                add(puff.sound, puff.start, sound[row])
            got.append(self._measured(starts, puffs, nominal))
        after = replace(scene, speech=sound) if scene.mixed else replace(scene, noise=sound)
        return after.with_got(got)

    def _puffs(self, starts: Sequence[int], rate: int, nominal: Nominal, rng: Generator) -> list[Puff]:
        """One for each plosive that pops; whether it does, each draws for itself."""
        puffs = []
        for start in starts:
            [seed] = rng.integers(2**62, size=1)
            own = stream(int(seed), "puff")
            if own.random() < self.options.share:
                peak_db = self.options.peak_db + self.options.spread_db * own.standard_normal()
                late = math.ceil(own.uniform(*FLIGHT_S) * rate)
                sound = puff_of_breath(rate, own) * np.float32(gain(nominal.asl_dbov + peak_db))
                puffs.append(Puff(sound, start + late))
        return puffs

    def _measured(self, starts: Sequence[int], puffs: Sequence[Puff], nominal: Nominal) -> list[Measure]:
        """Which share of the plosives popped, and how loud; nothing where there were none."""
        if not starts:
            return []
        chosen = self.options
        # A count of so many draws is binomial.
        sd = math.sqrt(chosen.share * (1 - chosen.share) / len(starts))
        share = Measure(NAME, "share", chosen.share, len(puffs) / len(starts), "drawn", sd=sd or None)
        if not puffs:
            return [share]
        peaks_db = [20 * math.log10(float(np.abs(puff.sound).max())) - nominal.asl_dbov for puff in puffs]
        sd = chosen.spread_db / math.sqrt(len(puffs))
        return [share, Measure(NAME, "peak_db", chosen.peak_db, float(np.mean(peaks_db)), "drawn", sd=sd or None)]


def plosives(speech: Floats, rate: int, asl_dbov: float) -> list[int]:
    """The samples by which the ear knows that a plosive has begun: after a closure the level leaps, and with a hiss.

    Nothing later than such a sample is looked at.
    """
    size = round(FRAME_MS * rate / 1000)
    count = len(speech) // size
    if count <= CLOSED_FRAMES + 2:
        return []
    power, steepness = _powers(speech[: count * size], size)
    levels_db = 10 * np.log10(power + SILENCE) - asl_dbov
    closed_db = sliding_window_view(levels_db, CLOSED_FRAMES).max(axis=1)[:-3]
    half_db, open_db, next_db = (levels_db[CLOSED_FRAMES + i : count - 2 + i] for i in range(3))
    leapt = open_db >= np.maximum(closed_db + JUMP_DB, BURST_DB)
    over = next_db <= np.maximum(half_db, open_db) + SWELL_DB
    found: Bools = leapt & over & _bright(power, steepness, rate)[CLOSED_FRAMES:-1]
    first = np.flatnonzero(found & ~np.concatenate(([False], found[:-1])))
    starts: list[int] = ((first + CLOSED_FRAMES + 3) * size).tolist()
    return starts


def _powers(speech: Floats, size: int) -> tuple[Doubles, Doubles]:
    """The mean square of each frame, and that of the steps from sample to sample."""
    steps = np.diff(speech, prepend=speech[:1])
    power, steepness = (np.square(row).reshape(-1, size).mean(axis=1, dtype=np.float64) for row in (speech, steps))
    return power, steepness


def _bright(power: Doubles, steepness: Doubles, rate: int) -> Bools:
    """Whether two frames in a row together lie as high as a hiss does, not as a voice: by the steps that tones make."""
    least = (2 * math.sin(math.pi * HISS_HZ / rate)) ** 2
    return np.asarray(steepness[:-1] + steepness[1:] >= least * (power[:-1] + power[1:]))


def puff_of_breath(rate: int, rng: Generator) -> Floats:
    """Air that arrives at once and is over in 30 to 80 ms, uneven; from 20 to 150 Hz, with a peak of 1."""
    seconds = rng.uniform(*PUFF_S)
    t = np.arange(round((PUFF_S[1] + RINGING_S) * rate)) / rate
    push = (t / seconds) * np.exp(-5 * t / seconds)
    uneven = 1 + rng.uniform(0.5, 1.5) * signal.sosfilt(_turbulence(rate), rng.standard_normal(len(t)))
    sound = signal.sosfilt(_band(rate), push * uneven)
    sound *= np.clip((t[-1] - t) / 0.02, 0.0, 1.0)
    return np.asarray(sound / np.abs(sound).max(), np.float32)


@lru_cache(maxsize=8)
def _band(rate: int) -> Doubles:
    return np.asarray(signal.butter(2, PUFF_HZ, "bandpass", fs=rate, output="sos"))


@lru_cache(maxsize=8)
def _turbulence(rate: int) -> Doubles:
    """What lies below the top of the band, of unit power where white noise of unit power goes in."""
    sections = signal.butter(2, PUFF_HZ[1], fs=rate, output="sos")
    click = np.zeros(rate)
    click[0] = 1.0
    sections[0, :3] /= np.linalg.norm(signal.sosfilt(sections, click))
    return np.asarray(sections)
