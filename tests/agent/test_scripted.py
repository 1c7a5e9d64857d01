import asyncio
from datetime import datetime

import pytest

from pipeline.agent import Action, Decision, Handoff, Heard, Reply
from pipeline.agent.scripted import Options, Scripted
from pipeline.errors import BadlineError
from pipeline.files import Page
from pipeline.spec.words import words_of

TRACK = {
    "when": "where is (?P<order>[0-9]+)",
    "reply": "Order {order} is on its way.",
    "actions": [{"name": "track", "arguments": {"order": "{order}"}, "result": "ok"}],
    "state": {"orders": {"{order}": {"seen": True}}},
}


def options(tmp_path, **words):
    return words_of(Options, Page(tmp_path / "release.yaml", words, {}))


def answers(tmp_path, *heard, **words):
    async def talk():
        async with Scripted(options(tmp_path, **words)).pick_up("call", {}, datetime(2026, 11, 22)) as call:
            return [call.opening, *[await call.reply(one) for one in heard]]

    return asyncio.run(talk())


def test_it_speaks_first_only_if_it_has_an_opening(tmp_path):
    assert answers(tmp_path) == [None]
    assert answers(tmp_path, opening="Hello.") == [Reply("Hello.", state={})]


def test_the_first_rule_that_fits_answers(tmp_path):
    rules = [{"when": "PARCEL", "reply": "first"}, {"when": "parcel", "reply": "second"}]
    assert answers(tmp_path, Heard("speech", "my parcel"), rules=rules)[1].text == "first"


def test_a_rule_for_once_is_used_up(tmp_path):
    rules = [{"when": ".", "reply": "Again?", "once": True}, {"when": ".", "reply": "Thanks."}]
    said = answers(tmp_path, *[Heard("speech", "a")] * 3, rules=rules)
    assert [reply.text for reply in said[1:]] == ["Again?", "Thanks.", "Thanks."]


def test_groups_of_the_pattern_fill_reply_arguments_and_state(tmp_path):
    reply = answers(tmp_path, Heard("speech", "Where is 0412?"), rules=[TRACK])[1]
    assert reply.text == "Order 0412 is on its way."
    assert reply.actions == (Action("track", {"order": "0412"}, "ok"),)
    assert reply.state == {"orders": {"0412": {"seen": True}}}


def test_a_later_state_is_laid_over_the_earlier_one(tmp_path):
    rules = [{"when": "a", "reply": "", "state": {"x": 1, "y": 1}}, {"when": "b", "reply": "", "state": {"y": 2}}]
    said = answers(tmp_path, Heard("speech", "a"), Heard("speech", "b"), rules=rules)
    assert [reply.state for reply in said[1:]] == [{"x": 1, "y": 1}, {"x": 1, "y": 2}]


def test_a_rule_can_refuse_hand_over_and_hang_up(tmp_path):
    rule = {
        "when": "person",
        "reply": "One moment.",
        "handoff": {"why": "asked", "facts": {"order": "0412"}, "done": ["track"]},
        "decisions": [{"name": "refused", "why": "policy"}],
        "ends_call": True,
    }
    reply = answers(tmp_path, Heard("speech", "a person"), rules=[rule])[1]
    assert reply.handoff == Handoff("asked", {"order": "0412"}, ("track",))
    assert reply.decisions == (Decision("refused", why="policy"),)
    assert reply.ends_call


def test_what_fits_no_rule_and_silence_have_answers_of_their_own(tmp_path):
    said = answers(tmp_path, Heard("speech", "eh"), Heard("silence"), otherwise="What?", silence="Hello?")
    assert [reply.text for reply in said[1:]] == ["What?", "Hello?"]


def test_every_call_begins_afresh(tmp_path):
    agent = Scripted(options(tmp_path, rules=[{"when": ".", "reply": "hi", "once": True, "state": {"x": 1}}]))

    async def call():
        async with agent.pick_up("call", {}, datetime(2026, 11, 22)) as conversation:
            return (await conversation.reply(Heard("speech", "a"))).text

    assert [asyncio.run(call()), asyncio.run(call())] == ["hi", "hi"]


def test_a_broken_pattern_is_refused(tmp_path):
    with pytest.raises(BadlineError, match=r"rules\.when: is not a regular expression"):
        options(tmp_path, rules=[{"when": "(", "reply": ""}])
