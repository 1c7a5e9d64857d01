"""Coughs measured: length, onset, band, level, and that there are many of them."""

import numpy as np
import pytest
import scipy.signal

from pipeline.call.cough import cough
from pipeline.chance import stream
from pipeline.levels import active_speech_level

RATE = 16000
SEEDS = range(40)


def coughs():
    return [cough(stream(seed, "cough")) for seed in SEEDS]


def test_a_seed_gives_the_same_bytes_and_another_one_another_cough():
    first, again, other = (cough(stream(seed, "cough")) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_it_lasts_as_one_cough_or_two_do():
    seconds = [len(sound) / RATE for sound in coughs()]
    assert 0.15 <= min(seconds) < 0.45  # one
    assert 0.45 < max(seconds) <= 1.5  # two


def test_it_is_as_loud_as_the_caller_and_not_clipped():
    for sound in coughs():
        assert sound.dtype == np.float32
        assert active_speech_level(sound, RATE).asl_dbov == pytest.approx(-26.0, abs=0.2)
        assert np.abs(sound).max() < 1.0


def test_it_explodes_within_the_first_hundredth_of_a_second():
    for sound in coughs():
        early = np.abs(sound[: RATE // 10])
        assert np.flatnonzero(early > 0.5 * early.max())[0] < RATE // 100


def test_the_burst_is_well_above_the_rush_that_follows():
    for sound in coughs():
        burst, rush = sound[: RATE * 20 // 1000], sound[RATE * 80 // 1000 : RATE * 120 // 1000]
        assert 20 * np.log10(np.std(burst) / np.std(rush)) > 3


def test_it_is_broad_band_noise_with_most_of_its_power_low():
    for sound in coughs():
        hz, power = scipy.signal.welch(sound.astype(float), RATE, nperseg=512)
        share = np.cumsum(power) / power.sum()
        assert hz[np.searchsorted(share, 0.05)] > 150
        assert hz[np.searchsorted(share, 0.5)] < 2000
        assert hz[np.searchsorted(share, 0.99)] > 4000  # a rumble or a tone would end far below


def test_nothing_is_silent_at_its_ends():
    for sound in coughs():
        peak = np.abs(sound).max()
        assert min(abs(sound[0]), abs(sound[-1])) > peak * 10 ** (-46 / 20)


def test_it_is_made_at_the_rate_that_is_wanted():
    for rate in (8000, 24000):
        sound = cough(stream(3, "cough"), rate)
        assert active_speech_level(sound, rate).asl_dbov == pytest.approx(-26.0, abs=0.2)
        assert 0.15 <= len(sound) / rate <= 1.5
