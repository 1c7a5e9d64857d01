import pytest

from pipeline.chance import stream
from pipeline.values.english import cardinal, fold, ordinal


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (105, "one hundred and five"),
        (1000, "one thousand"),
        (12_304, "twelve thousand three hundred and four"),
        (1_000_001, "one million and one"),
    ],
)
def test_cardinals_are_said_as_in_britain(n, words):
    assert cardinal(n) == words


@pytest.mark.parametrize("british", [True, False])
def test_every_cardinal_folds_back_to_its_digits(british):
    rng = stream(1, "cardinals")
    numbers = [*range(1, 1200), *rng.integers(1, 10**9, 300).tolist()]
    assert all(fold(cardinal(n, british=british)).text == str(n) for n in numbers)


def test_every_ordinal_of_a_month_folds_back():
    days = [fold(ordinal(n)).text for n in range(1, 32)]
    assert [int(day[:-2]) for day in days] == list(range(1, 32))
    assert {day[-2:] for day in days if day[:-2] in {"1", "21", "31"}} == {"st"}


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("twelve point five", "12.5"),
        ("zero point oh five", "0.05"),
        ("seven seven hundred", "7 700"),
        ("twenty twenty six", "20 26"),
        ("twenty, two", "20, 2"),
        ("zero four", "0 4"),
        ("a hundred and one dogs", "101 dogs"),
        ("2 thousand and five", "2005"),
        ("0412 and five", "0412 and 5"),
        ("nothing here", "nothing here"),
    ],
)
def test_number_words_become_digits_and_the_rest_stays(words, digits):
    assert fold(words).text == digits


def test_a_folded_text_leads_back_to_the_original_words():
    text = "So forty-two it is"
    folded = fold(text)
    start = folded.text.index("42")
    begin, end = folded.span(start, start + 2)
    assert text[begin:end] == "forty-two"
