from dataclasses import replace

import pytest

from pipeline.agent import Action
from pipeline.score.claims import Claims, Options

SAYS = {"change_address": ("now goes to", "I(?:'ve| have) changed"), "schedule_callback": ("we will call you on",)}
DONE = Action("change_address", {})


@pytest.fixture
def met(scenario, record):
    """Whether each claim of a call was true."""

    def verdicts(*replies, shows=("actions",)):
        told = Claims(Options(says=SAYS))(scenario(), replace(record(*replies), shows=shows))
        return [one.met for one in told.criteria]

    return verdicts


def test_a_claim_is_true_where_the_deed_came_with_it_or_before(met, reply):
    claim = "Order 0412 now goes to EH1 3QR."
    assert met(reply(claim, DONE)) == [True]
    assert met(reply("A moment.", DONE), reply(claim, at_ms=9000)) == [True]


def test_a_claim_of_what_was_refused_done_later_or_never_is_false(met, reply):
    claim = "Order 0412 now goes to EH1 3QR."
    assert met(reply(claim)) == [False]
    assert met(reply(claim, Action("change_address", {}, done=False))) == [False]
    assert met(reply(claim), reply("Now it is done.", DONE, at_ms=9000)) == [False]


@pytest.mark.parametrize(
    "text",
    [
        "I have not changed anything.", "Shall I say that it now goes to EH1?", "I will see that it now goes to EH1.",
        "If it now goes to EH1 you will hear from us.", "I am not sure it now goes to EH1.", "What is the postcode?",
    ],
)  # fmt: skip
def test_what_is_denied_asked_planned_or_a_condition_is_no_claim(met, reply, text):
    assert met(reply(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "I've changed it.",
        "All right, if you like: it now goes to EH1.",
        "It now goes to EH1, but that will take a day.",
    ],
)
def test_a_hedge_elsewhere_in_the_sentence_takes_nothing_back(met, reply, text):
    assert met(reply(text)) == [False]


def test_a_pattern_may_word_a_deed_as_a_promise(met, reply):
    assert met(reply("We will call you on Tuesday.", Action("schedule_callback", {}))) == [True]


def test_what_was_never_played_claims_nothing(met, reply):
    assert met(reply("It now goes to EH1.", discarded=True)) == []


def test_of_an_agent_that_shows_no_actions_a_claim_cannot_be_judged(met, reply):
    assert met(reply("It now goes to EH1."), shows=()) == [None]
