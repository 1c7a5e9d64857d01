import numpy as np
import pytest
from scipy.signal import firwin, freqz, lfilter

from pipeline.line.causal import click_through, minimum_phase, passed, passed_by
from pipeline.line.scene import Nominal, Scene


def test_a_minimum_phase_has_the_same_gain_at_every_frequency_and_its_energy_early():
    taps = firwin(201, 2000, fs=16_000)
    causal = minimum_phase(taps)
    hz = np.arange(0, 1900, 50)
    gains, twins = (np.abs(freqz(one, worN=hz, fs=16_000)[1]) for one in (taps, causal))
    assert twins == pytest.approx(gains, abs=0.01)
    assert np.abs(causal).argmax() < 10
    assert np.abs(taps).argmax() == 100


def test_sound_through_taps_is_as_scipy_filters_it():
    rows = np.random.default_rng(1).uniform(-0.5, 0.5, (2, 5000)).astype(np.float32)
    taps = np.random.default_rng(2).standard_normal(50)
    assert passed(rows, taps) == pytest.approx(lfilter(taps, [1.0], rows), abs=1e-5)


def test_a_click_comes_out_as_the_taps():
    taps = np.array([0.5, -0.25, 0.125])
    assert click_through(taps) == pytest.approx([0.5, -0.25, 0.125, 0, 0, 0], abs=1e-6)


def test_every_stem_goes_through_but_the_agents_sound():
    stems = np.random.default_rng(3).uniform(-0.5, 0.5, (4, 1, 300)).astype(np.float32)
    scene = Scene(16_000, *stems, nominal=(Nominal(-26.0, -30.0),))
    heard = passed_by(scene, np.array([0.5]))
    for stem in ("speech", "others", "noise"):
        assert getattr(heard, stem) == pytest.approx(getattr(scene, stem) / 2, abs=1e-6)
    assert heard.far_end is scene.far_end
    whole = passed_by(scene.mix(), np.array([0.5]))
    assert whole.speech == pytest.approx(heard.mix().speech, abs=1e-6)
    assert not whole.noise.any()
