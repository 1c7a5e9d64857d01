"""Typed values (ids, sums, dates, names ...): canonical form, spoken form, and where a sentence has them."""

from pipeline.values.aloud import aloud, has_words
from pipeline.values.canon import canonical, checked, same
from pipeline.values.keys import keyed
from pipeline.values.search import find, mentions, nearest
from pipeline.values.slip import slip
from pipeline.values.speech import readings, spoken, utter, written
from pipeline.values.value import STYLES, TYPES, Found, Value

__all__ = [
    "STYLES",
    "TYPES",
    "Found",
    "Value",
    "aloud",
    "canonical",
    "checked",
    "find",
    "has_words",
    "keyed",
    "mentions",
    "nearest",
    "readings",
    "same",
    "slip",
    "spoken",
    "utter",
    "written",
]
