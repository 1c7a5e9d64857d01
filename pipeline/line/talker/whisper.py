"""Whispering: where there was a voice there is breath, through the same mouth.

Whispered speech has the resonances of the vocal tract, and turbulence instead of the pulses of the vocal folds (Tartter
1989, "What's in a whisper?"). Here white noise is given the cepstral envelope and the power of each frame, and takes
the place of the sound where that is voiced; what had no voice is not touched.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from numpy.random import Generator
from pydantic import Field
from scipy import fft
from scipy.ndimage import uniform_filter1d

from pipeline.audio import Floats
from pipeline.line.scene import Device, Measure, Scene
from pipeline.line.voicing import voicing
from pipeline.spec.words import Words

Spectra = npt.NDArray[np.complex64]

HOP_S = 0.008
ENVELOPE_S = 0.00175  # quefrencies above hold the pitch of voices up to 570 Hz
FLOOR = 1e-5  # of the loudest bin: what lies below has no shape
SURE = 0.99  # where so much of the sound is voiced, the share of noise is measured
FEWEST_S = 1.0  # of voice, for the share to be measured
TOLERANCE = 0.1


class Options(Words):
    """`mix` is the share of the voice's power that becomes noise: 0 is a voice, 1 a whisper."""

    mix: float = Field(1.0, ge=0, le=1)

    def at(self, severity: float) -> Self:
        """As much of a whisper as the severity says: 0.5 is as written."""
        return self.model_copy(update={"mix": min(1.0, self.mix * severity / 0.5)})


class Whisper:
    """The caller whispers, or their voice is breathy: noise takes the place of the vocal folds."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 60
    device: ClassVar[Device] = "cpu"
    lookahead_ms = 0  # whoever talks knows what they will say: no delay on the line
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.mix = options.mix

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with `speech` whispered and, in rows with a second of voice or more, the share that is noise."""
        if not self.mix:
            return scene.with_got([()] * scene.rows)
        rows = [self._row(row, scene.rate, rng) for row, rng in zip(scene.speech, rngs, strict=True)]
        speech = np.array([sound for sound, _ in rows], np.float32).reshape(scene.speech.shape)
        return replace(scene, speech=speech).with_got([measures for _, measures in rows])

    def _row(self, row: Floats, rate: int, rng: Generator) -> tuple[Floats, tuple[Measure, ...]]:
        heard = np.flatnonzero(row)
        if not len(heard):
            return row, ()
        out, some = row.copy(), row[heard[0] : heard[-1] + 1]
        voiced = _voiced(some, rate)
        breath = breathed(some, rate, rng.standard_normal(len(some), dtype=np.float32))
        new = some * np.sqrt(1 - self.mix * voiced) + breath * np.sqrt(self.mix * voiced)
        out[heard[0] : heard[-1] + 1] = new
        return out, self._measures(some, new, voiced, FEWEST_S * rate)

    def _measures(self, old: Floats, new: Floats, voiced: Floats, fewest: float) -> tuple[Measure, ...]:
        """What is not the old sound any more, of the power where it was voiced."""
        sure = voiced > SURE
        if np.count_nonzero(sure) < fewest:
            return ()
        before, after = old[sure].astype(np.float64), new[sure].astype(np.float64)
        likeness = (before @ after) ** 2 / ((before @ before) * (after @ after))
        return (Measure("talker.whisper", "mix", self.mix, float(1 - likeness), "set", TOLERANCE),)


def _voiced(row: Floats, rate: int) -> Floats:
    """How much of each sample is voice, 0 to 1, without steps."""
    found = voicing(row, rate)
    smooth = uniform_filter1d((found.pitch_hz > 0).astype(np.float32), 3)
    times = np.arange(len(row), dtype=np.float32) / np.float32(found.hop)
    return np.asarray(np.interp(times, np.arange(len(smooth)), smooth), np.float32)


def breathed(row: Floats, rate: int, noise: Floats) -> Floats:
    """The noise (as long as the row, its power 1) with the envelope and the power of each of the row's frames."""
    hop = fft.next_fast_len(round(HOP_S * rate), real=True)
    frames, hissing = (_spectra(sound, hop) for sound in (row, noise))
    magnitudes = np.abs(frames)
    hissing *= np.exp(_smooth(np.log(magnitudes + FLOOR * magnitudes.max(initial=0) + 1e-20), round(ENVELOPE_S * rate)))
    power, hiss = (np.square(np.abs(spectra)).sum(axis=1, keepdims=True) for spectra in (frames, hissing))
    hissing *= np.sqrt(power / np.maximum(hiss, 1e-30))
    return np.asarray(_joined(hissing, hop)[: len(row)], np.float32)


def _spectra(row: Floats, hop: int) -> Spectra:
    """Of frames of two hops under half a sine; every sample lies in two of them."""
    padded = np.zeros((-(-len(row) // hop) + 2) * hop, np.float32)
    padded[hop : hop + len(row)] = row
    frames = sliding_window_view(padded, 2 * hop)[::hop]
    return fft.rfft(frames * _window(2 * hop)).astype(np.complex64, copy=False)


def _joined(spectra: Spectra, hop: int) -> Floats:
    frames = fft.irfft(spectra, 2 * hop).astype(np.float32, copy=False) * _window(2 * hop)
    out = np.zeros((len(frames) + 1, hop), np.float32)
    out[:-1] += frames[:, :hop]
    out[1:] += frames[:, hop:]
    return np.asarray(out.reshape(-1)[hop:])


def _window(size: int) -> Floats:
    return np.sin(np.pi * (np.arange(size) + 0.5) / size).astype(np.float32)


def _smooth(logs: Floats, coefficients: int) -> Floats:
    """Frames x bins of logarithms, only their slow changes over frequency left."""
    size = 2 * (logs.shape[1] - 1)
    cepstra = fft.irfft(logs, size)
    cepstra[:, coefficients : size - coefficients + 1] = 0
    return np.asarray(fft.rfft(cepstra).real, np.float32)
