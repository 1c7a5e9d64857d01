import numpy as np
import pytest
from pydantic import ValidationError
from scipy.signal import lfilter, welch

from pipeline.line.scene import Nominal, Scene
from pipeline.line.talker.pitch import Options, Pitch
from pipeline.line.voicing import voicing

# A vowel like the one in "father", Peterson & Barney 1952, with bandwidths of 80 Hz.
FORMANTS_HZ = (730, 1090, 2440)


def vowel(pitch_hz, rate=16_000):
    """A band-limited pulse train of the pitch that is given for every sample, through three resonances."""
    phase = 2 * np.pi * np.cumsum(pitch_hz) / rate
    sound = sum(np.cos(k * phase) for k in range(1, int(0.45 * rate / pitch_hz.max())))
    for hz in FORMANTS_HZ:
        pole = np.exp((-np.pi * 80 + 2j * np.pi * hz) / rate)
        sound = lfilter([1 - np.abs(pole)], np.poly([pole, pole.conjugate()]).real, sound)
    return (0.1 * sound / np.abs(sound).max()).astype(np.float32)


def swinging(rate=16_000, seconds=2):
    """130 Hz, swinging by two semitones to either side, once a second."""
    t = np.arange(seconds * rate) / rate
    return 130 * 2 ** (2 / 12 * np.sin(2 * np.pi * t))


def changed(row, rate=16_000, **options):
    silence = np.zeros_like(row)[np.newaxis]
    scene = Scene(rate, row[np.newaxis], silence, silence, silence, (Nominal(-26.0, -30.0),))
    return Pitch(Options(**options))(scene, [])


@pytest.mark.parametrize("semitones", [-4, -2, -0.5, 0.5, 2, 4])
@pytest.mark.parametrize("hz", [90.0, 210.0])
def test_the_pitch_moves_as_asked_within_one_percent(semitones, hz):
    after = changed(vowel(np.full(16_000, hz)), semitones=semitones)
    assert voicing(after.speech[0], 16_000).median_hz == pytest.approx(hz * 2 ** (semitones / 12), rel=0.01)


@pytest.mark.parametrize("rate", [8000, 22_050, 48_000])
def test_the_pitch_moves_as_asked_at_any_rate(rate):
    [measure] = changed(vowel(swinging(rate), rate), rate, semitones=2).got[0]
    assert (measure.effect, measure.name, measure.kind) == ("talker.pitch", "semitones", "set")
    assert measure.got == pytest.approx(2, abs=0.17)
    assert not measure.off_target


@pytest.mark.parametrize("semitones", [-4, 4])
def test_the_formants_stay(semitones):
    row = vowel(swinging())
    before, after = (welch(some, 16_000, nperseg=256) for some in (row, changed(row, semitones=semitones).speech[0]))
    hz = before[0]
    for formant_hz in (FORMANTS_HZ[0], FORMANTS_HZ[2]):
        near = (hz > formant_hz * 0.7) & (hz < formant_hz * 1.2)
        peaks = [hz[near][power[near].argmax()] for _, power in (before, after)]
        assert abs(peaks[1] - peaks[0]) <= 63  # one bin; four semitones would be 26 %


@pytest.mark.parametrize("range_factor", [0.5, 1.5, 2.0])
def test_the_tune_swings_as_far_as_asked(range_factor):
    after = changed(vowel(swinging()), range_factor=range_factor).speech[0]
    tune = 12 * np.log2(voicing(after, 16_000).pitch_hz[20:-20] / 130)
    assert np.percentile(tune, 97) - np.percentile(tune, 3) == pytest.approx(4 * range_factor, rel=0.1)


@pytest.mark.parametrize("semitones", [-4, -2, 2, 4])
def test_the_level_stays(semitones):
    row = vowel(swinging())
    after = changed(row, semitones=semitones).speech[0]
    assert 10 * np.log10((after**2).sum() / (row**2).sum()) == pytest.approx(0, abs=1)


def test_what_has_no_voice_keeps_every_bit():
    noise = 0.05 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    row = np.concatenate((noise, vowel(np.full(16_000, 120.0)), noise))
    after = changed(row, semitones=3).speech[0]
    assert np.array_equal(after[:15_000], row[:15_000])
    assert not np.array_equal(after[16_000:32_000], row[16_000:32_000])


def test_there_is_no_step_where_the_new_sound_begins_and_ends():
    row = vowel(swinging()) * np.hanning(32_000).astype(np.float32)
    after = changed(row, semitones=4).speech[0]
    assert np.abs(np.diff(after)).max() < 1.3 * np.abs(np.diff(row)).max()


def test_nothing_asked_keeps_every_bit():
    row = vowel(swinging())
    assert changed(row).speech[0].tobytes() == row.tobytes()


def test_silence_and_noise_have_no_measure():
    assert changed(np.zeros(16_000, np.float32), semitones=2).got == ((),)
    assert changed(0.1 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32), semitones=2).got == ((),)


def test_severity_goes_away_from_the_natural_voice():
    written = Options(semitones=-3, range_factor=1.4)
    assert written.at(0.5) == written
    assert written.at(0.25) == Options(semitones=-1.5, range_factor=1.2)
    assert written.at(1).semitones == -4
    assert written.at(1).range_factor == pytest.approx(1.8)


@pytest.mark.parametrize("wrong", [{"semitones": 5}, {"range_factor": 0.1}])
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        Options(**wrong)
