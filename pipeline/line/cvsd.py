"""CVSD: Bluetooth's delta modulation of 64 kbit/s, one bit for each sample at 64 kHz."""

import numpy as np
import soxr

from pipeline.audio import Ints

RATE = 8_000
BIT_RATE = 64_000
# Bluetooth Core Specification, Vol 2, Part B, section 9.2, table 9.2.
H = 1 - 1 / 32
BETA = 1 - 1 / 1024
ALIKE = 4
SMALLEST, LARGEST = 10.0, 1280.0
LOWEST, HIGHEST = -(2.0**15), 2.0**15 - 1


def cvsd(pcm: Ints) -> Ints:
    """Int16 samples at 8 kHz after the coder and a decoder that heard every bit."""
    fine = np.rint(soxr.resample(pcm.astype(np.float64), RATE, BIT_RATE, quality="HQ"))
    heard = soxr.resample(np.array(modulated(fine.tolist())), BIT_RATE, RATE, quality="HQ")
    return np.asarray(np.clip(np.rint(heard), LOWEST, HIGHEST), dtype=np.int16)


def modulated(samples: list[float]) -> list[float]:
    """The accumulator of coder and decoder (they hold the same) at each sample, in units of int16.

    Each bit needs the one before it, so this is a plain loop; it writes out min and max, whose calls take as long
    as all the rest.
    """
    accumulators = []
    predicted, step, was_up, run = 0.0, SMALLEST, True, 0
    for sample in samples:
        up = sample >= predicted
        run = run + 1 if up == was_up else 1
        was_up = up
        step = step + SMALLEST if run >= ALIKE else BETA * step
        if step < SMALLEST:
            step = SMALLEST
        elif step > LARGEST:
            step = LARGEST
        accumulator = predicted + step if up else predicted - step
        if accumulator > HIGHEST:
            accumulator = HIGHEST
        elif accumulator < LOWEST:
            accumulator = LOWEST
        accumulators.append(accumulator)
        predicted = H * accumulator
    return accumulators
