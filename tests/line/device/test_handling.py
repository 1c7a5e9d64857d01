"""Handling: how often a hand stirs, how loud, and what it sounds like."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import poisson

from pipeline.chance import stream
from pipeline.line.device.handling import LONGEST_S, Handling, Options, click, rub, thump
from pipeline.line.scene import Nominal, Scene
from pipeline.line.strikes import some_of

SORTS = (thump, rub, click)
LATE = round(LONGEST_S * 8000)  # by then what began before the window is over


def silent_scene(seconds: float, rate: int = 16000, *, rows: int = 1, hidden: int = 0) -> Scene:
    stem = np.zeros((rows, round(seconds * rate)), dtype=np.float32)
    return Scene(rate, stem, stem, stem, stem, (Nominal(-26.0, -30.0),) * rows, hidden=hidden)


def streams(rows: int = 1, seed: int = 1):
    return [stream(seed, str(row)) for row in range(rows)]


def measured(after: Scene, name: str) -> list:
    return [measure for row in after.got for measure in row if measure.name == name]


def share_below(sound, rate: int, hz: int) -> float:
    power = np.abs(np.fft.rfft(sound, rate)) ** 2  # a bin a hertz
    return float(power[:hz].sum() / power.sum())


def lasts_ms(sound, rate: int) -> float:
    """From when to when the middle nine tenths of the energy come."""
    come = np.cumsum(np.square(sound)) / np.square(sound).sum()
    return float(np.diff(np.searchsorted(come, (0.05, 0.95)))[0] * 1000 / rate)


def test_counts_over_many_windows_are_those_of_poisson_and_the_sd_says_so():
    after = Handling(Options(per_min=30.0))(silent_scene(4.0, 8000, rows=80), streams(80))
    rates = measured(after, "per_min")
    z = np.array([(one.got - one.asked) / one.sd for one in rates])
    assert abs(z.mean()) * len(z) ** 0.5 < 3
    assert z.std() == pytest.approx(1.0, abs=0.3)
    assert rates[0].sd == pytest.approx(poisson(30 * 4 / 60).std() * 60 / 4)


def test_only_what_begins_in_what_is_heard_counts():
    scene = silent_scene(6.0, hidden=48000)
    [rate] = measured(Handling(Options(per_min=60.0))(scene, streams()), "per_min")
    began = [at for at in some_of(1.0, 1.0, -LONGEST_S, 6.0, streams()[0]).at_s if at >= 3.0]
    assert rate.got == pytest.approx(len(began) * 20)


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_peaks_are_as_far_over_the_talkers_level_as_asked(rate):
    after = Handling(Options(per_min=3.0, peak_db=10.0, spread_db=0))(silent_scene(60.0, rate), streams(seed=2))
    assert np.abs(after.noise).max() == pytest.approx(10 ** ((10 - 26) / 20), rel=1e-3)
    [peak] = measured(after, "peak_db")
    assert (peak.got, peak.sd) == (pytest.approx(10.0, abs=1e-3), None)


def test_levels_spread_as_asked():
    after = Handling(Options(per_min=60.0, spread_db=5.0))(silent_scene(60.0, 8000, rows=4), streams(4))
    z = [(one.got - one.asked) / one.sd for one in measured(after, "peak_db")]
    assert np.abs(z).max() < 3.5
    assert len(set(z)) == 4


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_a_thump_is_the_case_ringing_between_80_and_400_hz(rate):
    for seed in range(10):
        sound = thump(rate, stream(seed))
        assert share_below(sound, rate, 500) - share_below(sound, rate, 60) > 0.7
        assert lasts_ms(sound, rate) < 150


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_a_rub_is_a_stroke_of_a_tenth_to_half_a_second_that_swells_and_fades(rate):
    for seed in range(10):
        sound = rub(rate, stream(seed))
        assert 0.1 <= len(sound) / rate <= 0.5
        assert lasts_ms(sound, rate) > 50
        assert share_below(sound, rate, 1500) > 0.8
        assert np.abs(sound[: rate // 200]).max() < 0.5 * np.abs(sound).max()


def test_a_click_is_short_and_brighter_than_a_thump():
    rate = 16000
    high = [1 - np.mean([share_below(make(rate, stream(seed)), rate, 500) for seed in range(20)]) for make in SORTS]
    assert high[2] > 3 * high[0]
    single = [lasts_ms(click(rate, stream(seed))[: rate // 20], rate) for seed in range(20)]
    assert np.median(single) < 20


def test_no_sort_lasts_longer_than_is_looked_back_for():
    for make in SORTS:
        for seed in range(20):
            assert len(make(16000, stream(seed))) <= LONGEST_S * 16000


@pytest.mark.parametrize("make", SORTS)
def test_no_two_are_alike(make):
    sounds = [make(8000, stream(seed))[:160] for seed in range(6)]
    likeness = np.abs(np.corrcoef([np.pad(sound, (0, 160 - len(sound))) for sound in sounds]) - np.eye(6))
    assert likeness.max() < 0.98


def test_no_two_touches_of_a_call_are_alike():
    scene = silent_scene(20.0, 8000, rows=30)
    rows = Handling(Options(per_min=10.0, spread_db=0))(scene, streams(30)).noise
    began = [row[np.flatnonzero(row[LATE:])[0] + LATE :][:40] for row in rows if row[LATE:].any()]
    assert len(began) > 20
    assert len({sound.tobytes() for sound in began}) == len(began)


def test_touches_run_on_from_block_to_block_of_a_silence():
    handling = Handling(Options(per_min=50.0))
    whole = handling(silent_scene(8.0), streams()).noise[0]
    blocks = handling(replace(silent_scene(4.0, rows=2), since=(0, 64000)), streams() + streams())
    assert whole.any()
    assert np.abs(blocks.noise.reshape(-1) - whole).max() < 1e-6


def test_behind_a_mix_they_are_in_the_whole_sound():
    handling = Handling(Options(per_min=60.0))
    after = handling(replace(silent_scene(4.0), mixed=True), streams())
    assert (after.speech == handling(silent_scene(4.0), streams()).noise).all()
    assert not after.noise.any()


def test_a_hand_that_never_stirs_leaves_every_bit():
    noise = np.random.default_rng(1).standard_normal((1, 16000)).astype(np.float32)
    scene = replace(silent_scene(1.0), noise=noise)
    assert Handling(Options(per_min=0.0))(scene, streams()).noise.tobytes() == noise.tobytes()


def test_the_rate_is_proportional_to_the_severity_and_a_touch_as_loud():
    assert [Options().at(s).per_min for s in (0.25, 0.5, 1)] == [2.0, 4.0, 8.0]
    assert Options(per_min=50.0).at(1).per_min == 60.0
    assert Options().at(1).peak_db == Options().peak_db
