from dataclasses import replace

import pytest

from pipeline.agent import Action, Decision, Handoff
from pipeline.score.task import Options, Task

WANTED = [{"change_address": {"order": "{order}", "postcode": "{postcode}"}}]
CHANGE = Action("change_address", {"order": "0412-7783", "postcode": "EH1 3QR"})
MOVED = {"orders": {"{order}": {"postcode": "{postcode}"}}}


@pytest.fixture
def met(scenario, record):
    """Which criteria are met by a call with these replies, in a scenario that expects this."""

    def judge(*replies, **expect):
        criteria = Task(Options())(scenario(**expect), record(*replies)).criteria
        return {criterion.name: criterion.met for criterion in criteria}

    return judge


@pytest.fixture
def outcome(scenario, record):
    """How a call with these replies came out, where the address was to be changed."""

    def derive(*replies, **call):
        return Task(Options())(scenario(did=WANTED), record(*replies, **call)).details[0]["outcome"]

    return derive


def test_an_action_with_the_right_arguments_is_met(reply, met):
    assert met(reply("Done.", CHANGE), did=WANTED) == {"outcome": True, "did change_address": True}


def test_an_id_may_be_written_otherwise_as_long_as_its_value_is_the_same(reply, met):
    done = Action("change_address", {"order": "0412 7783", "postcode": "eh13qr"})
    assert met(reply("Done.", done), did=WANTED)["did change_address"]


@pytest.mark.parametrize("order", ["412-7783", "0412-7738", 4127783, "", None, True, ["0412-7783"]])
def test_an_id_without_its_leading_zero_or_otherwise_wrong_is_not_met(reply, met, order):
    done = Action("change_address", {"order": order, "postcode": "EH1 3QR"})
    assert met(reply("Done.", done), did=WANTED) == {"outcome": False, "did change_address": False}


def test_no_arguments_do_not_match_expected_arguments(reply, met):
    assert not met(reply("Done.", Action("change_address")), did=WANTED)["did change_address"]


def test_an_agent_that_says_it_did_and_did_not_has_not_done_it(reply, met):
    claim = reply("I have changed the address of 0412-7783 to EH1 3QR.")
    assert met(claim, did=WANTED) == {"outcome": False, "did change_address": False}


def test_an_action_that_its_tool_refused_was_not_done(reply, met):
    refused = Action("change_address", CHANGE.arguments, done=False)
    assert not met(reply("Hm.", refused), did=WANTED)["did change_address"]


def test_two_expected_actions_need_two_actions(scenario, record, reply):
    call = record(reply("Done.", Action("text_driver")))
    criteria = Task(Options())(scenario(did=["text_driver", "text_driver"]), call).criteria
    assert sorted(criterion.met for criterion in criteria if criterion.kind == "did") == [False, True]


def test_actions_are_met_in_any_order_and_the_choosy_one_is_not_robbed(scenario, record, reply):
    loose_first = scenario(did=["note", {"note": {"order": "{order}"}}])
    call = record(reply("Done.", Action("note", {"order": "0412-7783"}), Action("note", {"text": "rang"})))
    assert all(criterion.met for criterion in Task(Options())(loose_first, call).criteria)


@pytest.mark.parametrize(
    "wanted_used_same",
    [
        (3, 3, True),
        (3, 3.0, True),
        (3, "3", False),
        (1, True, False),
        (True, True, True),
        (None, None, True),
        (None, "", False),
        ("Side door", " side DOOR ", True),
        ("Side door", "door", False),
        ("to {postcode}", "to EH1 3QR", True),
        (["a", "b"], ["a", "b"], True),
        (["a", "b"], ["a", "b", "c"], False),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"b": 1}, False),
        ({}, "text", False),
    ],
)
def test_a_literal_is_compared_as_it_stands(reply, met, wanted_used_same):
    wanted, used, same = wanted_used_same
    call = reply("Done.", Action("note", {"what": used}))
    assert met(call, did=[{"note": {"what": wanted}}])["did note"] is same


def test_the_state_may_hold_more_than_expected_and_keys_may_be_facts(reply, met):
    state = {"orders": {"9999-0000": {}, "04127783": {"postcode": "EH13QR", "weight": 2}}, "open": True}
    assert met(reply(state=state), state=MOVED) == {"outcome": True, "state": True}


@pytest.mark.parametrize("state", [{}, {"orders": {}}, {"orders": {"0412-7783": {"postcode": "EH1 3QP"}}}])
def test_a_state_that_lacks_or_differs_is_not_met(reply, met, state):
    assert met(reply(state=state), state=MOVED) == {"outcome": False, "state": False}


def test_a_state_that_is_not_shown_is_not_evaluated(reply, met):
    assert met(reply(), state=MOVED) == {"outcome": None, "state": None}


def test_the_last_state_counts(reply, met):
    before, after = reply(state={"held": False}), reply(state={"held": True})
    assert met(before, after, reply(), state={"held": True})["state"]
    assert not met(after, before, state={"held": True})["state"]


def test_what_must_never_be_done_is_broken_by_doing_it_not_by_trying(reply, met):
    assert not met(reply("Refunded.", Action("issue_refund")), never=["issue_refund"])["never issue_refund"]
    assert met(reply("No.", Action("issue_refund", done=False)), never=["issue_refund"])["never issue_refund"]


def test_an_action_of_a_discarded_reply_was_done_all_the_same(reply, met):
    unheard = reply("Refunded.", Action("issue_refund"), discarded=True)
    assert not met(unheard, never=["issue_refund"])["never issue_refund"]


@pytest.mark.parametrize("text", ["It goes to EH1 3QR now.", "It goes to E H one, three Q R now."])
def test_a_fact_is_said_in_any_form_that_reads_as_its_value(reply, met, text):
    assert met(reply(text), must_say=["{postcode}"])["must_say {postcode}"]


@pytest.mark.parametrize("text", ["It goes to EH1 3QP now.", "It goes to your office.", ""])
def test_another_value_or_none_is_not_the_fact(reply, met, text):
    assert not met(reply(text), must_say=["{postcode}"])["must_say {postcode}"]


def test_a_day_is_said_by_the_scenario_s_pinned_clock(reply, met):
    assert met(reply("It comes tomorrow."), must_say=["{day}"])["must_say {day}"]
    assert not met(reply("It comes today."), must_say=["{day}"])["must_say {day}"]


def test_a_discarded_reply_said_nothing(reply, met):
    unheard = reply("It goes to EH1 3QR now.", discarded=True)
    assert not met(unheard, must_say=["{postcode}"])["must_say {postcode}"]


@pytest.mark.parametrize("text", ["You have THREE days, sir.", "That's 3 days."])
def test_plain_words_may_be_written_in_any_way(reply, met, text):
    assert met(reply(text), must_say=["three days"])["must_say three days"]


@pytest.mark.parametrize("text", ["Days three.", "Three or four days.", ""])
def test_plain_words_must_be_whole_and_in_order(reply, met, text):
    assert not met(reply(text), must_say=["three days"])["must_say three days"]


def test_a_fact_and_its_words_must_stand_in_one_reply(reply, met):
    wanted = ["delivered to {postcode}"]
    assert met(reply("Delivered to EH1 3QR."), must_say=wanted)["must_say delivered to {postcode}"]
    apart = (reply("Delivered to you."), reply("EH1 3QR."))
    assert not met(*apart, must_say=wanted)["must_say delivered to {postcode}"]


def test_effort_is_a_criterion_of_its_own_and_only_where_it_is_limited(scenario, record, reply, said):
    call = record(reply(), utterances=[said("It's", attempt=attempt) for attempt in (1, 2, 3)])

    def effort(**limits):
        criteria = Task(Options())(scenario(effort=limits), call).criteria
        return [criterion.met for criterion in criteria if criterion.kind == "effort"]

    assert effort() == []
    assert effort(max_turns=3, max_repeats=2) == [True]
    assert effort(max_turns=2) == [False]
    assert effort(max_repeats=1) == [False]


def test_a_call_given_to_a_person_is_handed_off_whatever_else_was_done(reply, outcome):
    given = reply("A colleague will help.", CHANGE, handoff=Handoff("asked"))
    assert outcome(given, ended="handed_off") == "handed_off"


def test_a_decision_to_refuse_makes_a_refusal(reply, outcome):
    assert outcome(reply("I cannot.", decisions=[Decision("refused")])) == "refused"


def test_a_caller_who_hangs_up_has_abandoned_unless_they_said_goodbye(reply, said, outcome):
    done = reply("Done.", CHANGE)
    assert outcome(done, utterances=[said("Order.")], ended="caller_hung_up") == "abandoned"
    assert outcome(done, utterances=[said("Bye.", key="closing")], ended="caller_hung_up") == "resolved"
    assert outcome(done, utterances=[said("Bye.", key="closing")], ended="caller_gave_up") == "abandoned"


def test_a_normal_end_without_the_work_is_a_deflection(reply, outcome):
    assert outcome(reply("Please see our site.")) == "deflected"


@pytest.mark.parametrize("expected", ["refused", "deflected", "abandoned"])
def test_a_call_that_runs_into_the_time_limit_has_no_outcome(scenario, record, reply, expected):
    endless = record(reply(), ended="time_limit")
    [criterion] = Task(Options())(scenario(outcome=expected), endless).criteria
    assert criterion.met is False


def test_reasons_name_what_differs(scenario, record, reply):
    wrong = Action("change_address", {"order": "0412-7783", "postcode": "EH1 3QP"})
    criteria = Task(Options())(scenario(did=WANTED), record(reply("Done.", wrong))).criteria
    assert [c.why for c in criteria if c.kind == "did"] == ["postcode is 'EH1 3QP', not 'EH1 3QR'"]


def test_counts_say_how_many_criteria_were_met_missed_and_not_seen(scenario, record, reply):
    wanted = scenario(did=WANTED, state={"open": True}, never=["issue_refund"])
    counts = Task(Options())(wanted, record(reply("Done.", CHANGE))).counts
    assert (counts["criteria"], counts["met"], counts["not_met"], counts["not_seen"]) == (4, 2, 0, 2)


def test_nobody_can_say_what_an_agent_did_that_shows_no_actions(scenario, record, reply):
    hidden = replace(record(reply("Done.")), shows=())
    criteria = Task(Options())(scenario(did=WANTED, never=["issue_refund"]), hidden).criteria
    assert [c.met for c in criteria if c.kind in ("did", "never")] == [None, None]


@pytest.mark.parametrize("ended", ["agent_hung_up", "caller_hung_up", "caller_gave_up", "time_limit"])
def test_nobody_can_say_whether_an_agent_handed_over_that_does_not_show_it(scenario, record, reply, ended):
    hidden = replace(record(reply("A colleague will help."), ended=ended), shows=("actions", "state"))
    criteria = Task(Options())(scenario(), hidden).criteria
    assert [(c.kind, c.met) for c in criteria] == [("outcome", None)]


def test_a_reply_that_was_stopped_says_no_more_than_was_played(reply, met):
    # Half of the reply was played: "It goes to EH1 3QR. W".
    half = replace(reply("It goes to EH1 3QR. We charge you nothing."), unplayed_ms=500)
    assert met(half, must_say=["{postcode}", "nothing"]) == {
        "outcome": True,
        "must_say {postcode}": True,
        "must_say nothing": False,
    }


def test_coughs_and_the_like_are_no_turns_of_the_caller(scenario, record, reply, said):
    sounds = [said("mm-hm", key="backchannel", attempt=n, kind="backchannel") for n in (1, 2, 3)]
    counts = Task(Options())(scenario(), record(reply(), utterances=[said("Hi."), *sounds])).counts
    assert (counts["caller_turns"], counts["repeats"]) == (1, 0)


def test_a_cough_after_goodbye_takes_nothing_back(reply, said, outcome):
    last = [said("Bye.", key="closing"), said("", key="cough", at_ms=9000, kind="cough")]
    assert outcome(reply("Done.", CHANGE), utterances=last, ended="caller_hung_up") == "resolved"


def test_a_dropped_call_has_no_outcome(reply, outcome):
    assert outcome(reply("Done.", CHANGE), ended="dropped") is None


def test_actions_in_order_must_come_one_after_the_other(scenario, record, reply):
    wants = scenario(did=["find", "change"], in_order=True)
    right = Task(Options())(wants, record(reply("A", Action("find"), Action("change")))).criteria
    wrong = Task(Options())(wants, record(reply("A", Action("change"), Action("find")))).criteria
    assert [one.met for one in right if one.kind == "did"] == [True, True]
    assert [one.why for one in wrong if one.kind == "did"] == ["", "it was done, but not in the order expected"]


def test_in_order_a_later_deed_of_the_same_name_counts(scenario, record, reply):
    wants = scenario(did=["find", "change"], in_order=True)
    done = record(reply("A", Action("change"), Action("find"), Action("change")))
    assert all(one.met for one in Task(Options())(wants, done).criteria if one.kind == "did")


def test_what_must_not_be_said_is_found_in_any_form_of_its_value(scenario, record, reply):
    wants = scenario(must_say=["thanks"], must_not_say=["{postcode}", "free of charge"])
    told = Task(Options())(wants, record(reply("Thanks, that is E H one, three Q R.", at_ms=1000))).criteria
    assert [one.met for one in told if one.kind == "must_not_say"] == [False, True]


@pytest.mark.parametrize(
    ("text", "ended", "counts"),
    [
        ("Thanks.", "agent_hung_up", (1, 0)),
        ("Goodbye.", "agent_hung_up", (1, 1)),
        ("Goodbye.", "caller_gave_up", (1, 1)),
        ("Goodbye.", "time_limit", (0, 0)),
    ],
)
def test_containment_is_not_resolution(scenario, record, reply, text, ended, counts):
    told = Task(Options())(scenario(must_say=["thanks"]), record(reply(text), ended=ended)).counts
    assert (told["contained"], told["contained_unresolved"]) == counts


def test_going_round_in_circles_is_an_effort_that_can_be_limited(scenario, record, reply):
    round_and_round = record(*(reply("What is the order number?", at_ms=1000 * i) for i in range(1, 5)))
    wants = scenario(must_say=["order"], effort={"max_loops": 0})
    [effort] = [one for one in Task(Options())(wants, round_and_round).criteria if one.kind == "effort"]
    assert (effort.met, effort.why) == (False, "1 loops, 0 allowed")
