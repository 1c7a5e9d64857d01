"""Made-up rooms have the reverberation asked for, and recorded ones keep theirs."""

import numpy as np
import pytest
import soundfile
from numpy.random import default_rng
from scipy import signal

from pipeline.errors import BadlineError
from pipeline.line.rooms import (
    critical_distance_m,
    direct_to_reverberant_db,
    recorded_response,
    response_t60_s,
    reverberation_time,
    room_response,
)

RATE = 16_000


def octave(samples, centre_hz, rate):
    edges = [centre_hz / np.sqrt(2), centre_hz * np.sqrt(2)]
    return signal.sosfilt(signal.butter(3, edges, "bandpass", fs=rate, output="sos"), samples)


def t30_s(tail, rate):
    """ISO 3382, told anew: what is left of the energy, and a straight line from -5 to -35 dB."""
    left = np.cumsum(tail[::-1] ** 2)[::-1]
    decay_db = 10 * np.log10(left / left[0] + 1e-30)
    first, last = np.argmax(decay_db <= -5), np.argmax(decay_db <= -35)
    return -60 / np.polyfit(np.arange(first, last) / rate, decay_db[first:last], 1)[0]


def octave_t30_s(response, centre_hz, rate=RATE):
    tail = np.concatenate(([0.0], response[1:].astype(np.float64)))
    return t30_s(octave(tail, centre_hz, rate), rate)


def write(path, samples, rate=RATE):
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path


def measured_room(rate=48_000, delay=700):
    """A click after a delay, over noise at -70 dB, and half a second later a reflection of a quarter."""
    samples = 1e-4 * default_rng(1).standard_normal(rate)
    samples[delay], samples[delay + rate // 2] = 0.4, 0.1
    return samples


def test_an_exponential_decay_has_the_reverberation_time_of_its_formula():
    time_s = np.arange(RATE) / RATE
    assert reverberation_time(10 ** (-3 * time_s / 0.5), RATE) == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
@pytest.mark.parametrize("t60_s", [0.15, 0.4, 0.6, 1.8])
@pytest.mark.parametrize("volume_m3", [3, 40, 400])
def test_the_reverberation_time_is_within_10_percent(rate, t60_s, volume_m3):
    for seed in range(2):
        response = room_response(t60_s, 3.0, volume_m3, rate, default_rng(seed))
        assert np.mean([octave_t30_s(response, hz, rate) for hz in (500, 1000)]) == pytest.approx(t60_s, rel=0.1)
        assert response_t60_s(response, rate) == pytest.approx(t60_s, rel=0.1)


@pytest.mark.parametrize("centre_hz", [250, 500, 1000, 2000, 4000])
def test_each_octave_decays_as_it_should(centre_hz):
    got = [octave_t30_s(room_response(0.6, 0.0, 40.0, RATE, default_rng(seed)), centre_hz) for seed in range(9)]
    assert np.median(got) == pytest.approx(0.6 * {2000: np.sqrt(0.9), 4000: 0.9}.get(centre_hz, 1), rel=0.05)


def test_a_car_reverberates_for_as_long_as_octave_filters_can_tell():
    rooms = [room_response(0.06, -2.0, 3.0, RATE, default_rng(seed)) for seed in range(20)]
    assert [response_t60_s(room, RATE) for room in rooms] == pytest.approx([0.06] * 20, abs=0.02)


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
@pytest.mark.parametrize("drr_db", [-20, -6, 0, 13, 40])
def test_direct_to_reverberant_ratio_is_within_1_db_with_2_and_a_half_ms_counted_as_direct(drr_db, rate):
    response = room_response(0.4, drr_db, 40.0, rate, default_rng(1))
    direct, rest = np.split(response.astype(np.float64), [round(0.0025 * rate)])
    assert 10 * np.log10((direct @ direct) / (rest @ rest)) == pytest.approx(drr_db, abs=0.2)
    assert direct_to_reverberant_db(response, rate) == pytest.approx(drr_db, abs=0.2)


def test_the_direct_sound_is_at_lag_0_and_nothing_else_comes_for_2_and_a_half_ms():
    response = room_response(0.6, -6.0, 40.0, RATE, default_rng(2))
    assert response[0] > 0
    assert not response[1:40].any()
    assert np.sum(response.astype(np.float64) ** 2) == pytest.approx(1, abs=1e-5)


def test_the_first_reflections_are_those_of_a_shoebox_and_come_later_in_a_larger_one():
    def median_of_strongest_s(volume_m3):
        rooms = [room_response(0.8, 6.0, volume_m3, RATE, default_rng(seed)) for seed in range(20)]
        return np.median([np.argmax(np.abs(room[1:])) for room in rooms]) / RATE

    # As the cube root of the volume: the same rooms, ten times as wide, if the damping is left aside.
    assert median_of_strongest_s(3000.0) > 3 * median_of_strongest_s(3.0)


def test_the_sound_thickens_with_time_as_image_sources_do():
    room = np.abs(room_response(1.5, 0.0, 5000.0, RATE, default_rng(3)))
    room *= 10 ** (3 * np.arange(len(room)) / RATE / 1.5)  # the decay taken away
    early, late = (part / np.sqrt(np.mean(part**2)) for part in (room[800:2400], room[12_000:13_600]))
    assert np.mean(early**4) > 2 * np.mean(late**4)  # kurtosis: single clicks against noise


def test_high_octaves_die_away_faster():
    response = room_response(0.8, 0.0, 40.0, RATE, default_rng(4), hf_damping=0.6)
    assert octave_t30_s(response, 4000) == pytest.approx(0.8 * 0.6, rel=0.1)


def test_the_same_generator_gives_the_same_room_and_another_gives_another():
    first, same, other = (room_response(0.3, 0.0, 40.0, RATE, default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_a_room_that_rings_for_longer_is_the_same_room():
    # 3 dB more reverberation for twice the T60: the mouth is as far away.
    short, long = (room_response(t60_s, drr_db, 40.0, RATE, default_rng(7)) for t60_s, drr_db in ((0.4, 9), (0.8, 6)))
    early = slice(40, 800)
    assert np.corrcoef(short[early], long[early])[0, 1] > 0.95


@pytest.mark.parametrize("rate", [8_000, 44_100])
@pytest.mark.parametrize("t60_s", [0.05, 3.0])
@pytest.mark.parametrize("volume_m3", [1, 20_000])
@pytest.mark.parametrize("drr_db", [-20, 40])
def test_the_ends_of_all_ranges_give_a_room(volume_m3, t60_s, drr_db, rate):
    response = room_response(t60_s, drr_db, volume_m3, rate, default_rng(7), hf_damping=0.3)
    assert np.isfinite(response).all()
    assert direct_to_reverberant_db(response, rate) == pytest.approx(drr_db, abs=0.2)
    assert response_t60_s(response, rate) == pytest.approx(t60_s, rel=0.1, abs=0.02)


def test_the_critical_distance_is_that_of_the_textbook():
    assert critical_distance_m(0.5, 200.0) == pytest.approx(0.057 * np.sqrt(200 / 0.5), rel=0.01)


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
def test_a_recorded_room_loses_its_delay_and_keeps_its_reflections(tmp_path, rate):
    response = recorded_response(write(tmp_path / "room.wav", measured_room(), 48_000), rate)
    assert np.argmax(np.abs(response)) < rate / 1000
    assert np.argmax(np.abs(response[rate // 4 :])) == pytest.approx(rate / 4, abs=rate / 1000)
    assert np.sum(response[: rate // 400].astype(np.float64) ** 2) == pytest.approx(1, abs=0.01)
    # At a lower rate the click rings before it sounds; that is cut.
    assert direct_to_reverberant_db(response, rate) == pytest.approx(20 * np.log10(4), abs=0.5)


def test_how_loud_a_room_was_recorded_makes_no_difference(tmp_path):
    loud, soft = (write(tmp_path / f"{gain}.wav", gain * measured_room(), 48_000) for gain in (1.0, 0.01))
    assert recorded_response(loud, RATE) == pytest.approx(recorded_response(soft, RATE), abs=1e-5)


def test_of_several_microphones_the_first_is_taken(tmp_path):
    both = np.stack((measured_room(), np.roll(measured_room(), 20)), axis=1)
    one, two = write(tmp_path / "1.wav", both[:, 0], 48_000), write(tmp_path / "2.wav", both, 48_000)
    assert np.array_equal(recorded_response(one, RATE), recorded_response(two, RATE))


def test_a_made_up_room_written_to_a_file_is_read_back_with_its_reverberation(tmp_path):
    room = np.concatenate((np.zeros(500, np.float32), 0.3 * room_response(0.5, 3.0, 60.0, 48_000, default_rng(8))))
    response = recorded_response(write(tmp_path / "room.wav", room, 48_000), RATE)
    assert response_t60_s(response, RATE) == pytest.approx(0.5, rel=0.1)
    assert direct_to_reverberant_db(response, RATE) == pytest.approx(3, abs=1)


@pytest.mark.parametrize(
    ("samples", "wrong"),
    [
        (np.zeros(100), "is silent"),
        (np.zeros(0), "is silent"),
        (np.full(100, np.nan), "holds NaN"),
        (np.ones(21 * RATE), "lasts 21 s"),
    ],
)
def test_what_can_be_no_room_is_refused(tmp_path, samples, wrong):
    path = write(tmp_path / "room.wav", samples)
    with pytest.raises(BadlineError, match=f"room.wav: {wrong}"):
        recorded_response(path, RATE)
