"""Pitch: the voice higher or lower, its tune wider or flatter; vowels and timing stay.

PSOLA (Moulines & Charpentier 1990, "Pitch-synchronous waveform processing techniques for text-to-speech synthesis
using diphones"): the voiced parts are cut into pieces of two periods, which are put down again closer together or
further apart. A piece keeps its shape, and with it the formants; what has no voice is not touched.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil, floor
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.line.scene import Device, Measure, Scene
from pipeline.line.voicing import Voicing, voicing
from pipeline.spec.words import Words

Doubles = npt.NDArray[np.float64]

MOST_SEMITONES = 4.0
NARROWEST, WIDEST = 0.25, 2.0
SHORTEST_VOICE_S = 0.02
NEAR = 0.2  # of a period: how far the next piece is looked for from where it is expected
TOLERANCE = 0.3  # semitones
FEWEST_FRAMES = 10  # of voice, for a pitch to be measured


class Options(Words):
    """`semitones` up or down; `range_factor` is how far the tune swings about its middle (1: as far as it did)."""

    semitones: float = Field(0.0, ge=-MOST_SEMITONES, le=MOST_SEMITONES)
    range_factor: float = Field(1.0, ge=NARROWEST, le=WIDEST)

    def at(self, severity: float) -> Self:
        """As much higher, lower, wider or flatter as the severity says: 0.5 is as written."""
        semitones = np.clip(self.semitones * severity / 0.5, -MOST_SEMITONES, MOST_SEMITONES)
        range_factor = np.clip(1 + (self.range_factor - 1) * severity / 0.5, NARROWEST, WIDEST)
        return self.model_copy(update={"semitones": float(semitones), "range_factor": float(range_factor)})


class Pitch:
    """The caller's voice is higher or lower, or its tune wider or flatter; the vowels stay what they are."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 50
    device: ClassVar[Device] = "cpu"
    calibration_s: ClassVar[float] = 10.0  # how far a voice moved is told by its median, and a voice is slow to move
    lookahead_ms = 0  # whoever talks knows what they will say: no delay on the line
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.semitones, self.range_factor = options.semitones, options.range_factor

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with `speech` at its new pitch and, in rows that have a voice, by how much its median moved."""
        if not self.semitones and self.range_factor == 1:
            return scene.with_got([()] * scene.rows)
        rows = [self._row(row, scene.rate) for row in scene.speech]
        speech = np.array([sound for sound, _ in rows], np.float32).reshape(scene.speech.shape)
        return replace(scene, speech=speech).with_got([measures for _, measures in rows])

    def _row(self, row: Floats, rate: int) -> tuple[Floats, tuple[Measure, ...]]:
        heard = np.flatnonzero(row)
        if len(heard) < SHORTEST_VOICE_S * rate:
            return row, ()
        some = row[heard[0] : heard[-1] + 1]
        before = voicing(some, rate)
        if np.count_nonzero(before.pitch_hz) < FEWEST_FRAMES:
            return row, ()
        out = row.copy()
        pitch_hz = before.pitch_at(len(some))
        out[heard[0] : heard[-1] + 1] = shifted(some, rate, pitch_hz, self._ratios(pitch_hz, before.median_hz))
        after = voicing(out[heard[0] : heard[-1] + 1], rate)
        return out, self._measures(before, after)

    def _ratios(self, pitch_hz: Floats, median_hz: float) -> Floats:
        """New pitch over old at every sample, never lower than a voice can be tracked."""
        swing = np.where(pitch_hz > 0, pitch_hz, median_hz) / np.float32(median_hz)
        ratios = 2 ** (self.semitones / 12) * swing ** (self.range_factor - 1)
        return np.maximum(ratios, 0.5).astype(np.float32)

    def _measures(self, before: Voicing, after: Voicing) -> tuple[Measure, ...]:
        """By how much the middle frame moved."""
        both = (before.pitch_hz > 0) & (after.pitch_hz > 0)
        if np.count_nonzero(both) < FEWEST_FRAMES:
            return ()
        old, new = (12 * np.log2(some.pitch_hz[both].astype(np.float64)) for some in (before, after))
        return (Measure("talker.pitch", "semitones", self.semitones, float(np.median(new - old)), "set", TOLERANCE),)


def shifted(row: Floats, rate: int, pitch_hz: Floats, ratios: Floats) -> Floats:
    """One channel with the voiced stretches of `pitch_hz` at `ratios` times their pitch; the rest is as it was."""
    out = row.copy()
    for first, last in _voiced(pitch_hz, round(SHORTEST_VOICE_S * rate)):
        marks = _marks(row, rate / pitch_hz[first:last].astype(np.float64), first, last)
        if len(marks) > 3:
            begin, end = round(marks[0]), round(marks[-1])
            out[begin:end] = _rebuilt(row, marks, ratios)
    return out


def _voiced(pitch_hz: Floats, shortest: int) -> Iterator[tuple[int, int]]:
    """The stretches that have a pitch."""
    edges = np.flatnonzero(np.diff(pitch_hz > 0, prepend=False, append=False))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if last - first >= shortest:
            yield int(first), int(last)


def _marks(row: Floats, periods: Doubles, first: int, last: int) -> Doubles:
    """One mark a period, at the same point of each: beginning at the highest peak, each way by likeness."""
    start = int(np.abs(row[first:last]).argmax()) + first
    later, earlier = (list(_walk(row, periods, start, (first, last), way)) for way in (1, -1))
    return np.array([*reversed(earlier), start, *later])


def _walk(row: Floats, periods: Doubles, start: int, ends: tuple[int, int], way: int) -> Iterator[float]:
    """Marks from `start` on to the later or the earlier end, to a fraction of a sample."""
    (first, last), at = ends, float(start)
    while True:
        period, here = periods[min(max(round(at) - first, 0), len(periods) - 1)], round(at)
        half, near = round(period / 2), max(2, round(NEAR * period))
        low, high = round(at + way * period) - near - half, round(at + way * period) + near + half
        if low < first or high > last or here < first + half or here > last - half:
            return
        like = np.correlate(row[low:high], row[here - half : here + half], "valid")
        # What the mark is beside the sample it was rounded to, the next one is as well.
        at = low + half + _top(like) + at - here
        yield at


def _top(curve: Floats) -> float:
    """Where a curve is highest: the top of the parabola through its highest point and those beside it."""
    k = int(curve.argmax())
    if not 0 < k < len(curve) - 1:
        return float(k)
    before, here, after = (float(value) for value in curve[k - 1 : k + 2])
    bend = before - 2 * here + after
    return k + (0.5 * (before - after) / bend if bend < 0 else 0.0)


def _rebuilt(row: Floats, marks: Doubles, ratios: Floats) -> Floats:
    """What lies between the first and the last mark, of pieces of two periods at their new distances.

    Voices keep their power: twice as many pieces a second are each 3 dB softer.
    """
    begin, end = round(marks[0]), round(marks[-1])
    gaps = np.diff(marks)
    out = np.zeros(end - begin, np.float32)
    _fade(row[begin:end], round(gaps[0]), out)
    _fade(row[begin:end][::-1], round(gaps[-1]), out[::-1])
    for k, at in _places(marks, gaps, ratios):
        period = float(gaps[min(k, len(gaps) - 1)])
        before, after = min(gaps[max(k - 1, 0)], at - begin), min(period, end - at)
        _put_down(row, marks[k], at - begin, (before, after), out, gain=float(ratios[round(marks[k])]) ** -0.5)
    return out


def _fade(sound: Floats, samples: int, out: Floats) -> None:
    """The old sound goes within a period, so that there is no step where the new one begins."""
    out[:samples] += sound[:samples] * _slope(np.arange(samples) / samples)


def _slope(t: Doubles) -> Floats:
    """Half a Hann window: 1 at 0, 0 from 1 on and up to -1."""
    return (0.5 + 0.5 * np.cos(np.pi * np.clip(t, -1, 1))).astype(np.float32)


def _places(marks: Doubles, gaps: Doubles, ratios: Floats) -> Iterator[tuple[int, float]]:
    """Which piece is put down, and where: the nearest in time, a new period after the one before."""
    middles, at, k = (marks[1:] + marks[:-1]) / 2, float(marks[0]), 0
    while True:
        at += float(gaps[min(k, len(gaps) - 1)]) / float(ratios[round(marks[k])])
        k = int(np.searchsorted(middles, at))
        if at >= marks[-1] - 0.5 * gaps[-1] / float(ratios[round(marks[-1])]):
            return
        yield k, at


def _put_down(row: Floats, mark: float, at: float, widths: tuple[float, float], out: Floats, *, gain: float) -> None:
    """Adds the piece around `mark` to `out`, centred on `at`, both to a fraction of a sample."""
    low, high = max(0, ceil(at - widths[0])), min(len(out), ceil(at + widths[1]))
    times = np.arange(low, high, dtype=np.float64) - at
    window = np.where(times < 0, _slope(times / max(widths[0], 1e-9)), _slope(times / max(widths[1], 1e-9)))
    source = mark + low - at
    out[low:high] += np.float32(gain) * window * _between(row, source, high - low)


def _between(row: Floats, start: float, samples: int) -> Floats:
    """The row from a fraction of a sample on: cubics through four points (Lagrange)."""
    whole = floor(start)
    t = start - whole
    taps = (
        -t * (t - 1) * (t - 2) / 6,
        (t + 1) * (t - 1) * (t - 2) / 2,
        -(t + 1) * t * (t - 2) / 2,
        (t + 1) * t * (t - 1) / 6,
    )
    low, high = whole - 1, whole + samples + 2
    some = np.pad(row[max(0, low) : high], (max(0, -low), max(0, high - max(len(row), 0)) if high > len(row) else 0))
    return np.convolve(some, np.array(taps[::-1], np.float32), "valid").astype(np.float32)
