import dataclasses

import pytest

from pipeline.agent import Action, Handoff
from pipeline.call.record import Record, Replied


@pytest.fixture
def reply():
    def build(*actions, state=None, handoff=None, discarded=False):
        done = tuple(Action(name) for name in actions)
        return Replied(0, "All right.", 0, 500, done, state, (), handoff, False, discarded)

    return build


@pytest.fixture
def record():
    return lambda *replies: Record("a.call", "agent_hung_up", 20_000, (), (), replies)


def test_the_last_state_that_was_shown_counts(record, reply):
    assert record(reply(state={"a": 1}), reply(state={"a": 2}), reply()).state == {"a": 2}


def test_an_agent_that_shows_no_state_has_none(record, reply):
    assert record(reply()).state is None
    assert record(reply(state={})).state == {}


def test_what_was_done_stands_even_where_the_reply_was_never_played(record, reply):
    done = record(reply("track"), reply("refund", discarded=True)).actions
    assert [action.name for action in done] == ["track", "refund"]


def test_the_last_handoff_counts(record, reply):
    assert record(reply(handoff=Handoff("one")), reply(handoff=Handoff("two")), reply()).handoff == Handoff("two")


def test_a_record_cannot_be_changed(record):
    with pytest.raises(dataclasses.FrozenInstanceError):
        record().ended = "time_limit"
