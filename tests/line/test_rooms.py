"""Made-up rooms have the reverberation asked for."""

import numpy as np
import pytest
from scipy import signal

from pipeline.line.rooms import reverberation_time, room_response

RATE = 16_000


def tail_of(response):
    return np.concatenate(([0.0], response[1:].astype(np.float64)))


def octave(samples, centre_hz, rate):
    edges = [centre_hz / np.sqrt(2), centre_hz * np.sqrt(2)]
    return signal.sosfilt(signal.butter(3, edges, "bandpass", fs=rate, output="sos"), samples)


def middle_t30(response, rate):
    """As ISO 3382 measures it: octave filters at 500 Hz and 1 kHz, and the mean of the two."""
    return np.mean([reverberation_time(octave(tail_of(response), hz, rate), rate) for hz in (500, 1000)])


def test_an_exponential_decay_has_the_reverberation_time_of_its_formula():
    time_s = np.arange(RATE) / RATE
    assert reverberation_time(10 ** (-3 * time_s / 0.5), RATE) == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
@pytest.mark.parametrize("t60_s", [0.15, 0.4, 0.6, 1.8])
@pytest.mark.parametrize("volume_m3", [3, 40, 400])
def test_the_reverberation_time_is_within_10_percent(rate, t60_s, volume_m3):
    for seed in range(3):
        response = room_response(t60_s, 3.0, volume_m3, rate, np.random.default_rng(seed))
        assert middle_t30(response, rate) == pytest.approx(t60_s, rel=0.1)


@pytest.mark.parametrize("drr_db", [-6, 0, 13])
def test_direct_to_reverberant_ratio_is_within_1_db_with_2_and_a_half_ms_counted_as_direct(drr_db):
    response = room_response(0.4, drr_db, 40.0, RATE, np.random.default_rng(1)).astype(np.float64)
    direct, rest = np.split(response, [RATE // 400])
    assert 10 * np.log10((direct @ direct) / (rest @ rest)) == pytest.approx(drr_db, abs=1)


def test_the_direct_sound_is_at_lag_0_and_the_whole_has_unit_energy():
    response = room_response(0.6, 6.0, 40.0, RATE, np.random.default_rng(2))
    assert np.argmax(np.abs(response)) == 0
    assert np.sum(response.astype(np.float64) ** 2) == pytest.approx(1, abs=1e-5)


def test_early_reflections_are_sparser_in_a_larger_room():
    small, large = (room_response(0.6, 0.0, cube, RATE, np.random.default_rng(3)) for cube in (30.0, 3000.0))
    early = slice(RATE // 50, RATE // 20)
    assert np.count_nonzero(large[early]) < np.count_nonzero(small[early]) / 3


def test_high_octaves_die_away_faster():
    response = room_response(0.8, 0.0, 40.0, RATE, np.random.default_rng(4), hf_damping=0.6)
    assert reverberation_time(octave(tail_of(response), 4000, RATE), RATE) < 0.8 * 0.75


def test_the_same_generator_gives_the_same_room_and_another_gives_another():
    first, same, other = (room_response(0.3, 0.0, 40.0, RATE, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("volume_m3", [2, 20_000])
def test_the_shortest_reverberation_is_finite_in_any_volume(volume_m3):
    assert np.isfinite(room_response(0.05, 0.0, volume_m3, 8_000, np.random.default_rng(7))).all()
