"""The stress list: hard pairs of a value and a text, labelled by hand, and how many of them are decided rightly."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from pipeline.values import TYPES, checked, find

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

    @property
    def found(self) -> bool:
        value = checked(self.type, self.value, language="en-GB", accept=tuple(self.accept))
        return find(value, self.text, now=NOW) is not None


PAIRS = [Pair(*row) for row in yaml.safe_load(Path(__file__).with_name("pairs.yaml").read_text(encoding="utf-8"))]


def test_enough_hard_pairs_are_decided_rightly():
    wrong = [pair for pair in PAIRS if pair.found != pair.match]
    assert len(wrong) <= (1 - LEAST_RIGHT) * len(PAIRS), "\n".join(map(str, wrong))


@pytest.mark.parametrize("kind", NEVER_FALSE)
def test_no_other_value_is_taken_for_one_that_must_not_be_mistaken(kind):
    assert [pair for pair in PAIRS if pair.type == kind and pair.found and not pair.match] == []


def test_the_list_is_as_hard_as_it_claims():
    assert len(PAIRS) >= 160
    assert min(Counter(pair.type for pair in PAIRS)[kind] for kind in TYPES) >= 10
    assert 2 * sum(not pair.match for pair in PAIRS) >= len(PAIRS)
    assert 2 * sum(pair.source == "recogniser" for pair in PAIRS) >= len(PAIRS)
    assert len({(pair.type, pair.value, pair.text) for pair in PAIRS}) == len(PAIRS)
