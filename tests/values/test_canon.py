from datetime import date, datetime, timedelta

import phonenumbers
import pytest

from pipeline.values import Value, canonical, checked, same

NOW = datetime(2026, 11, 20, 10, 0)  # a Friday

SAME = [
    ("alnum_id", "0412-7783", "04127783"),
    ("alnum_id", "0412-7783", "0412 7783"),
    ("alnum_id", "AB-0412", "ab0412"),
    ("alnum_id", "97205", 97205),
    ("digits", "97205", 97205),
    ("digits", "0042", "0042"),
    ("digits", "0042", "00-42"),
    ("postcode", "EH1 3QR", "EH13QR"),
    ("postcode", "EH13QR", "eh1 3qr"),
    ("phone", "020 7946 0123", "+442079460123"),
    ("phone", "020 7946 0123", "(020) 7946-0123"),
    ("phone", "020 7946 0123", "+44 (0)20 7946 0123"),
    ("phone", "020 7946 0123", 442079460123),
    ("money", "12.50 GBP", 12.5),
    ("money", "12.50 GBP", "12.50"),
    ("money", "£12.50", "GBP 12.50"),
    ("money", "£12.50", "12.50 GBP"),
    ("money", "12 GBP", 12),
    ("money", "£1,250", "1250.00"),
    ("money", "£12.50", {"amount": 12.5, "currency": "GBP"}),
    ("money", "£12.50", "twelve pounds fifty"),
    ("date", "2026-11-22", "22/11/2026"),
    ("date", "2026-11-22", "2026-11-22T09:00:00"),
    ("date", "2026-11-22", "22nd November 2026"),
    ("date", "2026-11-21", "tomorrow"),
    ("date", "tomorrow", "2026-11-21"),
    ("time", "14:30", "2:30 pm"),
    ("time", "14:30", "14:30:00"),
    ("time", "14:30", "1430"),
    ("time", "2:30 pm", "2026-11-22T14:30:00Z"),
    ("quantity", "3", 3),
    ("quantity", "3", "3.0"),
    ("quantity", "2.5 kg", "2.5 kilograms"),
    ("quantity", "3 parcels", 3),
    ("name", "Maya O'Brien", "maya obrien"),
    ("name", "Zoë", "Zoe"),
    ("spelled_name", "Siobhan", "S-I-O-B-H-A-N"),
    ("email", "maya@example.com", " Maya@Example.com "),
    ("enum", "next_day", "Next day"),
    ("text", "22 Baker Street", "Twenty-two Baker Street."),
]

DIFFERENT = [
    ("alnum_id", "0412-7783", 4127783),
    ("alnum_id", "0412-7783", "412-7783"),
    ("alnum_id", "0412-7783", 4127783.0),
    ("alnum_id", "0412-7783", "04127738"),
    ("alnum_id", "0412-7783", "0412-77833"),
    ("alnum_id", "0412-7783", "O412-7783"),
    ("alnum_id", "0412-7783", None),
    ("alnum_id", "0412-7783", ["0412-7783"]),
    ("digits", "0042", 42),
    ("digits", "0042", "42"),
    ("digits", "1", True),
    ("digits", "15", 1.5),
    ("digits", "15", "1.5 kg"),
    ("postcode", "EH1 3QR", "EH1 3QP"),
    ("postcode", "EH1 3QR", "EH1"),
    ("postcode", "EH1 3QR", "EH11 3QR"),
    ("phone", "020 7946 0123", "020 7946 0124"),
    ("phone", "020 7946 0123", "7946 0123"),
    ("phone", "020 7946 0123", 2079460123),
    ("phone", "020 7946 0123", "+12079460123"),
    ("money", "12.50 GBP", 125),
    ("money", "12.50 GBP", 1250),
    ("money", "12.50 GBP", "12.50 USD"),
    ("money", "12.50 GBP", "$12.50"),
    ("money", "12.50 GBP", "12.5.0"),
    ("money", "12.50 GBP", "-12.50"),
    ("money", "12.50 GBP", {"amount": 12.5, "currency": "USD"}),
    ("money", "12.50 GBP", float("nan")),
    ("money", "1 GBP", True),
    ("date", "2026-11-22", "11/22/2026"),
    ("date", "2026-11-12", "11/12/2026"),
    ("date", "2026-11-22", "2025-11-22"),
    ("date", "2026-11-22", 20261122),
    ("time", "14:30", "2:30"),
    ("time", "14:30", "2.30"),
    ("time", "12:50", "1250 pm or so"),
    ("time", "14:30", "02:30"),
    ("time", "14:30", "2:30 am"),
    ("time", "14:30", 1430),
    ("quantity", "5", "-5"),
    ("quantity", "5", 50),
    ("quantity", "2.5 kg", "2.5 lb"),
    ("quantity", "3 parcels", "3 letters"),
    ("name", "Maya O'Brien", "Maya Brien"),
    ("spelled_name", "Siobhan", "Shivon"),
    ("email", "maya@example.com", "maya@example.co"),
    ("email", "maya@example.com", "amaya@example.com"),
    ("enum", "next_day", "same_day"),
    ("text", "22 Baker Street", "221 Baker Street"),
]

REFUSED = [
    ("digits", "04l2", "alnum_id"),
    ("alnum_id", "AB+12", "AB-0412"),
    ("postcode", "EH1 3Q", "EH1 3QR"),
    ("postcode", "97205", "EH1 3QR"),
    ("phone", "020 7946", "020 7946 0123"),
    ("phone", "hello", "020 7946 0123"),
    ("email", "maya at example", "maya@example.com"),
    ("money", "twelve fifty", "12.50 GBP"),
    ("money", "£12.505 or so", "12.50 GBP"),
    ("date", "2026-02-30", "2026-11-22"),
    ("date", "next Friday", "one of these"),
    ("date", "soon", "2026-11-22"),
    ("time", "25:10", "14:30"),
    ("time", "half past two", "one of these"),
    ("quantity", "a few", "2.5 kg"),
    ("spelled_name", "R2D2", "letters"),
    ("text", "  ", "empty"),
    ("colour", "red", "Known"),
]


@pytest.mark.parametrize(("kind", "text", "other"), SAME)
def test_the_same_fact_in_another_form_is_the_same(kind, text, other):
    assert same(checked(kind, text, language="en-GB"), other, now=NOW)


@pytest.mark.parametrize(("kind", "text", "other"), DIFFERENT)
def test_another_fact_is_never_the_same(kind, text, other):
    assert not same(checked(kind, text, language="en-GB"), other, now=NOW)


@pytest.mark.parametrize(("kind", "text", "advice"), REFUSED)
def test_what_is_no_value_is_refused_with_what_would_be(kind, text, advice):
    with pytest.raises(ValueError, match=advice):
        checked(kind, text, language="en-GB")


def test_a_language_that_is_not_there_is_refused_by_name():
    with pytest.raises(ValueError, match="'fr'"):
        checked("digits", "12", language="fr")


def test_an_accepted_reading_counts():
    slot = checked("enum", "next_day", language="en-GB", accept=("express", "tomorrow's"))
    assert same(slot, "Express")
    assert not same(slot, "standard")


def test_an_accepted_code_counts_in_any_grouping():
    slot = checked("alnum_id", "0412-7783", language="en-GB", accept=("PO-0412-7783",))
    assert same(slot, "po04127783")


def test_americans_put_the_month_first():
    day = checked("date", "2026-11-12", language="en-US")
    assert same(day, "11/12/2026")
    assert not same(day, "12/11/2026")


def test_american_forms_are_checked_as_american():
    assert canonical(checked("postcode", "97205-1234", language="en-US")) == "972051234"
    assert canonical(checked("phone", "(202) 555-0123", language="en-US")) == "+12025550123"
    assert canonical(checked("money", "12.5", language="en-US")) == "12.50 USD"
    with pytest.raises(ValueError, match="ZIP"):
        checked("postcode", "EH1 3QR", language="en-US")


@pytest.mark.parametrize(("region", "language"), [("GB", "en-GB"), ("US", "en-US")])
def test_phone_numbers_are_the_library_s_e164(region, language):
    number = phonenumbers.example_number(region)
    text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    expected = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    assert canonical(checked("phone", text, language=language)) == expected


@pytest.mark.parametrize("ahead", range(1, 8))
def test_a_weekday_is_the_next_such_day(ahead):
    expected = NOW.date() + timedelta(days=ahead)
    assert canonical(Value("date", f"{expected:%A}"), now=NOW) == expected.isoformat()


def test_relative_dates_need_a_clock():
    assert canonical(Value("date", "in 3 days"), now=NOW) == date(2026, 11, 23).isoformat()
    with pytest.raises(ValueError, match="2026-11-22"):
        canonical(Value("date", "tomorrow"))


def test_a_day_without_its_year_is_the_next_one():
    assert canonical(Value("date", "3 January"), now=NOW) == "2027-01-03"
    assert canonical(Value("date", "22 November"), now=NOW) == "2026-11-22"
