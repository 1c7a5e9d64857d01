import io

import pytest
from rich.console import Console

from pipeline.report.dialogue import dialogue


def shown(facts, width=80):
    file = io.StringIO()
    Console(file=file, width=width).print(dialogue(facts))
    return file.getvalue()


def utterance(key, text, start_ms, attempt=1):
    spoken = {"text": text, "start_ms": start_ms, "end_ms": start_ms + 1000, "kind": "words", "pauses": []}
    return {"key": key, "attempt": attempt, **spoken}


def turn(text, start_ms):
    return {"text": text, "start_ms": start_ms, "decided_ms": start_ms + 1700, "kind": "speech"}


def reply(text, start_ms, **rest):
    played = {"start_ms": start_ms, "end_ms": start_ms + 1000, "unplayed_ms": 0, "discarded": False}
    return {"text": text, "actions": [], "handoff": None, **played, **rest}


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
    text = shown(facts(turns=[turn(" ", 2000), turn("hello", 4000)]))
    assert [line.split() for line in text.splitlines() if "without" in line] == [
        ["2.0", "heard", "(a", "turn", "without", "words)"]
    ]


def lines_of(facts):
    return [" ".join(line.split()) for line in shown(facts, width=140).splitlines()]


def test_what_is_said_besides_words_is_told_apart(everything):
    lines = lines_of(everything)
    for line in (
        "12.5 caller mm-hm (while listening)",
        "24.5 caller (coughs)",
        "29.3 caller Not now, I'm on the phone. (to somebody else)",
        "38.0 caller presses 0412-7783#",
        "38.0 heard keys 04127783",
    ):
        assert line in lines
    # Nobody should have heard a cough.
    assert not lines[lines.index("24.5 caller (coughs)") + 1].startswith("heard")


@pytest.mark.parametrize(
    ("text", "start_ms", "end_ms", "pauses", "written"),
    [
        ("I would like to change the address", 0, 4400, [(1000, 2000)], "I would ... like to change the address"),
        ("Yes, it is about a parcel", 500, 4500, [(1000, 2500)], "Yes, ... it is about a parcel"),
        ("0412-7783", 0, 3000, [(1000, 2000)], "0412- ... 7783"),
        ("one two three", 0, 5000, [(1000, 2000), (3000, 4000)], "one ... two ... three"),
        ("My number is 0412", 0, 4000, [(1350, 2350)], "My number is ... 0412"),  # digits take their time
        ("Well yes, I do", 0, 5000, [(2000, 3000)], "Well yes, ... I do"),  # at the comma rather than in mid-clause
        ("Hello", 0, 2000, [(500, 1000)], "Hello"),
    ],
)
def test_a_hesitation_is_dots_where_the_time_says(facts_of, text, start_ms, end_ms, pauses, written):
    lines = lines_of(facts_of(utterances=[("open", text, start_ms, end_ms, "words", pauses)]))
    assert f"{start_ms / 1000:.1f} caller {written}" in lines


def test_of_a_reply_that_was_stopped_the_rest_is_told_apart(facts_of):
    stopped = (None, "What is the number? It has eight digits.", 0, 2000, False, 2000)
    line = "0.0 agent What is the number? — It has eight digits. (stopped after 2.0 s)"
    assert line in lines_of(facts_of(replies=[stopped]))


def test_a_number_that_was_stopped_is_parted_between_its_groups(facts_of):
    stopped = (None, "0412-7783", 0, 1000, False, 1000)
    assert "0.0 agent 0412 — 7783 (stopped after 1.0 s)" in lines_of(facts_of(replies=[stopped]))


def test_a_reply_stopped_at_once_was_not_heard_at_all(facts_of):
    assert "0.0 agent — Hello? (stopped after 0.0 s)" in lines_of(
        facts_of(replies=[(None, "Hello?", 0, 0, False, 900)])
    )


def test_events_say_what_they_mean_at_their_time(everything):
    lines = lines_of(everything)
    for line in (
        "7.0 premature endpoint: the platform took a turn before the caller was done (2000 ms to come)",
        "12.9 false interruption: the agent falls silent though nobody spoke to it (backchannel)",
        "34.0 no input: the platform waited for the caller in vain",
        "50.3 missed barge-in: the agent talks on over the caller",
        "56.0 dropped: the line is gone",
    ):
        assert line in lines


def test_events_that_a_line_shows_already_stay_away(everything):
    text = shown(everything, width=140)
    assert " barge-in: the agent falls silent for the caller" not in text  # two replies are marked as stopped
    assert text.count("spurious turn") == 1  # the other is a turn without words
    assert "reply discarded" not in text


def test_a_barge_in_that_left_nothing_unplayed_is_shown(facts_of):
    whole = (None, "Hello?", 0, 1000, False, 0)
    assert "0.9 barge-in: the agent falls silent for the caller" in lines_of(
        facts_of(replies=[whole], events=[(900, "barge_in", "")])
    )
