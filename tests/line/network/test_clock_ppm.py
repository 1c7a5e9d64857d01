"""A clock that drifts stretches sound by so many parts per million, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.line.network.clock_ppm import ClockPpm, Options, drifted
from pipeline.line.scene import Nominal, Scene

RATES = [8000, 16_000, 22_050, 24_000, 44_100, 48_000]


def scene(speech, rate, **marks):
    row = np.asarray(speech, np.float32)[np.newaxis]
    silence = np.zeros_like(row)
    return Scene(rate, row, silence, silence, silence, (Nominal(-26.0, -30.0),), **marks)


def after(before, **options):
    return ClockPpm(Options(**options))(before, [np.random.default_rng(1)])


def chord(time_s, rate):
    """Tones up to 0.88 of half the rate."""
    return sum(0.1 * np.sin(2 * np.pi * share * rate / 2 * time_s + share) for share in (0.02, 0.3, 0.61, 0.88))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("ppm", [-200, -7, 50, 200])
def test_what_is_heard_was_said_at_the_time_of_the_other_clock(rate, ppm):
    time_s = np.arange(4 * rate) / rate
    heard = after(scene(chord(time_s, rate), rate), ppm=ppm).speech[0]
    off = heard - chord(time_s / (1 + ppm * 1e-6), rate)
    inner = slice(rate // 100, -rate // 100)
    assert np.sqrt(np.mean(off[inner] ** 2)) < 1e-3 * np.sqrt(np.mean(heard[inner] ** 2))  # -60 dB


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("ppm", [-200, -1, 0, 3.5, 200])
def test_the_drift_is_got_as_asked(rate, ppm):
    [[measure]] = after(scene(np.zeros(100), rate), ppm=ppm).got
    assert (measure.name, measure.kind, measure.asked) == ("ppm", "set", ppm)
    assert measure.got == pytest.approx(ppm, abs=0.01)


def test_no_drift_keeps_every_bit():
    before = scene(chord(np.arange(8000) / 8000, 8000), 8000)
    assert after(before, ppm=0).speech is before.speech
    assert ClockPpm(Options(ppm=0)).lookahead_ms == 0


@pytest.mark.parametrize("ppm", [-200, 200])
def test_when_a_frame_is_reached_the_receiver_slips_and_is_in_time_again(ppm):
    rate = 8000
    clicks = np.zeros(120 * rate)
    clicks[rate // 2 :: rate] = 1.0
    late = np.abs(after(scene(clicks, rate), ppm=ppm).speech[0]).reshape(120, rate).argmax(axis=1) - rate // 2
    seconds = np.arange(120) + 0.5
    assert late == pytest.approx(np.fmod(seconds * ppm * 1e-6, 0.02) * rate, abs=1)
    assert abs(late[99]) == pytest.approx(160, abs=2)
    assert abs(late[101]) < 4


def test_every_stem_drifts_and_what_the_agent_says_does_not():
    time_s = np.arange(8000) / 8000
    stems = [np.float32(gain * chord(time_s, 8000))[np.newaxis] for gain in (1.0, 0.5, 0.25, 2.0)]
    before = Scene(8000, *stems, nominal=(Nominal(-26.0, -30.0),))
    heard = after(before)
    whole = drifted(before.mix().speech, rate=8000, ppm=50)
    assert np.abs(heard.mix().speech - whole).max() < 1e-6
    assert heard.far_end is before.far_end


def test_what_was_lost_and_not_concealed_is_silent_from_here():
    lost = np.isin(np.arange(50), (10, 11))[np.newaxis]
    before = replace(scene(np.full(16_000, 0.25), 16_000), lost=lost)
    heard = after(before, ppm=0)
    assert heard.lost is None
    assert np.array_equal(heard.speech[0] == 0, np.repeat(lost[0], 320))


def test_the_drift_is_proportional_to_the_severity():
    assert [Options(ppm=-60).at(severity).ppm for severity in (0.25, 0.5, 1)] == [-30, -60, -120]
    assert Options(ppm=150).at(1).ppm == 200
