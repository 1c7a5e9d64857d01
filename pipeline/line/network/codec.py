"""What a codec makes of the sound: coded frame by frame, some of them lost and concealed, and decoded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import ceil
from typing import ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
import soxr
from numpy.random import Generator
from scipy import signal

from pipeline.audio import Bools, Floats, Ints, from_pcm, to_pcm
from pipeline.line.scene import Measure, Scene
from pipeline.spec.words import Words

Doubles = npt.NDArray[np.float64]
Conceal = Callable[[Doubles, int, int, int], None]

NAME = "network.codec"
# Twice the reach of the resampling filter (in and out), and the quarter period that a concealed gap fades in.
LOOKAHEAD_MS = 20 + 20 + 5
# Finer than 16 bits can tell, and much coarser than the rounding in soxr's transforms.
GRID = 2.0**20
SILENCE = 10 ** (-60 / 10)

# Concealment, in samples at 8 kHz.
HISTORY = 390
TEN_MS = 80
SHORTEST_PERIOD, LONGEST_PERIOD = 40, 120


class Options(Words):
    """Which codec, and what its decoder does about lost frames."""

    name: Literal["g711u", "g711a"] = "g711u"
    conceal: Literal["zero", "repeat", "g711_app1"] = "g711_app1"

    def at(self, severity: float) -> Self:
        """The same at any severity: a codec is what it is."""
        return self


@dataclass(frozen=True)
class Coding:
    """A codec's rate in Hz, and what is left of int16 samples once they are coded and decoded."""

    rate: int
    round_trip: Callable[[Ints], Ints]


class Codec:
    """The sound is coded and decoded; frames that were lost are concealed from what came before them."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 50

    def __init__(self, options: Options) -> None:
        self.options = options
        self.lookahead_ms = LOOKAHEAD_MS
        self.voices: tuple[str, ...] = ()

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene after the codec: mixed, and with no frame lost any more."""
        mixed = scene.mix()
        coding, conceal = CODINGS[self.options.name], CONCEALMENTS[self.options.conceal]
        lost = _lost(scene)
        speech = np.empty_like(mixed.speech)
        for before, after, marks in zip(mixed.speech, speech, lost, strict=True):
            pcm = coding.round_trip(to_pcm(resampled(before, scene.rate, coding.rate)))
            heard = concealed(pcm, marks, scene.frame_ms * coding.rate // 1000, conceal)
            after[:] = fitted(resampled(from_pcm(heard), coding.rate, scene.rate), scene.samples)
        got = [_measures(*row, scene) for row in zip(mixed.speech, speech, lost, strict=True)]
        return replace(mixed, speech=speech, lost=None).with_got(got)


def resampled(samples: Floats, rate: int, new_rate: int) -> Floats:
    """The samples at another rate, without delay.

    In double precision, where soxr's blocks differ by 1e-11 and not by 1e-7 between a long sound and a short one;
    what is left of that difference is rounded away.
    """
    if rate == new_rate:
        return samples
    new = soxr.resample(samples.astype(np.float64), rate, new_rate, quality="VHQ")
    new *= GRID
    np.rint(new, out=new)
    new *= 1 / GRID
    return np.asarray(new, dtype=np.float32)


def fitted(samples: Floats, length: int) -> Floats:
    """The samples cut or filled up with silence to a length."""
    return np.pad(samples[:length], (0, max(0, length - len(samples))))


def concealed(pcm: Ints, lost: Bools, frame: int, conceal: Conceal) -> Ints:
    """The sound with its lost frames (of `frame` samples) filled by `conceal`."""
    if not lost.any():
        return pcm
    out = pcm.astype(np.float64)
    edges = np.diff(lost.astype(np.int8), prepend=0, append=0)
    for first, last in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        start, end = int(first) * frame, min(int(last) * frame, len(out))
        if start < end:
            conceal(out, start, end, frame)
    return np.clip(np.rint(out), -32768, 32767).astype(np.int16)


def zero(sound: Doubles, start: int, end: int, frame: int) -> None:
    """Fill a gap with silence, in place."""
    sound[start:end] = 0


def repeat(sound: Doubles, start: int, end: int, frame: int) -> None:
    """Fill a gap with the last frame before it, over and over, in place."""
    before = _before(sound, start, frame)
    sound[start:end] = np.resize(before, end - start)


def g711_app1(sound: Doubles, start: int, end: int, frame: int) -> None:
    """Fill a gap as ITU-T G.711 Appendix I describes it, in place: the last pitch periods go on and fade out.

    One period for 10 ms, two for the next, then three; all joints overlap by a quarter period. From 10 ms on it
    loses 20 % every 10 ms, and 60 ms after the start it is silent. The sound after the gap is faded in; the
    quarter period before it is where the standard's decoder spends its 3.75 ms of delay. At 8 kHz.
    """
    past = _before(sound, start, HISTORY)
    period = pitch_period(past)
    quarter = period // 4
    fade_in = min(quarter + 32 * max(0, (end - start) // TEN_MS - 1), TEN_MS, len(sound) - end)
    length = end - start + fade_in
    made = _loop(past, period, 1, length)
    for periods in (2, 3):
        at = (periods - 1) * TEN_MS
        if at < length:
            made[at:] = _faded(made[at:], _loop(past, period, periods, length)[at:], quarter)
    made *= np.clip(1 - (np.arange(length) - TEN_MS) / (5 * TEN_MS), 0, 1)
    into = min(quarter, start)
    if into:
        joint = past[HISTORY - period - into : HISTORY - period]
        sound[start - into : start] = _faded(sound[start - into : start], joint, into)
    sound[start:end] = made[: end - start]
    sound[end : end + fade_in] = _faded(made[end - start :], sound[end : end + fade_in], fade_in)


def pitch_period(past: Doubles) -> int:
    """The lag in samples, 5 to 15 ms at 8 kHz, at which the last 20 ms look most like what came before."""
    last = past[-2 * TEN_MS :]
    earlier = past[-2 * TEN_MS - LONGEST_PERIOD : -SHORTEST_PERIOD]
    likeness = np.correlate(earlier, last, mode="valid")
    energy = np.convolve(earlier**2, np.ones(len(last)), mode="valid")
    return LONGEST_PERIOD - int(np.argmax(likeness / np.sqrt(np.maximum(energy, 1.0))))


def _before(sound: Doubles, start: int, samples: int) -> Doubles:
    """The samples before a gap, silence before the first."""
    past = sound[max(0, start - samples) : start]
    return np.pad(past, (samples - len(past), 0))


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


def g711u(pcm: Ints) -> Ints:
    """Int16 samples after mu-law."""
    return _mu_law()[pcm.view(np.uint16)]


def g711a(pcm: Ints) -> Ints:
    """Int16 samples after A-law."""
    return _a_law()[pcm.view(np.uint16)]


def _every_sample() -> npt.NDArray[np.int64]:
    """All int16 values, in the order of their bits as uint16."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int64)


@cache
def _mu_law() -> Ints:
    """Mu-law there and back (ITU-T G.711, table 2): 14 bits, a bias of 33, eight segments of sixteen steps."""
    pcm = _every_sample()
    biased = np.minimum(np.abs(pcm) // 4, 8158) + 33
    step = 2 ** (np.floor(np.log2(biased)).astype(np.int64) - 4)
    return np.asarray(np.sign(pcm) * 4 * (biased // step * step + step // 2 - 33), dtype=np.int16)


@cache
def _a_law() -> Ints:
    """A-law there and back (ITU-T G.711, table 1): 13 bits, eight segments of sixteen steps, two of the finest."""
    pcm = _every_sample()
    size = np.minimum(np.abs(pcm) // 16, 2047)
    step = 2 ** np.maximum(np.floor(np.log2(np.maximum(size, 1))).astype(np.int64) - 4, 0)
    return np.asarray(np.where(pcm < 0, -1, 1) * (16 * (size // step * step) + 8 * step), dtype=np.int16)


CODINGS: Mapping[str, Coding] = {"g711u": Coding(8000, g711u), "g711a": Coding(8000, g711a)}
CONCEALMENTS: Mapping[str, Conceal] = {"zero": zero, "repeat": repeat, "g711_app1": g711_app1}


def _lost(scene: Scene) -> Bools:
    """The frames that are lost, none where nobody marked any."""
    if scene.lost is not None:
        return scene.lost
    return np.zeros((scene.rows, ceil(scene.samples * 1000 / (scene.rate * scene.frame_ms))), np.bool_)


def _measures(before: Floats, after: Floats, lost: Bools, scene: Scene) -> list[Measure]:
    """The share of frames concealed, and the delay where there is sound to measure it on."""
    hidden = ceil(scene.hidden * 1000 / (scene.rate * scene.frame_ms))
    if hidden >= len(lost):
        return []
    share = float(lost[hidden:].mean())
    measures = [Measure(NAME, "concealed", share, share, "drawn")]
    delay = delay_samples(before[scene.hidden :], after[scene.hidden :], scene.rate)
    if delay is not None:
        per_ms = scene.rate / 1000
        measures.append(Measure(NAME, "delay_ms", 0.0, delay / per_ms, "set", tolerance=1 / per_ms))
    return measures


def delay_samples(before: Floats, after: Floats, rate: int) -> int | None:
    """By how many samples `after` lags, at most 30 ms, in the loudest half second; None where that is silent."""
    reach, length = round(0.03 * rate), round(0.5 * rate)
    if len(after) < length + 2 * reach:
        return None
    inner = after[reach : len(after) - reach]
    blocks = inner[: len(inner) // length * length].reshape(-1, length).astype(np.float64)
    loudest = int(np.argmax(np.square(blocks).sum(axis=1)))
    heard = blocks[loudest] - blocks[loudest].mean()
    if np.square(heard).mean() < SILENCE:
        return None
    start = loudest * length
    said = before[start : start + length + 2 * reach].astype(np.float64)
    likeness = signal.correlate(said, heard, mode="valid", method="fft")
    sums, squares = (np.cumsum(np.concatenate(([0.0], said**power))) for power in (1, 2))
    energy = squares[length:] - squares[:-length] - (sums[length:] - sums[:-length]) ** 2 / length
    return reach - int(np.argmax(likeness / np.sqrt(np.maximum(energy, length * SILENCE))))
