"""Smearing: speech as an ear with broadened filters would hear it; formants stand out less.

Baer & Moore (1993), "Effects of spectral smearing on the intelligibility of sentences in noise", JASA 94(3): the power
spectrum of short frames is replaced by what broad auditory filters make of it, once what normal ones make of it is
undone, while the phases stay. The filters are rounded exponentials (roex), their width that of Glasberg & Moore (1990).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from math import isfinite
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from numpy.random import Generator
from pydantic import Field
from scipy import fft

from pipeline.audio import Floats
from pipeline.levels import active_speech_level
from pipeline.line.scene import Device, Measure, Scene
from pipeline.spec.words import Words

Doubles = npt.NDArray[np.float64]
Spectra = npt.NDArray[np.complex64]

HOP_S = 0.004  # frames of four hops: short enough that no single harmonic of a voice stands out
OVERLAP = 4
WIDEST = 6.0
RIDGE = 1e-6  # keeps what narrow filters make of a spectrum from being undone down to rounding
FRAMES_AT_ONCE = 512
TOLERANCE_DB = 3.0  # frames that were smeared apart do not add up as they did


class Options(Words):
    """`erb_factor` is how many times as broad as a healthy ear's the filters are."""

    erb_factor: float = Field(1.0, ge=1, le=WIDEST)

    def at(self, severity: float) -> Self:
        """As much broader as the severity says: 0.5 is as written."""
        return self.model_copy(update={"erb_factor": min(WIDEST, 1 + (self.erb_factor - 1) * severity / 0.5)})


class Smear:
    """The caller's speech is blurred over frequency: vowels are less distinct, timing and level stay."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 70
    # Where a frame holds next to nothing its gains make rounding audible: libraries that round differently disagree.
    device: ClassVar[Device] = "cpu"
    lookahead_ms = 0  # whoever talks knows what they will say: no delay on the line
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.erb_factor = options.erb_factor

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with `speech` smeared and, in rows that have a level, by how much that moved."""
        if self.erb_factor == 1:
            return scene.with_got([()] * scene.rows)
        rows = [self._row(row, scene) for row in scene.speech]
        speech = np.array([sound for sound, _ in rows], np.float32).reshape(scene.speech.shape)
        return replace(scene, speech=speech).with_got([measures for _, measures in rows])

    def _row(self, row: Floats, scene: Scene) -> tuple[Floats, tuple[Measure, ...]]:
        heard = np.flatnonzero(row)
        if not len(heard):
            return row, ()
        out = row.copy()
        out[heard[0] : heard[-1] + 1] = smeared(row[heard[0] : heard[-1] + 1], scene.rate, self.erb_factor)
        before, after = (active_speech_level(some[scene.hidden :], scene.rate).asl_dbov for some in (row, out))
        if not isfinite(before) or not isfinite(after):
            return out, ()
        return out, (Measure("talker.smear", "level_db", 0.0, after - before, "set", TOLERANCE_DB),)


def smeared(row: Floats, rate: int, erb_factor: float) -> Floats:
    """One row, each frame's power spread over frequency and as large as before."""
    hop = fft.next_fast_len(round(HOP_S * rate), real=True)
    size = OVERLAP * hop
    spreading = _spreading(rate, 2 * size, erb_factor)
    frames = _frames(row, hop)
    out = np.zeros((len(frames) + OVERLAP - 1, hop), np.float32)
    for first in range(0, len(frames), FRAMES_AT_ONCE):
        spectra = fft.rfft(frames[first : first + FRAMES_AT_ONCE] * _window(size), 2 * size)
        spectra *= _gains(np.square(spectra.real) + np.square(spectra.imag), spreading)
        sounds = fft.irfft(spectra, 2 * size)[:, :size].astype(np.float32, copy=False)
        _overlap_add(sounds * _window(size), out[first:])
    return out.reshape(-1)[size : size + len(row)] / np.float32(OVERLAP / 2)


def _frames(row: Floats, hop: int) -> Floats:
    """Frames x samples, a view; the row begins one frame in."""
    size = OVERLAP * hop
    padded = np.zeros(2 * size + -(-len(row) // hop) * hop, np.float32)
    padded[size : size + len(row)] = row
    return sliding_window_view(padded, size)[::hop]


@lru_cache(maxsize=16)
def _window(size: int) -> Floats:
    """Half a sine, whose squares a quarter of it apart add up to 2."""
    return np.sin(np.pi * (np.arange(size) + 0.5) / size).astype(np.float32)


def _gains(power: Floats, spreading: Floats) -> Floats:
    """Frames x bins: what makes the spectra those that broad filters hear; each frame keeps its power."""
    spread = np.maximum(power @ spreading.T, 0)
    spread *= power.sum(axis=1, keepdims=True) / np.maximum(spread.sum(axis=1, keepdims=True), 1e-30)
    gains: Floats = np.sqrt(spread / np.maximum(power, 1e-30))
    return gains


def _overlap_add(frames: Floats, out: Floats) -> None:
    """Add frames, one hop apart, onto hops x samples."""
    hop = out.shape[1]
    for k in range(OVERLAP):
        out[k : k + len(frames)] += frames[:, k * hop : (k + 1) * hop]


@lru_cache(maxsize=16)
def _spreading(rate: int, size: int, erb_factor: float) -> Floats:
    """Bins x bins: broad filters, after the inverse of narrow ones."""
    hz = fft.rfftfreq(size, 1 / rate)
    narrow, broad = auditory_filters(hz, 1.0), auditory_filters(hz, erb_factor)
    undone = np.linalg.solve(narrow.T @ narrow + RIDGE * np.eye(len(hz)), narrow.T)
    return (undone @ broad).astype(np.float32)


def auditory_filters(hz: Doubles, erb_factor: float) -> Doubles:
    """Centre x frequency: the share of power that each filter passes, roex(p), each row adding up to 1."""
    erb_hz = 24.7 * (4.37 * hz / 1000 + 1)
    slope_per_hz = 4 / (erb_factor * erb_hz)
    away = slope_per_hz[:, np.newaxis] * np.abs(hz - hz[:, np.newaxis])
    passed = (1 + away) * np.exp(-away)
    return np.asarray(passed / passed.sum(axis=1, keepdims=True))
