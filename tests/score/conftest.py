"""Calls built by hand: what was said, heard, answered and done, with no sound behind it."""

from itertools import count

import pytest

from pipeline.agent import Action
from pipeline.call.record import Record, Replied, Turn, Utterance
from pipeline.spec.scenario import Scenario


@pytest.fixture
def scenario():
    def build(given=None, **expect):
        # A call that is to be resolved must say by what; where a test does not care, a person takes over.
        outcome = "resolved" if {"did", "state", "must_say"} & set(expect) else "handed_off"
        return Scenario.model_validate(
            {
                "name": "change_delivery_address",
                "about": "Maya moves a parcel to her office.",
                "now": "2026-11-22T10:00",
                "given": given or {},
                "facts": {
                    "order": {"alnum_id": "0412-7783"},
                    "postcode": {"postcode": "EH1 3QR"},
                    "day": {"date": "2026-11-23"},
                },
                "says": {
                    "open": {"say": "Hi, I need to change where my parcel is going."},
                    "order": {"say": "It's {order}.", "asked": ["which parcel"]},
                    "postcode": {"say": "{postcode:spelled}"},
                    "closing": {"say": "No, that's all, thanks."},
                },
                "expect": {"outcome": outcome, **expect},
            }
        )

    return build


@pytest.fixture
def said():
    def build(spoken, *, key="order", attempt=1, at_ms=1000, ms=1000, offered=(), kind="words"):
        return Utterance(key, attempt, spoken, spoken, tuple(offered), at_ms, at_ms + ms, kind)

    return build


@pytest.fixture
def turn():
    def build(text, *, at_ms=1000, ms=1000, kind="speech"):
        return Turn(at_ms, at_ms + ms, at_ms + ms + 700, text, kind=kind)

    return build


@pytest.fixture
def reply():
    def build(text="All right.", *actions, at_ms=3000, state=None, decisions=(), handoff=None, discarded=False):
        done = tuple(action if isinstance(action, Action) else Action(*action) for action in actions)
        return Replied(0, text, at_ms, at_ms + 500, done, state, tuple(decisions), handoff, False, discarded)

    return build


@pytest.fixture
def record():
    calls = count(1)

    def build(*replies, utterances=(), turns=(), ended="agent_hung_up", unmatched=(), error=None):
        return Record(
            call=f"call-{next(calls)}",
            ended=ended,
            ended_ms=20_000,
            utterances=tuple(utterances),
            turns=tuple(turns),
            replies=replies,
            unmatched=tuple(unmatched),
            error=error,
        )

    return build
