"""Free text in words that a voice can say: ids, postcodes, sums, dates and times in it are spoken, not spelled out."""

import re
from functools import partial

from pipeline.values.canon import checked
from pipeline.values.speech import spoken

# Tried in this order at each place of a text; what fits a pattern but is no value of its type stays for the next.
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("email", re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")),
    ("date", re.compile(r"\b\d{4}-\d{2}-\d{2}\b")),
    ("time", re.compile(r"\b\d{1,2}:\d{2}\b")),
    ("money", re.compile(r"[£$€]\d+(?:,\d{3})*(?:\.\d{2})?\b")),
    ("postcode", re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b")),
    ("phone", re.compile(r"\+\d[\d ]{8,}\d\b")),
    ("alnum_id", re.compile(r"\b(?=[A-Z0-9-]*\d[A-Z0-9-]*\d)[A-Z0-9]{2,}(?:-[A-Z0-9]+)*\b")),
)


def has_words(text: str) -> bool:
    """Whether there is anything to say: a letter or a digit. Dots and emoji alone are silence to a voice."""
    return any(sign.isalnum() for sign in text)


def aloud(text: str, *, language: str) -> str:
    """The text with every value in it replaced by its spoken form."""
    for kind, shape in _SHAPES:
        text = shape.sub(partial(_said, kind, language), text)
    return text


def _said(kind: str, language: str, found: re.Match[str]) -> str:
    try:
        return spoken(checked(kind, found[0], language=language))
    except ValueError:
        return found[0]
