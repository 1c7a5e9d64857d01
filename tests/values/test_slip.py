"""Slips: near, valid, and never the right value."""

from datetime import date, datetime

import pytest
from rapidfuzz.distance import DamerauLevenshtein

from pipeline.chance import stream
from pipeline.values import Value, checked, find, same, slip, spoken

NOW = datetime(2026, 11, 20, 10, 0)
SLIPS = [
    ("digits", "4711"),
    ("alnum_id", "0412-7783"),
    ("alnum_id", "B73T-9914"),
    ("phone", "07700 900317"),
    ("phone", "020 7946 0123"),
    ("postcode", "EH1 3QR"),
    ("spelled_name", "Siobhan"),
    ("money", "£48.25"),
    ("money", "£119.00"),
    ("date", "2026-11-24"),
    ("date", "24 November 2026"),
    ("time", "14:30"),
    ("quantity", "3 parcels"),
    ("quantity", "25 kg"),
]


def slips(fact, count=30):
    return [slip(fact, stream(seed, "slip")) for seed in range(count)]


@pytest.mark.parametrize(("kind", "text"), SLIPS)
def test_a_slip_is_a_valid_value_of_its_type_and_never_found_as_the_right_one(kind, text):
    fact = Value(kind, text)
    for wrong in slips(fact):
        assert checked(kind, wrong.text, language=wrong.language) == wrong
        assert not same(fact, wrong.text, now=NOW)
        for said in (wrong.text, spoken(wrong), f"It's {spoken(wrong, style='slow')}, I think."):
            assert find(fact, said, now=NOW) is None


@pytest.mark.parametrize(("kind", "text"), [pair for pair in SLIPS if pair[0] not in {"date", "time", "quantity"}])
def test_a_slip_of_a_code_is_one_character_or_one_swap_away(kind, text):
    assert {DamerauLevenshtein.distance(text, wrong.text) for wrong in slips(Value(kind, text))} == {1}


def test_a_day_slips_by_a_week_at_most():
    days = [date.fromisoformat(wrong.text) for wrong in slips(Value("date", "2026-11-30"))]
    assert {abs((day - date(2026, 11, 30)).days) for day in days} <= {1, 2, 7}


def test_a_round_sum_stays_round():
    assert all(wrong.text.endswith(".00") for wrong in slips(Value("money", "£96.00")))


def test_what_is_accepted_for_the_right_value_is_no_slip():
    fact = Value("quantity", "3 parcels", accept=("4 parcels",))
    assert {wrong.text for wrong in slips(fact)} == {"2 parcels"}


def test_a_seed_gives_the_same_slip_and_seeds_give_many():
    fact = Value("alnum_id", "0412-7783")
    assert slips(fact) == slips(fact)
    assert len(set(slips(fact))) > 5


@pytest.mark.parametrize(
    ("kind", "text"),
    [("name", "Megan Shaw"), ("email", "a@b.com"), ("enum", "red"), ("text", "a box"), ("date", "tomorrow")],
)
def test_names_addresses_and_texts_do_not_slip(kind, text):
    assert slip(Value(kind, text), stream(1, "slip")) is None
