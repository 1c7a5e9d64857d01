"""Speaking rate: the same words in less or more time, at the same pitch.

WSOLA (Verhelst & Roelands 1993, "An overlap-add technique based on waveform similarity"): the sound is cut into
frames that overlap by half, and each is taken from where it continues the one before best. What begins suddenly (a
stop, a click) is not stretched: that time is made up for by the sounds around, so that no burst is heard twice.
"""

from collections.abc import Sequence
from math import isfinite
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from pydantic import Field
from scipy.ndimage import uniform_filter1d

from pipeline.audio import Floats
from pipeline.line.arrays import to_numpy
from pipeline.line.scene import Device, Measure, Scene
from pipeline.spec.words import Words

Doubles = npt.NDArray[np.float64]

LOW, HIGH = 0.6, 1.8
HALF_S = 0.015  # half a frame: a frame holds two periods of the deepest voice
SEARCH_S = 0.008  # to either side: half a period of the deepest voice
STEP_S = 0.005  # the grid on which onsets are looked for
KEPT_STEPS = (-3, 5)  # what keeps its time around an onset
ONSET_DB = 9.0  # a step is an onset that is so much louder than the quietest of the three before it
EVENED_STEPS = 81  # 0.4 s: over such a stretch the time that was kept is made up for
SILENT_DB = -45.0  # under the loudest step
MOST_KEPT = 0.35  # of the time that comes out, at most
MEASURED_S = 2.0
AUDIBLE = 1e-4  # of the peak


class Options(Words):
    """`factor` is how many times as fast as the voice speaks by itself."""

    factor: float = Field(1.0, ge=LOW, le=HIGH)

    def at(self, severity: float) -> Self:
        """As much faster or slower as the severity says: 0.5 is as written."""
        factor = 1 + (self.factor - 1) * severity / 0.5
        return self.model_copy(update={"factor": min(HIGH, max(LOW, factor))})


class Rate:
    """The caller speaks faster or slower, pauses included; pitch and voice stay."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 40
    device: ClassVar[Device] = "any"
    lookahead_ms = 0  # whoever talks knows what they will say: no delay on the line
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.factor = options.factor

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The same scene, its words being in their time already, and for each row that sounds the factor got."""
        if self.factor == 1:
            return scene.with_got([()] * scene.rows)
        return scene.with_got([self._measures(to_numpy(row[scene.hidden :]), scene.rate) for row in scene.speech])

    def retimed(self, speech: Floats, rate: int) -> Floats:
        """The words in their time: `factor` times as fast. At 1 the very same samples."""
        if self.factor == 1 or not speech.any():
            return speech if self.factor == 1 else np.zeros(round(len(speech) / self.factor), np.float32)
        return stretched(speech, rate, 1 / self.factor)

    def _measures(self, row: Floats, rate: int) -> tuple[Measure, ...]:
        """What becomes of the first two seconds, between the first and the last moment that sounds."""
        some = _sounding(row)[: round(MEASURED_S * rate)]
        if len(some) < 10 * HALF_S * rate:
            return ()
        got = len(some) / len(_sounding(self.retimed(some, rate)))
        return (Measure("talker.rate", "factor", self.factor, got, "set", 0.03 * self.factor),) if isfinite(got) else ()


def _sounding(row: Floats) -> Floats:
    heard = np.flatnonzero(np.abs(row) > AUDIBLE * np.abs(row).max(initial=0))
    return row[heard[0] : heard[-1] + 1] if len(heard) else row[:0]


def stretched(sound: Floats, rate: int, longer: float) -> Floats:
    """One channel `longer` times as long (rounded to a sample), in float32."""
    half, search = round(HALF_S * rate), round(SEARCH_S * rate)
    length = round(len(sound) * longer)
    ins, outs = _time_map(sound, rate, longer)
    # Frame k is centred on sample k * half of what comes out.
    centres = np.rint(np.interp(np.arange(0, length + half, half), outs, ins)).astype(np.intp)
    margin = 2 * half + search
    padded = np.zeros(len(sound) + 2 * margin + half, np.float32)
    padded[margin : margin + len(sound)] = sound
    starts = _best_starts(padded, centres + margin - half, half, search)
    return _overlapped(padded, starts, half)[half : half + length]


def _best_starts(padded: Floats, wanted: npt.NDArray[np.intp], half: int, search: int) -> npt.NDArray[np.intp]:
    """Where each frame is taken from: near `wanted`, and where the first half goes on like the frame before."""
    energy = np.concatenate(([0.0], np.cumsum(np.square(padded, dtype=np.float64))))
    starts = wanted.copy()
    for k in range(1, len(wanted)):
        low = wanted[k] - search
        follows = starts[k - 1] + half
        template = padded[follows : follows + half]
        like = np.correlate(padded[low : low + 2 * search + half], template, "valid")
        power = energy[low + half : low + half + len(like)] - energy[low : low + len(like)]
        starts[k] = low + int((like / np.sqrt(power + 1e-9)).argmax()) if template.any() else wanted[k]
    return starts


def _overlapped(padded: Floats, starts: npt.NDArray[np.intp], half: int) -> Floats:
    """The frames at `starts` one behind the other, each faded into the next."""
    window = (0.5 - 0.5 * np.cos(np.pi * (np.arange(2 * half) + 0.5) / half)).astype(np.float32)
    frames = padded[starts[:, np.newaxis] + np.arange(2 * half)] * window
    out = np.zeros((len(starts) + 1, half), np.float32)
    out[:-1] += frames[:, :half]
    out[1:] += frames[:, half:]
    return out.reshape(-1)


def _time_map(sound: Floats, rate: int, longer: float) -> tuple[Doubles, Doubles]:
    """Moments of the sound and where they come out, in samples: straight between them."""
    step = round(STEP_S * rate)
    kept = _kept(sound, step, MOST_KEPT * min(1.0, longer))
    share = uniform_filter1d(kept.astype(np.float64), EVENED_STEPS, mode="nearest")
    slopes = np.where(kept, 1.0, (longer - share) / np.maximum(1 - share, 0.2))
    slopes[~kept] *= (longer * len(kept) - kept.sum()) / slopes[~kept].sum()
    outs = np.concatenate(([0.0], np.cumsum(slopes))) * step
    return np.arange(len(outs), dtype=np.float64) * step, outs


def _kept(sound: Floats, step: int, most: float) -> npt.NDArray[np.bool_]:
    """Which steps keep their time: those around the strongest onsets, until they take up `most` of it.

    None where that would be all: something has to make up for the time.
    """
    rise_db = _rises_db(sound, step)
    kept = np.zeros(len(rise_db), bool)
    for at in np.argsort(-rise_db, kind="stable"):
        if rise_db[at] < ONSET_DB or kept.mean() > most:
            break
        kept[max(0, at + KEPT_STEPS[0]) : at + KEPT_STEPS[1] + 1] = True
    return np.zeros_like(kept) if kept.all() else kept


def _rises_db(sound: Floats, step: int) -> Doubles:
    """By how much each step is louder than the quietest of the three before it; high sounds count more."""
    edges = np.diff(sound, prepend=np.float32(0))
    steps = np.pad(edges, (0, -len(edges) % step)).reshape(-1, step)
    power = np.square(steps, dtype=np.float64).mean(axis=1)
    level_db = 10 * np.log10(power + 1e-30)
    level_db = np.maximum(level_db, level_db.max(initial=-300.0) + SILENT_DB)
    before = np.pad(level_db, (3, 0), mode="edge")
    quietest = np.minimum(np.minimum(before[:-3], before[1:-2]), before[2:-1])
    return np.asarray(level_db - quietest)
