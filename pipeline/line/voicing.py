"""Voicing: how high a voice is, and when there is one. Autocorrelation after Boersma (1993), and a shortest path.

Boersma, "Accurate short-term analysis of the fundamental frequency", Proc. Institute of Phonetic Sciences 17: each
frame's autocorrelation is divided by that of its window, so that its peaks stand at the period and are as high as
the frame is periodic. Of the peaks of all frames, the path with the fewest leaps is taken.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import soxr
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft

from pipeline.audio import Floats

Doubles = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

HOP_S = 0.01
ENOUGH_RATE = 8000  # for pitch; a lower rate than that of the sound is quicker
LOWEST_HZ = 65.0
HIGHEST_HZ = 500.0
FRAME_S = 3 / LOWEST_HZ  # three periods of the deepest voice
CANDIDATES = 4
VOICED_FROM = 0.5  # how periodic a frame must be
SILENT_BELOW = 0.02  # of the loudest sample: frames that reach no higher have no voice
OCTAVE_COST = 0.02  # a period twice as long fits as well: the shorter is preferred
LEAP_COST = 0.35  # for an octave from one frame to the next
SWITCH_COST = 0.14  # for falling silent, and for beginning


@dataclass(frozen=True, eq=False)
class Voicing:
    """The pitch in Hz every `hop` samples, on average (0 where there is none), and how periodic it is there, 0 to 1."""

    pitch_hz: Floats
    strength: Floats
    hop: float

    @property
    def median_hz(self) -> float:
        """The middle of the voiced frames; NaN where nothing is voiced."""
        voiced = self.pitch_hz[self.pitch_hz > 0]
        return float(np.median(voiced)) if len(voiced) else float("nan")

    def pitch_at(self, samples: int) -> Floats:
        """The pitch at every sample; between two frames of which one has none, there is none."""
        times, at = np.arange(samples, dtype=np.float32) / self.hop, np.arange(len(self.pitch_hz))
        known = self.pitch_hz > 0
        if not known.any():
            return np.zeros(samples, np.float32)
        nearest = np.minimum(np.rint(times).astype(np.intp), len(known) - 1)
        straight = np.interp(times, at[known], self.pitch_hz[known])
        return np.where(known[nearest], straight, 0.0).astype(np.float32)


def voicing(row: Floats, rate: int) -> Voicing:
    """The pitch of one row; frame k is centred on sample k * hop."""
    low = min(rate, ENOUGH_RATE)
    sound = soxr.resample(row, rate, low, quality="HQ").astype(np.float32, copy=False)
    frames = _frames(sound, round(FRAME_S * low), round(HOP_S * low))
    lags, strengths = _candidates(frames, low, SILENT_BELOW * float(np.abs(sound).max(initial=0)))
    chosen = _path(lags, strengths, low)
    each = np.arange(len(frames))
    lag, strength = lags[each, chosen], strengths[each, chosen]
    pitch_hz = np.where(chosen > 0, low / np.maximum(lag, 1e-9), 0.0)
    strength = np.where(chosen > 0, strength, 0.0)
    return Voicing(pitch_hz.astype(np.float32), np.clip(strength, 0, 1).astype(np.float32), HOP_S * rate)


def _frames(row: Floats, size: int, hop: int) -> Floats:
    """Frames x samples, a view."""
    padded = np.zeros(-(-len(row) // hop) * hop + size, np.float32)
    padded[size // 2 : size // 2 + len(row)] = row
    return sliding_window_view(padded, size)[::hop]


def _candidates(frames: Floats, rate: int, floor: float) -> tuple[Doubles, Doubles]:
    """For each frame, lags and strengths of its best peaks; the first is no pitch at all (lag 0)."""
    lags, strengths = np.zeros((2, len(frames), CANDIDATES + 1))
    loud = np.flatnonzero(np.abs(frames).max(axis=1, initial=0) > max(floor, 1e-9))
    shortest, longest = int(rate / HIGHEST_HZ), int(rate / LOWEST_HZ) + 2
    for first in range(0, len(loud), 256):
        some = loud[first : first + 256]
        curves = _autocorrelations(frames[some], longest)
        lags[some, 1:], strengths[some, 1:] = _peaks(curves, shortest)
    strengths[loud, 0] = VOICED_FROM
    return lags, strengths


def _autocorrelations(frames: Floats, longest: int) -> Floats:
    size = frames.shape[1]
    window = np.hanning(size).astype(np.float32)
    sound = (frames - frames.mean(axis=1, keepdims=True)) * window
    padded = fft.next_fast_len(size + longest, real=True)
    spectra = fft.rfft(sound, padded)
    raw = fft.irfft(np.square(spectra.real) + np.square(spectra.imag), padded)[:, :longest].astype(
        np.float32, copy=False
    )
    return np.asarray(raw / (np.maximum(raw[:, :1], 1e-30) * _of_window(size, longest)), np.float32)


@lru_cache(maxsize=16)
def _of_window(size: int, longest: int) -> Floats:
    window = np.hanning(size)
    whole = np.correlate(window, window, "full")[size - 1 : size - 1 + longest]
    shares: Floats = (whole / whole[0]).astype(np.float32)
    return shares


def _peaks(curves: Floats, shortest: int) -> tuple[Doubles, Doubles]:
    """The best local maxima from lag `shortest` on, with parabolas through their neighbours."""
    before, here, after = curves[:, shortest - 1 : -2], curves[:, shortest:-1], curves[:, shortest + 1 :]
    is_peak = (here > before) & (here >= after) & (here > 0)
    bend = np.where(is_peak, before - 2 * here + after, -1)
    shift = np.where(is_peak, 0.5 * (before - after) / np.minimum(bend, -1e-9), 0)
    octaves = np.log2(np.arange(shortest, shortest + here.shape[1], dtype=np.float32) / shortest)
    scored = np.where(is_peak, here - 0.25 * (before - after) * shift - OCTAVE_COST * octaves, 0)
    best = np.argpartition(scored, -CANDIDATES, axis=1)[:, -CANDIDATES:]
    each = np.arange(len(curves))[:, np.newaxis]
    return (best + shortest + shift[each, best]).astype(np.float64), scored[each, best].astype(np.float64)


def _path(lags: Doubles, strengths: Doubles, rate: int) -> Places:
    """Which candidate each frame takes, so that strengths are high and leaps few (Viterbi)."""
    octaves = np.log2(np.where(lags > 0, lags, 1.0) * HIGHEST_HZ / rate)
    gains = np.where(lags > 0, strengths, -np.inf)
    gains[:, 0] = np.where(strengths[:, 0] > 0, strengths[:, 0], 1.0)
    leaps = LEAP_COST * np.abs(octaves[1:, :, np.newaxis] - octaves[:-1, np.newaxis, :])
    leaps[:, 0, :], leaps[:, :, 0], leaps[:, 0, 0] = SWITCH_COST, SWITCH_COST, 0.0
    score, came_from = gains[0], np.zeros(lags.shape, np.intp)
    for k, leap in enumerate(leaps, start=1):
        ways = score - leap
        came_from[k] = ways.argmax(axis=1)
        score = ways.max(axis=1) + gains[k]
    chosen = np.zeros(len(lags), np.intp)
    chosen[-1] = score.argmax()
    for k in range(len(lags) - 1, 0, -1):
        chosen[k - 1] = came_from[k, chosen[k]]
    return chosen
