"""A call in which everything happens that a picture or a dialogue can show."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from pipeline.call.record import Event, Record, Replied, Speech, Turn, Utterance

UTTERANCES = (
    ("open", "I would like to change the address, please.", 4200, 9000, "words", ((6000, 7200),)),
    ("heard", "mm-hm", 12500, 12900, "backchannel", ()),
    ("order", "It's 0412-7783.", 17000, 21000, "words", ()),
    ("cough", "", 24500, 24900, "cough", ()),
    ("aside", "Not now, I'm on the phone.", 29300, 30900, "aside", ()),
    ("keyed", "0412-7783#", 38000, 41000, "keys", ()),
    ("wait", "No wait, it costs $20 and not $30 \N{DUCK}.", 50300, 54500, "words", ()),
)
REPLIES = (
    (None, "Parcel desk. How may I help?", 0, 3500, False, 0),
    (0, "You would like to what, please?", 8300, 8800, False, 1300),
    (1, "What is the number? It has eight digits.", 11000, 13000, False, 2000),
    (2, "Thank you.", 22800, 24000, True, 0),
    (None, "Are you there? Please key it in.", 34500, 37400, False, 0),
    (5, "The new address is good from tomorrow on, and that is all. Goodbye.", 47000, 55500, False, 0),
)
TURNS = (
    (4000, 6300, 7000, "i would like to", "speech"),
    (7300, 9100, 9800, "change the address please", "speech"),
    (16900, 21000, 21700, "it's oh four one two seven seven eight three", "speech"),
    (24400, 25000, 25700, "", "speech"),
    (29200, 31000, 31700, "not now", "speech"),
    (38000, 41000, 41100, "04127783", "dtmf"),
)
EVENTS = (
    (7000, "premature_endpoint", "2000 ms to come"),
    (8300, "talked_over", ""),
    (8700, "barge_in", ""),
    (12900, "barge_in", ""),
    (12900, "false_interruption", "backchannel"),
    (22500, "reply_discarded", "Thank you."),
    (25700, "nothing_recognised", ""),
    (25700, "spurious_turn", "cough"),
    (31700, "spurious_turn", "aside: not now"),
    (34000, "no_input", ""),
    (41100, "late_endpoint", "2100 ms"),
    (50300, "missed_barge_in", ""),
    (55500, "unheard_under_prompt", "3900 ms of speech"),
    (56000, "dropped", ""),
)


def utterance(key, text, start_ms, end_ms, kind="words", pauses=()):
    return Utterance(key, 1, text, text, (), start_ms, end_ms, kind, pauses)


def reply(turn, text, start_ms, end_ms, discarded=False, unplayed_ms=0):
    return Replied(turn, text, start_ms, end_ms, (), None, (), None, False, discarded, unplayed_ms)


def facts_of(*, utterances=(), turns=(), replies=(), events=(), ended_ms=56_000, status="failed", **rest):
    """The facts of a unit, from tuples in the order of each class's fields."""
    record = Record(
        call="a",
        ended="dropped",
        ended_ms=ended_ms,
        utterances=tuple(utterance(*one) for one in utterances),
        turns=tuple(Turn(*one[:4], kind=one[4]) for one in turns),
        replies=tuple(reply(*one) for one in replies),
        events=tuple(Event(*one) for one in events),
        speech_seen=tuple(Speech(one[0], one[1]) for one in turns if one[4] == "speech"),
    )
    line = {"profile": "cafe", "severity": 1.0}
    unit = {"scenario": "change_address", **line, "voice": "heart", "trial": 1, "arm": "degraded"}
    criteria = [{"name": "did change_address", "met": False, "why": "it was never called"}]
    scores = {"words": {"details": []}, "task": {"criteria": criteria}}
    return {**unit, "status": status, "call": json.loads(json.dumps(asdict(record))), "scores": scores, **rest}


@pytest.fixture(name="facts_of")
def _facts_of():
    return facts_of


@pytest.fixture
def everything():
    return facts_of(utterances=UTTERANCES, turns=TURNS, replies=REPLIES, events=EVENTS)


@pytest.fixture
def silence():
    """So many ms without a sound on both tracks, at 16 kHz."""
    return lambda ended_ms=56_000: np.zeros((ended_ms * 16, 2), np.int16)
