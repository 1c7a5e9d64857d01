from dataclasses import replace
from math import asin, exp, pi, sqrt

import numpy as np
import pytest
from numpy.random import default_rng
from pystoi import stoi
from scipy.signal import butter, sosfilt

from pipeline.line.device.clip import Clip, Options
from pipeline.line.scene import Nominal, Scene


def scene_of(speech, asl_dbov=-26.0, **changed) -> Scene:
    rows = np.atleast_2d(speech).astype(np.float32)
    silence = np.zeros_like(rows)
    nominal = (Nominal(asl_dbov, asl_dbov - 4),) * len(rows)
    return replace(Scene(16_000, rows, silence, silence, silence, nominal), **changed)


def after(scene, db_over_asl=12.0) -> Scene:
    return Clip(Options(db_over_asl=db_over_asl))(scene, [default_rng(0)] * scene.rows)


def got(scene):
    return {measure.name: measure for measure in scene.got[0]}


def sine(amplitude, samples=160_000):
    return amplitude * np.sin(np.arange(samples) * 0.7301)


def laplace(asl_dbov, samples=160_000):
    """Samples of the density that is asked for, active all the time."""
    return default_rng(1).laplace(scale=10 ** (asl_dbov / 20) / sqrt(2), size=samples)


@pytest.mark.parametrize(("asl_dbov", "db"), [(-26.0, 12.0), (-40.0, 0.0), (-20.0, 19.5)])
def test_it_cuts_both_sides_off_at_so_many_db_over_the_nominal_level(asl_dbov, db):
    sound = after(scene_of(sine(0.99), asl_dbov), db).whole
    assert sound.max() == -sound.min() == pytest.approx(10 ** ((asl_dbov + db) / 20), rel=1e-6)


@pytest.mark.parametrize("db", [0.0, 6.0, 10.0])
def test_a_sine_is_cut_for_as_long_as_it_is_beyond_the_level(db):
    level = 10 ** ((-26 + db) / 20)
    assert got(after(scene_of(sine(0.5)), db))["share"].got == pytest.approx(1 - 2 / pi * asin(level / 0.5), rel=0.01)


@pytest.mark.parametrize("db", [3.0, 6.0, 9.0])
def test_the_share_is_within_10_percent_of_that_of_laplacian_samples(db):
    share = got(after(scene_of(laplace(-26)), db))["share"]
    expected = exp(-sqrt(2) * 10 ** (db / 20))
    assert share.got == pytest.approx(expected, rel=0.1)
    assert share.asked == pytest.approx(expected, rel=0.02)
    assert (share.kind, share.sd) == ("drawn", None)


@pytest.mark.parametrize("pause", [0.25, 0.5, 0.9])
def test_the_share_asked_for_counts_the_pauses(pause):
    words = laplace(-26) * (np.arange(160_000) % 1000 >= 1000 * pause)
    share = got(after(scene_of(words), 6.0))["share"]
    assert share.asked == pytest.approx((1 - pause) * exp(-sqrt(2) * 10 ** (6 / 20)), rel=0.05)
    assert share.got == pytest.approx(share.asked, rel=0.1)


@pytest.mark.parametrize("db", [3.0, 9.0, 14.0])
def test_the_share_is_that_of_what_came_in_beyond_the_level_on_either_side(db):
    t = np.arange(160_000) / 16_000
    words = laplace(-26) * np.clip(np.sin(2 * np.pi * 3 * t), 0, None)
    hiss = laplace(-36)[::-1].astype(np.float32)[np.newaxis]
    before = scene_of(words, noise=hiss, hidden=16_000)
    whole, level = (before.speech + hiss)[0, 16_000:], 10 ** ((-26 + db) / 20)
    over, under = np.mean(whole > level), np.mean(whole < -level)
    assert got(after(before, db))["share"].got == pytest.approx(over + under, rel=0.01)
    cut = after(before, db).whole[0, 16_000:]
    assert [np.mean(cut >= 0.9999 * level), np.mean(cut <= -0.9999 * level)] == pytest.approx([over, under], rel=0.01)


@pytest.mark.parametrize("db", [0.0, 6.0, 12.0])
def test_sound_turned_upside_down_is_clipped_alike(db):
    before = laplace(-26, 16_000)
    assert np.array_equal(after(scene_of(-before), db).whole, -after(scene_of(before), db).whole)


def test_the_level_is_measured_on_the_sound():
    level = got(after(scene_of(sine(0.9), asl_dbov=-30.0)))["level_dbov"]
    assert (level.kind, level.asked) == ("set", -18.0)
    assert level.got == pytest.approx(-18.0, abs=1e-4)
    assert not level.off_target


def test_where_nothing_is_clipped_every_bit_stays_and_no_level_is_told():
    noise = 0.01 * default_rng(1).standard_normal((1, 16_000)).astype(np.float32)
    before = scene_of(sine(0.05, 16_000), noise=noise)
    heard = after(before)
    assert heard.noise.tobytes() == noise.tobytes() and (heard.speech == before.speech).all()
    assert got(heard).keys() == {"share"} and got(heard)["share"].got == 0


def test_what_clipping_adds_is_noise():
    before = scene_of(sine(0.3), others=scene_of(sine(0.2)).speech[:, ::-1])
    heard = after(before)
    assert (heard.speech == before.speech).all() and (heard.others == before.others).all()
    assert np.abs(heard.whole - np.clip(before.whole, -(10**-0.7), 10**-0.7)).max() < 1e-7


def test_where_the_stems_have_ended_the_whole_sound_is_clipped():
    heard = after(scene_of(sine(0.9), mixed=True))
    assert np.abs(heard.speech).max() == pytest.approx(10**-0.7) and not heard.noise.any()


def test_only_what_is_heard_is_counted():
    sound = sine(0.9, 32_000)
    sound[16_000:] = 0.01
    assert got(after(scene_of(sound, hidden=16_000)))["share"].got == 0


def test_silence_has_no_measures():
    assert after(scene_of(np.zeros(100))).got == ((),)


def syllables(seconds=4.0):
    """A buzz through formants that move five times a second, with pauses."""
    rng, parts = default_rng(3), []
    for _ in range(round(5 * seconds)):
        buzz = np.sign(np.sin(2 * np.pi * rng.uniform(100, 150) * np.arange(3_200) / 16_000))
        formants = rng.uniform((300, 900, 2000), (800, 1800, 3000))
        voice = sum(sosfilt(butter(1, [0.9 * f, 1.1 * f], "bandpass", fs=16_000, output="sos"), buzz) for f in formants)
        parts.append(voice * np.hanning(3_200))
    return np.concatenate(parts)


def test_words_are_less_intelligible_the_lower_the_level_is():
    sound = syllables()
    sound *= 10 ** (-26 / 20) / np.sqrt(np.mean(sound**2))
    ladder = [after(scene_of(sound), db).whole[0] for db in (12.0, 9.0, 6.0, 3.0, 0.0)]
    scores = [stoi(sound, heard, 16_000, extended=True) for heard in ladder]
    assert (np.diff(scores) < 0).all()
    assert scores[0] > 0.9


def test_twice_the_severity_is_clipped_at_half_the_amplitude():
    # 20 log10 2 = 6.02 dB
    levels = [Options(db_over_asl=12.0).at(severity).db_over_asl for severity in (0.25, 1)]
    assert levels == pytest.approx([18.02, 5.98], abs=0.01)
    assert Options(db_over_asl=3.0).at(1).db_over_asl == 0
