"""A text as a stream of characters: what its digits, letters, number words and spelling words stand for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.values.language import Language

_TOKEN = re.compile(
    r"[£$€]\s?\d[\d,]*(?:\.\d+)?"  # a sum of money is no run of digits
    r"|(?<![\d.])\d+\.\d\d(?![\d.])"
    r"|[^\W_]+(?:['’][^\W\d_]+)?"
    r"|[^\w\s]|_"
)
_MEASURE = re.compile(r"\d+(?:st|nd|rd|th|am|pm|kg|km|mm|cm|min|x)")


@dataclass(frozen=True)
class Piece:
    """One word of the text and the `options` of what it stands for; `start:end` is its span in the original.

    `gap` is the punctuation before it ("", "," or "."). `extends`: beside a run of characters it makes the
    run longer, as a further digit does and "oh" or "november" do not. `edge`: a run may begin or end with it.
    `plain` is an ordinary word: only names are made of its letters, and codes where it is `short`;
    `counted`: a number before it may count it, as in "5 parcels".
    """

    options: tuple[str, ...]
    start: int
    end: int
    gap: str = ""
    extends: bool = False
    edge: bool = False
    plain: bool = False
    short: bool = False
    counted: bool = False


def pieces(text: str, language: Language) -> list[Piece]:
    """The text's pieces in order; fillers and separators leave none."""
    folded = language.fold(text)
    tokens = [(m[0], *folded.span(*m.span())) for m in _TOKEN.finditer(folded.text)]
    out: list[Piece] = []
    i, gap = 0, ""
    while i < len(tokens):
        word, start, _ = tokens[i]
        if not word[0].isalnum() and len(word) == 1:
            gap = _wider(gap, _gap(word))
            i += 1
        elif word.lower() in language.FILLERS:
            i += 1
        else:
            piece, count = _piece([t[0] for t in tokens[i : i + 5]], language)
            out.append(replace(piece, start=start, end=tokens[i + count - 1][2], gap=gap))
            i, gap = i + count, ""
    return out


def _gap(sign: str) -> str:
    if sign in ".?!;":
        return "."
    return "," if sign in ",:" else ""


def _wider(one: str, other: str) -> str:
    return max(one, other, key=("", ",", ".").index)


def _piece(words: Sequence[str], language: Language) -> tuple[Piece, int]:
    """What the first of `words` stands for, and how many it takes ("double seven", "B for Bravo")."""
    word, lower = words[0], words[0].lower()
    following = words[1].lower() if len(words) > 1 else ""
    if lower == "double" and following in {"u", "you"}:
        return _characters("W"), 2
    if lower in language.REPEATS and following:
        count = _spelled_out(words[1:], language)
        inner = _characters(words[1].upper()) if count else _single(words[1], language)
        if inner and any(len(option) == 1 for option in inner.options):
            many = tuple(o * language.REPEATS[lower] for o in inner.options if len(o) == 1)
            return replace(inner, options=many, edge=True), 1 + max(count, 1)
    if len(word) == 1 and word.isalpha() and (count := _spelled_out(words, language)):
        return _characters(word.upper()), count
    if re.fullmatch(r"[A-Za-z]4", word) and _stands_for(following, word[0], language):
        return _characters(word[0].upper()), 2
    if lower == "x" and following == "ray":
        return _characters("X"), 2
    return _single(word, language) or _ordinary(word, language), 1


def _ordinary(word: str, language: Language) -> Piece:
    counted = word.lower() not in language.WORDS_NOT_LETTERS
    return Piece((_letters(word),), 0, 0, plain=True, counted=counted)


def _spelled_out(words: Sequence[str], language: Language) -> int:
    """How many words "B for Bravo" or "B as in boy" takes (0: it is not one)."""
    for count in (1, 2):
        joints, rest = words[1 : 1 + count], words[1 + count :]
        if (
            rest
            and all(joint.lower() in language.AS_IN for joint in joints)
            and _stands_for(rest[0], words[0], language)
        ):
            return count + 2
    return 0


def _stands_for(word: str, letter: str, language: Language) -> bool:
    return (
        len(word) > 2
        and word.isalpha()
        and word[0].lower() == letter.lower()
        and word.lower() not in language.WORDS_NOT_LETTERS
    )


def _characters(characters: str) -> Piece:
    return Piece((characters,), 0, 0, extends=True, edge=True)


def _single(word: str, language: Language) -> Piece | None:
    """A digit, letter, code or spelling word by itself."""
    lower = word.lower()
    if lower in language.OH:
        return Piece(("0", "O") if len(word) > 1 else ("O", "0"), 0, 0, edge=True)
    if lower in language.LETTER_WORDS:
        return Piece((language.LETTER_WORDS[lower], _letters(word)), 0, 0, edge=True)
    if len(word) == 1 and word.isalpha():
        return Piece((word.upper(),), 0, 0, extends=word not in {"a", "i", "I"}, edge=word not in {"a", "i"})
    if word.isascii() and any(c.isdigit() for c in word):
        return _with_digits(word)
    if _looks_like_letters(word, lower, language):
        is_code = word.isupper() and len(word) <= 4
        return Piece((word.upper(),), 0, 0, edge=is_code, plain=not is_code, short=True, counted=not is_code)
    return None


def _looks_like_letters(word: str, lower: str, language: Language) -> bool:
    return (
        word.isascii()
        and word.isalpha()
        and lower not in language.WORDS_NOT_LETTERS
        and (word.isupper() or len(word) <= 3)
    )


def _with_digits(word: str) -> Piece | None:
    if not word.isalnum():
        return None
    if _MEASURE.fullmatch(word):
        return Piece((word.upper(),), 0, 0, plain=True, short=True)
    return _characters(word.upper())


def _letters(word: str) -> str:
    return "".join(c for c in word.upper() if c.isalnum())


def runs_on(before: Piece, after: Piece, following: Piece | None) -> bool:
    """Whether two neighbours are one run: "7783, 5" is, "7783. 5" and "7783, 5 parcels" are not."""
    if not (before.extends and after.extends) or after.gap == ".":
        return False
    counts_something = following is not None and following.counted and not following.gap
    return not (after.gap == "," and counts_something and after.options[0].isdigit())
