import math

import numpy as np
import pytest
from scipy import signal

from pipeline.audio import Sound
from pipeline.run.blind import blind

RATE = 16_000


def hiss(seconds=4, rate=RATE, sd=0.1):
    return np.random.default_rng(1).normal(0, sd, seconds * rate)


def told(samples, rate=RATE):
    return blind(Sound(np.asarray(samples, np.float32), rate))


def test_a_sine_has_3_db_less_than_its_peak():
    tone = told(0.5 * np.sin(2 * np.pi * 1000 * np.arange(4 * RATE) / RATE))
    assert tone.peak_dbov == pytest.approx(20 * math.log10(0.5), abs=0.01)
    assert tone.asl_dbov == pytest.approx(20 * math.log10(0.5) - 3.01, abs=0.1)
    assert tone.activity == pytest.approx(1, abs=0.02)


def test_the_floor_is_the_level_between_the_words():
    loud, faint = hiss(sd=0.1), hiss(sd=0.001)
    assert told(np.concatenate((loud, faint))).floor_dbov == pytest.approx(-60, abs=1)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_the_band_is_where_a_filter_of_scipy_passes(rate):
    taps = signal.firwin(2049, (300, 3400), fs=rate, pass_zero=False)
    got = told(signal.lfilter(taps, 1, hiss(rate=rate)), rate)
    assert (got.low_hz, got.high_hz) == (pytest.approx(300, abs=50), pytest.approx(3400, abs=50))


def test_silence_has_no_level_and_no_band():
    silent = told(np.zeros(RATE))
    assert (silent.asl_dbov, silent.peak_dbov, silent.floor_dbov, silent.low_hz, silent.high_hz) == (None,) * 5


@pytest.mark.parametrize("samples", [[0.5], [0.1] * 10])
def test_a_hair_of_sound_can_be_told_of(samples):
    assert told(samples).peak_dbov == pytest.approx(20 * math.log10(samples[0]), abs=0.01)
