"""Rooms: impulse responses, recorded, or made up from a reverberation time, a direct-to-reverberant ratio and a volume.

In all of them the direct sound comes at lag 0.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from numpy.random import Generator
from scipy import fft

from pipeline.audio import Floats, Sound
from pipeline.errors import BadlineError

Doubles = npt.NDArray[np.float64]

SPEED_OF_SOUND_MPS = 343.0
FIRST_OCTAVE_HZ = 125.0
# Whatever arrives within 2.5 ms is commonly counted as direct sound, so nothing else may.
EARLIEST_S = 0.0025
SABINE_S_PER_M = 24 * np.log(10) / SPEED_OF_SOUND_MPS
# Proportions of rooms whose modes lie well apart: between the two outer ones of Sepmeyer, JASA 37(3), 1965.
NARROWEST, WIDEST = np.array([1, 1.14, 1.39]), np.array([1, 1.60, 2.33])
FROM_WALL = 0.1  # of a side, which mouth and microphone keep from the walls
IMAGES = 6 + 18 + 38  # of orders 1 to 3; so many are placed one by one, the nearest first
ORDERS = np.arange(-4, 5)  # along a side; further ones lie too far away in any of the proportions
CLOSE = 0.03  # of a T60; nobody hears less than 0.05 (ISO 3382-1)
TRIES = 8
ALL, MIDDLE = slice(None), slice(2, 4)  # of the octaves from 125 Hz on; the middle ones are 500 Hz and 1 kHz
STEP_S = 0.0005  # in which decays are looked at
LONGEST_S = 20.0  # a longer recording is no impulse response
ONSET_DB = -20.0  # below the peak, where a recorded response begins (ISO 3382-1)


def room_response(
    t60_s: float, drr_db: float, volume_m3: float, rate: int, rng: Generator, *, hf_damping: float = 0.9
) -> Floats:
    """An impulse response of unit energy: the direct sound at lag 0, single reflections, and a dense tail.

    The first reflections are the image sources of a shoebox (Allen and Berkley, JASA 65(4), 1979) of `volume_m3`,
    whose sides and places are drawn; later ones come at random, as often as image sources would. Each octave
    decays in `t60_s` (T30, ISO 3382), from 4 kHz upwards in `hf_damping` of it; the sum is brought to `drr_db`.
    A volume that cannot be so dry counts as the largest that can.
    """
    volume_m3 = min(volume_m3, largest_volume_m3(t60_s))
    distance_m = critical_distance_m(t60_s, volume_m3) * 10 ** (-drr_db / 20)
    samples = round(1.1 * t60_s * rate) + 2
    clicks = _reflections(volume_m3, distance_m, samples, rate, rng)
    above_1_khz = np.clip(np.log2(_centres_hz(rate) / 1000) / 2, 0, 1)
    tail = _decaying(clicks, t60_s * hf_damping**above_1_khz, rate)
    tail[: earliest(rate)] = 0.0
    tail = _brought_to(t60_s, tail, rate)
    tail *= np.sqrt(10 ** (-drr_db / 10) / np.sum(tail**2))
    tail[0] = 1.0
    return np.asarray(tail / np.sqrt(np.sum(tail**2)), dtype=np.float32)


def critical_distance_m(t60_s: float, volume_m3: float) -> float:
    """Where the direct sound is as loud as what the room answers: .057 sqrt(V / T60) (Kuttruff, "Room Acoustics")."""
    return float(np.sqrt(6 * np.log(10) * volume_m3 / (4 * np.pi * SPEED_OF_SOUND_MPS * t60_s)))


def largest_volume_m3(t60_s: float) -> float:
    """The cube that is so dry when its walls swallow everything (Sabine): a larger one rings for longer."""
    return float((6 * t60_s / SABINE_S_PER_M) ** 3)


def earliest(rate: int) -> int:
    """The first sample that counts as reflected."""
    return int(np.ceil(EARLIEST_S * rate))


def recorded_response(path: Path, rate: int) -> Floats:
    """A recorded impulse response from its direct sound on, which has unit energy. BadlineError if it has a fault."""
    if (wrong := response_fault(path)) is not None:
        raise BadlineError(f"{path}: {wrong}")
    return _recorded(path, path.stat().st_mtime_ns, rate)


def response_fault(path: Path) -> str | None:
    """Why a sound file can be no impulse response; None where it can."""
    if not path.is_file():
        return "there is no such file"
    return _fault(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _fault(path: Path, _changed_ns: int) -> str | None:
    try:
        seconds = soundfile.info(path).duration
        if seconds > LONGEST_S:
            return f"lasts {seconds:.0f} s; an impulse response is a click and its echoes, {LONGEST_S:.0f} s at most"
        samples = _first_channel(path).samples
    except soundfile.LibsndfileError:
        return "is not a sound file that can be read"
    if not np.isfinite(samples).all():
        return "holds NaN or infinity"
    return None if samples.any() else "is silent"


@lru_cache(maxsize=16)
def _recorded(path: Path, _changed_ns: int, rate: int) -> Floats:
    samples = _first_channel(path).at(rate).samples.astype(np.float64)
    loudness = np.abs(samples)
    onset = int(np.argmax(loudness >= loudness.max() * 10 ** (ONSET_DB / 20)))
    response = np.trim_zeros(samples[onset:], "b")
    return np.asarray(response / np.sqrt(np.sum(response[: earliest(rate)] ** 2)), dtype=np.float32)


def _first_channel(path: Path) -> Sound:
    """One microphone: the mean of several would comb the room."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return Sound(np.ascontiguousarray(samples[:, 0]), rate)


def direct_to_reverberant_db(response: Floats, rate: int) -> float:
    """The energy of the first 2.5 ms over that of all that follows; infinite where nothing does."""
    direct, rest = (np.sum(part.astype(np.float64) ** 2) for part in np.split(response, [earliest(rate)]))
    return float(10 * np.log10(direct / rest)) if rest else np.inf


def response_t60_s(response: Floats, rate: int) -> float | None:
    """T30 of what follows the direct sound: the mean of the octaves 500 Hz and 1 kHz (ISO 3382); None: no decay."""
    tail = response.astype(np.float64)
    tail[: earliest(rate)] = 0.0
    if not tail.any():
        return None
    return _middle_t60_s(tail, rate)


def _middle_t60_s(tail: Doubles, rate: int) -> float:
    blocks = _in_steps(_octaves(tail, rate, MIDDLE), rate)
    return float(np.mean(_t30_s(_energies(blocks), blocks.shape[-1] / rate)))


def reverberation_time(tail: Doubles, rate: int) -> float:
    """T30 in seconds: a line through the decay curve from -5 to -35 dB (Schroeder's backward integral, ISO 3382)."""
    return float(_t30_s(tail[np.newaxis] ** 2, 1 / rate)[0])


def _t30_s(energies: Doubles, step_s: float) -> Doubles:
    """T30 of each row of energies, `step_s` apart."""
    left = np.cumsum(energies[:, ::-1], axis=1)[:, ::-1]
    decay_db = 10 * np.log10(np.maximum(left / left[:, :1], 1e-30))
    fitted = (decay_db <= -5) & (decay_db >= -35)
    count = np.maximum(fitted.sum(axis=1, keepdims=True), 1)
    time_s = np.arange(energies.shape[1]) * step_s
    centred = fitted * (time_s - (fitted * time_s).sum(axis=1, keepdims=True) / count)
    slopes = np.sum(centred * decay_db, axis=1) / np.maximum(np.sum(centred**2, axis=1), step_s**2)
    # What is over at once has no points to lay a line through: it counts as 60 dB in a step.
    return np.asarray(-60 / np.where(slopes < 0, slopes, -60 / step_s))


def _decaying(clicks: Doubles, t60_s: Doubles, rate: int) -> Doubles:
    """The clicks with each octave dying away in its own `t60_s`.

    How fast a draw decays depends on the draw: each octave is damped until it has the T30 that is asked for.
    """
    blocks = _in_steps(_octaves(clicks, rate), rate)
    energies = _energies(blocks)
    step = blocks.shape[-1]
    time_s = np.arange(energies.shape[1]) * step / rate
    per_s = 1 / t60_s
    for _ in range(4):
        got_s = _t30_s(energies * 10 ** (-6 * np.outer(per_s, time_s)), step / rate)
        per_s = np.clip(per_s + 1 / t60_s - 1 / got_s, 0.3 / t60_s, 2 / t60_s)
    # A decay is that of the steps times that within a step.
    blocks *= (10 ** (-3 * np.outer(per_s, time_s)))[:, :, None].astype(np.float32)
    blocks *= (10 ** (-3 * np.outer(per_s, np.arange(step) / rate)))[:, None, :].astype(np.float32)
    return np.asarray(blocks.sum(axis=0).reshape(-1)[: len(clicks)], dtype=np.float64)


def _in_steps(bands: Floats, rate: int) -> Floats:
    """Bands x samples as bands x steps x samples of a step."""
    step = round(STEP_S * rate)
    return np.pad(bands, ((0, 0), (0, -bands.shape[1] % step))).reshape(len(bands), -1, step)


def _energies(blocks: Floats) -> Doubles:
    return np.asarray(np.einsum("ijk,ijk->ij", blocks, blocks), dtype=np.float64)


def _brought_to(t60_s: float, tail: Doubles, rate: int) -> Doubles:
    """The tail, damped a little more or less: where it is short, right octaves do not add up to a right whole."""
    time_s = np.arange(len(tail)) / rate
    tried: list[tuple[float, Doubles]] = []
    for _ in range(TRIES):
        got_s = np.clip(_middle_t60_s(tail, rate), t60_s / 2, t60_s * 2)
        tried.append((abs(got_s / t60_s - 1), tail))
        if tried[-1][0] < CLOSE:
            break
        tail = tail * 10 ** (-3 * time_s * (1 / t60_s - 1 / got_s))
    return min(tried, key=lambda one: one[0])[1]


def _octaves(samples: Doubles, rate: int, which: slice = ALL) -> Floats:
    """Octaves x samples; all of them add up to the samples."""
    size = fft.next_fast_len(len(samples) + rate // 20, real=True)
    spectrum = fft.rfft(samples.astype(np.float32), size)
    return np.asarray(fft.irfft(_octave_shares(size, rate)[which] * spectrum, size)[:, : len(samples)])


def _centres_hz(rate: int) -> Doubles:
    """The octaves of a rate: 125 Hz, 250 Hz, ... below half of it."""
    return np.asarray(FIRST_OCTAVE_HZ * 2.0 ** np.arange(np.ceil(np.log2(rate / 2 / FIRST_OCTAVE_HZ))))


@lru_cache(maxsize=8)
def _octave_shares(size: int, rate: int) -> Floats:
    """Octave filters (octaves x bins) that overlap and add up to one; the first and last reach to the ends."""
    centres = np.log2(_centres_hz(rate))
    hz = np.maximum(fft.rfftfreq(size, 1 / rate), 1.0)
    octave = np.interp(np.log2(hz), centres, np.arange(len(centres)))
    return np.maximum(0.0, 1.0 - np.abs(octave - np.arange(len(centres))[:, None])).astype(np.float32)


def _reflections(volume_m3: float, distance_m: float, samples: int, rate: int, rng: Generator) -> Doubles:
    """Clicks in a room whose walls swallow nothing, relative to the direct sound: image sources, then chance.

    Image sources come 4 pi c r^2 / V times a second, each with (direct / r)^2 of the energy; so does chance, until
    it fills every sample.
    """
    reach_m = np.cbrt(3 * IMAGES * volume_m3 / (4 * np.pi))
    far_m, signs, direct_m = _images(volume_m3, distance_m, rng)
    near = far_m < reach_m
    lags = np.rint((far_m[near] - direct_m) / SPEED_OF_SOUND_MPS * rate).astype(np.int64)
    early = np.bincount(lags, signs[near] * direct_m / far_m[near], minlength=samples)[:samples]
    r_m = direct_m + np.arange(samples) * SPEED_OF_SOUND_MPS / rate
    likely = np.minimum(4 * np.pi * SPEED_OF_SOUND_MPS * r_m**2 / volume_m3 / rate, 1.0)
    sizes, chances = rng.random((samples, 2)).T  # one draw, so that a longer tail begins as a shorter one
    energy = 4 * np.pi * SPEED_OF_SOUND_MPS * direct_m**2 / volume_m3 / rate
    late = (sizes - 0.5) * np.sqrt(12 * energy / likely) * (chances < likely)
    return np.asarray(early + np.where(r_m < reach_m, 0.0, late))


def _images(volume_m3: float, distance_m: float, rng: Generator) -> tuple[Doubles, Doubles, float]:
    """How far the image sources of a drawn room lie, their signs, and how far the mouth itself.

    Each reflection turns the sign, or the sum would push for long in one direction as no room does (Lehmann and
    Johansson, JASA 124(1), 2008). A distance for which the room is too small is as long as fits.
    """
    sides = rng.uniform(NARROWEST, WIDEST)
    sides *= np.cbrt(volume_m3 / sides.prod())
    towards = rng.standard_normal(3)
    room = (1 - 2 * FROM_WALL) * sides
    apart = towards * min(distance_m / np.linalg.norm(towards), np.min(room / np.abs(towards)))
    middle = FROM_WALL * sides + np.abs(apart) / 2 + rng.random(3) * (room - np.abs(apart))
    mouth, ear = middle + apart / 2, middle - apart / 2
    places = np.multiply.outer(ORDERS, sides) + np.where(ORDERS[:, None] % 2, sides - mouth, mouth) - ear
    far_m = np.sqrt(_summed(places**2))
    orders = _summed(np.tile(np.abs(ORDERS)[:, None], 3))
    return far_m[orders > 0], (-1.0) ** orders[orders > 0], float(far_m[orders == 0][0])


def _summed(along: npt.NDArray[np.generic]) -> Doubles:
    """Places x three axes: the sum of one of each, for all combinations, flat."""
    x, y, z = along.astype(np.float64).T
    return np.asarray((x[:, None, None] + y[:, None] + z).ravel())
