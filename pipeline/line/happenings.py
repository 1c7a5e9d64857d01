"""Happenings: the sounds of single events, each made anew, so that no two are alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from scipy import signal

from pipeline.audio import Floats
from pipeline.levels import gain
from pipeline.line import strikes
from pipeline.line.strikes import HIGHEST, burst, finished, placed, ringing

Doubles = npt.NDArray[np.float64]
Kind = Literal["door", "dishes", "keyboard", "footsteps", "cough", "phone", "dog", "horn", "indicator"]

LONGEST_S = 3.0


@dataclass(frozen=True)
class _Sort:
    """How a kind of event is made, and whether it sounds in a room."""

    make: Callable[[int, Generator], Doubles]
    indoors: bool = True


def happening(kind: Kind, rate: int, rng: Generator) -> Floats:
    """One event with a peak of 1, no longer than `LONGEST_S`."""
    sort = SORTS[kind]
    sound = finished(sort.make(rate, rng)[: round((LONGEST_S - 0.5) * rate)], rate, indoors=sort.indoors)
    return sound / np.float32(np.abs(sound).max())


def _series(count: int, gap_s: tuple[float, float], make: Callable[[], Doubles], rate: int, rng: Generator) -> Doubles:
    """A few of a sort, each 3 dB about the same level."""
    at_s = np.cumsum(rng.uniform(*gap_s, count)) - gap_s[0]
    return placed([(float(at), gain(3 * rng.standard_normal()) * make()) for at in at_s], rate)


def _door(rate: int, rng: Generator) -> Doubles:
    """The latch, then the leaf against the frame: a thud of modes between 50 and 300 Hz."""
    hz = rng.uniform(50, 120) * np.array([1.0, 1.6, 2.4, 3.3])
    thud = ringing(hz, rng.uniform(0.12, 0.3, 4), np.array([1.0, 0.7, 0.5, 0.3]), rate)
    slap = 0.5 * burst(rng.uniform(0.08, 0.16), 100, 1200, rate, rng)
    latch = 0.25 * burst(0.03, 1200, 5000, rate, rng)
    return placed([(0.0, latch), (0.06, thud), (0.06, slap), (rng.uniform(0.1, 0.16), latch)], rate)


def _dishes(rate: int, rng: Generator) -> Doubles:
    return _series(int(rng.integers(1, 5)), (0.05, 0.3), lambda: strikes.dish(rate, rng), rate, rng)


def _keyboard(rate: int, rng: Generator) -> Doubles:
    return _series(int(rng.integers(3, 11)), (0.09, 0.24), lambda: strikes.key(rate, rng), rate, rng)


def _footsteps(rate: int, rng: Generator) -> Doubles:
    """Two to four, about two a second."""

    def step() -> Doubles:
        heel = ringing(rng.uniform(70, 110) * np.array([1, 2.1]), np.array([0.1, 0.06]), np.array([1, 0.5]), rate)
        return placed([(0.0, heel), (0.0, 0.4 * burst(0.04, 300, 3000, rate, rng))], rate)

    return _series(int(rng.integers(2, 5)), (0.48, 0.58), step, rate, rng)


def _indicator(rate: int, rng: Generator) -> Doubles:
    """A relay ticks and tocks, 90 times a minute (UN R48: 60 to 120 flashes)."""
    tick, tock = (burst(0.02, low_hz, 6000, rate, rng) for low_hz in (1800, 1100))
    pieces = [(i / 3, tick if i % 2 == 0 else 0.7 * tock) for i in range(2 * int(rng.integers(2, 4)))]
    return placed(pieces, rate)


def _cough(rate: int, rng: Generator) -> Doubles:
    """One to three coughs: a burst, breath through the vocal tract, and a softer voiced end."""
    formants_hz = np.array([560.0, 1480.0, 2520.0]) * rng.uniform(0.85, 1.2)

    def cough() -> Doubles:
        seconds = rng.uniform(0.25, 0.4)
        t = np.arange(round(seconds * rate)) / rate
        shape = np.minimum(t / 0.008, 1) * (np.exp(-t / 0.05) + 0.35 * np.exp(-np.square((t - 0.6 * seconds) / 0.06)))
        return _formed(rng.standard_normal(len(t)) * shape, formants_hz, rate)

    return _series(int(rng.integers(1, 4)), (0.35, 0.5), cough, rate, rng)


def _dog(rate: int, rng: Generator) -> Doubles:
    """One to three barks: a voice that rises a little and falls from some 500 Hz, rough at its start."""
    ground_hz, formants_hz = rng.uniform(350, 700), np.array([900.0, 1800.0]) * rng.uniform(0.8, 1.2)

    def bark() -> Doubles:
        t = np.arange(round(rng.uniform(0.14, 0.22) * rate)) / rate
        part = t / t[-1]
        turns = np.cumsum(ground_hz * (1 + 0.25 * np.sin(np.pi * part) - 0.4 * part**2)) / rate
        voice = _voice(turns, 1.3 * ground_hz, rate) + 0.3 * rng.standard_normal(len(t))
        return _formed(voice * np.sin(np.pi * part**0.6) ** 1.5, formants_hz, rate)

    return _series(int(rng.integers(1, 4)), (0.35, 0.6), bark, rate, rng)


def _phone(rate: int, rng: Generator) -> Doubles:
    """One ring of .8 s: two tones in turn, 16 to 25 times a second, with a few harmonics."""
    t = np.arange(round(0.8 * rate)) / rate
    high_hz = rng.uniform(900, 1500)
    hz = np.where(np.floor(t * rng.uniform(32, 50)) % 2 == 0, high_hz, high_hz / rng.uniform(1.15, 1.3))
    shape = np.minimum(np.minimum(t / 0.01, 1), (t[-1] - t) / 0.05)
    return np.asarray(_voice(np.cumsum(hz) / rate, high_hz, rate, top=3) * shape)


def _horn(rate: int, rng: Generator) -> Doubles:
    """Two horns of a car at once, some 420 and 500 Hz, once or twice."""
    low_hz = rng.uniform(380, 450)

    def honk() -> Doubles:
        t = np.arange(round(rng.uniform(0.2, 0.8) * rate)) / rate
        shape = np.minimum(np.minimum(t / 0.02, 1), (t[-1] - t) / 0.04)
        tones = [_voice(hz * t, hz, rate, top=12, fall=0.5) for hz in (low_hz, 1.19 * low_hz)]
        return np.asarray(sum(tones) * shape)

    return _series(int(rng.integers(1, 3)), (0.9, 1.1), honk, rate, rng)


def _voice(turns: Doubles, highest_hz: float, rate: int, *, top: int = 20, fall: float = 1.0) -> Doubles:
    """A ground tone and its harmonics, as far as the rate holds them, softer with their number."""
    count = max(1, min(top, int(HIGHEST * rate / highest_hz)))
    harmonics = [np.sin(2 * np.pi * number * turns) / number**fall for number in range(1, count + 1)]
    return np.asarray(np.sum(harmonics, axis=0))


def _formed(sound: Doubles, formants_hz: Doubles, rate: int) -> Doubles:
    """The resonances of a vocal tract, one beside the other."""
    held = formants_hz[formants_hz < HIGHEST * rate]
    parts = [signal.lfilter(*signal.iirpeak(hz, 3.0, fs=rate), sound) / (i + 1) for i, hz in enumerate(held)]
    return np.asarray(np.sum(parts, axis=0))


SORTS: Mapping[Kind, _Sort] = {
    "door": _Sort(_door),
    "dishes": _Sort(_dishes),
    "keyboard": _Sort(_keyboard),
    "footsteps": _Sort(_footsteps),
    "cough": _Sort(_cough),
    "phone": _Sort(_phone),
    "dog": _Sort(_dog),
    "horn": _Sort(_horn, indoors=False),
    "indicator": _Sort(_indicator),
}
