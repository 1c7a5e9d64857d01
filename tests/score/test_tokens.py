import pytest

from pipeline.score._tokens import contains, tokens


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("0412", "zero four one two"),
        ("0412", "oh four one two"),
        ("0044", "double oh double four"),
        ("12", "twelve"),
        ("40", "forty"),
        ("412", "four hundred and twelve"),
        ("1,250", "one thousand two hundred and fifty"),
        ("2026", "twenty twenty-six"),
        ("22nd", "twenty second"),
        ("£12.50", "twelve pounds fifty"),
        ("3.5%", "three point five per cent"),
        ("-5", "minus five"),
        ("10:30 a.m.", "ten thirty AM"),
        ("EH1 3QR", "E H one, three Q R"),
        ("EH 1, 3 QR", "e h one three q r"),
        ("It’s o.k.", "its o k"),
        ("maya@example.co.uk", "Maya at example dot co dot uk"),
        ("Hi, um, I need", "hi I need"),
        ("IT IS ALREADY HERE", "it is already here"),
    ],
)
def test_written_and_spoken_forms_are_the_same_words(written, spoken):
    assert tokens(written) == tokens(spoken)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0412", "412"),
        ("40", "14"),
        ("-5", "5"),
        ("(555) 0199", "0199"),
        ("oh no", "no"),
        ("1 2 3", "one 2 2"),
    ],
)
def test_what_differs_stays_different(one, other):
    assert tokens(one) != tokens(other)


@pytest.mark.parametrize("nothing", ["", " ", "...", "um, uh", "—"])
def test_text_without_words_has_none(nothing):
    assert tokens(nothing) == []


def test_a_phrase_stands_whole_and_in_order():
    words = ["in", "3", "days", "sir"]
    assert contains(words, ["3", "days"])
    assert not contains(words, ["days", "3"])
    assert not contains(words, ["in", "days"])
    assert not contains([], ["days"])
