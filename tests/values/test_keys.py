import pytest

from pipeline.values import checked, keyed


@pytest.mark.parametrize(
    ("kind", "text", "language", "keys"),
    [
        ("digits", "04 12", "en-GB", "0412"),
        ("alnum_id", "0412-7783", "en-GB", "04127783"),
        ("postcode", "97205-1234", "en-US", "972051234"),
        ("phone", "020 7946 0123", "en-GB", "02079460123"),
        ("phone", "+44 20 7946 0123", "en-GB", "02079460123"),
        ("phone", "(202) 555-0123", "en-US", "2025550123"),
        ("quantity", "3", "en-GB", "3"),
    ],
)
def test_a_value_is_pressed_by_its_digits(kind, text, language, keys):
    facts = {"it": checked(kind, text, language=language)}
    assert keyed("*1 {it}#", facts) == f"*1{keys}#"


@pytest.mark.parametrize(("kind", "text"), [("postcode", "EH1 3QR"), ("name", "Maya"), ("money", "12.50 GBP")])
def test_a_value_with_other_signs_than_digits_cannot_be_pressed(kind, text):
    with pytest.raises(ValueError, match=r"^\{it\} is .*, which has more than digits in it"):
        keyed("{it}", {"it": checked(kind, text, language="en-GB")})
