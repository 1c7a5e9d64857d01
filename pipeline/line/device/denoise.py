"""Denoise: the noise suppressor of a handset takes away what is steady, and a little of the words with it.

A spectral suppressor: the gain of each band by the log-spectral amplitude estimator of Ephraim and Malah (IEEE Trans.
ASSP 33, 1985), its a-priori SNR decision-directed (the same, ASSP 32, 1984), the noise by minimum statistics with
a constant smoothing (Martin, "Spectral Subtraction Based on Minimum Statistics", EUSIPCO 1994).
"""

from collections.abc import Sequence
from functools import lru_cache
from math import log, log10
from typing import ClassVar, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.random import Generator
from pydantic import Field
from scipy import fft, signal, special

from pipeline.audio import Bools, Floats
from pipeline.line.filters import Doubles, Spectrum
from pipeline.line.gains import block_powers, lowest_of_late
from pipeline.line.scene import ANY_SOUND_S, Device, Measure, Scene
from pipeline.line.spoken import change_db
from pipeline.line.stems import in_each
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words

NAME = "device.denoise"
HOP_MS = 10
FRAME_MS = 2 * HOP_MS
DEEPEST_DB = 30.0
TRUST = 0.98  # of the a-priori SNR in the frame before (Ephraim and Malah 1984)
LEAST_SNR = 10 ** (-25 / 10)  # lower, and single bands would ring (Cappé 1994)
MOST_SNR = 1e5  # over it nothing is taken away
SMOOTHING = 0.9
FLOOR_FRAMES = 150  # 1.5 s: a minimum over less would hold words for noise
# The least of so many powers of white noise, so smoothed, lies so far below their mean (measured).
MINIMUM_DB = -2.4
FAINTEST = 1e-10  # a power for which digital silence is taken, so that it can be divided by
STEPS = 200  # to a factor of e in the table of what E1 does
_OVER_WIENER = np.exp(special.exp1(FAINTEST * np.exp(np.arange(0.5, STEPS * 26) / STEPS)) / 2).astype(np.float32)
PAUSE_DB = -40.0  # under the nominal level nobody speaks
LEAST_PAUSE = 10  # hops


class Options(Words):
    """How far it goes: the most that it takes from a band is 30 dB times its strength."""

    strength: float = Field(0.5, ge=0, le=1)

    def at(self, severity: float) -> Self:
        """The same with a strength in proportion."""
        return self.model_copy(update={"strength": min(self.strength * severity / TYPICAL, 1.0)})


class Denoise:
    """Gains of bands, told by the whole sound of now and before, on every stem alike."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 120
    single: ClassVar[bool] = True
    device: ClassVar[Device] = "cpu"
    calibration_s: ClassVar[float] = ANY_SOUND_S
    lookahead_ms = FRAME_MS
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.floor_db = -DEEPEST_DB * options.strength

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with each stem denoised, how much lower the noise is in pauses, and what the words lost."""
        if not self.floor_db:
            return scene.with_got([()] * scene.rows)
        hop = scene.rate * HOP_MS // 1000
        gains = [band_gains(np.square(np.abs(spectra(row, hop))), self.floor_db) for row in scene.whole]
        after = in_each(
            scene, lambda stem: np.stack([shaped(row, each, hop) for row, each in zip(stem, gains, strict=True)])
        )
        return after.with_got([self._measures(scene, after, row, hop) for row in range(scene.rows)])

    def _measures(self, before: Scene, after: Scene, row: int, hop: int) -> list[Measure]:
        """Where the stems have ended, noise and words cannot be told apart: nothing is measured."""
        if before.mixed:
            return []
        heard = slice(before.hidden, None)
        noise, words = before.noise[row, heard], before.speech[row, heard]
        measures = []
        pauses = _pauses(words + before.others[row, heard], before.nominal[row].asl_dbov, hop)
        powers = [block_powers(one, hop)[pauses].sum() for one in (after.noise[row, heard], noise)]
        if pauses.sum() >= LEAST_PAUSE and all(powers):
            measures.append(Measure(NAME, "noise_db", self.floor_db, 10 * log10(powers[0] / powers[1]), "drawn"))
        if words.any():
            measures.append(Measure(NAME, "speech_db", 0.0, change_db(words, after.speech[row, heard]), "drawn"))
        return measures


def _pauses(talk: Floats, asl_dbov: float, hop: int) -> Bools:
    return np.asarray(block_powers(talk, hop) < 10 ** ((asl_dbov + PAUSE_DB) / 10))


def spectra(row: Floats, hop: int) -> Spectrum:
    """Frames x bins: half-overlapping frames of two hops, the first of which ends with the first hop."""
    frames = -(-len(row) // hop) + 1
    padded = np.zeros((frames + 1) * hop, np.float32)
    padded[hop : hop + len(row)] = row
    return np.asarray(fft.rfft(sliding_window_view(padded, 2 * hop)[::hop] * _window(hop)))


def shaped(row: Floats, gains: Floats, hop: int) -> Floats:
    """The row with the gains on its bands; with gains of 1 it comes back, to rounding."""
    frames = fft.irfft(spectra(row, hop) * gains, 2 * hop) * _window(hop)
    sound = frames[1:, :hop] + frames[:-1, hop:]
    return np.ascontiguousarray(sound.reshape(-1)[: len(row)], np.float32)


@lru_cache(maxsize=8)
def _window(hop: int) -> Floats:
    """A sine, going in and coming out: where two overlap, the squares add up to 1."""
    return np.sin(np.pi * (np.arange(2 * hop) + 0.5) / (2 * hop)).astype(np.float32)


def band_gains(powers: Floats, floor_db: float) -> Floats:
    """Frames x bins of gains between the floor and 1, each told by its own frame and those before."""
    posterior = np.minimum(powers / noise_powers(powers), MOST_SNR)
    # What a frame says of its own SNR; the rest is the SNR that was found in the frame before.
    fresh = (1 - TRUST) * np.maximum(posterior - 1, 0)
    gains = np.empty_like(posterior)
    found = np.ones_like(posterior[0])
    for k, now in enumerate(posterior):
        prior = np.maximum(fresh[k] + TRUST * found, LEAST_SNR)
        wiener = prior / (1 + prior)
        gains[k] = np.minimum(wiener * over_wiener(wiener * now), 1)
        found = np.square(gains[k]) * now
    return np.asarray(np.maximum(gains, np.float32(10 ** (floor_db / 20))))


def over_wiener(v: Floats) -> Floats:
    """By how much the estimator's gain is more than Wiener's: exp(E1(v) / 2), looked up, within 0.03 dB."""
    steps = (np.log(np.maximum(v, FAINTEST)) - np.float32(log(FAINTEST))) * np.float32(STEPS)
    return _OVER_WIENER.take(steps.astype(np.intp), mode="clip")


def noise_powers(powers: Floats) -> Floats:
    """The noise in each bin: the least of its smoothed powers of late, raised by what a minimum is too low."""
    before = SMOOTHING * powers[:1].astype(np.float64)
    smooth: Doubles
    smooth, _ = signal.lfilter([1 - SMOOTHING], [1, -SMOOTHING], powers, axis=0, zi=before)
    noise = lowest_of_late(smooth, FLOOR_FRAMES) * 10 ** (-MINIMUM_DB / 10)
    return np.maximum(noise, FAINTEST).astype(np.float32)
