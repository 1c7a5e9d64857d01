from dataclasses import replace
from math import log10

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.signal import freqz

from pipeline.levels import leq_dbov
from pipeline.line.beds import coloured
from pipeline.line.device.echo import Echo, Options
from pipeline.line.scene import Nominal, Scene

RATES = (8000, 16_000, 22_050, 24_000, 44_100, 48_000)


def scene_of(far_end, rate=16_000, **changed) -> Scene:
    """The agent speaks; nobody else does."""
    rows = np.atleast_2d(far_end).astype(np.float32)
    silence = np.zeros_like(rows)
    return Scene(rate, silence, silence, silence, rows, (Nominal(-26.0, -30.0),) * len(rows), **changed)


def after(scene, **options) -> Scene:
    return Echo(Options(**options))(scene, [default_rng(row) for row in range(scene.rows)])


def average_speech(rate=16_000, seconds=20, seed=1):
    """Noise with the long-term average spectrum of speech, at about -26 dBov."""
    return 0.05 * coloured("speech_shaped", rate).draw(seconds * rate, default_rng(seed))


def click(rate=16_000):
    return np.eye(1, rate, dtype=np.float32)


def measures(scene, row=0):
    return {measure.name: measure for measure in scene.got[row]}


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("erle_db", [5.0, 30.0, 60.0])
def test_the_echo_of_average_speech_is_as_far_below_it_as_asked(erle_db, rate):
    speech = average_speech(rate)
    late = rate * 120 // 1000
    residual = after(scene_of(speech, rate), erle_db=erle_db).noise[0, late:]
    assert leq_dbov(speech[:-late]) - leq_dbov(residual) == pytest.approx(erle_db, abs=0.1)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("delay_ms", [10, 120, 600])
def test_the_echo_begins_after_its_delay_to_the_sample(delay_ms, rate):
    heard = np.flatnonzero(after(scene_of(click(rate), rate), delay_ms=delay_ms).noise[0])
    assert heard[0] == round(delay_ms * rate / 1000)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("delay_ms", [10, 333, 600])
def test_nothing_is_heard_of_the_agent_when_its_reach_is_over(delay_ms, rate):
    heard = np.flatnonzero(after(scene_of(click(rate), rate), delay_ms=delay_ms).noise[0])
    assert heard[-1] < Echo(Options(delay_ms=delay_ms)).reach_ms * rate / 1000


@pytest.mark.parametrize("rate", RATES)
def test_the_colour_is_that_of_a_closed_box_with_a_resonance_of_400_hz(rate):
    hz = np.array([100, 200, 400, 800, 1000])
    _, response = freqz(after(scene_of(click(rate), rate), delay_ms=10).noise[0], worN=[*hz, 1600], fs=rate)
    got_db = 20 * np.log10(np.abs(response))
    box_db = [10 * log10(ratio**4 / (1 + ratio**4)) for ratio in (*hz / 400, 4.0)]
    # At 8 kHz the bilinear transform squeezes 1.6 kHz, to which the rest is compared, by 0.14 dB.
    assert got_db - got_db[-1] == pytest.approx(np.array(box_db) - box_db[-1], abs=0.2)


def test_a_silent_agent_leaves_every_bit_and_has_no_residual():
    rng = default_rng(3)
    noise = -np.abs(rng.standard_normal((2, 8000))).astype(np.float32)
    noise[:, ::7] = -0.0
    before = replace(scene_of(np.zeros((2, 8000))), noise=noise)
    heard = after(before)
    assert heard.noise.tobytes() == noise.tobytes()
    assert measures(heard).keys() == {"erle_db", "delay_ms"}


def test_it_adds_to_the_noise_and_leaves_the_other_stems():
    bed = np.full((1, 16_000), 0.01, np.float32)
    before = scene_of(click())
    heard, alone = after(replace(before, noise=bed)), after(before)
    assert heard.noise == pytest.approx(bed + alone.noise, abs=1e-8)
    assert not heard.speech.any() and not heard.others.any()
    assert (heard.far_end == before.far_end).all()


def test_where_the_stems_have_ended_it_adds_to_the_whole_sound():
    mixed = after(scene_of(click(), mixed=True))
    assert (mixed.speech == after(scene_of(click())).noise).all()
    assert not mixed.noise.any() and mixed.mixed


def test_the_path_is_calibrated_without_an_agent():
    got = measures(after(scene_of(np.zeros(10)), erle_db=25.0, delay_ms=200))
    assert got["erle_db"].kind == got["delay_ms"].kind == "set"
    assert got["erle_db"].got == pytest.approx(25.0, abs=0.01) and not got["erle_db"].off_target
    assert got["delay_ms"].got == pytest.approx(200, abs=1 / 16) and not got["delay_ms"].off_target


def test_the_residual_is_measured_where_it_is_heard_and_never_judged():
    hidden = 32_000
    speech = average_speech(seconds=6)
    speech[: hidden + 8000] = 0  # what the agent says comes late in the visible part
    got = measures(after(scene_of(speech, hidden=hidden), erle_db=20.0))["residual_db"]
    assert (got.asked, got.kind, got.sd) == (-20.0, "drawn", None)
    assert got.got == pytest.approx(-20.0, abs=0.3)


@pytest.mark.parametrize("first_ms", [100, 999])
def test_a_residual_that_only_the_pre_roll_holds_is_not_measured(first_ms):
    speech = np.zeros(32_000)
    speech[first_ms * 16] = 0.5  # with 600 ms of delay it is back after 700 ms, or not before the end
    scene = scene_of(speech[: 16 * 1550], hidden=16_000)
    assert "residual_db" not in measures(after(scene, delay_ms=600))


def test_a_steady_pressure_is_no_sound_and_nothing_that_could_make_a_call_invalid():
    heard = after(scene_of(np.full(16_000, 0.5)), delay_ms=10)
    assert not any(measure.off_target for measure in heard.got[0])
    assert np.isfinite([measure.got for measure in heard.got[0]]).all()


@pytest.mark.parametrize("now", [5000, 16_000, 20_001])
def test_not_a_bit_depends_on_what_the_agent_says_later(now):
    talk = average_speech(seconds=2)
    stopped, hung_up = talk.copy(), talk[:now]
    stopped[now:] = 0
    heard = [after(scene_of(far_end), delay_ms=10).noise[0, :now].tobytes() for far_end in (talk, stopped, hung_up)]
    assert len(set(heard)) == 1


def test_twice_the_severity_is_twice_the_residual():
    # 20 log10 2 = 6.02 dB; the least that a canceller takes away is 5.
    assert [Options(erle_db=30).at(severity).erle_db for severity in (0.25, 1)] == pytest.approx(
        [36.02, 23.98], abs=0.01
    )
    assert Options(erle_db=8).at(1).erle_db == 5
