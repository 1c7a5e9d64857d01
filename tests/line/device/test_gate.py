from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng

from pipeline.line.device.gate import Gate, Options
from pipeline.line.scene import Nominal, Scene

RATE = 16_000
NOMINAL_DBOV = -26.0
SECOND = np.arange(RATE) / RATE


def tone(dbov, seconds=1.0):
    return 10 ** (dbov / 20) * np.sqrt(2) * np.sin(2 * np.pi * 1000 * np.arange(round(seconds * RATE)) / RATE)


def scene_of(speech, **changed) -> Scene:
    """With a trace of sound in the noise, which tells the gain and opens nothing."""
    row = np.asarray(speech, np.float32)[np.newaxis]
    trace, silence = np.full_like(row, 1e-5), np.zeros_like(row)
    return replace(Scene(RATE, row, silence, trace, silence, (Nominal(NOMINAL_DBOV, -30.0),)), **changed)


def after(scene, **options) -> Scene:
    return Gate(Options(**options))(scene, [default_rng(0)])


def factors(scene, **options):
    return after(scene, **options).noise[0] / np.float32(1e-5)


def got(scene):
    return {measure.name: measure.got for measure in scene.got[0]}


def a_word():
    """A second of silence, one of a tone at the nominal level, one of silence."""
    return np.concatenate([np.zeros(RATE), tone(NOMINAL_DBOV), np.zeros(RATE)])


@pytest.mark.parametrize(("dbov", "opens"), [(-60.0, True), (-62.0, False)])
def test_it_opens_at_its_threshold_below_the_nominal_level(dbov, opens):
    # -35 dB below -26 dBov.
    assert (factors(scene_of(tone(dbov)))[-1] == 1) == opens


@pytest.mark.parametrize("depth_db", [10.0, 30.0, 80.0])
def test_it_is_shut_by_its_depth(depth_db):
    shut = factors(scene_of(a_word()), depth_db=depth_db)
    assert 20 * np.log10(shut[[0, RATE - 1, -1]]) == pytest.approx(-depth_db, abs=0.01)


@pytest.mark.parametrize("attack_ms", [1, 5, 40])
def test_it_opens_within_its_attack_and_what_it_takes_to_hear(attack_ms):
    opened = np.flatnonzero(factors(scene_of(a_word()), attack_ms=attack_ms) == 1)[0]
    assert attack_ms <= (opened - RATE) * 1000 / RATE <= attack_ms + 3


@pytest.mark.parametrize("hang_ms", [0, 150, 500])
def test_it_hangs_on_after_a_word_and_then_shuts(hang_ms):
    now = factors(scene_of(a_word()), hang_ms=hang_ms)[2 * RATE :]
    opened = np.flatnonzero(now == 1)[-1] * 1000 / RATE
    shut = np.flatnonzero(now < 0.0317)[0] * 1000 / RATE
    assert hang_ms <= opened <= hang_ms + 12  # its level is that of the last 10 ms
    assert shut - opened == pytest.approx(50, abs=2)


def test_a_word_keeps_every_bit_once_the_gate_is_open():
    before = scene_of(a_word())
    heard = slice(RATE + RATE // 50, 2 * RATE)
    assert (after(before).speech[0, heard] == before.speech[0, heard]).all()


def test_a_gate_without_depth_leaves_every_bit():
    before = scene_of(a_word())
    heard = after(before, depth_db=0.0)
    assert heard.whole.tobytes() == before.whole.tobytes()


def test_all_stems_have_one_gain_and_the_agent_none():
    other = tone(-40.0, 3.0).astype(np.float32)[np.newaxis]
    before = scene_of(a_word(), others=other * (np.arange(3 * RATE) < RATE), far_end=other)
    heard = after(before)
    gains = heard.noise / before.noise
    assert np.allclose(heard.speech, before.speech * gains, rtol=1e-5)
    assert np.allclose(heard.others, before.others * gains, rtol=1e-5)
    assert (heard.far_end == other).all()


def test_noise_over_the_threshold_keeps_it_open():
    hiss = 10 ** (-50 / 20) * default_rng(1).standard_normal((1, 3 * RATE)).astype(np.float32)
    assert got(after(scene_of(a_word(), noise=hiss)))["closed_share"] < 0.01


def test_the_share_of_time_that_it_is_shut_is_counted_where_it_is_heard():
    # One second of three is loud, and 150 ms are hung on.
    assert got(after(scene_of(a_word())))["closed_share"] == pytest.approx(1.85 / 3, abs=0.005)
    assert got(after(scene_of(a_word(), hidden=RATE)))["closed_share"] == pytest.approx(0.85 / 2, abs=0.007)


def test_what_it_takes_of_the_words_is_measured():
    # A few ms of a second are cut off while it opens; a voice below its threshold is shut out as a whole.
    assert got(after(scene_of(a_word())))["speech_db"] == pytest.approx(0.0, abs=0.05)
    assert got(after(scene_of(tone(-70.0))))["speech_db"] == pytest.approx(-30.0, abs=0.1)


def test_silence_has_no_measures():
    assert after(scene_of(np.zeros(RATE), noise=np.zeros((1, RATE), np.float32))).got == ((),)


def test_a_harsher_gate_opens_later_and_shuts_deeper():
    # 20 log10 2 = 6.02 dB
    mild, harsh = (Options(threshold_db=-35.0, depth_db=30.0).at(severity) for severity in (0.25, 1))
    assert (mild.threshold_db, harsh.threshold_db) == pytest.approx((-41.02, -28.98), abs=0.01)
    assert (mild.depth_db, harsh.depth_db) == (15, 60)
