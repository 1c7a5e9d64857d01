import math

import numpy as np
import pytest

from pipeline.line.scene import Measure, Nominal, Scene


def stem(value, shape=(2, 5)):
    return np.full(shape, value, np.float32)


def scene(**changed) -> Scene:
    stems = {"speech": stem(0.1), "others": stem(0.2), "noise": stem(0.4), "far_end": stem(0.05)}
    return Scene(16000, **{**stems, **changed}, nominal=(Nominal(-26.0, -30.0),) * 2)


def measure(got, *, kind="set", tolerance=0.5):
    return Measure("room.noise", "snr_db", 10.0, got, kind, tolerance)


def test_a_mix_is_the_sum_of_the_callers_end_and_not_of_the_agents():
    mixed = scene().mix()
    assert mixed.speech == pytest.approx(stem(0.7))
    assert not mixed.others.any() and not mixed.noise.any()
    assert (mixed.far_end == stem(0.05)).all()


def test_a_scene_is_mixed_once():
    once = scene().mix()
    assert once.mix() is once


def test_mixing_leaves_the_scene_before_as_it_was():
    before = scene()
    before.mix()
    assert (before.speech == stem(0.1)).all()
    assert not before.mixed


@pytest.mark.parametrize("got", [9.5, 10.0, 10.5])
def test_within_its_tolerance_a_measure_is_on_target(got):
    assert not measure(got).off_target


@pytest.mark.parametrize("got", [9.4, 10.6, math.nan, math.inf])
def test_beyond_its_tolerance_a_set_measure_is_off_target(got):
    assert measure(got).off_target


def test_a_set_measure_without_tolerance_must_hold_exactly():
    assert not measure(10.0, tolerance=None).off_target
    assert measure(10.001, tolerance=None).off_target


def test_what_is_drawn_is_never_off_target_alone():
    assert not measure(99.0, kind="drawn").off_target


@pytest.mark.parametrize("kind", ["set", "drawn"])
def test_where_nothing_was_asked_nothing_is_missed(kind):
    assert not Measure("room.reverb", "t60_s", None, 99.0, kind, tolerance=0.1).off_target


def test_measures_are_added_to_those_before_row_by_row():
    one, two, three = measure(1.0), measure(2.0), measure(3.0)
    got = scene().with_got([(one,), ()]).with_got([(two,), (three,)]).got
    assert got == ((one, two), (three,))


def test_measures_need_a_sequence_for_each_row():
    with pytest.raises(ValueError):
        scene().with_got([()]).got  # noqa: B018  the error is in making it


@pytest.mark.parametrize("noise", [stem(0, (1, 5)), stem(0, (2, 4))])
def test_stems_of_different_shapes_are_refused(noise):
    with pytest.raises(ValueError, match="one shape"):
        scene(noise=noise)


def test_stems_without_rows_are_refused():
    flat = stem(0.0, (5,))
    with pytest.raises(ValueError, match="rows x samples"):
        scene(speech=flat, others=flat, noise=flat, far_end=flat)
