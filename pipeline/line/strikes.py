"""Strikes: short sounds of things that hit each other, and when they come if nothing makes them come."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from scipy import signal

from pipeline.audio import Floats
from pipeline.chance import stream
from pipeline.levels import a_weighted_leq_dbov, gain
from pipeline.line.arrays import beside
from pipeline.line.beds import Weighting, children
from pipeline.line.rooms import room_response

Doubles = npt.NDArray[np.float64]

AT_ONCE = 64  # arrivals drawn in one go
BANK = 64  # strikes kept of each kind; each comes with a level of its own
ROOM_T60_S = 0.4
ROOM_DRR_DB = 6.0
ROOM_M3 = 60.0
HIGHEST = 0.45  # of the rate: modes above would fold back
LOWEST_HZ = 40.0
ATTACK_S = 0.0003
FADE_S = 0.01
# The modes of a round plate with a free edge: ratios of its frequencies (Leissa, "Vibration of Plates", 1969)
PLATE = np.array([1.0, 1.73, 2.33, 3.91, 4.11, 6.3, 6.71])


@dataclass(frozen=True, eq=False)
class Arrivals:
    """When things come, in seconds; for each a number from 0 to 1 that says which, and a normal one that says how."""

    at_s: Doubles
    which: Doubles
    how: Doubles

    def after(self, from_s: float) -> Self:
        """Those that come from then on."""
        there = self.at_s >= from_s
        return type(self)(self.at_s[there], self.which[there], self.how[there])


def some_of(most_per_s: float, per_s: float, from_s: float, until_s: float, rng: Generator) -> Arrivals:
    """A Poisson process of `per_s`, thinned out of one of `most_per_s`: a denser one has all that a thinner one has."""
    own, chosen = children(rng, 2)
    come = arrivals(most_per_s, from_s, until_s, own)
    kept = chosen.random(len(come.at_s)) < per_s / most_per_s
    return Arrivals(come.at_s[kept], come.which[kept], come.how[kept])


def arrivals(per_s: float, from_s: float, until_s: float, rng: Generator) -> Arrivals:
    """A Poisson process. One that lasts longer begins with the same arrivals."""
    parts = [np.zeros((3, 0))]
    now = from_s
    while per_s > 1e-12 and now < until_s:  # rarer than that, nobody hears one
        gaps = rng.exponential(1 / per_s, AT_ONCE)
        parts.append(np.stack((now + np.cumsum(gaps), rng.random(AT_ONCE), rng.standard_normal(AT_ONCE))))
        now = float(parts[-1][0, -1])
    at_s, which, how = np.concatenate(parts, axis=1)
    there = at_s < until_s
    return Arrivals(at_s[there], which[there], how[there])


@dataclass(frozen=True, eq=False)
class Strewn:
    """A bed of strikes: each of unit energy, `per_s` of them in the mean, levels `spread_db` apart; of unit power."""

    rate: int
    strikes: tuple[Floats, ...]
    per_s: float
    spread_db: float

    def draw(self, samples: int, rng: Generator, since: int = 0) -> Floats:
        """What came before the first sample still rings."""
        longest_s = max(map(len, self.strikes)) / self.rate
        come = arrivals(self.per_s, -longest_s, (since + samples) / self.rate, rng).after(since / self.rate - longest_s)
        gains = self._scale * 10 ** (self.spread_db * come.how / 20)
        sound = np.zeros(samples, np.float32)
        starts = (np.floor(come.at_s * self.rate).astype(np.int64) - since).tolist()
        kinds = (come.which * len(self.strikes)).astype(np.int64).tolist()
        for start, kind, factor in zip(starts, kinds, gains.astype(np.float32), strict=True):
            add(self.strikes[kind] * factor, start, sound)
        return sound

    def leq_dbov(self, weighting: Weighting) -> float:
        """From the energy of a strike and how many come (Campbell's theorem)."""
        return float(10 * np.log10(self._energies(weighting).mean()))

    def leq_sd_db(self, weighting: Weighting, seconds: float) -> float:
        """From how much the energies differ: the number of strikes and each of them are drawn."""
        energies = self._energies(weighting)
        uneven = np.square(energies).mean() / energies.mean() ** 2 * self._moment(4) / self._moment(2) ** 2
        return float(10 / math.log(10) * math.sqrt(uneven / max(self.per_s * seconds, 1.0)))

    def _energies(self, weighting: Weighting) -> Doubles:
        if weighting == "none":
            return np.ones(len(self.strikes))
        return _weighted_energies(self.strikes, self.rate)

    @property
    def _scale(self) -> float:
        return math.sqrt(self.rate / (self.per_s * self._moment(2)))

    def _moment(self, order: int) -> float:
        """The mean of that power of a gain that is normal in dB."""
        return math.exp((order * self.spread_db * math.log(10) / 20) ** 2 / 2)


@lru_cache(maxsize=32)
def _weighted_energies(strikes: tuple[Floats, ...], rate: int) -> Doubles:
    levels = [a_weighted_leq_dbov(strike, rate) for strike in strikes]
    return np.array([len(strike) * 10 ** (db / 10) for strike, db in zip(strikes, levels, strict=True)])


def strewn(kind: str, rate: int, *, per_s: float, spread_db: float) -> Strewn:
    """A bed of strikes of a kind: "dish", "key" or "drop"."""
    return Strewn(rate, bank(kind, rate), per_s, spread_db)


class _Tuple(tuple[Floats, ...]):
    """Sounds that are told apart by being themselves, so that a cache can hold what was measured of them."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


@lru_cache(maxsize=32)
def bank(kind: str, rate: int) -> tuple[Floats, ...]:
    """Strikes of a kind in a room, each of unit energy; the same in every run."""
    make = {"dish": dish, "key": key, "drop": drop}[kind]
    sounds = (finished(make(rate, stream(i, "strikes", kind)), rate) for i in range(BANK))
    return _Tuple(sound / np.float32(np.linalg.norm(sound)) for sound in sounds)


def add(piece: Floats, start: int, sound: Floats) -> None:
    """Add a piece that begins at sample `start`, which may lie before the sound; what reaches beyond is cut."""
    part = piece[max(-start, 0) : max(len(sound) - start, 0)]
    sound[max(start, 0) : max(start, 0) + len(part)] += beside(part, sound)


def finished(dry: Doubles, rate: int, *, indoors: bool = True) -> Floats:
    """The sound as a microphone some way off hears it: with a room, without rumble, and silent at its end."""
    wet = signal.fftconvolve(dry, _room(rate)) if indoors else dry
    sound = signal.sosfilt(_rumble(rate), wet)
    fade = min(round(FADE_S * rate), len(sound))
    sound[len(sound) - fade :] *= np.linspace(1.0, 0.0, fade)
    return sound.astype(np.float32)


@lru_cache(maxsize=8)
def _room(rate: int) -> Floats:
    return room_response(ROOM_T60_S, ROOM_DRR_DB, ROOM_M3, rate, stream(0, "strikes", "room"))


@lru_cache(maxsize=8)
def _rumble(rate: int) -> Doubles:
    return signal.butter(2, LOWEST_HZ, "highpass", fs=rate, output="sos")


def ringing(hz: Doubles, t60_s: Doubles, gains: Doubles, rate: int) -> Doubles:
    """Modes that are struck at once and die away, as far as the rate holds them."""
    held = hz < HIGHEST * rate
    t = np.arange(round(1.1 * float(t60_s.max()) * rate) + 2) / rate
    modes = np.sin(2 * np.pi * np.outer(hz[held], t)) * np.exp(-np.log(1000) * t / t60_s[held, np.newaxis])
    return np.asarray((gains[held] @ modes) * np.minimum(t / ATTACK_S, 1.0))


def burst(seconds: float, low_hz: float, high_hz: float, rate: int, rng: Generator) -> Doubles:
    """Noise of a band that dies away by 60 dB in so many seconds."""
    top = min(high_hz, HIGHEST * rate)
    t = np.arange(round(1.1 * seconds * rate) + 2) / rate
    sections = signal.butter(2, (min(low_hz, top / 2), top), "bandpass", fs=rate, output="sos")
    noise = signal.sosfilt(sections, rng.standard_normal(len(t))) * np.sqrt(rate / 2 / (top - min(low_hz, top / 2)))
    return np.asarray(noise * np.exp(-np.log(1000) * t / seconds) * np.minimum(t / ATTACK_S, 1.0))


def placed(pieces: list[tuple[float, Doubles]], rate: int) -> Doubles:
    """Pieces at their times in seconds, added up."""
    starts = [round(at_s * rate) for at_s, _ in pieces]
    sound = np.zeros(max(start + len(piece) for start, (_, piece) in zip(starts, pieces, strict=True)))
    for start, (_, piece) in zip(starts, pieces, strict=True):
        sound[start : start + len(piece)] += piece
    return sound


def dish(rate: int, rng: Generator) -> Doubles:
    """Plates and glasses touch: the modes of a plate from 700 Hz to 3 kHz, ringing for .06 to .5 s; a click."""
    lowest_hz = 700 * 2 ** rng.uniform(0, 2.1)
    hz = lowest_hz * PLATE * rng.uniform(0.97, 1.03, len(PLATE))
    t60_s = rng.uniform(0.06, 0.5) * (hz / lowest_hz) ** -0.7
    gains = rng.uniform(0.2, 1.0, len(PLATE)) * (hz / lowest_hz) ** -0.3
    click = burst(rng.uniform(0.01, 0.03), 2000, 9000, rate, rng)
    return placed([(0.0, ringing(hz, t60_s, gains, rate)), (0.0, 0.4 * click)], rate)


def key(rate: int, rng: Generator) -> Doubles:
    """A key is pressed, reaches the ground, and comes up softer after 70 to 130 ms."""
    return placed([(0.0, _click(rate, rng)), (rng.uniform(0.07, 0.13), gain(-9) * _click(rate, rng))], rate)


def _click(rate: int, rng: Generator) -> Doubles:
    hiss = burst(rng.uniform(0.012, 0.03), rng.uniform(1200, 2200), 7000, rate, rng)
    hz = np.array([rng.uniform(180, 350), rng.uniform(700, 1200)])
    return placed([(0.0, hiss), (0.0, ringing(hz, np.array([0.05, 0.03]), np.array([0.8, 0.5]), rate))], rate)


def drop(rate: int, rng: Generator) -> Doubles:
    """A drop hits the ground, and the bubble that it leaves sings (Minnaert: 3.26 m/s over its diameter, 1 to 4 mm)."""
    hz = np.array([3.26 / rng.uniform(0.001, 0.004)])
    hit = burst(rng.uniform(0.004, 0.012), 800, 7500, rate, rng)
    return placed([(0.0, hit), (rng.uniform(0.001, 0.004), ringing(hz, np.array([0.02]), np.array([0.5]), rate))], rate)
