"""Rooms: impulse responses made up from a reverberation time, a direct-to-reverberant ratio and a volume."""

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from scipy import fft

from pipeline.audio import Floats

Doubles = npt.NDArray[np.float64]

SPEED_OF_SOUND_MPS = 343.0
FIRST_OCTAVE_HZ = 125.0
# Whatever arrives within 2.5 ms is commonly counted as direct sound, so nothing else may.
EARLIEST_S = 0.0025
SPARSEST_PER_S = 500.0


def room_response(
    t60_s: float, drr_db: float, volume_m3: float, rate: int, rng: Generator, *, hf_damping: float = 0.9
) -> Floats:
    """An impulse response of unit energy: the direct sound at lag 0, sparse reflections, and a dense tail.

    Reflections come as often as the image sources of a room of `volume_m3` (4 pi c^3 t^2 / V a second; Kuttruff,
    "Room Acoustics") until they fill every sample. Each octave decays exponentially, from 4 kHz upwards in
    `hf_damping` of the time; then the tail is brought to `t60_s` (T30 of the octaves 500 Hz and 1 kHz, ISO 3382)
    and to `drr_db`.
    """
    samples = round(1.1 * t60_s * rate) + 2
    time_s = np.arange(samples) / rate
    tail = _decaying_noise(t60_s, hf_damping, time_s, rate, rng) * _reflections(volume_m3, time_s, rate, rng)
    # A draw decays a little faster or slower than asked: twice the difference is taken away.
    for _ in range(2):
        got_s = np.clip(reverberation_time(_middle_octaves(tail, rate), rate), t60_s / 2, t60_s * 2)
        tail *= 10 ** (-3 * time_s * (1 / t60_s - 1 / got_s))
    tail *= np.sqrt(10 ** (-drr_db / 10) / np.sum(tail**2))
    tail[0] = 1.0
    return np.asarray(tail / np.sqrt(np.sum(tail**2)), dtype=np.float32)


def reverberation_time(tail: Doubles, rate: int) -> float:
    """T30 in seconds: a line through the decay curve from -5 to -35 dB (Schroeder's backward integral, ISO 3382)."""
    left = np.cumsum(tail[::-1] ** 2)[::-1]
    decay_db = 10 * np.log10(left[left > 0] / left[0])
    first, last = np.searchsorted(-decay_db, (5, 35))
    if last - first < 2:
        return float(last) / rate
    at = np.arange(first, last) / rate
    centred = at - at.mean()
    return float(-60 * (centred @ centred) / (centred @ decay_db[first:last]))


def _middle_octaves(tail: Doubles, rate: int) -> Doubles:
    """The octaves around 500 Hz and 1 kHz, of which room acoustics gives the T60."""
    size = fft.next_fast_len(len(tail) + rate // 20, real=True)
    shares = _octave_shares(fft.rfftfreq(size, 1 / rate), rate)[2:4].sum(axis=0)
    return np.asarray(fft.irfft(shares * fft.rfft(tail, size), size)[: len(tail)])


def _decaying_noise(t60_s: float, hf_damping: float, time_s: Doubles, rate: int, rng: Generator) -> Doubles:
    """White noise whose octaves die away at their own pace."""
    noise = rng.standard_normal(len(time_s))
    size = fft.next_fast_len(len(noise), real=True)
    # Octaves that decay alike are one band.
    above_1_khz, first = np.unique(np.clip(np.log2(_centres_hz(rate) / 1000) / 2, 0, 1), return_index=True)
    shares = np.add.reduceat(_octave_shares(fft.rfftfreq(size, 1 / rate), rate), first)
    bands = fft.irfft(shares * fft.rfft(noise, size), size)[:, : len(noise)]
    decays = -np.log(1000) / (t60_s * hf_damping**above_1_khz)
    return np.asarray(np.sum(bands * np.exp(np.outer(decays, time_s)), axis=0))


def _centres_hz(rate: int) -> Doubles:
    """The octaves of a rate: 125 Hz, 250 Hz, ... below half of it."""
    return np.asarray(FIRST_OCTAVE_HZ * 2.0 ** np.arange(np.ceil(np.log2(rate / 2 / FIRST_OCTAVE_HZ))))


def _octave_shares(hz: Doubles, rate: int) -> Doubles:
    """Octave filters (octaves x `hz`) that overlap and add up to one; the first and last reach to the ends."""
    centres = np.log2(_centres_hz(rate))
    octave = np.interp(np.log2(np.maximum(hz, 1.0)), centres, np.arange(len(centres)))
    return np.maximum(0.0, 1.0 - np.abs(octave - np.arange(len(centres))[:, None]))


def _reflections(volume_m3: float, time_s: Doubles, rate: int, rng: Generator) -> Doubles:
    """Amplitudes that thin noise out to single reflections but keep its expected energy; 0 before the first one."""
    per_s = 4 * np.pi * SPEED_OF_SOUND_MPS**3 * time_s**2 / volume_m3
    likely = np.minimum(np.maximum(per_s, SPARSEST_PER_S) / rate, 1.0)
    first_s = max(EARLIEST_S, np.cbrt(3 * volume_m3 / (4 * np.pi)) / SPEED_OF_SOUND_MPS)
    # In a hall with next to no reverberation the first reflection would come after the end.
    first = int(np.searchsorted(time_s, min(first_s, time_s[-1] / 5), side="right"))
    there = rng.random(len(time_s)) < likely
    there[first] = True
    there[:first] = False
    return np.asarray(there / np.sqrt(likely))
