from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.line.scene import Nominal, Scene
from pipeline.line.talker.trail_off import Options, TrailOff

RATES = [8000, 16_000, 22_050, 24_000, 44_100, 48_000]


def scene_of(*rows, rate=16_000):
    speech = np.array(rows, np.float32)
    silence = np.zeros_like(speech)
    return Scene(rate, speech, silence, silence, silence, (Nominal(-26.0, -30.0),) * len(rows))


def window(seconds, rate=16_000):
    """Words of a constant 0.1 between half a second of silence on either side."""
    return np.pad(np.full(round(seconds * rate), 0.1, np.float32), rate // 2)


def gains_db(row, rate=16_000):
    """The gain at each sample of the words."""
    return 20 * np.log10(row[rate // 2 : -(rate // 2)] / 0.1)


def trailed(row, rate=16_000, **options):
    return TrailOff(Options(**options))(scene_of(row, rate=rate), []).speech[0]


@pytest.mark.parametrize("rate", RATES)
def test_the_last_words_fall_straight_in_db(rate):
    got = gains_db(trailed(window(2, rate), rate, db=-12.0, seconds=0.5), rate)
    t = np.arange(1, 2 * rate + 1) / rate
    np.testing.assert_allclose(got, np.interp(t, [0, 1.5, 2], [0, 0, -12]), atol=1e-2)


@pytest.mark.parametrize("seconds", [0.3, 1 / 16_000])
def test_what_is_shorter_than_the_fade_falls_as_far_from_its_beginning(seconds):
    got = gains_db(trailed(window(seconds), db=-6.0, seconds=0.6))
    np.testing.assert_allclose(got, np.linspace(0, -6, len(got) + 1)[1:], atol=1e-2)


def test_before_the_fade_every_bit_is_kept():
    row = window(2)
    assert np.array_equal(trailed(row, seconds=0.6)[: round(1.9 * 16_000)], row[: round(1.9 * 16_000)])


def test_the_fade_ends_where_the_words_end_and_not_where_a_filter_dies_away():
    row = window(2)
    row[-8000:] = 1e-9
    got = trailed(row, db=-20.0, seconds=0.5)
    assert gains_db(got)[-1] == pytest.approx(-20, abs=0.01)
    assert got[-1] == pytest.approx(1e-10, rel=1e-3)


def test_what_is_hidden_is_no_part_of_the_words():
    row = np.full(16_000, 0.1, np.float32)
    after = TrailOff(Options(seconds=5.0))(replace(scene_of(row), hidden=8000), []).speech[0]
    assert np.array_equal(after[:8000], row[:8000])
    assert after[8001] < 0.1


def test_the_fall_is_measured_where_the_words_end():
    [measure] = TrailOff(Options(db=-8.0))(scene_of(window(2)), []).got[0]
    assert (measure.effect, measure.name, measure.kind, measure.asked) == ("talker.trail_off", "db", "set", -8)
    assert measure.got == pytest.approx(-8, abs=0.08)  # over the last hundredth of the fade


@pytest.mark.parametrize("seconds", [0.05, 5.0])
def test_the_deepest_fall_is_on_target(seconds):
    [measure] = TrailOff(Options(db=-40.0, seconds=seconds))(scene_of(window(6)), []).got[0]
    assert not measure.off_target


def test_no_fall_keeps_every_bit_and_nominal_levels_stay():
    scene = scene_of(window(2))
    assert np.array_equal(TrailOff(Options(db=0.0))(scene, []).speech, scene.speech)
    assert TrailOff(Options())(scene, []).nominal == scene.nominal


def test_silence_has_no_measures():
    assert TrailOff(Options())(scene_of(np.zeros(100)), []).got == ((),)


@pytest.mark.parametrize(("severity", "db"), [(0.25, -6), (0.5, -12), (1, -24)])
def test_severity_is_how_far_the_voice_falls(severity, db):
    assert Options(db=-12.0, seconds=0.4).at(severity) == Options(db=db, seconds=0.4)


def test_severity_stops_at_the_limit():
    assert Options(db=-30.0).at(1).db == -40


@pytest.mark.parametrize("wrong", [{"db": 1}, {"db": -41}, {"seconds": 0}, {"seconds": 6}])
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        Options(**wrong)
