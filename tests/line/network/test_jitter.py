"""Waits are exponential and forget slowly; as many packets come too late as the buffer's length lets."""

import numpy as np
import pytest
from scipy import stats

from pipeline.chance import stream
from pipeline.line.network.jitter import MEMORY_MS, Jitter, Options, late_share_sd, mean_change, mean_sd, waits
from pipeline.line.scene import Nominal, Scene

RATE = 8_000
KEPT = np.exp(-20 / MEMORY_MS)


def scene(seconds, rows=1, **marks):
    sound = np.full((rows, round(seconds * RATE)), 0.1, np.float32)
    silence = np.zeros_like(sound)
    return Scene(RATE, sound, silence, silence, silence, (Nominal(-26.0, -30.0),) * rows, **marks)


def after(before, **options):
    return Jitter(Options(**options))(before, [stream(1, str(row)) for row in range(before.rows)])


def long(mean=10.0, frames=200_000):
    return waits(frames, mean=mean, kept=KEPT, rng=stream(1, "long"))


def measured(scene, name):
    return [next(one for one in row if one.name == name) for row in scene.got]


def test_waits_are_exponential_and_the_first_is_as_any_other():
    assert stats.kstest(long()[::50], stats.expon(scale=10).cdf).pvalue > 0.01
    first = [waits(5, mean=10, kept=KEPT, rng=stream(1, str(call)))[0] for call in range(2000)]
    assert stats.kstest(first, stats.expon(scale=10).cdf).pvalue > 0.01


@pytest.mark.parametrize("packets", [1, 5, 10])
def test_waits_forget_within_their_memory(packets):
    some = long()
    assert np.corrcoef(some[packets:], some[:-packets])[0, 1] == pytest.approx(KEPT**packets, abs=0.03)


@pytest.mark.parametrize(("ms", "buffer_ms"), [(10, 40), (20, 40), (40, 40)])
def test_as_many_come_too_late_as_an_exponential_has_beyond_the_buffer(ms, buffer_ms):
    lost = after(scene(4000), ms=ms, buffer_ms=buffer_ms).lost[0]
    assert lost.mean() == pytest.approx(np.exp(-buffer_ms / ms), rel=0.06)
    begins = np.flatnonzero(lost[1:] & ~lost[:-1])
    # Two in a row are late with exp(-(2 - kept) b), so that a burst has 1 / (1 - exp(-(1 - kept) b)) on average.
    assert lost.sum() / len(begins) == pytest.approx(1 / (1 - np.exp(-(1 - KEPT) * buffer_ms / ms)), rel=0.06)


def test_what_chance_does_to_a_second_of_packets_is_known():
    rows = np.stack([waits(50, mean=1, kept=KEPT, rng=stream(2, str(call))) for call in range(3000)])
    assert rows.mean(axis=1).std() == pytest.approx(mean_sd(50, KEPT), rel=0.06)
    assert (rows > 2).mean(axis=1).std() == pytest.approx(late_share_sd(50, limit=2, kept=KEPT), rel=0.06)


def test_packets_that_forget_at_once_come_late_as_coins_fall():
    assert late_share_sd(100, limit=np.log(4), kept=0) == pytest.approx(np.sqrt(0.25 * 0.75 / 100))
    assert mean_sd(100, 0) == pytest.approx(0.1)


def test_the_jitter_of_rfc_3550_settles_where_it_is_said_to():
    jitter, heard = 0.0, []
    for change in np.abs(np.diff(long(mean=1.0))):
        jitter += (change - jitter) / 16  # RFC 3550, section 6.4.1
        heard.append(jitter)
    assert np.mean(heard) == pytest.approx(mean_change(KEPT), rel=0.03)


def test_what_was_got_is_within_what_chance_allows():
    got = after(scene(5, rows=400, hidden=2 * RATE), ms=20, buffer_ms=40)
    for name in ("late_share", "ms"):
        off = sum(one.got - one.asked for one in measured(got, name))
        assert abs(off) / np.sqrt(sum(one.sd**2 for one in measured(got, name))) < 4


def test_the_late_share_is_that_of_the_visible_frames():
    got = after(scene(8, hidden=3 * RATE), ms=30)
    assert measured(got, "late_share")[0].got == got.lost[0, 150:].mean()


def test_what_was_lost_already_stays_lost_and_the_sound_as_it_is():
    early = np.zeros((1, 50), np.bool_)
    early[0, 7] = True
    before = scene(1, lost=early)
    marked = after(before, ms=0)
    assert np.array_equal(marked.lost, early)
    assert marked.speech is before.speech


def test_no_jitter_no_packet_is_late():
    still = after(scene(10), ms=0)
    assert not still.lost.any()
    assert {(one.asked, one.got) for one in still.got[0]} == {(0, 0)}


def test_the_jitter_is_proportional_to_the_severity_and_the_buffer_as_long():
    assert [Options(ms=12).at(severity).ms for severity in (0.25, 0.5, 1)] == [6, 12, 24]
    assert Options(ms=150).at(1).ms == 200
    assert Options().at(1).buffer_ms == 40


@pytest.mark.parametrize("frame_ms", [10, 20, 40, 60])
def test_frames_cover_all_samples_with_a_last_partial_one(frame_ms):
    marked = after(scene(6.01), frame_ms=frame_ms)
    assert marked.lost.shape == (1, int(np.ceil(6010 / frame_ms)))
    assert marked.frame_ms == frame_ms
