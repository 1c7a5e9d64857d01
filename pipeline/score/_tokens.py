"""Text -> the words that are counted, so that `0412` and "zero four one two" are the same four words.

Letters and digits stand one by one; leading zeros stay. Only for counting words: what an id, a sum or a date
*means* is the business of `pipeline.values`.
"""

import re
import unicodedata
from collections.abc import Sequence

NORMALISER = "badline-words-1"

_UNITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORTH = {
    **{word: i for i, word in enumerate(_UNITS, 1)},
    **{word: i for i, word in enumerate(_TEENS, 10)},
    **{word: 10 * i for i, word in enumerate(_TENS, 2)},
}
_ORDINALS = {
    "first": "one",
    "second": "two",
    "third": "three",
    "fifth": "five",
    "eighth": "eight",
    "ninth": "nine",
    "twelfth": "twelve",
    **{f"{word}th": word for word in (*_UNITS, *_TEENS)},
    **{f"{word[:-1]}ieth": word for word in _TENS},
}
_ALIKE = {
    **_ORDINALS,
    "zero": "0",
    "nought": "0",
    "okay": "ok",
    "pounds": "pound",
    "dollars": "dollar",
    "euros": "euro",
}
# Sounds of hesitation, which recognisers are free to write or to leave out.
_FILLERS = frozenset(["ah", "eh", "er", "erm", "hm", "hmm", "mhm", "mm", "mmm", "uh", "uhm", "um"])
_TIMES = {"double": 2, "triple": 3, "treble": 3}

_UNIT = rf"(?:{'|'.join(_UNITS)})\b"
_SMALL = rf"\b(?:(?:{'|'.join(_TENS)})\b(?: {_UNIT})?|(?:{'|'.join(_TEENS)})\b|{_UNIT})"
_GROUP = rf"{_SMALL}(?: hundred\b(?:(?: and)? {_SMALL})?)?"
_NUMBER = re.compile(rf"{_GROUP}(?: thousand\b(?:(?: and)? {_GROUP})?)?")

# What signs are called when they are read aloud; in this order.
_SIGNS: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"(?<=\d),(?=\d{3}\b)", ""),
        (r"£(\d+)(?:\.(\d\d))?", r"\1 pound \2"),
        (r"\$(\d+)(?:\.(\d\d))?", r"\1 dollar \2"),
        (r"€(\d+)(?:\.(\d\d))?", r"\1 euro \2"),
        (r"(?<=\d)\.(?=\d)", " point "),
        (r"(?<!\S)[-−](?=\d)", "minus "),
        (r"%|\bper cent\b", " percent "),
        (r"&", " and "),
        (r"\b([ap])\.m\b\.?", r"\1m"),
        (r"(?<=\d)(?:st|nd|rd|th)\b", ""),
        (r"(?<=\d)(?=[ap]m\b)", " "),
        (r"@", " at "),
    )
)


def tokens(text: str) -> list[str]:
    """The words of `text` as they count: lower case, no punctuation or hesitations, digits one by one."""
    text = re.sub(r"['’]", "", unicodedata.normalize("NFKC", text))
    text = _read_signs(_addresses(_letters(text)).lower())
    words = [_ALIKE.get(word, word) for word in re.findall(r"[^\W_]+", text) if word not in _FILLERS]
    numbers = _NUMBER.sub(lambda match: str(_worth(match[0])), " ".join(words))
    return _noughts(_doubled([piece for word in numbers.split() for piece in _pieces(word)]))


def contains(words: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether `phrase` stands in `words`, whole and in order."""
    size = len(phrase)
    return any(list(words[i : i + size]) == list(phrase) for i in range(len(words) - size + 1))


def _letters(text: str) -> str:
    """`EH` as `E H`: capitals that stand alone are spelled, unless somebody writes everything in capitals."""
    if text.isupper() and re.search(r"[A-Z]{5}", text):
        return text
    return re.sub(r"\b(?!OK\b|AM\b|PM\b)[A-Z]{2,4}\b", lambda match: " ".join(match[0]), text)


def _addresses(text: str) -> str:
    """The dots of an e-mail address as words."""
    return re.sub(r"\S+@\S+\b", lambda match: match[0].replace(".", " dot "), text)


def _read_signs(text: str) -> str:
    for pattern, words in _SIGNS:
        text = pattern.sub(words, text)
    return text


def _worth(words: str) -> int:
    """What the words of a cardinal number come to."""
    thousands, rest = 0, 0
    for word in words.split():
        match word:
            case "hundred":
                rest *= 100
            case "thousand":
                thousands, rest = 1000 * rest, 0
            case _:
                rest += _WORTH.get(word, 0)
    return thousands + rest


def _pieces(word: str) -> list[str]:
    """A word with a digit in it, sign by sign; any other word whole."""
    return list(word) if any(sign.isdigit() for sign in word) else [word]


def _doubled(words: Sequence[str]) -> list[str]:
    """`double 3` as `3 3`, where a single letter or digit (or `oh`) follows."""
    told: list[str] = []
    times = 1
    for word, after in zip(words, [*words[1:], ""], strict=False):
        if word in _TIMES and (len(after) == 1 or after == "oh"):
            times = _TIMES[word]
            continue
        told += [word] * times
        times = 1
    return told


def _noughts(words: Sequence[str]) -> list[str]:
    """`oh` beside a digit as 0."""
    told = list(words)
    for order in (range(1, len(told)), range(len(told) - 2, -1, -1)):
        step = -order.step
        for i in order:
            if told[i] in ("o", "oh") and told[i + step].isdigit():
                told[i] = "0"
    return told
