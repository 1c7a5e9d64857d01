import pytest
from pydantic_core import PydanticCustomError

from pipeline.agent._template import check_gaps, fill, fill_url

VALUES = {"text": "oh four", "turn": 2, "confidence": None, "history": [{"role": "user"}, {"role": "assistant"}]}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{text}", "oh four"),
        ("{turn}", 2),
        ("{confidence}", None),
        ("turn {turn}: {text}", "turn 2: oh four"),
        ("sure: {confidence}", "sure: "),
        ("{history}", VALUES["history"]),
        (["{*history}", "end"], [*VALUES["history"], "end"]),
        (["{history}"], [VALUES["history"]]),
        (["{*text}"], ["oh four"]),
        ({"{text}": {"deep": "{turn}"}}, {"oh four": {"deep": 2}}),
        ("{{text}} {} {a b} }{", "{text} {} {a b} }{"),
        ([1, 2.5, True, None], [1, 2.5, True, None]),
    ],
)
def test_a_gap_is_filled_with_the_value_and_its_type_where_it_stands_alone(template, filled):
    check_gaps(template, VALUES)
    assert fill(template, VALUES) == filled


def test_a_filled_text_is_not_filled_again():
    assert fill("{text}", {"text": "{turn}", "turn": 2}) == "{turn}"
    assert fill("say {text}", {"text": "{turn}", "turn": 2}) == "say {turn}"


def test_a_value_cannot_leave_its_place_in_a_url():
    assert fill_url("http://a/{text}/x", {"text": "../b?c=d e"}) == "http://a/..%2Fb%3Fc%3Dd%20e/x"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{txt}", r"there is no \{txt\} to put here. Did you mean 'text'\?"),
        ({"a": ["{turns}"]}, r"there is no \{turns\} to put here. Did you mean 'turn'\?"),
        ({"{cal}": 1}, r"there is no \{cal\} to put here"),
        (["{*nobody}"], r"there is no \{nobody\} to put here"),
        ("{*history}", r"\{\*history\} can only be an item of a list"),
        (["all: {*history}"], r"\{\*history\} can only be an item of a list"),
    ],
)
def test_a_gap_that_cannot_be_filled_is_refused(template, said):
    with pytest.raises(PydanticCustomError, match=said):
        check_gaps(template, VALUES)
