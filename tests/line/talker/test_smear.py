import numpy as np
import pytest
from pydantic import ValidationError
from pystoi import stoi
from scipy.signal import lfilter, welch

from pipeline.line.scene import Nominal, Scene
from pipeline.line.talker.smear import Options, Smear, auditory_filters, smeared

LADDER = [1.0, 1.5, 2.0, 3.0, 4.0, 6.0]


def syllables(seed=0, rate=16_000, count=10):
    """Noise through resonances that change five times a second."""
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(count):
        sound = rng.standard_normal(rate // 5)
        for hz in (rng.uniform(300, 800), rng.uniform(1000, 2400)):
            pole = np.exp((-np.pi * 80 + 2j * np.pi * hz) / rate)
            sound = lfilter([1 - np.abs(pole)], np.poly([pole, pole.conjugate()]).real, sound)
        parts.append(sound / np.abs(sound).max() * np.hanning(len(sound)) ** 0.5)
    return (0.1 * np.concatenate(parts)).astype(np.float32)


def after(row, rate=16_000, **options):
    silence = np.zeros_like(row)[np.newaxis]
    scene = Scene(rate, row[np.newaxis], silence, silence, silence, (Nominal(-26.0, -30.0),))
    return Smear(Options(**options))(scene, [])


@pytest.mark.parametrize(("erb_factor", "centre_hz"), [(1, 500), (1, 4000), (2, 1000), (4, 4000)])
def test_the_filters_are_as_broad_as_glasberg_and_moore_say(erb_factor, centre_hz):
    hz = np.arange(0, 12_000, 10.0)
    shape = auditory_filters(hz, erb_factor)[centre_hz // 10]
    erb_hz = 24.7 * (4.37 * centre_hz / 1000 + 1)  # the 1 kHz filter: 132.6 Hz
    assert 10 * shape.sum() / shape.max() == pytest.approx(erb_factor * erb_hz, rel=0.01)


@pytest.mark.parametrize("erb_factor", [2, 3, 6])
@pytest.mark.parametrize("centre_hz", [1000, 3000])
def test_a_tone_is_spread_over_about_as_many_hertz_as_the_filter_is_broad(erb_factor, centre_hz):
    tone = 0.1 * np.sin(2 * np.pi * centre_hz * np.arange(32_000) / 16_000).astype(np.float32)
    tone *= np.random.default_rng(0).choice([0.9, 1.1], 32_000).astype(np.float32)
    hz, power = welch(smeared(tone, 16_000, erb_factor), 16_000, nperseg=2048)
    spread_hz = np.sqrt(np.average((hz - centre_hz) ** 2, weights=power))
    assert spread_hz > 0.2 * erb_factor * 24.7 * (4.37 * centre_hz / 1000 + 1)


def test_formants_stand_out_less_the_broader_the_filters_are():
    row = syllables()
    swings = []
    for erb_factor in LADDER:
        spectra = np.abs(np.fft.rfft(after(row, erb_factor=erb_factor).speech[0].reshape(-1, 3200))[:, 20:700])
        smooth = np.apply_along_axis(np.convolve, 1, spectra**2, np.hanning(20), "valid")
        swings.append(np.std(10 * np.log10(smooth), axis=1).mean())
    assert all(np.diff(swings) < 0)


def test_it_is_less_intelligible_the_broader_the_filters_are():
    row = syllables()
    scores = [stoi(row, after(row, erb_factor=factor).speech[0], 16_000, extended=True) for factor in LADDER]
    assert all(np.diff(scores) < 0)
    assert scores[2] > 0.8


@pytest.mark.parametrize("erb_factor", LADDER[1:])
@pytest.mark.parametrize("rate", [8000, 44_100])
@pytest.mark.slow
def test_the_level_hardly_falls_and_is_recorded(erb_factor, rate):
    [measure] = after(syllables(rate=rate), rate, erb_factor=erb_factor).got[0]
    assert (measure.name, measure.asked) == ("level_db", 0)
    assert -2 < measure.got < 0.1
    assert not measure.off_target


@pytest.mark.parametrize("rate", [8000, 22_050, 48_000])
def test_almost_normal_filters_leave_the_sound_as_it_was(rate):
    row = syllables(rate=rate)
    error = smeared(row, rate, 1.000001) - row
    assert 10 * np.log10((error**2).sum() / (row**2).sum()) < -40


def test_normal_filters_keep_every_bit():
    row = syllables()
    assert after(row).speech[0].tobytes() == row.tobytes()


def test_silence_stays_silence():
    quiet = after(np.zeros(16_000, np.float32), erb_factor=4)
    assert not quiet.speech.any()
    assert quiet.got == ((),)


def test_severity_broadens():
    assert Options(erb_factor=3).at(0.5).erb_factor == 3
    assert Options(erb_factor=3).at(0.25).erb_factor == 2
    assert Options(erb_factor=4).at(1).erb_factor == 6


@pytest.mark.parametrize("erb_factor", [0.9, 6.1])
def test_factors_out_of_range_are_refused(erb_factor):
    with pytest.raises(ValidationError):
        Options(erb_factor=erb_factor)
