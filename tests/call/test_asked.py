import hashlib
from functools import cache
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import yaml

from pipeline.call.asked import Asked, Kind, Listener, sentences
from pipeline.meaning import sentence_model
from pipeline.spec.scenario import Scenario

WORLDS = yaml.safe_load((Path(__file__).parent / "sentences.yaml").read_text(encoding="utf-8"))
# Facts that answer the same question, so that they are no test of a caller who lacks the one.
ALIKE = (
    {"surname", "name"},
    {"line", "phone"},
    {"day", "born"},
    {"postcode", "old_postcode", "new_postcode"},
    {"order", "policy"},
    {"problem", "reason", "damage"},
)


def no_meaning(texts):
    return np.zeros((len(texts), 1), np.float32)


@cache
def meaning_of(text):
    return sentence_model().embed([text])[0]


def by_model(texts):
    return np.stack([meaning_of(text) for text in texts])


def listener(world, embed=no_meaning):
    facts = WORLDS[world]["facts"]
    says = {"open": {"say": "Hi."}, **{fact: {"say": f"{{{fact}}}"} for fact in facts}, "closing": {"say": "No."}}
    words = {"name": world, "about": world, "now": "2026-11-22T10:00", "facts": facts, "says": says}
    return Listener(Scenario.model_validate(words | {"expect": {"outcome": "refused"}}), embed)


def expected(label):
    kind, *keys = label.split()
    return (kind, tuple(keys)) if kind in get_args(Kind) else ("lines", (kind, *keys))


def is_held_out(text):
    """Half of the sentences, by their hash: patterns are not tuned on them."""
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 1


def mistaken(sentence_is_in, embed=no_meaning):
    """The sentences that were not taken for what they are, and how many were tried."""
    wrong, tried = [], 0
    for name, world in WORLDS.items():
        caller = listener(name, embed)
        for label, text in world["sentences"]:
            if sentence_is_in(world, text):
                tried, (kind, keys) = tried + 1, expected(label)
                asked = caller.asked(text, frozenset(world["facts"]) - set(keys))
                wrong += [(text, asked)] if (asked.kind, asked.keys) != (kind, keys) else []
    return wrong, tried


def tuned(world, text):
    return not world.get("unseen") and not is_held_out(text)


def held_out(world, text):
    return not world.get("unseen") and is_held_out(text)


def unseen(world, text):
    return bool(world.get("unseen"))


def test_what_the_patterns_were_tuned_on_is_understood():
    wrong, tried = mistaken(tuned)
    assert (wrong, tried >= 90) == ([], True)


@pytest.mark.parametrize(("part", "most"), [(held_out, 0.05), (unseen, 0.08)])
def test_what_they_were_not_tuned_on_is_understood_too(part, most):
    wrong, tried = mistaken(part)
    assert tried >= 50
    assert len(wrong) / tried <= most, wrong


@pytest.mark.slow
@pytest.mark.parametrize("part", [tuned, held_out, unseen])
def test_meaning_takes_nothing_for_the_wrong_thing(part):
    by_patterns, _ = mistaken(part)
    by_meaning, _ = mistaken(part, by_model)
    assert {text for text, _ in by_meaning} <= {text for text, _ in by_patterns}


@pytest.mark.slow
def test_meaning_understands_what_no_pattern_has():
    asked = listener("clinic", by_model).asked("Can you tell me when you were born?", frozenset())
    assert asked == Asked("lines", ("born",))


def foreign():
    """Questions for facts, each with a caller who has no such fact."""
    for name, world in WORLDS.items():
        for label, text in world["sentences"]:
            kind, keys = expected(label)
            alike = set().union(*(group for group in ALIKE if group & set(keys)), keys)
            for other in WORLDS:
                if kind == "lines" and not alike & set(WORLDS[other]["facts"]) and other != name:
                    yield other, text


def test_a_caller_gives_no_fact_for_another():
    asked = [(text, listener(other).asked(text, frozenset())) for other, text in foreign()]
    assert len(asked) > 150
    assert [(text, one) for text, one in asked if one.kind == "lines"] == []


def test_what_was_asked_of_a_caller_without_that_fact_is_named():
    asked = listener("parcel").asked("Thank you. What is your customer number?", frozenset())
    assert asked == Asked("unknown", sentence="What is your customer number?")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("What's the old postcode?", ("old_postcode",)),
        ("And the new postcode?", ("new_postcode",)),
        ("What are the new postcode and the old postcode?", ("old_postcode", "new_postcode")),
    ],
)
def test_of_two_facts_of_a_type_the_named_one_is_given(text, keys):
    assert set(listener("telecom").asked(text, frozenset()).keys) == set(keys)


def test_of_two_facts_of_a_type_the_one_not_given_yet_is_given():
    asked = listener("telecom").asked("What is the postcode, please?", frozenset({"old_postcode"}))
    assert asked.keys == ("new_postcode",)


@pytest.mark.parametrize(
    "text",
    ["I have order 412-7783. Is that right?", "Order 0412-7738, correct?", "0412-778?", "So it's 0412 7780."],
)
def test_one_wrong_sign_makes_a_read_back_wrong(text):
    assert listener("parcel").asked(text, frozenset({"order"})) == Asked("no", ("order",))


def test_half_a_number_read_back_is_not_wrong():
    assert listener("parcel").asked("I have 0412. Is that right so far?", frozenset({"order"})).kind == "yes"


@pytest.mark.parametrize("number", ["00770 090031", "07700 900371", "077 0090 0317 7"])
def test_a_number_as_long_as_a_phones_read_back_wrong_is_denied_though_no_phone_has_it(number):
    text = f"So that's {number}, did I get that right?"
    assert listener("restaurant").asked(text, frozenset({"phone"})) == Asked("no", ("phone",))


def test_a_new_number_that_the_agent_tells_is_no_read_back():
    told = "Done. Your reference is 8841-2203. Is there anything else?"
    assert listener("parcel").asked(told, frozenset({"order", "postcode"})) == Asked("closing")


def test_a_promise_is_waited_for_while_facts_are_missing():
    caller, text = listener("parcel"), "I can change that for you."
    assert caller.asked(text, frozenset()).kind == "hold"
    assert caller.asked(text, frozenset({"order", "postcode"})).kind == "statement"


def test_the_scenarios_own_patterns_win(parcel):
    own = parcel(postcode={"say": "{postcode}", "asked": ["anything else"]})
    asked = Listener(own, no_meaning).asked("Is there anything else?", frozenset())
    assert asked == Asked("lines", ("postcode",))


def test_a_line_that_carries_a_fact_under_another_key_is_found(parcel):
    own = parcel(order=None, number={"say": "It's {order}."})
    assert Listener(own, no_meaning).asked("What is the order number?", frozenset()).keys == ("number",)


def test_sentences_keep_their_marks():
    assert sentences("Done. Is that all?  Yes!") == ["Done.", "Is that all?", "Yes!"]
