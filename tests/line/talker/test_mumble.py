from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError
from pystoi import stoi
from scipy.signal import lfilter, stft, welch

from pipeline.levels import active_speech_level
from pipeline.line.scene import Nominal, Scene
from pipeline.line.talker.mumble import Mumble, Options, articulated

RATES = [8000, 16_000, 22_050, 24_000, 44_100, 48_000]
# First two formants of five vowels, Peterson & Barney 1952.
VOWELS_HZ = [(730, 1090), (270, 2290), (300, 870), (530, 1840), (570, 840)]
LADDER = [0.0, 0.25, 0.5, 0.75, 1.0]


def scene_of(*rows, rate=16_000):
    speech = np.array(rows, np.float32)
    silence = np.zeros_like(speech)
    return Scene(rate, speech, silence, silence, silence, (Nominal(-26.0, -30.0),) * len(rows))


def mumbled(row, rate=16_000, **parts):
    return Mumble(Options(**parts))(scene_of(row, rate=rate), []).speech[0]


def vowels(seed=0, rate=16_000, syllables=20):
    """Syllables of 180 ms on a pulse train of about 110 Hz, each with the formants of a vowel."""
    rng = np.random.default_rng(seed)
    length = int(0.18 * rate)
    row = np.concatenate(
        [vowel(VOWELS_HZ[rng.integers(5)], length, rate, 100 + rng.integers(20)) for _ in range(syllables)]
    )
    return (0.1 * row / np.abs(row).max()).astype(np.float32)


def vowel(formants_hz, length, rate, pitch_hz):
    sound = np.zeros(length)
    sound[:: rate // pitch_hz] = 1
    for hz in (*formants_hz, 2800):
        pole = np.exp(-np.pi * 80 / rate) * np.exp(2j * np.pi * hz / rate)
        sound = lfilter([1 - np.abs(pole)], np.poly([pole, pole.conjugate()]).real, sound)
    return sound / np.abs(sound).max() * np.hanning(length) ** 0.3


def level_dbov(row, rate=16_000):
    return active_speech_level(row, rate).asl_dbov


def slope_db_oct(before, after, rate):
    hz, power = welch(before, rate, nperseg=1024)
    ratio_db = 10 * np.log10(welch(after, rate, nperseg=1024)[1] / power)
    inside = (hz > 1000) & (hz < 0.45 * rate)
    return np.polyfit(np.log2(hz[inside]), ratio_db[inside], 1)[0]


def vowel_space(row, rate=16_000):
    """How far the balance of low and high formants swings, in dB, where it is loud."""
    hz, _, spectra = stft(row, rate, nperseg=1024)
    power = np.abs(spectra) ** 2
    low, high = power[(hz > 200) & (hz < 1000)].sum(axis=0), power[(hz > 1400) & (hz < 2600)].sum(axis=0)
    loud = low + high > 0.05 * (low + high).max()
    return np.std(10 * np.log10(low[loud] / high[loud]))


@pytest.mark.slow
def test_intelligibility_falls_with_severity():
    rows = [vowels(seed) for seed in range(3)]
    scores = [np.mean([stoi(row, mumbled(row, severity=s), 16_000, extended=True) for row in rows]) for s in LADDER]
    assert scores[0] > 0.999
    assert all(np.diff(scores) < 0)


@pytest.mark.slow
def test_intelligibility_of_a_voice_falls_with_severity():
    from hibari import Hibari

    texts = ("I need to change where my parcel is going.", "It's zero four one two, seven seven eight three.")
    rows = [np.asarray(Hibari(threads=1)(text, seed=0), np.float32) for text in texts]
    scores = [
        np.mean([stoi(row, mumbled(row, 24_000, severity=s), 24_000, extended=True) for row in rows]) for s in LADDER
    ]
    assert all(np.diff(scores) < 0)
    assert 0.6 < scores[-1] < 0.9


@pytest.mark.parametrize("severity", LADDER[1:])
@pytest.mark.parametrize("rate", [8000, 24_000, 44_100])
def test_the_level_falls_by_what_the_severity_says(severity, rate):
    row = vowels(rate=rate)
    change_db = level_dbov(mumbled(row, rate, severity=severity), rate) - level_dbov(row, rate)
    assert change_db == pytest.approx(-6 * severity, abs=0.3)


@pytest.mark.parametrize("level_db", [0.0, -3.0, -12.0])
def test_the_level_asked_for_is_got_and_recorded(level_db):
    row = vowels()
    after = Mumble(Options(level_db=level_db))(scene_of(row), [])
    [measure] = after.got[0]
    assert (measure.effect, measure.name, measure.asked) == ("talker.mumble", "level_db", level_db)
    assert measure.got == pytest.approx(level_dbov(after.speech[0]) - level_dbov(row), abs=1e-6)
    assert not measure.off_target


def test_the_change_of_level_leaves_the_nominal_level_alone():
    scene = scene_of(vowels())
    assert Mumble(Options())(scene, []).nominal == scene.nominal


@pytest.mark.parametrize("tilt_db_oct", [-2.0, -4.0, -9.0])
@pytest.mark.parametrize("rate", RATES)
def test_the_spectrum_falls_by_the_tilt_above_1_khz(tilt_db_oct, rate):
    row = (0.1 * np.random.default_rng(0).standard_normal(4 * rate)).astype(np.float32)
    after = mumbled(row, rate, severity=0, tilt_db_oct=tilt_db_oct)
    assert slope_db_oct(row, after, rate) == pytest.approx(tilt_db_oct, abs=0.3)


def test_the_vowel_space_shrinks_with_undershoot():
    row = vowels()
    spaces = [vowel_space(mumbled(row, severity=0, undershoot_ms=ms)) for ms in (0, 30, 60, 120, 150)]
    assert all(np.diff(spaces) < 0)
    assert spaces[3] < 0.75 * spaces[0]


def test_a_quiet_syllable_stays_quiet_beside_a_loud_one():
    loud = np.arange(20 * 2880) // 2880 % 2 == 0
    row = vowels() * np.where(loud, 1, 0.03).astype(np.float32)
    after = mumbled(row, severity=0, undershoot_ms=120)
    before_db, after_db = (10 * np.log10((x[loud] ** 2).sum() / (x[~loud] ** 2).sum()) for x in (row, after))
    assert after_db == pytest.approx(before_db, abs=3)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("samples", [1, 10, 999, 50_000])
def test_taking_a_sound_apart_and_together_changes_nothing(rate, samples):
    row = np.random.default_rng(0).uniform(-1, 1, samples).astype(np.float32)
    assert np.abs(articulated(row, rate, undershoot_ms=0, tilt_db_oct=0) - row).max() < 2e-6


@pytest.mark.parametrize("parts", [{"severity": 0}, {"undershoot_ms": 0, "tilt_db_oct": 0, "level_db": 0}])
def test_nothing_asked_is_the_same_scene(parts):
    scene = scene_of(vowels())
    assert Mumble(Options(**parts))(scene, []) is scene


@pytest.mark.parametrize("rate", RATES)
def test_silence_has_no_level_and_stays_silence(rate):
    after = Mumble(Options())(scene_of(np.zeros(rate), np.zeros(rate), rate=rate), [])
    assert not after.speech.any()
    assert after.got == ((), ())


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("row", [np.full(10, 0.5), np.full(8000, 0.5), np.full(8000, 1e-30), np.eye(1, 8000)[0]])
def test_odd_rows_come_out_finite_and_as_long_as_they_were(rate, row):
    after = mumbled(row, rate, severity=1)
    assert after.shape == row.shape
    assert np.isfinite(after).all()


def test_what_is_hidden_does_not_count_for_the_level():
    row = vowels()
    loud = np.concatenate((np.full(16_000, 0.9, np.float32), row))
    after = Mumble(Options())(replace(scene_of(loud), hidden=16_000), []).speech[0, 16_000:]
    assert level_dbov(after) - level_dbov(row) == pytest.approx(-3, abs=0.3)


def test_the_shape_does_not_depend_on_how_loud_one_speaks():
    row = vowels()
    np.testing.assert_allclose(mumbled(row / 16), mumbled(row) / 16, atol=1e-6)


def test_a_row_has_the_same_bits_alone_and_in_a_batch():
    rows = [vowels(seed) for seed in range(3)]
    together = Mumble(Options())(scene_of(*rows), []).speech
    assert np.array_equal(together[1], mumbled(rows[1]))


def test_only_the_speech_changes_and_the_input_not_at_all():
    row = vowels()
    scene = scene_of(row)
    after = Mumble(Options())(scene, [])
    assert after.others is scene.others
    assert after.noise is scene.noise
    assert np.array_equal(scene.speech[0], row)


@pytest.mark.parametrize("wrong", [{"severity": 1.1}, {"undershoot_ms": -1}, {"tilt_db_oct": 1}, {"level_db": -13}])
def test_parts_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        Options(**wrong)


@pytest.mark.parametrize(("severity", "expected"), [(0.25, 0.3), (0.5, 0.6), (0.75, 0.9), (1, 1.0)])
def test_the_severity_of_a_profile_scales_that_of_the_mumbling(severity, expected):
    assert Options(severity=0.6).at(severity).severity == pytest.approx(expected)


def test_the_severity_of_a_profile_scales_the_parts_that_are_given():
    written = Options(undershoot_ms=100.0, tilt_db_oct=-4.0, level_db=-7.0)
    assert written.at(0.5) == written
    assert written.at(0.25) == Options(severity=0.25, undershoot_ms=50.0, tilt_db_oct=-2.0, level_db=-3.5)
    assert written.at(1) == Options(severity=1.0, undershoot_ms=150.0, tilt_db_oct=-8.0, level_db=-12.0)
