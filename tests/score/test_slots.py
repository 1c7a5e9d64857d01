import pytest

from pipeline.agent import Action, Handoff
from pipeline.score.slots import Options, Slots

SPOKEN = "It's zero four one two, seven seven eight three."


@pytest.fixture
def order(scenario, record):
    """What became of the order number: offered, first try, in the end."""

    def fate(*replies, given=None, **call):
        counts = Slots(Options())(scenario(given=given), record(*replies, **call)).counts
        return tuple(counts[f"alnum_id.{step}"] for step in ("offered", "first_try", "in_the_end"))

    return fate


@pytest.fixture
def offer(said):
    return said(SPOKEN, offered=["order"])


def test_a_fact_heard_and_used_right_is_counted_at_every_step(order, offer, turn, reply):
    used = reply("Thanks.", Action("find", {"order": "04127783"}))
    assert order(used, utterances=[offer], turns=[turn("it's 0412-7783")]) == (1, 1, 1)


def test_a_fact_that_was_not_offered_is_not_counted(order, reply):
    assert order(reply("Thanks.", Action("find", {"order": "0412-7783"}))) == (0, 0, 0)


def test_a_fact_that_nobody_heard_is_lost(order, offer, reply):
    assert order(reply("Hello?"), utterances=[offer]) == (1, 0, 0)


def test_a_fact_heard_without_its_leading_zero_is_lost(order, offer, turn, reply):
    used = reply("Thanks.", Action("find", {"order": "412-7783"}))
    assert order(used, utterances=[offer], turns=[turn("it's 412-7783")]) == (1, 0, 0)


def test_a_second_try_helps_in_the_end_but_not_at_the_first(order, offer, said, turn, reply):
    again = said(SPOKEN, attempt=2, at_ms=6000, offered=["order"])
    turns = [turn("it's 0412-7738"), turn("0412-7783", at_ms=6000)]
    used = reply("Thanks.", Action("find", {"order": "0412-7783"}))
    assert order(used, utterances=[offer, again], turns=turns) == (1, 0, 1)


def test_an_attempt_that_the_tool_refused_still_shows_what_was_understood(order, offer, reply):
    assert order(reply("Hm.", Action("find", {"order": "0412-7783"}, done=False)), utterances=[offer]) == (
        1,
        0,
        1,
    )


def test_a_handoff_that_carries_the_fact_shows_it(order, offer, reply):
    given = reply("A colleague will help.", handoff=Handoff("asked", {"order": "0412 7783"}))
    assert order(given, utterances=[offer], ended="handed_off") == (1, 0, 1)


def test_the_world_the_agent_was_given_does_not_show_what_it_understood(order, offer, reply):
    world = {"orders": {"0412-7783": {"postcode": "G1 1AA"}}}
    assert order(reply(state=world), given=world, utterances=[offer]) == (1, 0, 0)


def test_what_the_agent_changed_in_its_world_does(order, offer, reply):
    world = {"orders": {"0412-7783": {"postcode": "G1 1AA", "held": None}}}
    after = {"orders": {"0412-7783": {"postcode": "G1 1AA", "held": True}}}
    assert order(reply(state=after), given=world, utterances=[offer]) == (1, 0, 1)


def test_an_id_read_in_two_turns_is_heard_at_the_first_try(order, offer, turn, reply):
    halves = [turn("0412", at_ms=900, ms=400), turn("7783", at_ms=1500, ms=400)]
    assert order(reply(), utterances=[offer], turns=halves) == (1, 1, 0)
