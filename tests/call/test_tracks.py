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
from pipeline.line.window import GAP_MS, GRID_MS, LEAD_IN_MS, RATE, Saying, Studio, samples_of
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


SAID_MS = 12 * GRID_MS


def sounding(both, *happens, until_ms=8000, heard_by_tick=None):
    """Tick by tick, as in a call: what happens by then, then the caller speaks (at 1.92 s), or their line sounds on."""
    waiting = sorted(happens, key=lambda one: one[0])
    for now_ms in range(0, until_ms, GRID_MS):
        if heard_by_tick is not None:
            heard_by_tick.append(both.caller.pcm(0, min(now_ms, both.caller.end_ms)))
        while waiting and waiting[0][0] <= now_ms:
            waiting.pop(0)[1](both)
        both.say("order", 1, said(), now_ms) if now_ms == SAID_MS else both.be_silent(now_ms)
    return both


def plays(start_ms, length_ms=2000, **more):
    return start_ms, lambda both: both.play(answer(start_ms, length_ms, **more))


def stops(at_ms, told_ms=None):
    return told_ms or at_ms - 100, lambda both: both.stop(at_ms)


def heard(both, until_ms=8000):
    return both.caller.pcm(0, until_ms).astype(int)


def hashes(both):
    return [(placed.window.sha256, placed.window.echo_sha256) for placed in both.caller.placed]


# What the agent's voice changes


@pytest.mark.parametrize("places", [ECHO, MOBILE], ids=["echo alone", "mobile"])
@pytest.mark.parametrize("start_ms", [0, 1000, 1893, 2500, 3000, 5250])
def test_nothing_that_was_heard_is_ever_changed(places, start_ms):
    by_tick = []
    both = sounding(
        tracks(**places), plays(start_ms, 3000), stops(start_ms + 1500), plays(start_ms + 2000), heard_by_tick=by_tick
    )
    for before in by_tick:
        assert (both.caller.pcm(0, len(before) * 1000 // RATE) == before).all()


@pytest.mark.parametrize("start_ms", [0, 1000, 1893, 2500, 3000, 5250])
def test_an_answer_changes_no_byte_before_it_can_have_come_back(start_ms):
    without, both = sounding(tracks(**ECHO)), sounding(tracks(**ECHO), plays(start_ms))
    changed = np.flatnonzero(heard(both) != heard(without))
    earliest = samples_of(start_ms + both.round_trip_ms + ECHO_MS)
    assert earliest <= changed[0] < earliest + samples_of(10)


@pytest.mark.parametrize("at_ms", [1120, 1893, 2400, 2700])
def test_a_stop_changes_no_byte_before_it_can_have_come_back(at_ms):
    whole, both = (sounding(tracks(**ECHO), plays(1000), *more) for more in ((), (stops(at_ms),)))
    changed = np.flatnonzero(heard(both) != heard(whole))
    earliest = samples_of(at_ms + both.round_trip_ms + ECHO_MS)
    assert earliest <= changed[0] < earliest + samples_of(30)


def test_an_answer_that_reaches_no_word_leaves_the_utterances_hash():
    """Behind the last word the tail belongs to whoever comes next, so an answer to it may come sooner or later."""
    said_until_ms = SAID_MS + LEAD_IN_MS + said().length_ms
    calls = [sounding(tracks(**MOBILE), plays(said_until_ms + ms)) for ms in (200, 400, 2000)]
    windows = [next(one.window for one in both.caller.placed if one.speech_ms) for both in calls]
    assert {window.echo_sha256 for window in windows} == {None}
    assert len({window.sha256 for window in windows}) == 1


def test_an_answer_under_which_the_caller_speaks_leaks_into_their_window():
    windows = [
        next(one.window for one in sounding(tracks(**MOBILE), plays(ms)).caller.placed if one.speech_ms)
        for ms in (1000, 1200, SAID_MS + 400)
    ]
    assert None not in {window.echo_sha256 for window in windows}
    assert len({window.sha256 for window in windows}) == len(windows)


def test_a_stop_leaves_no_trace_of_what_was_never_said():
    """A prompt that is stopped sounds, where it changes words, like one that is no longer."""
    whole = answer(1000, 4000)
    short = replace(whole, end_ms=2500, pcm=whole.pcm[: samples_of(1500)])
    stopped = sounding(tracks(**MOBILE), plays(1000, 4000), stops(2500))
    never = sounding(tracks(**MOBILE), (1000, lambda both: both.play(short)))
    one, other = (next(placed for placed in both.caller.placed if placed.speech_ms) for both in (stopped, never))
    assert (one.window.sha256, one.window.echo_sha256) == (other.window.sha256, other.window.echo_sha256)
    late_ms = 2500 + stopped.round_trip_ms + stopped.studio.line.reach_ms
    assert all(one.window.echo_sha256 is None for one in stopped.caller.placed if one.start_ms > late_ms)


def test_without_an_echo_nothing_is_ever_rendered_anew():
    quiet, both = sounding(tracks(**BED)), sounding(tracks(**BED), plays(1000), stops(2000), plays(2100), plays(5000))
    assert hashes(both) == hashes(quiet)
    assert [one.start_ms for one in both.caller.placed] == [one.start_ms for one in quiet.caller.placed]
    assert all(placed.window.echo_sha256 is None for placed in both.caller.placed)


def test_the_same_echo_at_another_moment_is_another_one():
    assert hashes(sounding(tracks(**ECHO), plays(1000))) != hashes(sounding(tracks(**ECHO), plays(1001)))


def test_a_discarded_answer_is_noted_and_heard_by_nobody():
    quiet, both = sounding(tracks(**MOBILE)), sounding(tracks(**MOBILE), plays(1000, discarded=True))
    assert len(both.answers) == 1
    assert hashes(both) == hashes(quiet)
    assert not both.agent(0, 8000).any()


# The echo itself


def listening(places, told):
    """Nobody but the agent speaks, for nine seconds."""
    both = tracks(**places)
    both.play(told)
    for now_ms in range(0, 9000, GRID_MS):
        both.be_silent(now_ms)
    return both


@pytest.mark.parametrize("delay_ms", [10, 120, 345])
def test_the_agents_voice_comes_back_a_round_trip_and_its_delay_later(delay_ms):
    places = {**BED, "device": [{"echo": {"erle_db": 10, "delay_ms": delay_ms}}]}
    both = listening(places, answer(0, 4000))
    caller, agent = (sound / 32768 for sound in (both.caller.pcm(0, 9000), both.agent(0, 9000)))
    spectra = np.fft.rfft(caller, 2 * len(caller)) * np.conj(np.fft.rfft(agent, 2 * len(agent)))
    late = int(np.argmax(np.abs(np.fft.irfft(spectra)[: len(caller)])))
    assert late == pytest.approx(samples_of(both.round_trip_ms + delay_ms), abs=2)


@pytest.mark.parametrize("erle_db", [10.0, 25.0])
def test_the_agents_voice_comes_back_at_the_asked_level(erle_db):
    voice = to_pcm(0.05 * coloured("speech_shaped", RATE).draw(samples_of(8000), stream(1, "voice")))
    places = {"device": [{"echo": {"erle_db": erle_db, "delay_ms": ECHO_MS}}]}
    both = listening(places, replace(answer(0, 8000), pcm=voice))
    late_ms = both.round_trip_ms + ECHO_MS
    sent, came = both.agent(1000 - late_ms, 8000 - late_ms), both.caller.pcm(1000, 8000)
    assert leq_dbov(from_pcm(sent)) - leq_dbov(from_pcm(came)) == pytest.approx(erle_db, abs=0.5)


def test_echo_goes_through_joins_without_a_click():
    hum = to_pcm((0.5 * np.sin(2 * np.pi * 300 * np.arange(samples_of(8000)) / RATE)).astype(np.float32))
    both = listening({"device": [{"echo": {"erle_db": 5, "delay_ms": 50}}]}, replace(answer(0, 8000), pcm=hum))
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
    until_ms = SAID_MS + LEAD_IN_MS + 333
    clean = both.clean(until_ms)
    assert len(clean) == samples_of(until_ms)
    assert (clean[-samples_of(333) :] == to_pcm(said().speech)[: samples_of(333)]).all()


def test_the_stereo_sound_has_the_caller_left_and_the_agent_right():
    both = sounding(tracks(**MOBILE), plays(1000))
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
    both = sounding(tracks(**MOBILE), plays(1000), stops(1777))
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


def test_a_call_that_ends_in_mid_answer_leaves_the_rest_unsaid():
    both = tracks()
    both.play(answer(0, 1000))
    both.play(answer(3000, 2000))
    both.end(3500)
    assert [(one.end_ms, one.unplayed_ms) for one in both.answers] == [(1000, 0), (3500, 1500)]


# What others say in the silence


def talk_tracks(**places) -> Tracks:
    """A line on which somebody talks on and on; one of an erle of 60 dB leaks next to nothing."""
    said_so = tuple(Tone(Options()).speak(text, seed=0).samples for text in ("what a day it was", "so she said"))
    both = tracks(room=[{"crosstalk": {"overlap": 1, "sir_db": 0}}], **places)
    return Tracks(replace(both.studio, voices={"adult": (said_so,)}))


def test_talk_runs_on_from_an_utterance_into_the_silence_whenever_an_answer_comes():
    """An echo begins a block in mid-silence; what others say goes on in it as if there were none."""
    leaking = {"device": [{"echo": {"erle_db": 60, "delay_ms": ECHO_MS}}]}
    without = sounding(talk_tracks())
    said_until_ms = SAID_MS + LEAD_IN_MS + said().length_ms
    for late_ms in (100, 500, 2900):
        both = sounding(talk_tracks(**leaking), plays(said_until_ms + late_ms))
        assert [one.start_ms for one in both.caller.placed] != [one.start_ms for one in without.caller.placed]
        assert np.abs(heard(both) - heard(without)).max() < 20
    assert np.abs(heard(without)).max() > 1000
