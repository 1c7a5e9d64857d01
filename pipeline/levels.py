"""Levels in dBov: active speech level (ITU-T P.56), equivalent level (Leq), and A-weighting (IEC 61672-1).

0 dBov is the level of a full-scale square wave, so that a full-scale sine has -3.01 dBov. Silence has no
level: `-inf` is returned, and whoever would scale by it is refused.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.ndimage
import scipy.signal

from pipeline.audio import Floats
from pipeline.errors import BadlineError

Doubles = npt.NDArray[np.float64]

ENVELOPE_S = 0.03
HANGOVER_S = 0.2
MARGIN_DB = 15.9
THRESHOLDS = 2.0 ** np.arange(-15, 0)
BLOCKS_AT_ONCE = 16  # transforms that stay in the cache
SUMMED_AT_ONCE = 256  # squares that float32 adds up to seven digits


@dataclass(frozen=True)
class Level:
    """The P.56 active speech level, and the share of the time that speech is active. Silence: `-inf`, 0."""

    asl_dbov: float
    activity: float


def gain(db: float) -> float:
    """The factor on samples that raises a level by `db`."""
    return float(10.0 ** (db / 20))


def leq_dbov(samples: Floats) -> float:
    """The level of the mean power of all samples, pauses included; `-inf` where all are zero or none."""
    return _dbov(_energy(samples), len(samples))


def active_speech_level(samples: Floats, rate: int) -> Level:
    """The level while speech is active, whatever the silence around it (ITU-T P.56, method B; unfiltered).

    The envelope is the one of the recommendation, looked at once a millisecond: within 0.01 dB of looking at
    every sample. Where it never reaches the lowest threshold, 2^-15, the sound is silent.
    """
    energy = _energy(samples)
    step = max(1, round(rate / 1000))
    active = _active_samples(_envelope(samples, rate, step), round(HANGOVER_S * rate / step)) * step
    if not energy or not active[0]:
        return Level(-math.inf, 0.0)
    reached = np.minimum(active[active > 0], len(samples))
    asl_dbov = _where_margin_is_met(10 * np.log10(energy / reached), 20 * np.log10(THRESHOLDS[: len(reached)]))
    return Level(asl_dbov, float(min(1.0, 10 ** ((_dbov(energy, len(samples)) - asl_dbov) / 10))))


def scale_to(samples: Floats, rate: int, asl_dbov: float) -> Floats:
    """The same sound at another active speech level. Raises BadlineError where it is silent."""
    now = active_speech_level(samples, rate).asl_dbov
    if not math.isfinite(now):
        raise BadlineError("the sound is silent: it has no speech level that could be scaled")
    return samples * np.float32(gain(asl_dbov - now))


def a_curve(freq_hz: npt.ArrayLike) -> Doubles:
    """The A-weighting as a factor on amplitude (IEC 61672-1, annex E; 1 at 1 kHz), for any frequency."""
    return _a_shape(np.asarray(freq_hz, dtype=np.float64)) / _a_shape(np.float64(1000.0))


def a_weighted(samples: Floats, rate: int) -> Floats:
    """The samples A-weighted without delay: a symmetric filter that follows the curve up to half the rate."""
    if not len(samples):
        return samples.copy()
    response = _a_response(rate)
    whole = scipy.signal.oaconvolve(samples, response)
    start = len(response) // 2
    return np.ascontiguousarray(whole[start : start + len(samples)], dtype=np.float32)


def a_weighted_leq_dbov(samples: Floats, rate: int) -> float:
    """The A-weighted Leq, from spectra of windows that overlap at their flanks, where their squares add up to one."""
    window, weights = _a_blocks(rate)
    size, hop = len(window), len(window) - _flank(rate)
    blocks = math.ceil((len(samples) + _flank(rate)) / hop)
    padded = np.zeros((blocks - 1) * hop + size, dtype=np.float32)
    padded[_flank(rate) : _flank(rate) + len(samples)] = samples
    overlapping = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    power = np.zeros(len(weights))
    for first in range(0, blocks, BLOCKS_AT_ONCE):
        spectra = scipy.fft.rfft(overlapping[first : first + BLOCKS_AT_ONCE] * window, overwrite_x=True)
        parts = spectra.view(np.float32)
        power += np.einsum("ij,ij->j", parts, parts)
    energy = float(power @ weights)
    if not math.isfinite(energy):
        raise ValueError("samples hold NaN or infinity")
    return _dbov(energy, len(samples))


@cache
def _a_blocks(rate: int) -> tuple[Floats, Doubles]:
    """A window with flanks of a sine, and what the squares of its blocks' spectra count (Parseval).

    Of each spectrum there are the real and the imaginary parts in turn.
    """
    size = 2 ** round(math.log2(rate / 4))
    flank = np.sin(np.pi / 2 * (np.arange(_flank(rate)) + 0.5) / _flank(rate))
    window = np.concatenate((flank, np.ones(size - 2 * len(flank)), flank[::-1])).astype(np.float32)
    twice = np.full(size // 2 + 1, 2.0)
    twice[[0, -1]] = 1.0
    return window, np.repeat(twice * np.square(a_curve(scipy.fft.rfftfreq(size, 1 / rate))) / size, 2)


def _flank(rate: int) -> int:
    """48 ms: short, and long enough that what rumbles does not leak to where the A-curve is 30 dB higher."""
    return round(0.048 * rate)


def _energy(samples: Floats) -> float:
    """The sum of squares, added up in float64 over blocks; NaN has no level and is refused."""
    blocks = samples[: len(samples) // SUMMED_AT_ONCE * SUMMED_AT_ONCE].reshape(-1, SUMMED_AT_ONCE)
    rest = samples[blocks.size :]
    energy = float(np.einsum("ij,ij->i", blocks, blocks).sum(dtype=np.float64) + np.einsum("i,i->", rest, rest))
    if not math.isfinite(energy):
        raise ValueError("samples hold NaN or infinity")
    return energy


def _dbov(energy: float, count: int) -> float:
    return 10 * math.log10(energy / count) if energy > 0 else -math.inf


def _envelope(samples: Floats, rate: int, step: int) -> Doubles:
    """Two one-pole averages of |x| in cascade, at every `step`-th sample, exactly as they stand there."""
    pole = math.exp(-1 / (ENVELOPE_S * rate))
    left = np.arange(step - 1, -1, -1)
    once = (1 - pole) * pole**left
    weights = np.stack((once, (1 - pole) * (left + 1) * once)).T.astype(np.float32)
    whole_steps = np.pad(samples, (0, -len(samples) % step)) if len(samples) % step else samples
    rows = np.abs(whole_steps).reshape(-1, step) @ weights
    decay = pole**step
    first, second = rows.T.astype(np.float64)
    second[1:] += step * (1 - pole) * decay * first[:-1] - decay * rows[:-1, 1]
    return np.asarray(scipy.signal.lfilter([1.0], [1.0, -2 * decay, decay**2], second))


def _active_samples(envelope: Doubles, hangover: int) -> Doubles:
    """For each threshold, how many points of the envelope lie above it, or up to `hangover` points later.

    The thresholds are powers of two, so that a point's exponent tells how many of them it reaches.
    """
    _, exponents = np.frexp(np.maximum(envelope, THRESHOLDS[0] / 2))
    reached = np.clip(exponents + len(THRESHOLDS), 0, len(THRESHOLDS)).astype(np.int8)
    held = scipy.ndimage.maximum_filter1d(reached, hangover + 1, mode="constant", origin=hangover // 2)
    above = np.bincount(held, minlength=len(THRESHOLDS) + 1)[::-1].cumsum()[::-1]
    return above[1:].astype(np.float64)


def _where_margin_is_met(levels_db: Doubles, thresholds_db: Doubles) -> float:
    """The level at which it lies one margin above its threshold, interpolated between thresholds in dB.

    A click leaves more than the margin at every threshold it reaches: then the last of them decides.
    """
    over = levels_db - thresholds_db - MARGIN_DB
    met = np.flatnonzero(over <= 0)
    if not len(met):
        return float(levels_db[-1])
    at = int(met[0])
    if at == 0:
        return float(levels_db[0])
    share = over[at - 1] / (over[at - 1] - over[at])
    return float(levels_db[at - 1] + share * (levels_db[at] - levels_db[at - 1]))


def _a_shape(freq_hz: Doubles | np.float64) -> Doubles:
    square = np.square(freq_hz)
    middle = np.sqrt((square + 107.65265**2) * (square + 737.86223**2))
    return np.asarray(12194.217**2 * square**2 / ((square + 20.598997**2) * middle * (square + 12194.217**2)))


@cache
def _a_response(rate: int) -> Floats:
    """The zero-phase impulse response of the A-curve, an eighth of a second to either side."""
    half = rate // 8
    size = int(scipy.fft.next_fast_len(8 * half, real=True))
    response = scipy.fft.irfft(a_curve(scipy.fft.rfftfreq(size, 1 / rate)), size)
    return np.concatenate((response[-half:], response[: half + 1])).astype(np.float32)
