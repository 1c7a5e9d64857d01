"""What decoders put into gaps, at 8 and at 16 kHz."""

import numpy as np
import pytest
from scipy import signal

from pipeline.line.concealment import CONCEALMENTS, concealed, g711_app1, pitch_period

both_rates = pytest.mark.parametrize("rate", [8_000, 16_000])


def marks(frames, *lost):
    return np.isin(np.arange(frames), lost)


@both_rates
def test_a_periodic_sound_goes_on_through_a_gap_of_10_ms(rate):
    period, ten_ms = 73 * rate // 8_000, rate // 100
    sound = np.rint(8000 * signal.sawtooth(2 * np.pi * np.arange(50 * ten_ms) / period, 0.4)).astype(np.int16)
    filled = concealed(sound, marks(50, 30), g711_app1, frame=ten_ms, rate=rate)
    assert np.abs(filled.astype(int) - sound).max() < 400


@both_rates
def test_concealment_loses_20_percent_every_10_ms_and_is_silent_after_60(rate):
    ten_ms = rate // 100
    sound = np.rint(8000 * signal.square(2 * np.pi * np.arange(50 * ten_ms) / ten_ms)).astype(np.int16)
    filled = concealed(sound, marks(50, *range(20, 30)), g711_app1, frame=ten_ms, rate=rate)
    peaks = np.abs(filled[20 * ten_ms : 30 * ten_ms]).reshape(10, ten_ms)[:, -1] / 8000
    assert peaks == pytest.approx([1, 0.8, 0.6, 0.4, 0.2, 0, 0, 0, 0, 0], abs=0.02)


@both_rates
def test_sound_from_a_quarter_period_before_the_gap_is_kept(rate):
    per_ms = rate // 1000
    sound = np.rint(8000 * np.random.default_rng(1).standard_normal(500 * per_ms).clip(-3, 3)).astype(np.int16)
    filled = concealed(sound, marks(25, 10, 11), g711_app1, frame=20 * per_ms, rate=rate)
    changed = np.flatnonzero(filled != sound)
    assert changed.min() >= (200 - 3.75) * per_ms
    assert changed.max() < (240 + 10) * per_ms


@both_rates
def test_after_20_ms_sound_is_faded_in_over_a_quarter_period_and_4_ms(rate):
    per_ms, period = rate // 1000, 8 * rate // 1000
    tone = 8000 * signal.sawtooth(2 * np.pi * np.arange(240 * per_ms) / period, 0.4)
    hiss = 3000 * np.random.default_rng(1).standard_normal(100 * per_ms)
    sound = np.concatenate((tone, hiss)).astype(np.int16)
    filled = concealed(sound, marks(17, 11), g711_app1, frame=20 * per_ms, rate=rate)
    assert np.flatnonzero(filled != sound).max() == pytest.approx((240 + 2 + 4) * per_ms, abs=2)


@both_rates
@pytest.mark.parametrize("period_ms", [5.125, 7.125, 10, 14.875])
def test_the_pitch_of_a_periodic_sound_is_found(rate, period_ms):
    period = round(period_ms * rate / 1000)
    pulses = np.resize(np.exp(-np.arange(period) / 8.0), 390 * rate // 8_000)
    assert pitch_period(1000 * pulses, rate) in {period, 2 * period}


def test_repetition_plays_the_frame_before_the_gap_again():
    sound = np.arange(1, 41, dtype=np.int16)
    filled = concealed(sound, marks(4, 1, 2), CONCEALMENTS["repeat"], frame=10, rate=8_000)
    assert filled.tolist() == [*range(1, 11), *range(1, 11), *range(1, 11), *range(31, 41)]


def test_silence_fills_the_gap_and_nothing_else():
    sound = np.arange(1, 41, dtype=np.int16)
    filled = concealed(sound, marks(4, 1), CONCEALMENTS["zero"], frame=10, rate=8_000)
    assert np.flatnonzero(filled == 0).tolist() == list(range(10, 20))
