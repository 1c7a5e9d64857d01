"""A lag is found as it is, whatever a high-pass does to the lowest harmonics."""

import numpy as np
import pytest
from scipy import signal

from pipeline.line.lag import humming, lag_samples


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("samples", [-31, 0, 1, 37])
def test_a_shifted_voice_lags_by_so_many_samples(rate, samples):
    voice = humming(rate)
    assert lag_samples(voice, np.roll(voice, samples), rate) == samples


def test_a_high_pass_of_80_hz_does_not_shift_a_voice():
    voice = humming(16_000)
    thin = signal.sosfilt(signal.butter(2, 80, "highpass", fs=16_000, output="sos"), voice)
    assert abs(lag_samples(voice, thin.astype(np.float32), 16_000)) <= 1
