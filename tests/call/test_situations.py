"""The six situations in which real calls go wrong, each as a whole call with toys."""

import numpy as np
import pytest

from pipeline.audio import from_pcm
from pipeline.levels import leq_dbov
from pipeline.line.draw import ONE_WAY_MS
from pipeline.line.window import samples_of
from pipeline.score import SUCCESS, status_of
from pipeline.score.task import Options, Task

WELCOME = "Welcome to the parcel desk where we send things all over the world. How can I help you?"
AGAIN = "Sorry what is it about?"
WISH = {"when": "where my parcel is going", "reply": "Goodbye.", "ends_call": True}
DESK = {"opening": WELCOME, "rules": [WISH], "otherwise": AGAIN, "silence": "Hello? How can I help you?"}
QUICK = {"asr_ms": 100, "agent_ms": 100, "tts_ms": 100}
# The energy detector looks back 60 ms, and a word of the toy voice ends in 80 ms of silence.
VAD_MS = 100

# Seeds by which chance makes the caller do what the situation is about.
AT_TWO_FIFTHS = {"interrupts": 1.0, "seed": 168}
MURMURS_ONCE = {"backchannels_per_min": 10, "seed": 6}
SILENT_AT_FIRST = {"goes_silent": 0.5, "seed": 0}

# Tells what each reply was told of the one before.
MINDFUL = """
from pipeline.agent import Reply

class Desk:
    opening = "{opening}"

    def __init__(self, given, now): ...

    def reply(self, heard):
        return Reply("Goodbye.", (), {{"played_ms": heard.played_ms}}, ends_call=True)
"""


def names(record):
    """What happened, in order."""
    return [event.name for event in record.events]


def at(record, name):
    """When the only event of that name happened."""
    [event] = [event for event in record.events if event.name == name]
    return event.at_ms


# 1. A pause of 1.2 s in mid-sentence


@pytest.fixture
def hesitating(place, parcel):
    """A call to a desk that waits for so many ms of silence; the caller stops to think for 1.2 s."""

    def build(silence_ms):
        endpointing = {"vad": "energy", "silence_ms": silence_ms}
        habits = {"hesitates": 1.0, "pause_ms": 1200}
        return place(parcel(), DESK, latency=QUICK, habits=habits, endpointing=endpointing).record

    return build


def test_a_pause_longer_than_the_endpointing_cuts_the_caller_in_two(hesitating):
    record = hesitating(700)
    [[pause_ms, on_ms]] = record.utterances[0].pauses
    assert on_ms - pause_ms == 1200
    assert [turn.text for turn in record.turns] == ["i need to change", "where my parcel is going"]
    assert pause_ms + 700 <= at(record, "premature_endpoint") <= pause_ms + 700 + VAD_MS


def test_the_agent_answers_the_first_half_and_talks_over_the_second_until_it_is_stopped(hesitating):
    record = hesitating(700)
    [[_, on_ms]] = record.utterances[0].pauses
    answer = record.replies[1]
    assert (answer.turn, answer.text) == (0, AGAIN)
    assert answer.start_ms == record.turns[0].decided_ms + sum(QUICK.values()) == at(record, "talked_over") < on_ms
    assert on_ms < answer.end_ms < record.utterances[0].end_ms
    assert answer.unplayed_ms > 1000


def test_a_patient_endpointing_makes_one_turn_of_it_and_answers_800_ms_later(hesitating):
    hasty, patient = hesitating(700), hesitating(1500)
    assert hasty.utterances == patient.utterances
    assert [turn.text for turn in patient.turns] == ["i need to change where my parcel is going"]
    assert names(patient) == []
    assert patient.replies[-1].start_ms == hasty.replies[-1].start_ms + 800


# 2. Barging in at 40 % of a prompt


@pytest.fixture
def interrupting(place, parcel, tmp_path):
    """A call in which the caller speaks into the opening, over a line that echoes at -30 dB unless it does not."""
    (tmp_path / "desk.py").write_text(MINDFUL.format(opening=WELCOME), encoding="utf-8")
    desk = {"target": "desk.py:Desk"}

    def build(*, echoes=True, **barge_in):
        line = {"device": [{"echo": {"erle_db": 30, "delay_ms": 120}}]} if echoes else {}
        words = {"latency": QUICK, "habits": AT_TWO_FIFTHS, "line": line, "barge_in": barge_in}
        return place(parcel(), desk, engine="python", **words)

    return build


def test_the_caller_speaks_where_two_fifths_of_the_prompt_were_heard(interrupting):
    record = interrupting().record
    whole_ms = record.replies[0].end_ms + record.replies[0].unplayed_ms
    heard_ms = record.utterances[0].start_ms - record.round_trip_ms
    assert heard_ms == pytest.approx(0.4 * whole_ms, abs=160)  # the grid


def test_playback_stops_after_the_delay_of_the_detector_and_the_agent_is_told_how_far_it_got(interrupting):
    record = interrupting(min_speech_ms=300, stop_ms=100).record
    first_ms, [prompt, answer] = record.utterances[0].start_ms, record.replies
    assert 400 <= prompt.end_ms - first_ms <= 400 + VAD_MS
    assert at(record, "barge_in") == prompt.end_ms - 100
    assert prompt.unplayed_ms > 1000
    assert answer.state == {"played_ms": prompt.end_ms - prompt.start_ms}


def test_the_first_words_are_mixed_with_the_echo_of_the_agent(interrupting):
    echoing, still = interrupting(), interrupting(echoes=False)
    said, prompt = echoing.record.utterances[0], echoing.record.replies[0]
    assert still.record.utterances[0] == said
    [window] = [one for one in echoing.record.windows if one.name == "open/1"]
    assert window.echo_sha256
    assert not any(one.echo_sha256 for one in still.record.windows)
    late_ms = 2 * ONE_WAY_MS + 120  # to the ear, back, and the echo's own delay
    left = from_pcm(echoing.stereo[:, 0]) - from_pcm(still.stereo[:, 0])
    agent = from_pcm(echoing.stereo[:, 1])
    assert np.flatnonzero(left)[0] == pytest.approx(np.flatnonzero(agent)[0] + samples_of(late_ms), abs=2)
    until_ms = prompt.end_ms + late_ms
    echo_db = level(left, said.start_ms, until_ms) - level(agent, said.start_ms - late_ms, prompt.end_ms)
    assert echo_db == pytest.approx(-30, abs=3)  # a voice loses more or less in a small box than the average does
    assert not left[samples_of(until_ms + 50) : samples_of(said.end_ms)].any()


def level(sound, start_ms, end_ms):
    return leq_dbov(sound[samples_of(start_ms) : samples_of(end_ms)])


def test_without_barge_in_the_prompt_plays_on_and_what_was_said_under_it_is_said_again(interrupting):
    record = interrupting(enabled=False).record
    lost, again = record.utterances
    prompt = record.replies[0]
    assert (at(record, "missed_barge_in"), prompt.unplayed_ms) == (lost.start_ms, 0)
    assert at(record, "unheard_under_prompt") == prompt.end_ms >= lost.end_ms
    assert (again.key, again.attempt) == (lost.key, 2)
    [turn] = record.turns
    assert again.start_ms - VAD_MS <= turn.start_ms
    assert record.replies[1].state == {"played_ms": None}


# 3. "Mm-hm" while the agent speaks


@pytest.fixture
def murmuring(place, parcel):
    def build(**barge_in):
        return place(parcel(), DESK, latency=QUICK, habits=MURMURS_ONCE, barge_in=barge_in).record

    return build


def test_an_agent_that_stops_for_a_murmur_was_falsely_interrupted(murmuring):
    record = murmuring(min_speech_ms=300)
    [murmur] = [one for one in record.utterances if one.kind == "backchannel"]
    assert murmur.start_ms < at(record, "false_interruption") == at(record, "barge_in") < murmur.end_ms + VAD_MS
    assert record.replies[0].unplayed_ms > 0


@pytest.mark.parametrize("barge_in", [{"min_speech_ms": 800}, {"min_words": 2}])
def test_an_agent_that_wants_more_than_a_murmur_talks_on_and_nothing_is_reported(murmuring, barge_in):
    record = murmuring(**barge_in)
    assert [one.kind for one in record.utterances] == ["backchannel", "words"]
    assert record.replies[0].unplayed_ms == 0
    assert set(names(record)) <= {"unheard_under_prompt"}


# 4. Somebody else speaks


def test_somebody_else_is_taken_for_the_caller_who_is_silent(place, parcel):
    """Nobody listens under the prompt, so that it plays to its end; then the caller thinks for four seconds."""
    room = {"room": [{"crosstalk": {"sir_db": 0, "overlap": 0.1}}]}
    words = {"latency": QUICK, "habits": {"reaction_ms": 4000}, "line": room, "barge_in": {"enabled": False}}
    record = place(parcel(), DESK, **words).record
    turn, [opening, answer, *_] = record.turns[0], record.replies
    assert turn.text
    assert opening.end_ms <= turn.start_ms < turn.decided_ms == at(record, "spurious_turn")
    assert (answer.turn, answer.text) == (0, AGAIN)
    assert answer.start_ms < record.utterances[0].start_ms


# 5. The caller says nothing


def test_a_caller_who_says_nothing_is_asked_again_and_then_answers(place, parcel):
    record = place(parcel(), DESK, latency=QUICK, habits=SILENT_AT_FIRST, no_input_ms=5000).record
    [opening, reprompt, goodbye] = record.replies
    assert 0 <= at(record, "no_input") - opening.end_ms - 5000 < 20  # a frame
    assert (reprompt.turn, reprompt.text) == (None, DESK["silence"])
    assert reprompt.start_ms == at(record, "no_input") + QUICK["agent_ms"] + QUICK["tts_ms"]
    [said] = record.utterances
    assert (said.key, said.attempt) == ("open", 1)
    assert reprompt.end_ms < said.start_ms < goodbye.start_ms


# 6. The line drops


def test_a_line_that_drops_ends_the_call_and_counts_for_nobody(place, parcel):
    scenario = parcel()
    drops = {"network": [{"drop": {"share": 1.0, "after_s": 12.0}}]}
    finished = place(scenario, {**DESK, "rules": []}, latency=QUICK, line=drops)
    record = finished.record
    assert (record.ended, record.ended_ms, at(record, "dropped")) == ("dropped", 12_000, 12_000)
    assert len(finished.stereo) == samples_of(12_000)
    status = status_of(scenario, record, Task(Options())(scenario, record))
    assert (status, SUCCESS[status]) == ("dropped", None)
