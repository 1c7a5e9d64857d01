"""What loses frames adds to what was lost; what nobody concealed is silence, never the sound that did not come."""

import numpy as np
import pytest

from pipeline.line.losses import losing, regrouped, silenced
from pipeline.line.scene import Nominal, Scene


def scene(rate=16_000, seconds=1.0, **marks):
    stems = [np.full((2, round(seconds * rate)), value, np.float32) for value in (0.1, 0.2, 0.3, 0.4)]
    return Scene(rate, *stems, nominal=(Nominal(-26.0, -30.0),) * 2, **marks)


def lost_at(*frames, rows=2, of=50):
    lost = np.zeros((rows, of), np.bool_)
    lost[0, list(frames)] = True
    return lost


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100])
def test_what_nobody_concealed_is_silent_in_every_stem_and_nowhere_else(rate):
    after = silenced(scene(rate, lost=lost_at(3, 4, 40)))
    ms = np.arange(rate) * 1000 / rate
    gone = ((ms >= 60) & (ms < 100)) | ((ms >= 800) & (ms < 820))
    for stem, value in ((after.speech, 0.1), (after.others, 0.2), (after.noise, 0.3)):
        assert np.array_equal(stem[0] == 0, gone)
        assert np.unique(stem[0, ~gone]).tolist() == [np.float32(value)]
        assert (stem[1] == np.float32(value)).all()


def test_the_agents_sound_is_left_and_nothing_is_lost_twice():
    before = scene(lost=lost_at(3))
    after = silenced(before)
    assert after.far_end is before.far_end
    assert after.lost is None
    assert silenced(after) is after


def test_where_nothing_was_lost_every_bit_stays():
    before = scene(lost=lost_at())
    assert silenced(before).speech is before.speech


def test_a_last_partial_frame_is_silent_as_well():
    after = silenced(scene(seconds=0.03, lost=lost_at(1, of=2)))
    assert np.flatnonzero(after.speech[0] == 0).tolist() == list(range(320, 480))


def test_what_was_lost_already_stays_lost():
    after = losing(losing(scene(), lost_at(3), 20), lost_at(5), 20)
    assert np.flatnonzero(after.lost[0]).tolist() == [3, 5]


def test_a_frame_of_another_length_is_lost_where_any_of_it_was():
    assert np.flatnonzero(regrouped(lost_at(7), 20, 10, 100)[0]).tolist() == [14, 15]
    assert np.flatnonzero(regrouped(lost_at(7), 20, 60, 17)[0]).tolist() == [2]
    assert losing(scene(lost=lost_at(7)), np.zeros((2, 17), np.bool_), 60).frame_ms == 60
