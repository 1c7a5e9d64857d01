"""What a decoder puts where frames were lost, made on decoded sound at the codec's own rate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.audio import Bools, Ints

Doubles = npt.NDArray[np.float64]

AHEAD_MS = 3.75  # the longest quarter period: so far before a gap a joint may begin


@dataclass(frozen=True)
class Gap:
    """From which sample to which (the first that is heard again) sound is missing; `frame` is a lost frame's length."""

    start: int
    end: int
    frame: int
    rate: int


Conceal = Callable[[Doubles, Gap], None]


def concealed(pcm: Ints, lost: Bools, conceal: Conceal, *, frame: int, rate: int) -> Ints:
    """The sound with its lost frames (of `frame` samples, the first begins at sample 0) filled by `conceal`."""
    if not lost.any():
        return pcm
    out = pcm.astype(np.float64)
    edges = np.diff(lost.astype(np.int8), prepend=0, append=0)
    for first, last in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        gap = Gap(int(first) * frame, min(int(last) * frame, len(out)), frame, rate)
        if gap.start < gap.end:
            conceal(out, gap)
    return np.clip(np.rint(out), -32768, 32767).astype(np.int16)


def zero(sound: Doubles, gap: Gap) -> None:
    """Fill a gap with silence, in place."""
    sound[gap.start : gap.end] = 0


def repeat(sound: Doubles, gap: Gap) -> None:
    """Fill a gap with the last frame before it, over and over, in place."""
    sound[gap.start : gap.end] = np.resize(_before(sound, gap.start, gap.frame), gap.end - gap.start)


def g711_app1(sound: Doubles, gap: Gap) -> None:
    """Fill a gap as ITU-T G.711 Appendix I describes it, in place: the last pitch periods go on and fade out.

    One period for 10 ms, two for the next, then three; all joints overlap by a quarter period. From 10 ms on it
    loses 20 % every 10 ms, and 60 ms after the start it is silent. The sound after the gap is faded in; the
    quarter period before it is where the standard's decoder spends its 3.75 ms of delay. The standard is for 8 kHz;
    at other rates its times stay.
    """
    ten_ms = gap.rate // 100
    start, end = gap.start, gap.end
    past = _before(sound, start, _history(gap.rate))
    period = pitch_period(past, gap.rate)
    quarter = period // 4
    fade_in = min(quarter + 4 * gap.rate // 1000 * max(0, (end - start) // ten_ms - 1), ten_ms, len(sound) - end)
    made = _continued(past, period, ten_ms, end - start + fade_in)
    into = min(quarter, start)
    if into:
        joint = past[len(past) - period - into : len(past) - period]
        sound[start - into : start] = _faded(sound[start - into : start], joint, into)
    sound[start:end] = made[: end - start]
    sound[end : end + fade_in] = _faded(made[end - start :], sound[end : end + fade_in], fade_in)


CONCEALMENTS: Mapping[str, Conceal] = {"zero": zero, "repeat": repeat, "g711_app1": g711_app1}


def pitch_period(past: Doubles, rate: int) -> int:
    """The lag in samples, 5 to 15 ms, at which the last 20 ms look most like what came before."""
    shortest, longest = _periods(rate)
    last = past[-rate // 50 :]
    earlier = past[-rate // 50 - longest : -shortest]
    likeness = np.correlate(earlier, last, mode="valid")
    energy = np.convolve(earlier**2, np.ones(len(last)), mode="valid")
    return longest - int(np.argmax(likeness / np.sqrt(np.maximum(energy, 1.0))))


def _periods(rate: int) -> tuple[int, int]:
    return rate // 200, 15 * rate // 1000


def _history(rate: int) -> int:
    """So much of the past is looked at: three of the longest periods and a quarter (390 samples at 8 kHz)."""
    return 13 * _periods(rate)[1] // 4


def _before(sound: Doubles, start: int, samples: int) -> Doubles:
    """The samples before a gap, silence before the first."""
    past = sound[max(0, start - samples) : start]
    return np.pad(past, (samples - len(past), 0))


def _continued(past: Doubles, period: int, ten_ms: int, length: int) -> Doubles:
    """The past going on: one period, after 10 ms two, after 20 ms three, and softer all the time."""
    made = _loop(past, period, 1, length)
    for periods in (2, 3):
        at = (periods - 1) * ten_ms
        if at < length:
            made[at:] = _faded(made[at:], _loop(past, period, periods, length)[at:], period // 4)
    return made * np.clip(1 - (np.arange(length) - ten_ms) / (5 * ten_ms), 0, 1)


def _loop(past: Doubles, period: int, periods: int, length: int) -> Doubles:
    """The last `periods` over and over; each end is blended into what came before their beginning."""
    size, quarter = periods * period, period // 4
    loop = past[-size:].copy()
    loop[-quarter:] = _faded(loop[-quarter:], past[-size - quarter : -size], quarter)
    return np.resize(loop, length)


def _faded(old: Doubles, new: Doubles, length: int) -> Doubles:
    """From `old` to `new`, linearly over the first `length` samples."""
    weight = np.clip((np.arange(len(new)) + 0.5) / max(length, 1), 0, 1)
    return np.asarray(old * (1 - weight) + new * weight)
