"""Levels against the recommendation's formula written out, sines on paper, and the table of IEC 61672-1."""

import math

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.signal import lfilter

from pipeline import levels
from pipeline.errors import BadlineError

RATES = (8000, 16000, 22050, 24000, 44100, 48000)
THIRDS_DB = {-13: -30.2, -10: -19.1, -6: -8.6, -3: -3.2, 0: 0.0, 3: 1.2, 6: 1.0, 9: -1.1, 10: -2.5, 12: -6.6}
# IEC 61672-1:2013, table 3, whose nominal "16 kHz" is exactly 1000 x 10^(12/10) Hz
A_TABLE_DB = {1000 * 10 ** (third / 10): db for third, db in THIRDS_DB.items()}


def sine(hz: float, rate: int, seconds: float, peak: float = 1.0):
    return (peak * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


def speech_like(rate: int, seconds: float, seed: int = 1):
    """Noise in syllables of 250 ms and phrases of 2 s, with pauses between and after them."""
    t = np.arange(int(rate * seconds)) / rate
    syllables = np.clip(np.sin(2 * np.pi * 4 * t) + 0.5, 0, None)
    phrases = (t % 2.0) < 1.3
    return (0.1 * syllables * phrases * default_rng(seed).standard_normal(len(t))).astype(np.float32)


def p56(samples, rate: int) -> float:
    """ITU-T P.56, method B, sample by sample."""
    x = samples.astype(np.float64)
    g = math.exp(-1 / (0.03 * rate))
    q = lfilter([1 - g], [1, -g], lfilter([1 - g], [1, -g], np.abs(x)))
    before = None
    for c in (2.0**-k for k in range(15, 0, -1)):
        since = np.arange(len(q)) - np.maximum.accumulate(np.where(q >= c, np.arange(len(q)), -rate))
        a = 10 * math.log10((x**2).sum() / (since <= round(0.2 * rate)).sum())
        over = a - 20 * math.log10(c) - 15.9
        if over <= 0:
            level, excess = before
            return level + (a - level) * excess / (excess - over)
        before = (a, over)
    raise AssertionError("no threshold lies one margin below the level")


@pytest.mark.parametrize("rate", RATES)
def test_the_active_speech_level_is_that_of_the_formula_taken_at_every_sample(rate):
    samples = speech_like(rate, 8.0)
    assert levels.active_speech_level(samples, rate).asl_dbov == pytest.approx(p56(samples, rate), abs=0.01)


@pytest.mark.parametrize("around_s", [1, 3, 10])
def test_silence_around_speech_does_not_move_its_level(around_s):
    samples = speech_like(16000, 8.0)
    padded = np.pad(samples, around_s * 16000)
    alone = levels.active_speech_level(samples, 16000)
    assert levels.active_speech_level(padded, 16000).asl_dbov == pytest.approx(alone.asl_dbov, abs=0.1)
    assert levels.leq_dbov(padded) < levels.leq_dbov(samples) - 0.9


@pytest.mark.parametrize("db", [-30.0, -6.5, -0.3, 1.7, 12.0])
def test_a_gain_moves_the_active_speech_level_by_itself(db):
    samples = speech_like(16000, 8.0)
    before = levels.active_speech_level(samples, 16000).asl_dbov
    after = levels.active_speech_level(samples * np.float32(10 ** (db / 20)), 16000).asl_dbov
    assert after - before == pytest.approx(db, abs=0.01)


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_that_never_pauses_is_active_throughout_and_has_its_power_as_level(rate):
    level = levels.active_speech_level(sine(1000, rate, 10.0), rate)
    assert level.asl_dbov == pytest.approx(10 * math.log10(1 / 2), abs=0.02)
    assert level.activity == pytest.approx(1.0, abs=0.005)


def test_a_tone_that_sounds_half_the_time_is_active_half_the_time_and_in_the_hangover():
    rate, tone = 16000, sine(500, 16000, 40.0, peak=0.1)
    keyed = tone * (np.arange(len(tone)) % (4 * rate) < 2 * rate)
    level = levels.active_speech_level(keyed.astype(np.float32), rate)
    # 2 s in 4, 200 ms of hang-over, and 80 ms: the envelope reaches the threshold, a sixth of mean |x|, after
    # 21 ms and falls to it in 101 ms, by 1 - (1 + s) exp(-s) and (1 + s) exp(-s) with s = t / 30 ms
    assert level.activity == pytest.approx((2.0 + 0.2 + 0.08) / 4, abs=0.01)
    assert level.asl_dbov == pytest.approx(-23.01 + 10 * math.log10(2.0 / 2.28), abs=0.08)


def test_the_activity_is_the_power_of_all_over_the_power_while_active():
    samples = speech_like(16000, 8.0)
    level = levels.active_speech_level(samples, 16000)
    assert 10 * math.log10(level.activity) == pytest.approx(levels.leq_dbov(samples) - level.asl_dbov, abs=1e-6)


@pytest.mark.parametrize("length", [0, 1, 10, 16000])
def test_silence_has_no_level(length):
    silence = np.zeros(length, dtype=np.float32)
    assert levels.active_speech_level(silence, 16000) == levels.Level(-math.inf, 0.0)
    assert levels.leq_dbov(silence) == levels.a_weighted_leq_dbov(silence, 16000) == -math.inf
    with pytest.raises(BadlineError, match="silent"):
        levels.scale_to(silence, 16000, -26.0)


def test_the_toggling_of_the_lowest_bit_is_silence():
    faint = (default_rng(1).integers(0, 2, 16000) * 2.0**-16).astype(np.float32)
    assert levels.active_speech_level(faint, 16000).asl_dbov == -math.inf


def test_a_click_and_ten_samples_have_a_finite_level():
    click = np.zeros(16000, dtype=np.float32)
    click[8000] = 1.0
    assert math.isfinite(levels.active_speech_level(click, 16000).asl_dbov)
    assert math.isfinite(levels.active_speech_level(np.full(10, 0.5, dtype=np.float32), 8000).asl_dbov)


def test_a_sound_that_holds_nan_has_no_level():
    broken = np.array([0.1, np.nan], dtype=np.float32)
    with pytest.raises(ValueError, match="NaN"):
        levels.active_speech_level(broken, 16000)
    with pytest.raises(ValueError, match="NaN"):
        levels.a_weighted_leq_dbov(broken, 16000)


def test_a_full_scale_square_wave_has_0_dbov_and_a_sine_3_less():
    square = np.tile(np.array([1, -1], dtype=np.float32), 8000)
    assert levels.leq_dbov(square) == pytest.approx(0.0, abs=1e-9)
    assert levels.leq_dbov(sine(1000, 16000, 1.0)) == pytest.approx(-3.0103, abs=1e-4)


def test_speech_scaled_to_a_level_has_it():
    samples = speech_like(24000, 6.0)
    scaled = levels.scale_to(samples, 24000, -26.0)
    assert levels.active_speech_level(scaled, 24000).asl_dbov == pytest.approx(-26.0, abs=0.01)
    assert scaled.dtype == np.float32


def test_six_decibels_double():
    assert levels.gain(20 * math.log10(2)) == pytest.approx(2.0)


@pytest.mark.parametrize(("hz", "db"), A_TABLE_DB.items())
def test_the_a_curve_is_the_table_of_the_standard(hz, db):
    assert 20 * math.log10(levels.a_curve(hz)) == pytest.approx(db, abs=0.06)


@pytest.mark.parametrize("rate", RATES)
def test_a_weighting_moves_each_tone_by_the_table_up_to_half_the_rate(rate):
    for hz, db in A_TABLE_DB.items():
        if hz < 0.499 * rate:
            tone = sine(hz, rate, 4.0)
            weighted = levels.a_weighted(tone, rate)
            moved = levels.leq_dbov(weighted[rate:-rate]) - levels.leq_dbov(tone[rate:-rate])
            assert moved == pytest.approx(db, abs=0.1), f"{hz} Hz at {rate} Hz"
            assert levels.a_weighted_leq_dbov(tone, rate) + 3.01 == pytest.approx(db, abs=0.1)


def test_a_weighting_follows_the_curve_close_to_half_the_rate():
    tone = sine(3950, 8000, 4.0)
    moved = levels.leq_dbov(levels.a_weighted(tone, 8000)[8000:-8000]) - levels.leq_dbov(tone[8000:-8000])
    assert moved == pytest.approx(20 * math.log10(levels.a_curve(3950)), abs=0.02)


def test_a_weighting_keeps_length_and_time_and_leaves_its_input_alone():
    click = np.zeros(4000, dtype=np.float32)
    click[1234] = 0.5
    before = click.copy()
    weighted = levels.a_weighted(click, 16000)
    assert len(weighted) == len(click)
    assert np.abs(weighted).argmax() == 1234
    assert (click == before).all()


@pytest.mark.parametrize("rate", RATES)
def test_the_fast_weighted_leq_is_that_of_the_weighted_samples(rate):
    samples = speech_like(rate, 3.0)
    slow = levels.leq_dbov(levels.a_weighted(samples, rate))
    assert levels.a_weighted_leq_dbov(samples, rate) == pytest.approx(slow, abs=0.01)
