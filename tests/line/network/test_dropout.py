"""Holes in the radio link come as often and last as long as asked; in them nothing arrives."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.chance import stream
from pipeline.line.losses import silenced
from pipeline.line.network.dropout import Dropout, Options
from pipeline.line.scene import Nominal, RunsOn, Scene

RATE = 8_000


def scene(seconds, rows=1, **marks):
    sound = np.full((rows, round(seconds * RATE)), 0.1, np.float32)
    silence = np.zeros_like(sound)
    return Scene(RATE, sound, silence, silence, silence, (Nominal(-26.0, -30.0),) * rows, **marks)


def after(before, seed=1, **options):
    return Dropout(Options(**options))(before, [stream(seed, str(row)) for row in range(before.rows)])


def measured(scene, name):
    return [next(one for one in row if one.name == name) for row in scene.got]


def runs(lost):
    steps = np.diff(lost.astype(int), prepend=0, append=0)
    return np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)


def test_as_many_begin_as_asked_and_last_as_long():
    begins, ends = runs(after(scene(3600), per_min=6, ms=300).lost[0])
    # 360 holes, each begun within 0.45 s of another with probability 0.045: about 8 that are no runs of their own.
    assert len(begins) == pytest.approx(352, abs=4 * np.sqrt(360))
    alone = (ends - begins) * 20
    assert np.median(alone) == pytest.approx(300, abs=25)
    assert alone.min() >= 140
    assert np.mean(alone > 460) < 0.06


@pytest.mark.parametrize(("per_min", "ms"), [(6, 300), (60, 2000)])
def test_they_take_the_share_of_time_in_which_an_endless_queue_is_busy(per_min, ms):
    holey = after(scene(3600), per_min=per_min, ms=ms)
    expected = 1 - np.exp(-per_min * ms / 60_000)
    assert holey.lost.mean() == pytest.approx(expected, rel=0.15)
    [share] = measured(holey, "lost_share")
    assert (share.asked, share.got) == (pytest.approx(expected), holey.lost.mean())


def test_how_many_begin_scatters_as_a_poisson_count():
    rates = measured(after(scene(5, rows=600, hidden=2 * RATE), per_min=10), "per_min")
    z = np.array([(one.got - one.asked) / one.sd for one in rates])
    assert abs(z.mean()) < 4 / np.sqrt(600)
    assert z.std() == pytest.approx(1, abs=0.12)


def test_the_first_frame_is_lost_as_often_as_any_other():
    lost = after(scene(0.4, rows=2000), per_min=30, ms=500).lost
    expected = 1 - np.exp(-0.25)
    assert lost[:, 0].mean() == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 2000))


def test_a_hole_goes_on_from_block_to_block_of_a_silence():
    assert isinstance(Dropout(Options()), RunsOn)
    whole = after(scene(8), per_min=60, ms=1500).lost[0]
    block = after(replace(scene(3), since=(4 * RATE,)), per_min=60, ms=1500).lost[0]
    assert np.array_equal(block, whole[200:350])
    assert block.any() and not block.all()


def test_with_no_codec_behind_it_a_hole_is_silent():
    holey = after(scene(60), per_min=20)
    heard = silenced(holey).speech[0].reshape(-1, RATE // 50)
    assert np.array_equal((heard == 0).all(axis=1), holey.lost[0])
    assert holey.lost.any()


def test_frames_are_as_long_as_those_that_were_lost_before():
    early = after(scene(6, lost=np.zeros((1, 100), np.bool_), frame_ms=60), per_min=30)
    assert early.lost.shape == (1, 100)
    assert early.frame_ms == 60


def test_none_at_all_leaves_every_frame():
    quiet = after(scene(60), per_min=0)
    assert not quiet.lost.any()
    assert [(one.got, one.sd) for one in quiet.got[0]] == [(0, None), (0, None)]


def test_there_are_more_at_a_higher_severity_and_none_is_longer():
    harsh = Options(per_min=2, ms=300).at(1)
    assert (harsh.per_min, harsh.ms) == (4, 300)
    assert Options(per_min=50).at(1).per_min == 60
