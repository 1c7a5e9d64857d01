"""Frames are lost as often as asked, and in bursts as long as asked."""

import numpy as np
import pytest

from pipeline.line.network.packet_loss import Options, PacketLoss, loss_rate_sd, lost_frames
from pipeline.line.scene import Nominal, Scene

RATE = 16_000


def scene(seconds, *, rows=1, rate=RATE, hidden=0, **marks):
    sound = np.full((rows, round(seconds * rate)), 0.1, np.float32)
    silence = np.zeros_like(sound)
    nominals = (Nominal(-26.0, -30.0),) * rows
    return Scene(rate, sound, silence, silence, silence, nominals, hidden=hidden, **marks)


def after(before, seed=1, **options):
    rngs = [np.random.default_rng(seed + row) for row in range(before.rows)]
    return PacketLoss(Options(**options))(before, rngs)


def burst_lengths(lost):
    steps = np.diff(lost.astype(int), prepend=0, append=0)
    return np.flatnonzero(steps == -1) - np.flatnonzero(steps == 1)


@pytest.mark.parametrize(("rate", "mean_burst"), [(0.02, 1.5), (0.1, 3), (0.3, 10), (0.5, 1), (0.5, 4)])
def test_loss_rate_and_mean_burst_are_within_3_percent_over_200_000_frames(rate, mean_burst):
    lost = lost_frames(200_000, rate=rate, mean_burst=mean_burst, rng=np.random.default_rng(1))
    assert lost.mean() == pytest.approx(rate, rel=0.03)
    assert burst_lengths(lost).mean() == pytest.approx(mean_burst, rel=0.03)


def test_burst_lengths_are_geometric():
    lost = lost_frames(300_000, rate=0.1, mean_burst=4, rng=np.random.default_rng(2))
    lengths = burst_lengths(lost)
    shares = [np.mean(lengths == length) for length in (1, 2, 3, 8)]
    assert shares == pytest.approx([0.25 * 0.75 ** (length - 1) for length in (1, 2, 3, 8)], abs=0.015)


def test_more_frames_begin_with_the_same_ones():
    chains = [lost_frames(frames, rate=0.3, mean_burst=2, rng=np.random.default_rng(3)) for frames in (10, 150, 9_000)]
    assert np.array_equal(chains[0], chains[2][:10])
    assert np.array_equal(chains[1], chains[2][:150])


def test_the_first_frame_is_lost_as_often_as_any_other():
    first = [lost_frames(1, rate=0.3, mean_burst=8, rng=np.random.default_rng(seed))[0] for seed in range(3000)]
    assert np.mean(first) == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / 3000))


@pytest.mark.parametrize(("rate", "mean_burst"), [(0.1, 1 / 0.9), (0.1, 5), (0.4, 1)])
def test_the_spread_of_the_loss_rate_is_that_of_many_short_chains(rate, mean_burst):
    means = [
        lost_frames(50, rate=rate, mean_burst=mean_burst, rng=np.random.default_rng(seed)).mean()
        for seed in range(3000)
    ]
    assert np.std(means) == pytest.approx(loss_rate_sd(50, rate=rate, mean_burst=mean_burst), rel=0.06)


def test_the_spread_of_independent_losses_is_binomial():
    assert loss_rate_sd(400, rate=0.2, mean_burst=1 / 0.8) == pytest.approx(np.sqrt(0.2 * 0.8 / 400))


def test_a_chain_that_would_need_less_than_a_frame_between_losses_is_refused():
    with pytest.raises(ValueError, match="p"):
        lost_frames(10, rate=0.8, mean_burst=1, rng=np.random.default_rng(1))


@pytest.mark.parametrize(("rate", "frame_ms"), [(16_000, 20), (22_050, 10), (44_100, 60), (8_000, 40)])
def test_frames_cover_all_samples_with_a_last_partial_one(rate, frame_ms):
    marked = after(scene(1.001, rate=rate), frame_ms=frame_ms)
    assert marked.lost.shape == (1, int(np.ceil(1001 / frame_ms)))
    assert marked.frame_ms == frame_ms


def test_the_sound_is_left_as_it_is():
    before = scene(2)
    assert np.array_equal(after(before, rate=0.5).speech, before.speech)


def test_what_was_lost_already_stays_lost():
    early = np.zeros((1, 50), np.bool_)
    early[0, 7] = True
    assert after(scene(1, lost=early), rate=0.0).lost[0].tolist() == early[0].tolist()


def test_losses_in_frames_of_another_length_stay_where_they_were():
    early = np.zeros((1, 50), np.bool_)
    early[0, 7] = True  # 140 to 160 ms
    assert np.flatnonzero(after(scene(1, lost=early), rate=0.0, frame_ms=10).lost[0]).tolist() == [14, 15]
    assert np.flatnonzero(after(scene(1, lost=early), rate=0.0, frame_ms=60).lost[0]).tolist() == [2]


@pytest.mark.slow
def test_over_many_windows_what_was_got_is_within_what_chance_allows():
    rows = after(scene(1.5, rows=2000, hidden=RATE // 2), rate=0.2, mean_burst=6).got
    for name in ("loss_rate", "mean_burst"):
        measures = [one for row in rows for one in row if one.name == name]
        off = sum(one.got - one.asked for one in measures)
        assert abs(off) / np.sqrt(sum(one.sd**2 for one in measures)) < 4


def test_the_measured_loss_rate_is_that_of_the_visible_frames():
    marked = after(scene(4, rows=8, hidden=RATE), rate=0.3)
    assert [row[0].got for row in marked.got] == marked.lost[:, 50:].mean(axis=1).tolist()


def test_the_burst_that_is_measured_is_the_first_to_begin_among_the_visible_frames():
    marked = after(scene(4, rows=8, hidden=RATE), rate=0.2, mean_burst=3)
    for lost, [_, burst] in zip(marked.lost[:, 50:], marked.got, strict=True):
        begins = np.flatnonzero(~lost[:-1] & lost[1:])[0] + 1
        assert burst.got == np.flatnonzero(~lost[begins:])[0]


def test_no_burst_no_mean_burst():
    assert [one.name for one in after(scene(1), rate=0.0).got[0]] == ["loss_rate"]


def test_the_rate_is_proportional_to_the_severity_and_bursts_are_as_long():
    written = Options(rate=0.04, mean_burst=3)
    assert [written.at(severity).rate for severity in (0.25, 0.5, 1)] == pytest.approx([0.02, 0.04, 0.08])
    assert written.at(1).mean_burst == 3
    assert Options(rate=0.4).at(1).rate == 0.5
