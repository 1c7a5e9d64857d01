from dataclasses import replace

import numpy as np
import pytest

from pipeline.agent import Reply
from pipeline.audio import from_pcm, to_pcm
from pipeline.call.tracks import Tracks
from pipeline.chance import Chance, stream
from pipeline.levels import leq_dbov
from pipeline.line.beds import coloured
from pipeline.line.draw import draw_line
from pipeline.line.scene import Nominal
from pipeline.line.window import FADE_MS, GAP_MS, LEAD_IN_MS, RATE, Saying, Studio, samples_of
from pipeline.platform import Answer
from pipeline.spec.profile import Profile
from pipeline.tts.tone import Options, Tone

ECHO_MS = 120
ECHO = {"device": [{"echo": {"erle_db": 20, "delay_ms": ECHO_MS}}]}
BED = {"room": [{"noise": {"kind": "pink", "snr_db": 15}}]}
MOBILE = {**BED, **ECHO, "network": [{"band": {"kind": "nb"}}, {"packet_loss": {"rate": 0.1}}, {"codec": {}}]}


def tracks(**places) -> Tracks:
    profile = Profile.model_validate({"name": "mine", "about": "A line.", **places})
    return Tracks(Studio(draw_line(profile, Chance(1)), Nominal(-26.0, -27.0), {}, Chance(1)))


def said(text="it is four seven one one") -> Saying:
    return Saying(Tone(Options()).speak(text, seed=0).samples, text)


def hiss(ms, level=0.1):
    """An agent of white noise: it is like nothing but itself, and all of it counts."""
    return to_pcm((level * stream(1, "agent").uniform(-1, 1, samples_of(ms))).astype(np.float32))


def answer(start_ms, length_ms=2000, **more) -> Answer:
    return Answer(0, Reply("Words."), start_ms, start_ms + length_ms, hiss(length_ms), **more)


def sounding(both, until_ms=8000):
    """The caller says something at 1.92 s, and the line sounds on."""
    block = 0
    while both.caller.end_ms < until_ms:
        if both.caller.end_ms == 2 * GAP_MS:
            both.say("order", 1, said(), both.caller.end_ms)
        else:
            both.be_silent(0, block)
            block += 1
    return both


def heard(both):
    return both.caller.pcm(0, both.caller.end_ms).astype(int)


def hashes(both):
    return [(placed.window.sha256, placed.window.echo_sha256) for placed in both.caller.placed]


# What the agent's voice changes


@pytest.mark.parametrize("places", [ECHO, MOBILE], ids=["echo alone", "mobile"])
@pytest.mark.parametrize("start_ms", [0, 1000, 1893, 3000, 5250])
def test_an_answer_changes_no_byte_before_it_can_have_come_back(places, start_ms):
    both = sounding(tracks(**places))
    before = heard(both)
    both.play(answer(start_ms))
    changed = np.flatnonzero(heard(both) != before)
    earliest = samples_of(start_ms + both.round_trip_ms + ECHO_MS)
    looks_ahead = samples_of(both.studio.line.lookahead_ms + 20)  # and a frame of the codec
    assert earliest - looks_ahead <= changed[0] < earliest + samples_of(60)


@pytest.mark.parametrize("places", [ECHO, MOBILE], ids=["echo alone", "mobile"])
@pytest.mark.parametrize("at_ms", [1020, 1893, 2400])
def test_a_stop_changes_no_byte_before_it_can_have_come_back(places, at_ms):
    both = sounding(tracks(**places))
    both.play(answer(1000))
    before = heard(both)
    both.stop(at_ms)
    changed = np.flatnonzero(heard(both) != before)
    earliest = samples_of(at_ms + both.round_trip_ms)
    assert earliest <= changed[0] < earliest + samples_of(ECHO_MS + 60)


def test_only_windows_that_the_answer_reaches_are_rendered_anew():
    both = sounding(tracks(**MOBILE))
    before = list(both.caller.placed)
    both.play(answer(3000))
    again = [one.window is not other.window for one, other in zip(before, both.caller.placed, strict=True)]
    reached = [one.end_ms + FADE_MS + both.studio.line.lookahead_ms > 3000 + both.round_trip_ms for one in before]
    assert again == reached
    assert True in again
    assert False in again


def test_a_window_that_is_placed_later_holds_the_same_echo_as_one_rendered_anew():
    before, after = tracks(**MOBILE), tracks(**MOBILE)
    before.play(answer(0, 5000))
    sounding(before)
    sounding(after).play(answer(0, 5000))
    assert hashes(before) == hashes(after)
    assert (heard(before) == heard(after)).all()


def test_a_stop_leaves_no_trace_of_what_was_never_said():
    """A prompt that is stopped sounds like one that is no longer."""
    stopped, short = sounding(tracks(**MOBILE)), sounding(tracks(**MOBILE))
    stopped.play(answer(1000, 4000))
    stopped.stop(2500)
    whole = answer(1000, 4000)
    short.play(replace(whole, end_ms=2500, pcm=whole.pcm[: samples_of(1500)]))
    assert (heard(stopped) == heard(short)).all()
    assert hashes(stopped) == hashes(short)


def test_without_an_echo_nothing_is_ever_rendered_anew():
    both = sounding(tracks(**BED))
    before = list(both.caller.placed)
    both.play(answer(1000))
    both.stop(2000)
    assert both.caller.placed == before
    assert all(placed.window.echo_sha256 is None for placed in both.caller.placed)


def test_a_window_says_whether_the_agent_leaks_into_it():
    both = sounding(tracks(**MOBILE))
    both.play(answer(1000, 1000))
    back_ms = 1000 + both.round_trip_ms
    reached_ms = back_ms + 1000 + both.studio.line.reach_ms
    for placed in both.caller.placed:
        leaks = placed.start_ms < reached_ms and placed.end_ms + FADE_MS > back_ms
        assert (placed.window.echo_sha256 is not None) == leaks, placed.start_ms


def test_the_same_echo_at_another_moment_is_another_one():
    one, other = sounding(tracks(**ECHO)), sounding(tracks(**ECHO))
    one.play(answer(1000))
    other.play(answer(1001))
    assert hashes(one) != hashes(other)


def test_a_discarded_answer_is_noted_and_heard_by_nobody():
    both = sounding(tracks(**MOBILE))
    before = hashes(both)
    both.play(answer(1000, discarded=True))
    assert len(both.answers) == 1
    assert hashes(both) == before
    assert not both.agent(0, 8000).any()


# The echo itself


def gaps_with(places, start_ms=1000, length_ms=4000):
    """Nobody but the agent speaks: the caller's track as floats, and the agent's."""
    both = tracks(**places)
    for block in range(9):
        both.be_silent(0, block)
    both.play(answer(start_ms, length_ms))
    return both, heard(both) / 32768, both.agent(0, both.caller.end_ms) / 32768


@pytest.mark.parametrize("delay_ms", [10, 120, 345])
def test_the_agents_voice_comes_back_a_round_trip_and_its_delay_later(delay_ms):
    places = {**BED, "device": [{"echo": {"erle_db": 10, "delay_ms": delay_ms}}]}
    both, caller, agent = gaps_with(places)
    spectra = np.fft.rfft(caller, 2 * len(caller)) * np.conj(np.fft.rfft(agent, 2 * len(agent)))
    late = int(np.argmax(np.abs(np.fft.irfft(spectra)[: len(caller)])))
    assert late == pytest.approx(samples_of(both.round_trip_ms + delay_ms), abs=2)


@pytest.mark.parametrize("erle_db", [10.0, 25.0])
def test_the_agents_voice_comes_back_at_the_asked_level(erle_db):
    both = tracks(device=[{"echo": {"erle_db": erle_db, "delay_ms": ECHO_MS}}])
    for block in range(9):
        both.be_silent(0, block)
    voice = 0.05 * coloured("speech_shaped", RATE).draw(samples_of(8000), stream(1, "voice"))
    both.play(replace(answer(0, 8000), pcm=to_pcm(voice)))
    late_ms = both.round_trip_ms + ECHO_MS
    sent, came = both.agent(1000 - late_ms, 8000 - late_ms), both.caller.pcm(1000, 8000)
    assert leq_dbov(from_pcm(sent)) - leq_dbov(from_pcm(came)) == pytest.approx(erle_db, abs=0.5)


def test_echo_goes_through_joins_without_a_click():
    both = tracks(device=[{"echo": {"erle_db": 5, "delay_ms": 50}}])
    for block in range(9):
        both.be_silent(0, block)
    hum = to_pcm((0.5 * np.sin(2 * np.pi * 300 * np.arange(samples_of(8000)) / RATE)).astype(np.float32))
    both.play(replace(answer(0, 8000), pcm=hum))
    leaps = np.abs(np.diff(heard(both)))
    inside = leaps[samples_of(2 * GAP_MS + 100) : samples_of(3 * GAP_MS - 100)].max()
    assert inside > 100
    # Both windows hold the same hum, so that two fades of equal power add to 1.41 of it, and no more.
    assert leaps[samples_of(500) : samples_of(7500)].max() <= np.sqrt(2) * inside + 2


# What is kept of a call


def test_the_clean_track_holds_the_words_at_their_times():
    both = sounding(tracks(**MOBILE))
    clean, [speech] = both.clean(8000), [one for one in both.caller.placed if one.speech_ms]
    assert len(clean) == samples_of(8000)
    start = samples_of(speech.start_ms + LEAD_IN_MS)
    spoken = to_pcm(said().speech)
    assert (clean[start : start + len(spoken)] == spoken).all()
    assert np.abs(clean).astype(int).sum() == np.abs(spoken).astype(int).sum()


def test_the_clean_track_ends_with_the_call_even_in_mid_word():
    both = sounding(tracks(**BED))
    until_ms = 2 * GAP_MS + LEAD_IN_MS + 333
    clean = both.clean(until_ms)
    assert len(clean) == samples_of(until_ms)
    assert (clean[-samples_of(333) :] == to_pcm(said().speech)[: samples_of(333)]).all()


def test_the_stereo_sound_has_the_caller_left_and_the_agent_right():
    both = sounding(tracks(**MOBILE))
    both.play(answer(1000))
    stereo = both.stereo(7000)
    assert stereo.shape == (samples_of(7000), 2)
    assert (stereo[:, 0] == both.caller.pcm(0, 7000)).all()
    assert (stereo[samples_of(1000) : samples_of(3000), 1] == hiss(2000)).all()
    assert not stereo[: samples_of(1000), 1].any()
    assert not stereo[samples_of(3000) :, 1].any()


def test_the_stereo_sound_goes_on_in_silence_where_the_callers_ends_before():
    both = sounding(tracks(**BED), until_ms=3000)
    until_ms = both.caller.end_ms + 1000
    assert len(both.stereo(until_ms)) == samples_of(until_ms)
    assert not both.stereo(until_ms)[samples_of(both.caller.end_ms) :, 0].any()


def test_a_stopped_answer_ends_there():
    both = sounding(tracks(**MOBILE))
    both.play(answer(1000))
    both.stop(1777)
    [stopped] = both.answers
    assert (stopped.end_ms, stopped.unplayed_ms) == (1777, 3000 - 1777)
    agent = both.stereo(7000)[:, 1]
    assert (agent[samples_of(1000) : samples_of(1777)] == hiss(2000)[: samples_of(777)]).all()
    assert not agent[samples_of(1777) :].any()


def test_a_stop_is_the_last_answers_that_sounded():
    both = sounding(tracks(**BED))
    both.play(answer(0, 500))
    both.play(answer(1000))
    both.play(answer(1200, discarded=True))
    both.stop(1500)
    assert [one.unplayed_ms for one in both.answers] == [0, 1500, 0]


def test_the_round_trip_is_twice_the_lines_delay():
    assert tracks(**BED).round_trip_ms == 160  # 80 ms each way unless a line says otherwise
    assert tracks(network=[{"delay": {"ms": 200}}]).round_trip_ms == 400
