import pytest

from pipeline.agent import Action, Handoff
from pipeline.score.slots import Options, Slots
from pipeline.values import checked

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


@pytest.fixture
def errors(scenario, record, offer):
    """Right, wrong, nothing, or wrong besides: what the agent put where the order number was expected."""
    names = ("hits", "substitutions", "deletions", "insertions")

    def count(*actions, reply):
        call = scenario(did=[{"find": {"order": "{order}"}}])
        counts = Slots(Options())(call, record(reply("Well.", *actions), utterances=[offer])).counts
        return tuple(counts[f"alnum_id.{name}"] for name in names)

    return count


@pytest.mark.parametrize(
    ("used", "counted"),
    [
        (["0412-7783"], (1, 0, 0, 0)),
        (["0412-7738"], (0, 1, 0, 0)),
        ([], (0, 0, 1, 0)),
        (["0412-7738", "0412-7783"], (1, 0, 0, 1)),
        (["0412-7738", "0412-7713"], (0, 1, 0, 1)),
    ],
)
def test_what_the_agent_put_for_a_fact_is_right_wrong_missing_or_too_much(errors, reply, used, counted):
    assert errors(*(Action("find", {"order": order}) for order in used), reply=reply) == counted


def test_the_same_value_in_another_action_says_nothing_about_the_expected_one(errors, reply):
    assert errors(Action("greet", {"order": "0412-7783"}), reply=reply) == (0, 0, 1, 0)


@pytest.mark.parametrize(("heard", "edits"), [("it's 0412-7783", 0), ("it's 0412-7738", 2), ("hello", 8)])
def test_the_characters_that_the_first_try_changed_are_counted(scenario, record, offer, turn, heard, edits):
    counts = Slots(Options())(scenario(), record(utterances=[offer], turns=[turn(heard)])).counts
    assert (counts["alnum_id.characters"], counts["alnum_id.character_edits"]) == (8, edits)


def test_free_text_is_right_where_it_holds_the_words(scenario, record, said, reply):
    call = scenario(did=["report"]).model_copy(
        update={"facts": {"damage": checked("text", "a crack in the lid", language="en-GB")}}
    )
    used = reply("Noted.", Action("report", {"damage": "Well, there is a crack in the lid."}))
    told = said("There is a crack in the lid.", offered=["damage"])
    assert Slots(Options())(call, record(used, utterances=[told])).counts["text.in_the_end"] == 1


def test_keys_are_heard_by_a_turn_of_keys_and_nothing_else(order, said, turn, reply):
    pressed = said("04127783", offered=["order"], kind="keys")
    turns = [turn("0412", ms=300, kind="dtmf"), turn("7783", at_ms=1500, ms=400, kind="dtmf")]
    assert order(reply("Thanks."), utterances=[pressed], turns=turns) == (1, 1, 0)
    assert order(reply("Thanks."), utterances=[pressed], turns=[turn("0412 7783")]) == (1, 0, 0)
