from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng

from pipeline.levels import active_speech_level, scale_to
from pipeline.line.device.agc import Agc, Options
from pipeline.line.device.clip import Clip
from pipeline.line.device.clip import Options as ClipOptions
from pipeline.line.room.reverb import Options as RoomOptions
from pipeline.line.room.reverb import Reverb
from pipeline.line.scene import Nominal, Scene

RATE = 16_000
NOMINAL_DBOV = -26.0


def syllables(seconds, asl_dbov=NOMINAL_DBOV, seed=1):
    """Noise in bursts of an eighth of a second, at an active speech level."""
    t = np.arange(round(seconds * RATE)) / RATE
    sound = default_rng(seed).standard_normal(len(t)) * np.clip(np.sin(2 * np.pi * 4 * t), 0, None)
    return scale_to(sound.astype(np.float32), RATE, asl_dbov)


def scene_of(speech, noise_dbov=-70.0, **changed) -> Scene:
    row = np.asarray(speech, np.float32)[np.newaxis]
    noise = (10 ** (noise_dbov / 20) * default_rng(2).standard_normal(row.shape)).astype(np.float32)
    silence = np.zeros_like(row)
    return replace(Scene(RATE, row, silence, noise, silence, (Nominal(NOMINAL_DBOV, -30.0),)), **changed)


def after(scene, **options) -> Scene:
    return Agc(Options(**options))(scene, [default_rng(0)])


def gains_db(scene, **options):
    """The gain on each sample, told by others who are nowhere silent: what the limiter takes lies in the noise."""
    scene = replace(scene, others=scene.others + np.float32(1e-6) * (scene.others == 0))
    return 20 * np.log10(after(scene, **options).others / scene.others)[0]


def got(scene):
    return {measure.name: measure for measure in scene.got[0]}


@pytest.mark.parametrize("asl_dbov", [-32.0, -26.0, -16.0])
@pytest.mark.parametrize("target_dbov", [-20.0, -26.0])
def test_talkers_arrive_at_the_level_it_aims_at(asl_dbov, target_dbov):
    heard = after(scene_of(syllables(6, asl_dbov)), target_dbov=target_dbov, max_gain_db=20.0).speech[0, 3 * RATE :]
    assert active_speech_level(heard, RATE).asl_dbov == pytest.approx(target_dbov, abs=1.0)


@pytest.mark.parametrize(("asl_dbov", "gain_db"), [(-40.0, 5.0), (-12.0, -5.0)])
def test_it_raises_and_lowers_by_no_more_than_it_may(asl_dbov, gain_db):
    assert gains_db(scene_of(syllables(6, asl_dbov)), max_gain_db=5.0)[-1] == pytest.approx(gain_db, abs=1e-3)


def test_a_reach_of_0_db_leaves_every_bit():
    before = scene_of(syllables(2, -30.0))
    heard = after(before, max_gain_db=0.0)
    assert heard.speech.tobytes() == before.speech.tobytes() and heard.noise.tobytes() == before.noise.tobytes()


@pytest.mark.parametrize("noise_dbov", [-45.0, -32.0])
def test_steady_noise_alone_has_the_gain_of_a_talker_of_the_nominal_level(noise_dbov):
    # From -26 to -20 dBov are 6 dB.
    assert gains_db(scene_of(np.zeros(4 * RATE), noise_dbov)) == pytest.approx(6.0, abs=1e-3)


def in_a_room(scene, drr_db):
    return Reverb(RoomOptions(t60_s=0.5, drr_db=drr_db, room_seed=1))(scene, [default_rng(0)])


@pytest.mark.parametrize("drr_db", [-6.0, 0.0, 10.0])
def test_a_pause_has_the_gain_of_a_talker_as_loud_as_the_room_makes_them(drr_db):
    # The direct sound and what is reflected add up; a room has its ratio within 1 dB.
    louder_db = 10 * np.log10(1 + 10 ** (-drr_db / 10))
    gain_db = gains_db(in_a_room(scene_of(np.zeros(RATE), noise_dbov=-60.0), drr_db))
    assert gain_db == pytest.approx(6.0 - louder_db, abs=1.0)
    assert np.ptp(gain_db) < 1e-3


def test_the_first_words_in_a_room_have_the_gain_of_the_later_ones():
    before = in_a_room(scene_of(np.concatenate([np.zeros(RATE), syllables(6)])), drr_db=-6.0)
    gain_db = gains_db(before)[RATE:]
    assert np.mean(gain_db[: RATE // 2]) == pytest.approx(np.mean(gain_db[3 * RATE :]), abs=1.0)


def test_noise_is_not_pumped_up_in_a_pause():
    before = scene_of(np.concatenate([syllables(3, -20.0), np.zeros(4 * RATE)]), noise_dbov=-50.0)
    pause = gains_db(before)[round(3.3 * RATE) :]
    assert np.ptp(pause) < 0.1
    assert pause[-1] == pytest.approx(0.0, abs=2.5)  # the talker was at -20 already


def stepping(step_db):
    """A tone at the nominal level for half a second, and then at another, after silence."""
    level = np.repeat([0.0, 1.0, 10 ** (step_db / 20)], [RATE // 2] * 3)
    return level * 10 ** (NOMINAL_DBOV / 20) * np.sqrt(2) * np.sin(2 * np.pi * 1000 * np.arange(len(level)) / RATE)


@pytest.mark.parametrize("step_db", [20.0, -12.0])
@pytest.mark.parametrize("after_s", [0.1, 0.2, 0.4])
def test_it_follows_a_step_as_a_mean_of_half_a_second_does(step_db, after_s):
    gain_db = gains_db(scene_of(stepping(step_db), -100.0), max_gain_db=30.0)[round((1 + after_s + 0.015) * RATE)]
    step = 10 ** (step_db / 10)
    mean = step + (1 - step) * np.exp(-after_s / 0.5)
    assert gain_db == pytest.approx(6.0 - 10 * np.log10(mean), abs=0.6)


def test_a_soft_background_is_not_taken_for_the_talker():
    # 24 dB below the talker, in bursts of its own.
    before = scene_of(np.zeros(4 * RATE), others=syllables(4, -50.0)[np.newaxis])
    assert gains_db(before) == pytest.approx(6.0, abs=1e-3)


def test_all_stems_have_one_gain_and_the_agent_none():
    before = scene_of(syllables(3, -32.0), others=syllables(3, -40.0, seed=4)[np.newaxis])
    before = replace(before, far_end=before.others)
    heard = after(before)
    factors = heard.noise / before.noise
    assert np.allclose(heard.speech, before.speech * factors, rtol=1e-5)
    assert np.allclose(heard.others, before.others * factors, rtol=1e-5)
    assert (heard.far_end == before.far_end).all()


def test_a_gain_moves_without_steps():
    assert np.abs(np.diff(gains_db(scene_of(syllables(4, -12.0)), max_gain_db=30.0))).max() < 0.1


def test_what_is_heard_is_measured():
    hidden = 2 * RATE
    heard = after(scene_of(syllables(6, -30.0), hidden=hidden))
    level = active_speech_level(heard.speech[0, hidden:], RATE).asl_dbov
    assert got(heard)["level_dbov"].asked == -20 and got(heard)["level_dbov"].got == pytest.approx(level, abs=0.01)
    assert got(heard)["gain_db"].asked == 6 and got(heard)["gain_db"].got == pytest.approx(10, abs=1)
    assert {measure.kind for measure in heard.got[0]} == {"drawn"}


def test_silence_has_no_measures_and_noise_alone_no_level():
    silence = np.zeros(RATE)
    assert after(scene_of(silence, noise=np.zeros((1, RATE), np.float32))).got == ((),)
    assert got(after(scene_of(silence))).keys() == {"gain_db", "share"}


def peaks(tops):
    """A soft tone with so many samples at half of full scale, alternately above and below."""
    sound = 0.02 * np.sin(2 * np.pi * 500 * np.arange(RATE) / RATE)
    sound[100 : 100 + 100 * tops : 100] = 0.5 * (-1.0) ** np.arange(tops)
    return sound


def test_what_it_raises_beyond_full_scale_is_cut_off_counted_and_noise():
    # 12 dB over half of full scale is twice of it.
    before = scene_of(peaks(20), noise=np.zeros((1, RATE), np.float32), nominal=(Nominal(-40.0, -44.0),))
    heard = after(before, target_dbov=-12.0, max_gain_db=12.0)
    assert (heard.whole.max(), heard.whole.min()) == (1 - 2**-15, -1)
    assert (np.flatnonzero(heard.noise[0]) == np.arange(100, 2100, 100)).all()
    assert heard.speech.max() == pytest.approx(0.5 * 10 ** (12 / 20), rel=0.01)
    share = got(heard)["share"]
    assert (share.asked, share.got, share.kind) == (0, pytest.approx(20 / RATE), "drawn")


def test_where_nothing_is_beyond_full_scale_nothing_is_added():
    before = scene_of(peaks(20), noise=np.zeros((1, RATE), np.float32))
    heard = after(before, max_gain_db=3.0)
    assert not heard.noise.any()
    assert got(heard)["share"].got == 0


def test_where_the_stems_have_ended_the_one_sound_is_limited():
    before = scene_of(peaks(20), nominal=(Nominal(-40.0, -44.0),)).mix()
    assert np.abs(after(before, target_dbov=-12.0).speech).max() == 1


@pytest.mark.parametrize("db_over_asl", [3.0, 6.0])
def test_words_that_were_clipped_before_it_have_the_level_that_is_heard(db_over_asl):
    clipped = Clip(ClipOptions(db_over_asl=db_over_asl))(scene_of(syllables(6), noise_dbov=-90.0), [default_rng(0)])
    heard = after(clipped)
    alone, sound = (active_speech_level(one[0], RATE).asl_dbov for one in (heard.speech, heard.whole))
    assert got(heard)["level_dbov"].got == pytest.approx(sound, abs=0.8)
    assert alone > sound + 1


def test_severity_is_how_far_it_reaches():
    assert [Options(max_gain_db=12.0).at(severity).max_gain_db for severity in (0.25, 1)] == [6, 24]
    assert Options(max_gain_db=20.0).at(1).max_gain_db == 30
