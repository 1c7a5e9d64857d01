from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.line.scene import Nominal, Scene
from pipeline.line.talker.truncate import Options, Truncate

RATES = [8000, 16_000, 22_050, 24_000, 44_100, 48_000]


def scene_of(*rows, rate=16_000):
    speech = np.array(rows, np.float32)
    silence = np.zeros_like(speech)
    return Scene(rate, speech, silence, silence, silence, (Nominal(-26.0, -30.0),) * len(rows))


def window(seconds=1.0, rate=16_000):
    """Words of a constant 0.1 between half a second of silence on either side."""
    return np.pad(np.full(round(seconds * rate), 0.1, np.float32), rate // 2)


def cut(row, rate=16_000, **options):
    return Truncate(Options(**options))(scene_of(row, rate=rate), []).speech[0]


def bounds_s(row, rate=16_000):
    heard = np.flatnonzero(row)
    return heard[0] / rate, (heard[-1] + 1) / rate


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("head_ms", "tail_ms"), [(100, 0), (0, 250), (500, 120)])
def test_the_words_begin_later_and_end_earlier_by_what_is_asked(rate, head_ms, tail_ms):
    row = cut(window(rate=rate), rate, head_ms=float(head_ms), tail_ms=float(tail_ms))
    assert bounds_s(row, rate) == pytest.approx((0.5 + head_ms / 1000, 1.5 - tail_ms / 1000), abs=1 / rate)


def test_both_cuts_fade_within_5_ms_and_between_them_every_bit_is_kept():
    row = window()
    after = cut(row, head_ms=100.0, tail_ms=100.0)
    kept = slice(9600 + 80, 22400 - 80)
    assert np.array_equal(after[kept], row[kept])
    fade = after[9600:9680] / 0.1
    np.testing.assert_allclose(fade, np.sin(np.pi / 2 * np.arange(1, 81) / 81) ** 2, atol=1e-6)
    np.testing.assert_array_equal(after[22320:22400], after[9600:9680][::-1])


def test_nothing_is_left_of_words_that_are_shorter():
    row = window(0.25)
    row[-8] = 1e-7  # what a filter left is not what is left of the words
    after = Truncate(Options(head_ms=300.0))(scene_of(row), [])
    assert np.abs(after.speech).max() < 1e-6
    [measure] = after.got[0]
    assert measure.got == pytest.approx(250)


def test_two_cuts_that_meet_leave_nothing():
    assert not cut(window(0.25), head_ms=200.0, tail_ms=100.0).any()


def test_what_is_missing_is_measured_and_not_judged():
    [measure] = Truncate(Options(head_ms=100.0, tail_ms=50.0))(scene_of(window()), []).got[0]
    assert (measure.effect, measure.name, measure.kind) == ("talker.truncate", "cut_ms", "drawn")
    assert (measure.asked, measure.sd) == (pytest.approx(150), None)
    assert measure.got == pytest.approx(150, abs=1)


def test_what_a_filter_left_around_the_words_goes_with_them():
    row = window()
    row[[7000, -7000]] = 1e-7
    assert bounds_s(cut(row, head_ms=100.0, tail_ms=100.0)) == pytest.approx((0.6, 1.4))


def test_what_is_hidden_is_no_part_of_the_words():
    row = np.full(16_000, 0.1, np.float32)
    after = Truncate(Options(head_ms=100.0))(replace(scene_of(row), hidden=8000), []).speech[0]
    assert np.array_equal(after[:8000], row[:8000])
    assert not after[8000:9600].any()


def test_nothing_asked_keeps_every_bit_and_nominal_levels_stay():
    scene = scene_of(window())
    assert np.array_equal(Truncate(Options())(scene, []).speech, scene.speech)
    assert Truncate(Options(head_ms=100.0))(scene, []).nominal == scene.nominal


def test_silence_has_no_measures():
    assert Truncate(Options(head_ms=100.0))(scene_of(np.zeros(100)), []).got == ((),)


@pytest.mark.parametrize(
    ("severity", "head_ms", "tail_ms"), [(0.25, 60.0, 150.0), (0.5, 120.0, 300.0), (1, 240.0, 500.0)]
)
def test_severity_is_how_much_is_missing(severity, head_ms, tail_ms):
    written = Options(head_ms=120.0, tail_ms=300.0)
    assert written.at(severity) == Options(head_ms=head_ms, tail_ms=tail_ms)


@pytest.mark.parametrize("wrong", [{"head_ms": -1}, {"tail_ms": 501}])
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        Options(**wrong)
