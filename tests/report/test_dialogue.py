import io

import pytest
from rich.console import Console

from pipeline.report.dialogue import dialogue


def shown(facts, width=80):
    file = io.StringIO()
    Console(file=file, width=width).print(dialogue(facts))
    return file.getvalue()


def utterance(key, text, start_ms, attempt=1):
    return {"key": key, "attempt": attempt, "text": text, "start_ms": start_ms}


def reply(text, start_ms, **rest):
    return {"text": text, "start_ms": start_ms, "discarded": False, "actions": [], "handoff": None, **rest}


def facts(*, utterances=(), turns=(), replies=(), events=(), words=(), criteria=(), status="passed", error=None):
    call = {"utterances": utterances, "turns": turns, "replies": replies, "events": events}
    scores = {"words": {"details": words}, "task": {"criteria": criteria}}
    return {"status": status, "call": {**call, "ended": "agent_hung_up", "error": error}, "scores": scores}


def test_lines_stand_in_the_order_in_which_things_began():
    text = shown(
        facts(
            utterances=[utterance("open", "Hello.", 4000)],
            replies=[reply("Parcel desk.", 0), reply("Your number?", 6500)],
            events=[{"name": "unheard_under_prompt", "detail": "90 ms of speech", "at_ms": 5000}],
        )
    )
    places = [text.index(words) for words in ("0.0  agent", "4.0  caller", "unheard under prompt 90 ms", "6.5  agent")]
    assert places == sorted(places)


def test_what_was_heard_shows_each_kind_of_error():
    ops = [["equal", "b", "b"], ["substitute", "t", "2"], ["delete", "nine", ""], ["insert", "", "oh"]]
    text = shown(facts(utterances=[utterance("order", "BT9", 0)], words=[{"key": "order", "attempt": 1, "ops": ops}]))
    assert "heard   b 2[t] -nine- +oh+" in text
    assert "wrong[said]" in text


def test_without_errors_there_is_no_legend():
    ops = [["equal", "b", "b"]]
    text = shown(facts(utterances=[utterance("a", "B", 0)], words=[{"key": "a", "attempt": 1, "ops": ops}]))
    assert "wrong[said]" not in text


def test_long_words_wrap_under_themselves():
    text = shown(facts(replies=[reply("so many words " * 12, 0)]), width=60)
    lines = [line for line in text.splitlines() if "words" in line]
    assert len(lines) > 2
    assert all(len(line) <= 60 for line in lines)
    assert {line.index("so many") if i == 0 else len(line) - len(line.lstrip()) for i, line in enumerate(lines)} == {12}


def test_what_the_agent_did_stands_under_its_reply():
    action = {"name": "track", "arguments": {"order": "0412"}, "done": False}
    text = shown(facts(replies=[reply("No.", 0, actions=[action], handoff={"why": "no such order"})]))
    assert "does   track(order='0412')  refused" in text
    assert "does   hands off: no such order" in text


def test_words_that_nobody_said_and_replies_never_played_are_marked():
    spurious = {"spurious": "thank you", "start_ms": 3000}
    text = shown(facts(words=[spurious], replies=[reply("Hm?", 0, discarded=True)]))
    assert "3.0  heard  thank you  (nobody said this)" in text
    assert "(never played: the caller spoke again)" in text


def test_a_reply_that_was_never_played_is_told_once():
    discarded = {"name": "reply_discarded", "detail": "Hm?", "at_ms": 100}
    assert shown(facts(events=[discarded], replies=[reply("Hm?", 0, discarded=True)])).count("Hm?") == 1


@pytest.mark.parametrize(("met", "wording"), [(False, "not met: did track: no"), (None, "cannot tell: did track: no")])
def test_the_verdict_says_what_was_not_met(met, wording):
    text = shown(facts(status="not_evaluated", criteria=[{"name": "did track", "met": met, "why": "no"}]))
    assert "not evaluated  (agent hung up)" in text
    assert wording in text


def test_faults_of_caller_and_agent_are_told_apart():
    ours = {"why": "our caller had no line for: Which colour?"}
    text = shown(facts(status="caller_invalid", error="desk.py:3: KeyError") | ours)
    assert "our caller had no line for: Which colour?" in text
    assert "the agent failed: desk.py:3: KeyError" in text


def test_brackets_in_words_are_words():
    assert "[bold]x[/bold]" in shown(facts(replies=[reply("[bold]x[/bold]", 0)]))


def test_a_turn_in_which_nothing_was_recognised_is_shown():
    text = shown(facts(turns=[{"text": " ", "start_ms": 2000}, {"text": "hello", "start_ms": 4000}]))
    assert [line.split() for line in text.splitlines() if "without" in line] == [
        ["2.0", "heard", "(a", "turn", "without", "words)"]
    ]
