import pytest

from pipeline.decide.confusions import confusions
from pipeline.errors import BadlineError


def record(*ops, unit="a", scenario="s", arm="degraded"):
    scores = {"words": {"details": [{"normaliser": "x"}, {"ops": [list(op) for op in ops]}]}}
    return {"unit": unit, "facts": {"scenario": scenario, "arm": arm, "scores": scores}}


RIGHT, WRONG = ("equal", "five", "five"), ("substitute", "five", "nine")


def test_a_confusion_is_told_with_how_often_it_was_said_and_where():
    told = confusions([record(*[RIGHT] * 8, WRONG, unit="a"), record(WRONG, unit="b", scenario="t")])
    [one] = told.words
    assert (one.said, one.heard, one.count, one.of, one.calls, one.scenarios) == ("five", "nine", 2, 10, 2, 2)
    assert (one.share, one.low, one.high) == pytest.approx((0.2, 0.057, 0.510), abs=0.001)  # Wilson, 2 of 10


def test_what_was_said_seldom_has_no_share():
    [one] = confusions([record(WRONG, RIGHT)]).words
    assert (one.count, one.share, one.low) == (1, None, None)


def test_letters_and_digits_stand_apart_and_what_comes_most_often_first():
    told = confusions([record(("substitute", "b", "d"), *[("substitute", "5", "9")] * 2, WRONG)])
    assert [(one.said, one.heard) for one in told.signs] == [("5", "9"), ("b", "d")]
    assert [(one.said, one.heard) for one in told.words] == [("five", "nine")]


def test_what_was_lost_or_added_is_told_with_nothing_on_the_other_side():
    told = confusions([record(("delete", "please", ""), ("insert", "", "thanks"))])
    assert {(one.said, one.heard, one.of) for one in told.words} == {("please", "", 1), ("", "thanks", 0)}


def test_only_the_arm_in_question_counts_and_one_without_words_is_refused():
    assert confusions([record(WRONG), record(WRONG, arm="clean")]).calls == 1
    with pytest.raises(BadlineError, match="--arm"):
        confusions([record(WRONG)], arm="clean")
