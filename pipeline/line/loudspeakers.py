"""Loudspeakers: what one lets through of a sound that it plays."""

import numpy as np
from scipy import signal

from pipeline.audio import Floats

NEAR_HALF = 0.9  # of half the rate: an upper edge above that is the rate's own


def loudspeaker(samples: Floats, rate: int, low_hz: float, high_hz: float, *, order: int) -> Floats:
    """The sound through a Butterworth band, -3 dB at both edges, each side of so many poles.

    A closed box falls as a high-pass of order 2 below its resonance (Small, "Closed-box loudspeaker systems",
    JAES 20(10), 1972); a horn falls more steeply below its cut-off.
    """
    sections = signal.butter(order, low_hz, "highpass", fs=rate, output="sos")
    if high_hz < NEAR_HALF * rate / 2:
        sections = np.concatenate((sections, signal.butter(order, high_hz, "lowpass", fs=rate, output="sos")))
    return np.asarray(signal.sosfilt(sections, samples), np.float32)
