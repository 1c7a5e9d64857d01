"""Wind: its level against the talker, its spectrum at each speed, and its gusts."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import periodogram, welch

from pipeline.chance import stream
from pipeline.levels import a_weighted_leq_dbov, leq_dbov
from pipeline.line.device.wind import Options, Wind, gusts
from pipeline.line.scene import Nominal, Scene

RATES = (8000, 16000, 22050, 24000, 44100, 48000)


def silent_scene(seconds: float, rate: int = 16000, *, rows: int = 1) -> Scene:
    stem = np.zeros((rows, round(seconds * rate)), dtype=np.float32)
    return Scene(rate, stem, stem, stem, stem, (Nominal(-26.0, -30.0),) * rows)


def streams(rows: int = 1, seed: int = 1):
    return [stream(seed, str(row)) for row in range(rows)]


def blown(seconds: float, rate: int = 16000, *, seed: int = 1, **words: float):
    return Wind(Options(**words))(silent_scene(seconds, rate), streams(seed=seed)).noise[0]


def speeds(sound, rate: int):
    """The wind's speed in each tenth of a second, up to a factor: power goes with its 14/3rd power."""
    whitened = np.diff(sound, prepend=0.0)
    return np.square(whitened).reshape(-1, rate // 10).mean(axis=1) ** (3 / 14)


@pytest.mark.parametrize("rate", RATES)
def test_the_snr_over_a_minute_is_the_one_asked_for_a_weighted(rate):
    sound = blown(60.0, rate, snr_db=3.0)
    assert -30.0 - a_weighted_leq_dbov(sound, rate) == pytest.approx(3.0, abs=0.2)


@pytest.mark.parametrize("gust", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("speed_mps", [0.5, 4.0, 20.0])
def test_any_minute_has_that_snr_however_fast_and_gusty_the_wind(speed_mps, gust):
    after = Wind(Options(speed_mps=speed_mps, gust=gust))(silent_scene(80.0, 8000), streams())
    for start in (0, 80_000, 160_000):
        level = a_weighted_leq_dbov(after.noise[0, start : start + 480_000], 8000)
        assert -30.0 - level == pytest.approx(8.0, abs=0.5)


def test_a_minute_is_judged_to_half_a_decibel_and_what_it_got_is_measured():
    after = Wind(Options())(silent_scene(60.0), streams())
    [got] = after.got[0]
    assert (got.kind, got.name, got.tolerance) == ("set", "snr_db", 0.5)
    assert got.got == pytest.approx(-30.0 - a_weighted_leq_dbov(after.noise[0], 16000))
    assert not got.off_target


def test_the_tolerance_of_a_shorter_piece_holds_what_gusts_do_to_it():
    after = Wind(Options())(silent_scene(5.0, 8000, rows=60), streams(60))
    got = np.array([row[0].got for row in after.got])
    sd = (after.got[0][0].tolerance - 0.5) / 5
    assert got.std() == pytest.approx(sd, rel=0.4)


@pytest.mark.parametrize("seconds", [0.001, 0.02, 1.0, 90.0])
def test_a_piece_of_any_length_has_a_tolerance(seconds):
    after = Wind(Options(gust=1.0))(silent_scene(seconds, 8000), streams())
    assert 0.5 <= after.got[0][0].tolerance < 200
    assert Wind(Options(gust=0.0))(silent_scene(seconds, 8000), streams()).got[0][0].tolerance == pytest.approx(0.5)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("speed_mps", [0.5, 4.0, 20.0])
def test_more_than_95_percent_of_the_energy_lies_below_1_khz(speed_mps, rate):
    hz, power = welch(blown(20.0, rate, speed_mps=speed_mps), rate, nperseg=rate)
    assert power[hz < 1000].sum() > 0.95 * power.sum()


def slope(sound, rate: int, low_hz: float, high_hz: float) -> float:
    """By which power of the frequency the spectral density goes."""
    hz, power = welch(sound, rate, nperseg=rate // 2)
    there = (hz >= low_hz) & (hz <= high_hz)
    return float(np.polyfit(np.log(hz[there]), np.log(power[there]), 1)[0])


def test_the_spectrum_falls_by_the_5_3rd_power_and_above_speed_over_3_cm_by_the_7_3rd():
    fast = blown(60.0, speed_mps=20.0, gust=0.0)  # 667 Hz
    assert slope(fast, 16000, 100, 300) == pytest.approx(-5 / 3, abs=0.15)
    assert slope(fast, 16000, 2000, 7000) == pytest.approx(-7 / 3, abs=0.1)
    slow = blown(60.0, speed_mps=2.0, gust=0.0)  # 67 Hz
    assert slope(slow, 16000, 250, 7000) == pytest.approx(-7 / 3, abs=0.1)


def test_a_faster_wind_is_brighter():
    shares = []
    for speed_mps in (1.0, 4.0, 16.0):
        hz, power = welch(blown(20.0, speed_mps=speed_mps), 16000, nperseg=16000)
        shares.append(power[hz > 300].sum() / power.sum())
    assert shares == sorted(shares)
    assert shares[2] > 1.5 * shares[0]


@pytest.mark.parametrize("gust", [0.1, 0.2, 0.3])
def test_the_intensity_of_turbulence_is_the_one_asked_for(gust):
    heard = speeds(blown(60.0, 48000, speed_mps=2.0, gust=gust), 48000)
    assert heard.std() / heard.mean() == pytest.approx(gust, rel=0.1, abs=0.01)


def test_gusts_have_von_karmans_spectrum():
    hz = np.arange(1, 301) / 60
    seen = [periodogram(gusts(12000, 2.5, stream(seed)), 200)[1][1:301] for seed in range(40)]
    asked = (1 + 70.8 * (hz * 2.5) ** 2) ** (-5 / 6)
    ratio = np.mean(seen, axis=0) / asked
    bands = [ratio[first : first + 30].mean() for first in range(0, 300, 30)]
    assert bands == pytest.approx([np.mean(bands)] * 10, rel=0.25)


@pytest.mark.parametrize("speed_mps", [2.0, 20.0])
def test_the_largest_eddies_are_10_m_so_that_a_faster_wind_has_quicker_gusts(speed_mps):
    seen = []
    for seed in range(6):
        heard = speeds(blown(60.0, 24000, seed=seed, speed_mps=speed_mps, gust=0.25), 24000)
        seen.append(periodogram(heard)[1][1:])
    hz = np.arange(1, len(seen[0]) + 1) / 60
    karman = (1 + 70.8 * (hz * 10 / speed_mps) ** 2) ** (-5 / 6)
    slow = hz < 0.3
    assert np.sum(seen, axis=0)[slow].sum() / np.sum(seen) == pytest.approx(karman[slow].sum() / karman.sum(), abs=0.07)


def test_without_gusts_the_wind_is_steady():
    heard = speeds(blown(20.0, 48000, gust=0.0), 48000)
    assert heard.std() < 0.02 * heard.mean()


def test_no_gain_steps_between_two_samples():
    sound = blown(20.0, 8000, speed_mps=20.0, gust=1.0)
    calm = blown(20.0, 8000, speed_mps=20.0, gust=0.0)
    strength = sound / np.where(np.abs(calm) > 1e-3, calm, np.nan)
    steps = np.abs(np.diff(strength))
    assert np.nanmax(steps) < 0.02 * np.nanmax(strength)


def test_gusts_run_on_from_block_to_block_of_a_silence():
    wind = Wind(Options(gust=0.8))
    whole = wind(silent_scene(60.0), streams()).noise[0]
    late = wind(replace(silent_scene(30.0), since=(480_000,)), streams()).noise[0]
    levels = [[leq_dbov(part) for part in np.split(sound, 30)] for sound in (whole[480_000:], late)]
    assert np.corrcoef(levels)[0, 1] > 0.95
    assert not np.allclose(whole[480_000:], late), "the hiss is new, the gusts are the same"


@pytest.mark.parametrize("since", [1, 79, 12_345])
def test_a_longer_block_begins_with_the_same_samples_wherever_it_begins(since):
    wind = Wind(Options(gust=1.0))
    short, long = (wind(replace(silent_scene(s), since=(since,)), streams()).noise[0] for s in (1.0, 2.0))
    assert np.abs(long[: len(short)] - short).max() < 1e-6


def test_behind_a_mix_the_wind_is_in_the_whole_sound():
    after = Wind(Options())(replace(silent_scene(2.0), mixed=True), streams())
    assert (after.speech == Wind(Options())(silent_scene(2.0), streams()).noise).all()
    assert not after.noise.any()


def test_the_amplitude_is_proportional_to_the_severity():
    assert Options().at(1).snr_db == pytest.approx(8 - 6.02, abs=0.01)
    assert Options().at(0.25).snr_db == pytest.approx(8 + 6.02, abs=0.01)
    assert (Options().at(1).speed_mps, Options().at(1).gust) == (4.0, 0.4)
