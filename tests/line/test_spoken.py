import numpy as np
import pytest

from pipeline.line.scene import Nominal, Scene
from pipeline.line.spoken import change_db, raised, raised_nominal, within_db, words_in


def scene_of(*rows):
    speech = np.array(rows, np.float32)
    silence = np.zeros_like(speech)
    return Scene(16_000, speech, silence, silence, silence, (Nominal(-26.0, -30.0),) * len(rows))


def test_words_stand_between_their_first_and_last_sound():
    row = np.zeros(100, np.float32)
    row[[20, 40, 70]] = -0.1, -0.5, -0.001
    assert words_in(row) == slice(20, 71)


def test_what_lies_80_db_below_the_peak_is_no_part_of_the_words():
    row = np.full(100, 0.9e-4, np.float32)
    row[[30, 50]] = 1.0, 1.1e-4
    assert words_in(row) == slice(30, 51)
    assert words_in(row, inaudible=0.0) == slice(0, 100)


@pytest.mark.parametrize("samples", [0, 1, 100])
def test_silence_has_no_words(samples):
    assert words_in(np.zeros(samples, np.float32)) == slice(0, 0)


def test_each_row_is_raised_by_its_own_gain_and_so_is_what_is_known_of_its_level():
    after = raised(scene_of([0.1, -0.2], [0.1, -0.2]), [20.0, 0.0])
    np.testing.assert_allclose(after.speech, [[1.0, -2.0], [0.1, -0.2]], rtol=1e-6)
    assert after.nominal == (Nominal(-6.0, -10.0), Nominal(-26.0, -30.0))


def test_no_gain_is_the_same_scene():
    scene = scene_of([0.1], [0.2])
    assert raised(scene, [0.0, 0.0]) is scene


def test_a_brighter_voice_rises_more_where_it_is_weighted():
    assert raised_nominal(Nominal(-26.0, -30.0), 8.0, 10.0) == Nominal(-18.0, -20.0)


def test_ten_times_the_amplitude_is_20_db_and_silence_has_no_change():
    row = np.array([0.01, -0.02, 0.03], np.float32)
    assert change_db(row, 10 * row) == pytest.approx(20, abs=1e-5)
    assert np.isnan(change_db(row, 0 * row))
    assert np.isnan(change_db(0 * row, 0 * row))


def test_words_that_are_cut_off_are_softer_by_the_share_of_a_sine_that_is_left():
    # A sine cut to its sign is a square wave: its fundamental has 4 / pi of the amplitude.
    sine = np.sin(2 * np.pi * 0.01 * (np.arange(10_000) + 0.5)).astype(np.float32)
    assert within_db(sine, np.sign(sine)) == pytest.approx(20 * np.log10(4 / np.pi), abs=0.01)
    assert within_db(sine, sine) == 0


def test_of_words_that_are_gone_nothing_is_left():
    assert within_db(np.ones(10, np.float32), np.zeros(10, np.float32)) == -np.inf
    assert within_db(np.zeros(10, np.float32), np.ones(10, np.float32)) == -np.inf
