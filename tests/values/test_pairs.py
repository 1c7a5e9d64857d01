"""The stress list: hard pairs of a value and a text, labelled by hand, and how many of them are decided rightly."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.values import TYPES, Value, checked, find, nearest, same

NOW = datetime(2026, 11, 22, 10, 0)
NEVER_FALSE = ("digits", "alnum_id", "phone", "postcode", "money")
LEAST_RIGHT = 0.96


@dataclass(frozen=True)
class Pair:
    type: str
    value: str
    text: str
    match: bool
    source: str
    accept: tuple[str, ...] = ()
    language: str = "en-GB"

    @property
    def fact(self) -> Value:
        return checked(self.type, self.value, language=self.language, accept=tuple(self.accept))

    @property
    def found(self) -> bool:
        return find(self.fact, self.text, now=NOW) is not None

    def __str__(self) -> str:
        """What must be so, and what was read."""
        near = nearest(self.fact, self.text, now=NOW)
        read = f"'{near.text}', {near.edits} wrong" if near else "nothing"
        return f"{self.type} {self.value} in '{self.text}' must be {self.match}; read: {read}"


@dataclass(frozen=True)
class Argument:
    type: str
    value: str
    argument: Any
    match: bool
    accept: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        fact = checked(self.type, self.value, language="en-GB", accept=tuple(self.accept))
        return same(fact, self.argument, now=NOW)


LIST = yaml.safe_load(Path(__file__).with_name("pairs.yaml").read_text(encoding="utf-8"))
PAIRS = [Pair(*row) for row in LIST["heard"]]
ARGUMENTS = [Argument(*row) for row in LIST["arguments"]]


def listed(wrong):
    return "\n".join(map(str, wrong))


def test_enough_hard_pairs_are_decided_rightly():
    wrong = [pair for pair in PAIRS if pair.found != pair.match]
    assert len(wrong) <= (1 - LEAST_RIGHT) * len(PAIRS), listed(wrong)


@pytest.mark.parametrize("kind", NEVER_FALSE)
def test_no_other_value_is_taken_for_one_that_must_not_be_mistaken(kind):
    wrong = [pair for pair in PAIRS if pair.type == kind and pair.found and not pair.match]
    assert not wrong, listed(wrong)


def test_what_a_text_carries_has_no_wrong_character_and_nothing_else_has_none():
    wrong = [pair for pair in PAIRS if pair.found == pair.match and str(pair).endswith(", 0 wrong") != pair.match]
    assert not wrong, listed(wrong)


def test_enough_hard_arguments_are_decided_rightly():
    wrong = [row for row in ARGUMENTS if row.same != row.match]
    assert len(wrong) <= (1 - LEAST_RIGHT) * len(ARGUMENTS), listed(wrong)


def test_no_other_argument_is_taken_for_the_value():
    wrong = [row for row in ARGUMENTS if row.same and not row.match]
    assert not wrong, listed(wrong)


def test_the_list_is_as_hard_as_it_claims():
    assert len(PAIRS) >= 160
    assert min(Counter(pair.type for pair in PAIRS)[kind] for kind in TYPES) >= 10
    assert 2 * sum(not pair.match for pair in PAIRS) >= len(PAIRS)
    assert 2 * sum(pair.source == "recogniser" for pair in PAIRS) >= len(PAIRS)
    assert len({(pair.type, pair.value, pair.text, *pair.accept, pair.language) for pair in PAIRS}) == len(PAIRS)


def test_half_of_the_arguments_are_not_the_value_and_every_type_has_some():
    assert 2 * sum(not row.match for row in ARGUMENTS) >= len(ARGUMENTS)
    assert {row.type for row in ARGUMENTS} == set(TYPES)
