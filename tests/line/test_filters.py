import numpy as np
import pytest
from scipy.signal import freqz

from pipeline.line.filters import block_size, curve_taps, fir_filter, half_taps, response_db


def noise(rows, samples, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (rows, samples)).astype(np.float32)


def decaying_taps(count):
    return np.random.default_rng(1).standard_normal(count) * np.exp(-np.arange(count) / (count / 4))


@pytest.mark.parametrize("samples", [1, 10, 1999, 2048, 40_000])
@pytest.mark.parametrize("count", [1, 3, 161, 5001])
def test_filtering_is_convolution_without_the_lag(samples, count):
    rows, taps = noise(2, samples), decaying_taps(count)
    filtered = fir_filter(rows, taps)
    whole = np.array([np.convolve(row.astype(np.float64), taps) for row in rows])
    expected = whole[:, count // 2 : count // 2 + samples]
    assert filtered.dtype == np.float32
    np.testing.assert_allclose(filtered, expected, atol=2e-6 * np.abs(whole).max())


def test_an_impulse_response_keeps_its_first_sample_in_place():
    rows, taps = noise(1, 9000), decaying_taps(4000)
    expected = np.convolve(rows[0].astype(np.float64), taps)[:9000]
    np.testing.assert_allclose(fir_filter(rows, taps, lag=0)[0], expected, atol=1e-5)


def test_a_row_has_the_same_bits_in_any_batch():
    rows, taps = noise(5, 30_000), decaying_taps(161)
    together = fir_filter(rows, taps)
    assert all(np.array_equal(together[k], fir_filter(rows[k : k + 1], taps)[0]) for k in range(5))


def test_a_longer_row_begins_with_the_same_bits_up_to_the_last_block():
    rows, taps = noise(1, 50_000), decaying_taps(161)
    longer, shorter = fir_filter(rows, taps), fir_filter(rows[:, :33_000], taps)
    whole_blocks = 33_000 - block_size(161)
    assert np.array_equal(shorter[:, :whole_blocks], longer[:, :whole_blocks])
    np.testing.assert_allclose(shorter[:, : 33_000 - 80], longer[:, : 33_000 - 80], atol=1e-6)


def test_silence_stays_silence_and_the_input_stays_as_it_was():
    rows = noise(2, 5000)
    rows[1] = 0
    before = rows.copy()
    assert not fir_filter(rows, decaying_taps(161))[1].any()
    assert np.array_equal(rows, before)


def test_the_mean_of_two_samples_has_a_cosine_as_its_response():
    hz = np.array([100.0, 1000.0, 3000.0])
    expected = 20 * np.log10(np.cos(np.pi * hz / 16_000))
    np.testing.assert_allclose(response_db(np.array([0.5, 0.5]), hz, 16_000), expected, atol=1e-9)


@pytest.mark.parametrize("rate", [8000, 22_050, 48_000])
def test_taps_pass_through_the_points_of_their_curve(rate):
    curve_db = {200: -12.0, 500: -3.0, 1000: 0.0, 3000: 6.0}
    taps = curve_taps(curve_db, rate, half_ms=10)
    _, response = freqz(taps, worN=list(curve_db), fs=rate)
    np.testing.assert_allclose(20 * np.log10(np.abs(response)), list(curve_db.values()), atol=0.1)
    assert np.allclose(taps, taps[::-1])


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100])
def test_taps_look_ahead_no_further_than_they_say(rate):
    assert 4.8 < half_taps(5, rate) / rate * 1000 <= 5
