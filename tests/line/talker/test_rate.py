import numpy as np
import pytest
from numpy.random import default_rng
from pydantic import ValidationError
from pystoi import stoi
from scipy.signal import find_peaks

from pipeline.line.scene import Nominal, Retimes, Scene
from pipeline.line.talker.rate import Options, Rate, stretched
from pipeline.line.voicing import voicing

FACTORS = [0.6, 0.8, 1.25, 1.8]
RATES = [8000, 16_000, 22_050, 24_000, 44_100, 48_000]


def talk(rate=16_000, seconds=3.5, hz=120.0, seed=0):
    """A buzz of 120 Hz through changing resonances, in syllables with soft edges."""
    rng, t = default_rng(seed), np.arange(int(seconds * rate)) / rate
    partials = [(k, *rng.uniform(0, 2 * np.pi, 2)) for k in range(1, int(3400 / hz))]
    buzz = sum(np.sin(2 * np.pi * k * hz * t + p) * (1 + np.sin(2 * np.pi * 1.3 * t + q)) / k for k, p, q in partials)
    return (0.05 * buzz * (0.55 + 0.45 * np.sin(2 * np.pi * 3 * t))).astype(np.float32)


def scene_of(row, rate=16_000):
    silence = np.zeros_like(row)[np.newaxis]
    return Scene(rate, row[np.newaxis], silence, silence, silence, (Nominal(-26.0, -30.0),))


def clicks(seed):
    rng = default_rng(seed)
    at = np.cumsum(rng.integers(1600, 3500, 12))
    row = 0.003 * rng.standard_normal(48_000).astype(np.float32)
    row[at] = 0.8
    return row, at


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("rate", RATES)
def test_words_take_as_much_less_time_as_the_factor_says(factor, rate):
    row = talk(rate, 1.0)
    assert len(Rate(Options(factor=factor)).retimed(row, rate)) == pytest.approx(len(row) / factor, abs=1)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("hz", [80.0, 200.0])
def test_the_pitch_stays_within_one_percent(factor, hz):
    after = Rate(Options(factor=factor)).retimed(talk(hz=hz), 16_000)
    assert voicing(after, 16_000).median_hz == pytest.approx(hz, rel=0.01)


@pytest.mark.parametrize("factor", FACTORS)
def test_what_was_said_later_is_said_later_in_proportion(factor):
    times = np.arange(56_000) / 16_000
    row = sum(np.exp(-(((times - at) / 0.05) ** 2)) for at in (0.5, 1.5, 3.0)) * talk()
    after = np.convolve(np.abs(Rate(Options(factor=factor)).retimed(row.astype(np.float32), 16_000)), np.hanning(2000))
    for at in (0.5, 1.5, 3.0):
        near = slice(int((at / factor - 0.2) * 16_000) + 1000, int((at / factor + 0.2) * 16_000) + 1000)
        assert abs(after[near].argmax() / 16_000 - 0.2) < 0.1


@pytest.mark.parametrize("factor", [0.6, 0.8, 1.25, 1.5])
def test_no_burst_is_heard_twice_and_none_is_lost(factor):
    for seed in range(2):
        row, at = clicks(seed)
        after = Rate(Options(factor=factor)).retimed(row, 16_000)
        heard = find_peaks(np.abs(after), height=0.2)[0]
        assert len(heard) == pytest.approx(len(at), abs=1)


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_there_and_back_again_it_is_as_intelligible(factor):
    row = talk(seconds=3.0)
    back = stretched(stretched(row, 16_000, 1 / factor), 16_000, factor)[: len(row)]
    assert stoi(row[: len(back)], back, 16_000, extended=True) > 0.9


def test_at_factor_one_every_bit_stays():
    row = talk()
    assert Rate(Options()).retimed(row, 16_000) is row


def test_a_scene_keeps_its_sound_and_tells_the_factor():
    effect, scene = Rate(Options(factor=1.25)), scene_of(talk())
    after = effect(scene, [])
    [measure] = after.got[0]
    assert isinstance(effect, Retimes)
    assert after.speech is scene.speech
    assert (measure.asked, measure.kind) == (1.25, "set")
    assert measure.got == pytest.approx(1.25, rel=0.02)
    assert not measure.off_target


def test_silence_takes_as_much_less_time():
    after = Rate(Options(factor=1.6)).retimed(np.zeros(16_000, np.float32), 16_000)
    assert len(after) == 10_000
    assert not after.any()


@pytest.mark.parametrize("samples", [0, 1, 10, 500])
@pytest.mark.parametrize("factor", FACTORS)
def test_a_few_samples_are_survived(samples, factor):
    after = Rate(Options(factor=factor)).retimed(np.full(samples, 0.5, np.float32), 16_000)
    assert len(after) == round(samples / factor)
    assert np.isfinite(after).all()


def test_it_is_as_loud_as_it_was():
    row = talk()
    for factor in FACTORS:
        after = Rate(Options(factor=factor)).retimed(row, 16_000)
        assert 10 * np.log10(np.mean(after**2) / np.mean(row**2)) == pytest.approx(0, abs=0.5)


def test_severity_goes_away_from_the_natural_rate():
    assert Options(factor=1.2).at(0.5).factor == 1.2
    assert Options(factor=1.2).at(0.25).factor == pytest.approx(1.1)
    assert Options(factor=0.8).at(1).factor == pytest.approx(0.6)
    assert Options(factor=1.7).at(1).factor == 1.8


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_factors_out_of_range_are_refused(factor):
    with pytest.raises(ValidationError):
        Options(factor=factor)
