"""Filters: linear-phase FIR taps for a curve, what taps do to a frequency, and fast filtering."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import fft

from pipeline.audio import Floats
from pipeline.line.arrays import beside, empty, transforms, windows, zeros

Doubles = npt.NDArray[np.float64]
Spectrum = npt.NDArray[np.complex64]

SHORTEST_BLOCK = 2048  # shorter filters gain nothing from a shorter transform
LONGEST_BLOCK = 2**14  # several of these stay in the cache; longer ones only for filters that want them
ABREAST = 4  # blocks side by side in the processor's registers, which takes less time than two one after the other
AT_ONCE = 2**16  # samples whose transforms stay in the cache; bounds the memory of a long row too


def fir_filter(rows: Floats, taps: Floats | Doubles, *, lag: int | None = None) -> Floats:
    """Rows x samples convolved with `taps`, as long as before, with `lag` samples of delay taken away.

    None means the middle, where linear-phase taps have their lag; an impulse response has lag 0. Overlap-save
    in float32, each row alone, with a block that depends on the number of taps only: a row has the
    same bits in any batch. A longer row begins with the same bits as a shorter one up to the block where that
    one ends, and in that block with the same samples up to rounding (about 1e-7 of the peak). Rows may lie on any
    device.
    """
    lag = len(taps) // 2 if lag is None else lag
    spectrum = beside(_spectrum(taps.astype(np.float32).tobytes(), block_size(len(taps))), rows)
    filtered = [
        _overlap_save(some, spectrum, len(taps), lag=lag) if some.any() else zeros(tuple(some.shape), some)
        for some in _at_once(rows)
    ]
    return filtered[0] if len(filtered) == 1 else np.concatenate(filtered)


def _at_once(rows: Floats) -> Sequence[Floats]:
    """A row of NumPy's alone stays in the cache, and one that is silent costs nothing; elsewhere all at once."""
    return np.split(rows, len(rows)) if isinstance(rows, np.ndarray) and len(rows) > 1 else [rows]


def block_size(taps: int) -> int:
    """The FFT length for so many taps: six times as long as few, about three times as long as many, and quick."""
    wanted = max(SHORTEST_BLOCK, min(6 * taps, LONGEST_BLOCK), 16 * taps // 5)
    return fft.next_fast_len(wanted, real=True)


@lru_cache(maxsize=64)
def _spectrum(taps: bytes, size: int) -> Spectrum:
    return fft.rfft(np.frombuffer(taps, np.float32), size).astype(np.complex64, copy=False)


def _overlap_save(rows: Floats, spectrum: Spectrum, taps: int, *, lag: int) -> Floats:
    """Rows x samples, filtered."""
    size = block_size(taps)
    step = size - taps + 1
    count, samples = rows.shape
    blocks = -(-samples // step)
    blocks += -blocks % ABREAST if blocks % ABREAST > 1 else 0
    start = taps - 1 - lag
    padded = zeros((count, (blocks - 1) * step + size), rows)
    padded[:, start : start + samples] = rows
    frames = windows(padded, size, step)
    out = empty((count, blocks, step), rows)
    at_once = max(ABREAST, AT_ONCE // size)
    for first in range(0, blocks, at_once):
        some = slice(first, first + at_once)
        spectra = transforms(rows).rfft(frames[:, some])
        spectra *= spectrum
        out[:, some] = transforms(rows).irfft(spectra, size)[..., taps - 1 :]
    return out.reshape((count, -1))[:, :samples]


def response_db(taps: Floats | Doubles, hz: float | Doubles, rate: int) -> Doubles:
    """The gain of `taps` at each frequency, from the sum that defines it."""
    angles = np.multiply.outer(np.atleast_1d(hz), np.arange(len(taps))) * (2 * np.pi / rate)
    gains: Doubles = np.abs((np.exp(-1j * angles) * taps).sum(axis=-1))
    return 20 * np.log10(np.maximum(gains, 1e-12))


def curve_taps(curve_db: Mapping[int, float], rate: int, *, half_ms: float) -> Doubles:
    """Linear-phase taps, `half_ms` on each side of the middle, that follow gains in dB at frequencies in Hz.

    Between the points dB run straight over log frequency; outside them the last value holds. Windowing blurs
    the curve, so what the taps miss at the points is added to what is asked of them, a few times.
    """
    points = np.array([hz for hz in sorted(curve_db) if hz <= rate / 2])
    asked = np.array([curve_db[hz] for hz in points])
    aim = asked.copy()
    for _ in range(8):
        taps = _windowed(points, aim, rate, half_taps(half_ms, rate))
        aim = np.clip(aim + asked - response_db(taps, points, rate), asked - 20, asked + 20)
    return taps


def half_taps(half_ms: float, rate: int) -> int:
    """How many taps stand on each side of the middle: never more than `half_ms`, which is the lookahead."""
    return int(half_ms * rate / 1000)


def _windowed(points: Doubles, gains_db: Doubles, rate: int, half: int) -> Doubles:
    size = fft.next_fast_len(16 * half, real=True)
    hz = np.maximum(fft.rfftfreq(size, 1 / rate), 1e-3)
    gains = 10 ** (np.interp(np.log(hz), np.log(points), gains_db) / 20)
    impulse = fft.fftshift(fft.irfft(gains, size))
    middle = size // 2
    return impulse[middle - half : middle + half + 1] * np.hanning(2 * half + 3)[1:-1]
