"""Mumbling: the mouth falls short of its targets, the voice gets duller, and quieter.

Articulatory undershoot in the sense of Lindblom (1963): the resonances of the vocal tract do not reach what
they aim for when they are given no time. Here the cepstral envelope of the sound is low-passed over time, so
that vowels move towards their neighbours and the vowel space shrinks; pitch and timing stay.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from math import isfinite
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from pydantic import Field
from scipy import fft
from scipy.ndimage import gaussian_filter1d

from pipeline.audio import Floats
from pipeline.levels import active_speech_level, gain
from pipeline.line.arrays import beside, namespace, stacked, to_numpy, transforms, windows, zeros
from pipeline.line.scene import Device, Measure, Scene
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words

Spectra = npt.NDArray[np.complex64]

HOP_S = 0.016  # frames of two hops hold two pitch periods of the deepest voice
ENVELOPE_S = 0.00175  # quefrencies above hold the pitch of voices up to 570 Hz
TILT_FROM_HZ = 800.0
ALL_THE_WAY_MS = 120.0  # the undershoot at which the mouth stays with the average altogether: severity 1
FLOOR = 1e-4  # what lies 80 dB below a sine at the row's peak has no shape
SILENCE = 2.0**-30  # a peak below has none either
FURTHEST = 2.3  # nepers (20 dB) that a resonance moves at most
FRAMES_AT_ONCE = 256
WORST = {"severity": 1.0, "undershoot_ms": 150.0, "tilt_db_oct": -12.0, "level_db": -12.0}
TINY = 1e-30  # keeps frames of nothing from being divided by nothing


class Options(Words):
    """`severity` says the three parts; a part that is given stands as it is."""

    severity: float = Field(0.5, ge=0, le=WORST["severity"])
    undershoot_ms: float | None = Field(None, ge=0, le=WORST["undershoot_ms"])
    tilt_db_oct: float | None = Field(None, ge=WORST["tilt_db_oct"], le=0)
    level_db: float | None = Field(None, ge=WORST["level_db"], le=0)

    def at(self, severity: float) -> Self:
        """The same, so much worse in all that is given: 0.5 is as written, 1 twice as bad, up to each limit."""
        degree = severity / TYPICAL
        parts = {name: part * degree for name in WORST if (part := getattr(self, name)) is not None}
        return self.model_copy(update={name: _no_worse(part, WORST[name]) for name, part in parts.items()})


class Mumble:
    """The caller mumbles: sounds run into each other, dull and quiet. Others and noise stay as they are."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 30
    device: ClassVar[Device] = "any"
    lookahead_ms = 0  # whoever talks knows what they will say: no delay on the line
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        severity = options.severity
        # The tilt bends, to be -4 dB/octave at .5 and -9 at 1; the other two grow straight.
        self.tilt_db_oct = _said(options.tilt_db_oct, -severity * (7 + 2 * severity))
        self.undershoot_ms = _said(options.undershoot_ms, 120 * severity)
        self.level_db = _said(options.level_db, -6 * severity)

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with `speech` mumbled and, in rows that have a speech level, the change of that level."""
        if not (self.undershoot_ms or self.tilt_db_oct or self.level_db):
            return scene
        rows = [self._row(row, scene) for row in scene.speech]
        speech = stacked([sound for sound, _ in rows])
        return replace(scene, speech=speech).with_got([measures for _, measures in rows])

    def _row(self, row: Floats, scene: Scene) -> tuple[Floats, tuple[Measure, ...]]:
        before = _level_dbov(row, scene)
        sound = self._articulated(row, scene.rate)
        gained = _level_dbov(sound, scene) - before
        # Without speech there is no level to keep or to measure: the gain alone is applied.
        sound = sound * np.float32(gain(self.level_db - gained if isfinite(gained) else self.level_db))
        got = _level_dbov(sound, scene) - before
        return sound, (self._measure(got),) if isfinite(got) else ()

    def _measure(self, got: float) -> Measure:
        return Measure("talker.mumble", "level_db", self.level_db, got, "set", 0.3)

    def _articulated(self, row: Floats, rate: int) -> Floats:
        if not (self.undershoot_ms or self.tilt_db_oct) or _peak(row) < SILENCE:
            return row
        return articulated(row, rate, undershoot_ms=self.undershoot_ms, tilt_db_oct=self.tilt_db_oct)


def _no_worse(part: float, worst: float) -> float:
    return max(part, worst) if worst < 0 else min(part, worst)


def _said(part: float | None, otherwise: float) -> float:
    return (otherwise if part is None else part) + 0.0  # no minus zero


def _peak(row: Floats) -> float:
    return float(np.abs(to_numpy(row)).max(initial=0))


def _level_dbov(row: Floats, scene: Scene) -> float:
    """The active speech level of what is heard; NaN where nobody speaks."""
    level = active_speech_level(to_numpy(row[scene.hidden :]), scene.rate).asl_dbov
    return level if isfinite(level) else float("nan")


def articulated(row: Floats, rate: int, *, undershoot_ms: float, tilt_db_oct: float) -> Floats:
    """One row that sounds, its envelope drawn to its average over time, and tilted above 800 Hz.

    The average is a Gaussian's, with a standard deviation of `undershoot_ms`. How much of the way to it the
    envelope goes grows too, so that a little undershoot is little in both respects: 0 at 0, all from 120 ms.
    """
    hop = fft.next_fast_len(round(HOP_S * rate), real=True)
    size = 2 * hop
    frames = _frames(row, hop)
    shape = _cepstra(frames, round(ENVELOPE_S * rate), floor=FLOOR * size / 4 * _peak(row))
    moves = min(1.0, undershoot_ms / ALL_THE_WAY_MS) * _moves(*shape, undershoot_ms / 1000 * rate / hop)
    octaves = np.log2(np.maximum(fft.rfftfreq(size, 1 / rate), TILT_FROM_HZ) / TILT_FROM_HZ)
    tilt = beside((10 ** (tilt_db_oct / 20 * octaves)).astype(np.float32), row)
    out = zeros((len(frames) + 1, hop), row)
    for first in range(0, len(frames), FRAMES_AT_ONCE):
        some = slice(first, first + FRAMES_AT_ONCE)
        spectra = _spectra(frames[some])
        spectra *= _as_loud(spectra, namespace(row).exp(_envelopes(moves[some], size))) * tilt
        _overlap_add(transforms(row).irfft(spectra, size), out[first:])
    return out.reshape(-1)[size : size + len(row)]


def _frames(row: Floats, hop: int) -> Floats:
    """Frames x samples, a view: every sample of the row lies in two of them."""
    size = 2 * hop
    padded = zeros((2 * size + -(-len(row) // hop) * hop,), row)
    padded[size : size + len(row)] = row
    return windows(padded, size, hop)


@lru_cache(maxsize=16)
def _window(size: int) -> Floats:
    """Half a sine: its square and the same half a frame later add up to 1."""
    return np.sin(np.pi * np.arange(size) / size).astype(np.float32)


def _spectra(frames: Floats) -> Spectra:
    spectra: Spectra = transforms(frames).rfft(frames * beside(_window(frames.shape[1]), frames))
    return spectra


def _as_loud(spectra: Spectra, gains: Floats) -> Floats:
    """The gains, so scaled that each frame keeps its power: none is louder because its neighbour is."""
    xp = namespace(gains)
    power = xp.square(spectra.real) + xp.square(spectra.imag)
    before = xp.sum(power, axis=1, keepdims=True)
    after = xp.sum(power * xp.square(gains), axis=1, keepdims=True)
    scaled: Floats = gains * xp.sqrt(before / xp.maximum(after, TINY))
    return scaled


def _overlap_add(frames: Floats, out: Floats) -> None:
    """Add windowed frames, one hop apart, onto hops x samples."""
    hop = out.shape[1]
    frames *= beside(_window(frames.shape[1]), frames)
    out[: len(frames)] += frames[:, :hop]
    out[1 : 1 + len(frames)] += frames[:, hop:]


def _cepstra(frames: Floats, coefficients: int, *, floor: float) -> tuple[Floats, Floats]:
    """Frames x cepstral coefficients of the envelope, and frames x 1 loudness."""
    xp = namespace(frames)
    cepstra, loudness = zeros((len(frames), coefficients), frames), zeros((len(frames), 1), frames)
    for first in range(0, len(frames), FRAMES_AT_ONCE):
        some = slice(first, first + FRAMES_AT_ONCE)
        magnitudes = xp.abs(_spectra(frames[some]))
        cepstra[some] = transforms(frames).irfft(xp.log(magnitudes + floor))[:, :coefficients]
        loudness[some] = xp.mean(magnitudes, axis=1, keepdims=True)
    return cepstra, loudness


def _moves(cepstra: Floats, loudness: Floats, spread: float) -> Floats:
    """From each frame's envelope to the average around it, `spread` frames wide.

    The loud frames draw the quiet ones, as vowels do with what lies between them. Averaged by SciPy wherever they lie,
    for they are few numbers.
    """
    if not spread:
        return namespace(cepstra).zeros_like(cepstra)  # type: ignore[no-any-return]
    shape, loud = to_numpy(cepstra), to_numpy(loudness)
    weight = gaussian_filter1d(loud, spread, axis=0)
    average: Floats = gaussian_filter1d(shape * loud, spread, axis=0) / (weight + 1e-6 * weight.max())
    return beside(average - shape, cepstra)


def _envelopes(cepstra: Floats, size: int) -> Floats:
    """Frames x bins in nepers: the curve that the lower half of a symmetric cepstrum stands for."""
    xp, whole = namespace(cepstra), zeros((len(cepstra), size), cepstra)
    count = cepstra.shape[1]
    whole[:, :count] = cepstra
    whole[:, size - count + 1 :] = xp.flip(cepstra[:, 1:], axis=1)
    curves: Floats = xp.clip(transforms(whole).rfft(whole).real, -FURTHEST, FURTHEST)
    return curves
