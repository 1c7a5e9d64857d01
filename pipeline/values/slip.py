"""Slips of the tongue: a value next to the one that was meant, as people say it before they put it right."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

from numpy.random import Generator

from pipeline.values import canon
from pipeline.values.search import find
from pipeline.values.speech import spoken
from pipeline.values.value import Value

# Letters whose names rhyme or sound alike, which people also mix up when they read them out.
_ALIKE = ("BPDTGVC", "MN", "SFX", "JK", "AE", "IY")
_TEXTS = 60


def slip(fact: Value, rng: Generator) -> Value | None:
    """A wrong value of the same type, near the right one; valid itself, and nowhere taken for the right one.

    None where people do not slip in that way (names, addresses, texts) or no near value is valid.
    """
    texts = list(dict.fromkeys(_near(fact)))
    for i in rng.permutation(len(texts))[:_TEXTS]:
        wrong = Value(fact.type, texts[i], fact.language)
        if _is_slip(wrong, fact):
            return wrong
    return None


def _is_slip(wrong: Value, fact: Value) -> bool:
    try:
        said = (wrong.text, spoken(wrong), spoken(wrong, style="slow"))
        right = canon.canonical(fact)
        differs = canon.canonical(canon.checked(wrong.type, wrong.text, language=wrong.language)) != right
    except ValueError:
        return False
    return differs and not any(find(fact, text) for text in said)


def _near(fact: Value) -> Iterator[str]:
    ways: Mapping[str, Callable[[], Iterator[str]]] = {
        "digits": lambda: _characters(fact.text),
        "alnum_id": lambda: _characters(fact.text),
        "phone": lambda: _characters(fact.text),
        "postcode": lambda: _characters(fact.text),
        "spelled_name": lambda: _letters(fact.text),
        "money": lambda: _sums(fact.text),
        "quantity": lambda: _amounts(fact.text),
        "date": lambda: _days(fact),
        "time": lambda: _times(fact),
    }
    return ways.get(fact.type, lambda: iter(()))()


def _characters(text: str) -> Iterator[str]:
    """A digit one higher or lower, or two neighbours of a kind swapped; a zero or a one in front stays."""
    for i, one in enumerate(text):
        if one.isdigit():
            yield from (text[:i] + str(n) + text[i + 1 :] for n in (int(one) - 1, int(one) + 1) if 0 < n <= 9)
        two = text[i : i + 2]
        if (two.isdigit() or two.isalpha()) and len(set(two)) == 2:
            yield text[:i] + two[::-1] + text[i + 2 :]


def _sums(text: str) -> Iterator[str]:
    """As other digits, but nobody says 96.01 for 96.00."""
    pence = text.find(".") + 1
    yield from (near for near in _characters(text) if not text.endswith(".00") or near[pence:] == "00")


def _letters(text: str) -> Iterator[str]:
    """One letter, not the first, for another whose name sounds like it."""
    for i, letter in enumerate(text[1:], 1):
        for other in next((row for row in _ALIKE if letter.upper() in row), ""):
            if other != letter.upper():
                yield text[:i] + (other if letter.isupper() else other.lower()) + text[i + 1 :]


def _amounts(text: str) -> Iterator[str]:
    """One more or less; of tens, also ten more or less."""
    if found := re.match(r"\d+", text):
        amount = int(found[0])
        steps = (1, -1) if amount < 10 else (1, -1, 10, -10)
        yield from (f"{amount + step}{text[found.end() :]}" for step in steps if amount + step > 0)


def _days(fact: Value) -> Iterator[str]:
    """A day or two, or a week, beside it; "tomorrow" is no date that people get wrong in that way."""
    try:
        day = date.fromisoformat(canon.canonical(fact))
    except ValueError:
        return
    for days in (-7, -2, -1, 1, 2, 7):
        other = day + timedelta(days)
        if re.match(r"\d{4}-", fact.text):
            yield other.isoformat()
        elif (other.year, other.month) == (day.year, day.month):
            yield re.sub(rf"\b{day.day}\b", str(other.day), fact.text, count=1)


def _times(fact: Value) -> Iterator[str]:
    """An hour, a half or a quarter of one beside it."""
    hour, minute = map(int, canon.canonical(fact).split(":"))
    for minutes in (-60, -30, -15, 15, 30, 60):
        later = 60 * hour + minute + minutes
        if 0 <= later < 24 * 60:
            yield f"{later // 60:02d}:{later % 60:02d}"
