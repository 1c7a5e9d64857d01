from dataclasses import replace

import pytest

from pipeline.agent import Action
from pipeline.score import SUCCESS, Criterion, criteria_in, status_of
from pipeline.score.task import Options, Task

WANTED = [{"change_address": {"order": "{order}", "postcode": "{postcode}"}}]
CHANGE = Action("change_address", {"order": "0412-7783", "postcode": "EH1 3QR"})


@pytest.fixture
def status():
    def of(scenario, record):
        return status_of(scenario, record, Task(Options())(scenario, record).criteria)

    return of


def test_a_call_that_met_everything_is_passed(scenario, record, reply, status):
    assert status(scenario(did=WANTED), record(reply("Done.", CHANGE))) == "passed"


def test_a_call_without_criteria_is_never_passed(scenario, record):
    assert status_of(scenario(), record(), []) == "not_evaluated"
    assert status_of(scenario(), record(), [Criterion("effort", True)]) == "not_evaluated"


def test_a_call_that_only_took_too_much_effort_is_resolved_badly(scenario, record, reply, said, status):
    weary = record(reply("Done.", CHANGE), utterances=[said("Hi."), said("Hi!", attempt=2)])
    assert status(scenario(did=WANTED, effort={"max_repeats": 0}), weary) == "resolved_badly"
    assert status(scenario(did=["other"], effort={"max_repeats": 0}), weary) == "failed"


def test_an_agent_that_breaks_down_is_an_agent_error_even_with_its_work_done(scenario, record, reply, status):
    broken = record(reply("Done.", CHANGE), ended="agent_error", error="ValueError: no")
    assert status(scenario(did=WANTED), broken) == "agent_error"


def test_what_cannot_be_seen_is_not_evaluated_and_no_success(scenario, record, reply, status):
    hidden = status(scenario(state={"open": True}), record(reply()))
    assert hidden == "not_evaluated"
    assert SUCCESS[hidden] is False


def test_one_thing_missed_outweighs_what_cannot_be_seen(scenario, record, reply, status):
    wanted = scenario(state={"open": True}, must_say=["goodbye"])
    assert status(wanted, record(reply("Done."))) == "failed"


def test_an_agent_that_hangs_up_before_it_asks_has_failed(scenario, record, reply, said, status):
    early = record(reply("Goodbye."), utterances=[said("Hi.", key="open")])
    assert status(scenario(did=WANTED), early) == "failed"


def test_an_agent_that_asks_and_hangs_up_on_the_caller_has_failed(scenario, record, reply, said, status):
    asked = record(reply("What is your postcode?", at_ms=5000), utterances=[said("Hi.", key="open")])
    assert status(scenario(did=WANTED), asked) == "failed"


def test_an_agent_that_goes_round_in_circles_without_asking_has_failed(scenario, record, reply, said, status):
    loop = [reply("Your call matters to us.", at_ms=1000 * i) for i in range(9)]
    again = [said("I want to change the address.", key="otherwise", at_ms=1000 * i + 600) for i in range(9)]
    stuck = record(*loop, utterances=again, ended="time_limit")
    assert status(scenario(did=WANTED), stuck) == "failed"


def test_a_question_to_which_our_caller_has_no_line_is_not_held_against_the_agent(scenario, record, reply, status):
    asked = record(reply("What is your mother's maiden name?"), unmatched=["What is your mother's maiden name?"])
    assert status(scenario(did=WANTED), asked) == "caller_invalid"


def test_a_question_our_caller_could_not_answer_does_not_unmake_a_pass(scenario, record, reply, status):
    asked = record(reply("Done. How was your day?", CHANGE), unmatched=["How was your day?"])
    assert status(scenario(did=WANTED), asked) == "passed"


def test_a_caller_who_gives_up_for_want_of_a_line_is_invalid(scenario, record, reply, status):
    assert status(scenario(did=WANTED), record(reply(), ended="caller_invalid")) == "caller_invalid"


def test_a_caller_who_is_asked_for_a_fact_and_keeps_it_back_is_invalid(scenario, record, reply, said, status):
    evasive = said("It's 0412-7783.", at_ms=9000, offered=["order"])
    asked = record(reply("I see. What is the postcode?"), utterances=[evasive])
    assert status(scenario(did=WANTED), asked) == "caller_invalid"


def test_an_agent_that_only_mentions_a_fact_has_not_asked_for_it(scenario, record, reply, said, status):
    answer = said("It's 0412-7783.", at_ms=9000, offered=["order"])
    told = record(reply("The postcode is on file. Goodbye."), utterances=[answer])
    assert status(scenario(did=WANTED), told) == "failed"


def test_a_pattern_of_the_fact_s_line_shows_that_it_was_asked_for(scenario, record, reply, said, status):
    evasive = said("Hello?", key="otherwise", at_ms=9000)
    asked = record(reply("Tell me, which parcel is it?"), utterances=[evasive])
    assert status(scenario(did=WANTED), asked) == "caller_invalid"


def test_a_never_event_has_failed_whatever_our_caller_said(scenario, record, reply, status):
    refunded = record(reply("Refunded.", Action("issue_refund")), ended="caller_invalid")
    assert status(scenario(never=["issue_refund"]), refunded) == "failed"


def test_a_fact_offered_and_misheard_is_the_call_s_own_failure(scenario, record, reply, said, status):
    wrong = Action("change_address", {"order": "412-7783", "postcode": "EH1 3QR"})
    offers = [said("It's 0412-7783.", at_ms=4000, offered=["order", "postcode"])]
    assert status(scenario(did=WANTED), record(reply("Which order?", wrong), utterances=offers)) == "failed"


@pytest.mark.parametrize("work", [(), (CHANGE,)])
def test_a_dropped_call_is_dropped_whatever_was_done(scenario, record, reply, status, work):
    dropped = record(reply("Done.", *work, Action("issue_refund")), ended="dropped", unmatched=["And you?"])
    assert status(scenario(did=WANTED, never=["issue_refund"]), dropped) == "dropped"
    assert SUCCESS["dropped"] is None


@pytest.mark.parametrize("kind", ["cough", "backchannel", "aside"])
def test_a_sound_that_is_not_meant_for_the_agent_evades_no_question(scenario, record, reply, said, status, kind):
    sound = said("mm-hm", at_ms=9000, kind=kind)
    asked = record(reply("I see. What is the postcode?"), utterances=[sound])
    assert status(scenario(did=WANTED), asked) == "failed"


def test_a_question_that_was_cut_off_before_it_was_heard_was_not_evaded(scenario, record, reply, said, status):
    cut_off = replace(reply("I see, let us look at that. What is the postcode?"), unplayed_ms=500)
    asked = record(cut_off, utterances=[said("I'd rather not say.", key="otherwise", at_ms=9000)])
    assert status(scenario(did=WANTED), asked) == "failed"


@pytest.mark.parametrize("name", ["never issue_refund", "claim issue_refund", "must_not_say free"])
def test_what_must_not_happen_fails_a_call_whatever_our_caller_did(scenario, record, name):
    ours = record(ended="caller_invalid")
    assert status_of(scenario(), ours, [Criterion("outcome", False)]) == "caller_invalid"
    assert status_of(scenario(), ours, [Criterion("outcome", False), Criterion(name, False)]) == "failed"


def test_a_claim_that_cannot_be_judged_keeps_a_call_from_passing(scenario, record):
    assert status_of(scenario(), record(), [Criterion("outcome", True), Criterion("claim x", None)]) == "not_evaluated"


def test_the_criteria_of_a_record_are_those_of_all_scores_with_the_tasks_first():
    one, other = {"name": "outcome"}, {"name": "claim x"}
    facts = {"scores": {"claims": {"criteria": [other]}, "task": {"criteria": [one]}, "words": {"criteria": []}}}
    assert criteria_in(facts) == [one, other]
    assert criteria_in({}) == []
