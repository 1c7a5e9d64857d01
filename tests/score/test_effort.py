import pytest

from pipeline.score.effort import Effort, Options

ASKS = "What is the order number?"


@pytest.fixture
def counted(scenario, record):
    def count(*replies, expect=None, **call):
        return Effort(Options())(scenario(**(expect or {})), record(*replies, **call)).counts

    return count


@pytest.fixture
def asked(reply):
    """Replies one after the other, a second apart from 3 s on."""

    def build(*texts, **more):
        return [reply(text, at_ms=3000 + 1000 * i, **more) for i, text in enumerate(texts)]

    return build


def test_the_same_question_again_is_a_reprompt(counted, asked):
    counts = counted(*asked(ASKS, f"Sorry, I did not understand that. {ASKS}", "What is the new postcode?"))
    assert (counts["replies"], counts["reprompts"]) == (3, 1)


def test_a_question_about_other_digits_is_the_same_question(counted, asked):
    assert counted(*asked("Is it order 0412?", "Is it order 7783?"))["reprompts"] == 1


def test_asking_for_what_was_heard_right_is_a_reask(counted, said, turn, asked):
    offer = said("It's 0412-7783.", offered=["order"])
    call = {"utterances": [offer], "turns": [turn("it's 0412 7783")]}
    assert counted(*asked("Which parcel is it?"), **call)["reasks"] == 1
    assert counted(*asked("Which parcel is it, 0412-7783?"), **call)["reasks"] == 0


def test_asking_for_what_was_not_heard_right_is_none(counted, said, turn, asked):
    offer = said("It's 0412-7783.", offered=["order"])
    assert counted(*asked("Which parcel is it?"), utterances=[offer], turns=[turn("it's 0412 7738")])["reasks"] == 0


def test_three_replies_alike_within_four_are_a_loop_and_it_counts_once(counted, asked):
    assert counted(*asked(ASKS, ASKS))["loops"] == 0
    assert counted(*asked(ASKS, "Please hold on a moment.", ASKS, ASKS))["loops"] == 1
    assert counted(*asked(*[ASKS] * 6))["loops"] == 1
    assert counted(*asked(ASKS, "One moment.", "Let me see.", "Nearly there.", ASKS))["loops"] == 0


def test_a_state_that_nothing_moves_is_a_loop_however_it_is_worded(counted, asked):
    sorry = ["Sorry.", "I did not get that at all.", "My apologies, the line is bad today.", "Pardon me, sir or madam."]
    texts = [f"{one} {ASKS}" for one in sorry]
    still = {"state": {"asking": "order"}}
    assert counted(*asked(*texts, **still))["loops"] == 1
    assert counted(*asked(*texts[:3], **still))["loops"] == 0
    assert counted(*asked(*texts))["loops"] == 0  # no state is shown


def test_a_fact_that_was_said_again_is_a_repair_that_works_or_does_not(counted, said, turn):
    offers = [said("0412-7783", at_ms=at_ms, offered=["order"]) for at_ms in (1000, 6000)]
    wrong = turn("0412-7738")
    assert [
        (counts["repairs_tried"], counts["repaired"])
        for counts in (
            counted(utterances=offers, turns=[wrong, turn("0412-7783", at_ms=6000)]),
            counted(utterances=offers, turns=[wrong, turn("0412", at_ms=6000)]),
            counted(utterances=offers, turns=[turn("0412-7783")]),
            counted(utterances=offers[:1], turns=[wrong]),
        )
    ] == [(1, 1), (1, 0), (0, 0), (0, 0)]


def test_completion_is_censored_where_the_call_never_came_to_its_aim(scenario, record, reply, said):
    score, wants = Effort(Options()), scenario(must_say=["on its way"])
    done = score(wants, record(reply("It is on its way."), utterances=[said("hello")]))
    never = score(wants, record(reply("Goodbye."), utterances=[said("hello")]))
    assert done.details[-1] == {"completed": True, "turns": 1, "ms": 20_000}
    assert (never.counts["completed"], never.counts["censored"]) == (0, 1)
