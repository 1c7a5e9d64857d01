from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.special import exp1

from pipeline.levels import leq_dbov, scale_to
from pipeline.line.beds import coloured
from pipeline.line.device.denoise import Denoise, Options, noise_powers, over_wiener, shaped, spectra
from pipeline.line.scene import Nominal, Scene

RATE = 16_000
HOP = 160
HIDDEN = 2 * RATE


def talk(seconds=6, rate=RATE):
    """A buzz of 120 Hz in bursts of a quarter of a second, between pauses of half a second; at -26 dBov."""
    t = np.arange(seconds * rate) / rate
    buzz = np.sign(np.sin(2 * np.pi * 120 * t)) * ((t % 0.75) < 0.25) * (t > 2)
    return scale_to(buzz.astype(np.float32), rate, -26.0)


def hiss(dbov, samples=6 * RATE, kind="white", rate=RATE):
    bed = coloured(kind, rate)
    sound = bed.draw(samples, default_rng(1))
    return (sound * 10 ** ((dbov - bed.leq_dbov("none")) / 20)).astype(np.float32)


def scene_of(speech, noise, rate=RATE, **changed) -> Scene:
    rows = [np.asarray(stem, np.float32)[np.newaxis] for stem in (speech, noise)]
    silence = np.zeros_like(rows[0])
    nominal = (Nominal(-26.0, -30.0),)
    return replace(Scene(rate, rows[0], silence, rows[1], silence, nominal, hidden=2 * rate), **changed)


def after(scene, strength=0.5) -> Scene:
    return Denoise(Options(strength=strength))(scene, [default_rng(0)])


def got(scene):
    return {measure.name: measure.got for measure in scene.got[0]}


@pytest.mark.parametrize("kind", ["white", "pink", "car"])
@pytest.mark.parametrize("rate", [8000, 16_000, 48_000])
def test_steady_noise_is_lowered_by_nearly_30_db_times_the_strength(kind, rate):
    before = scene_of(np.zeros(5 * rate), hiss(-50.0, 5 * rate, kind, rate), rate)
    heard = after(before, 0.4)
    lower_db = leq_dbov(heard.noise[0, 2 * rate :]) - leq_dbov(before.noise[0, 2 * rate :])
    assert lower_db == pytest.approx(-12.0, abs=0.6)
    assert got(heard) == {"noise_db": pytest.approx(lower_db, abs=0.05)}


@pytest.mark.parametrize("strength", [0.25, 0.5, 1.0])
def test_words_without_noise_are_left_nearly_as_they_were(strength):
    heard = after(scene_of(talk(), np.zeros(6 * RATE)), strength)
    assert got(heard).keys() == {"speech_db"}
    assert got(heard)["speech_db"] == pytest.approx(0.0, abs=0.5)


def test_the_stronger_it_is_the_lower_is_the_noise_and_the_more_it_takes_of_the_words():
    measures = [got(after(scene_of(talk(), hiss(-40.0)), strength)) for strength in (0.1, 0.3, 0.6)]
    for name in ("noise_db", "speech_db"):
        values = [one[name] for one in measures]
        assert values == sorted(values, reverse=True) and values[-1] < values[0] < 0


def test_words_stand_out_further_behind_it():
    before = scene_of(talk(), hiss(-40.0))
    heard = after(before)
    snr_before, snr_after = (
        leq_dbov(one.speech[0, HIDDEN:]) - leq_dbov(one.noise[0, HIDDEN:]) for one in (before, heard)
    )
    assert snr_after > snr_before + 3


def test_the_stems_add_up_to_what_becomes_of_the_whole_sound():
    before = scene_of(talk(), hiss(-40.0), others=talk()[np.newaxis, ::-1] / 4)
    assert np.abs(after(before).whole - after(before.mix()).speech).max() < 1e-6
    assert after(before.mix()).got == ((),)


def test_a_strength_of_0_leaves_every_bit():
    before = scene_of(talk(), hiss(-40.0))
    assert after(before, 0.0).whole.tobytes() == before.whole.tobytes()


@pytest.mark.parametrize("hop", [80, 160, 220, 480])
def test_with_gains_of_1_the_sound_comes_back(hop):
    row = hiss(-20.0, 9999)
    assert shaped(row, np.ones((len(spectra(row, hop)), hop + 1), np.float32), hop) == pytest.approx(row, abs=1e-6)


def test_the_noise_is_told_within_a_db_with_and_without_words():
    # The window's squares add up to one hop: the mean power of a bin is the variance times that.
    expected_db = -50 + 10 * np.log10(HOP)
    for sound in (hiss(-50.0), hiss(-50.0) + talk()):
        powers = np.abs(spectra(sound, HOP)) ** 2
        told = noise_powers(powers)[250:, 100:-2]
        assert 10 * np.log10(told.mean()) == pytest.approx(expected_db, abs=1.0)


def test_louder_noise_is_told_after_a_second_and_a_half():
    sound = hiss(-60.0) * np.repeat([1.0, 10.0], 3 * RATE)
    told = noise_powers(np.abs(spectra(sound, HOP)) ** 2)[:, 5:-2].mean(axis=1)
    assert 10 * np.log10(told[300 + 140] / told[299]) == pytest.approx(0, abs=2)
    assert 10 * np.log10(told[300 + 200] / told[299]) == pytest.approx(20, abs=1)


def test_the_estimator_is_that_of_ephraim_and_malah():
    v = np.geomspace(1e-8, 100, 1000)
    miss = over_wiener(v.astype(np.float32)) / np.exp(exp1(v) / 2)
    assert np.abs(20 * np.log10(miss)).max() < 0.03


def test_silence_has_no_measures_and_stays():
    silence = np.zeros(6 * RATE)
    heard = after(scene_of(silence, silence))
    assert heard.got == ((),) and not heard.whole.any()


def test_severity_is_the_strength():
    assert [Options(strength=0.4).at(severity).strength for severity in (0.25, 1)] == [0.2, 0.8]
    assert Options(strength=0.8).at(1).strength == 1
