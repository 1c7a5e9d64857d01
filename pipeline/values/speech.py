"""How people say a value: the words a voice is given, and every reading that means the same."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import product

from pipeline.values import canon
from pipeline.values.codes import code_of, groups, targets
from pipeline.values.language import Language, language_named
from pipeline.values.value import STYLES, Value, is_british

_SLOT = re.compile(r"\{(?P<fact>\w+)(?::(?P<style>\w+))?\}")
_ADDRESS_SIGNS = {"@": "at", ".": "dot", "_": "underscore", "-": "dash", "+": "plus", "%": "percent"}


def spoken(value: Value, *, style: str = "natural", now: datetime | None = None) -> str:
    """The value in words for a voice, without a digit left.

    `natural`: in groups; `slow`: one character at a time; `spelled`: the letters of names and addresses too.
    """
    if style not in STYLES:
        raise ValueError(f"'{style}' is no way to speak. Known: {', '.join(STYLES)}")
    if value.type in canon.CODES:
        return _code_said(value, style)
    if value.type == "email":
        return _address_said(value, style)
    if value.type in canon.PROSE:
        return _prose_said(value, style)
    return _measure_said(value, now)


def _character(character: str, value: Value) -> str:
    language = language_named(value.language)
    return language.DIGITS.get(character) or language.letter(character, british=is_british(value.language))


def _row(characters: Iterable[str], value: Value, between: str) -> str:
    """Characters in words. After an A stands a comma, or a front end reads it as an article."""
    said = between.join(_character(c, value) for c in characters)
    return re.sub(r"\bA (?=\w)", "A, ", said)


def _code_said(value: Value, style: str) -> str:
    if value.type == "spelled_name":
        return _row(code_of(value), value, ", ")
    pause, between = (", ", " ") if style == "natural" else (". ", ", ")
    return pause.join(_row(group, value, between) for group in groups(value))


def _address_said(value: Value, style: str) -> str:
    """The part before the @ is spelled where it must be."""
    local, _, domain = canon.canonical(value).partition("@")
    local_said = _address_part(local, value, spelled=style == "spelled")
    said = f"{local_said} at {_address_part(domain, value, spelled=False)}"
    return re.sub(r" (at|dot|underscore|dash|plus) ", r", \1 ", said) if style != "natural" else said


def _address_part(part: str, value: Value, *, spelled: bool) -> str:
    words = []
    for token in re.findall(r"[a-z]+|\d|[^a-z\d]", part):
        if token in _ADDRESS_SIGNS:
            words.append(_ADDRESS_SIGNS[token])
        elif token.isalpha() and not (spelled or len(token) == 1):
            words.append(token)
        else:
            words.append(_row(token, value, ", "))
    return " ".join(words)


def _prose_said(value: Value, style: str) -> str:
    words = _without_digits(value.text.replace("_", " "), value)
    if value.type != "name" or style == "natural":
        return words
    spelled = ". ".join(_row([c for c in part if c.isalpha()], value, ", ") for part in value.text.split())
    return spelled if style == "spelled" else f"{words}. {spelled}"


def _without_digits(text: str, value: Value) -> str:
    """Numbers as cardinals, but those with a leading zero or more than four digits one by one."""
    language = language_named(value.language)

    def said(match: re.Match[str]) -> str:
        digits = match[0]
        one_by_one = len(digits) > 4 or digits.startswith("0")
        words = (
            _row(digits, value, " ")
            if one_by_one
            else language.cardinal(int(digits), british=is_british(value.language))
        )
        return f" {words} "

    return re.sub(r"\s+", " ", re.sub(r"\d+", said, text)).strip().replace(" ,", ",").replace(" .", ".")


def _measure_said(value: Value, now: datetime | None) -> str:
    language, british = language_named(value.language), is_british(value.language)
    if value.type == "date" and not re.search(r"\d", value.text):
        return value.text
    match value.type:
        case "money":
            amount, currency = canon.canonical(value).split()
            return language.money_said(Decimal(amount), currency, british=british)
        case "date":
            [said_date] = canon.whole(value, value.text, None) or ("",)
            if not said_date:
                return _without_digits(value.text, value)
            day = date.fromisoformat(f"2000{said_date[1:]}" if said_date.startswith("--") else said_date)
            return language.date_said(day, british=british, with_year=not said_date.startswith("--"))
        case "time":
            hour, minute = canon.canonical(value, now=now).split(":")
            return language.time_said(int(hour), int(minute))
    return _quantity_said(value, language)


def _quantity_said(value: Value, language: Language) -> str:
    [(number, unit)] = re.findall(r"^([-\d.,]*)\s*(.*)$", value.text)
    if not number:
        return value.text
    said = language.number_said(Decimal(number.replace(",", "")), british=is_british(value.language))
    return f"{said} {_unit_said(unit)}".strip()


def _unit_said(unit: str) -> str:
    return {"kg": "kilograms", "km": "kilometres", "g": "grams", "l": "litres", "m": "metres"}.get(unit, unit)


def utter(text: str, facts: Mapping[str, Value], *, slow: bool = False) -> str:
    """A template as it is spoken: "{postcode:spelled}"; `slow` is for facts without a style of their own."""

    def said(match: re.Match[str]) -> str:
        words = spoken(facts[match["fact"]], style=match["style"] or ("slow" if slow else "natural"))
        after = text[match.end() : match.end() + 1]
        if words.split()[-1] == "A" and after not in {
            ",",
            ".",
            "?",
            "!",
            ";",
        }:  # else a voice reads an article
            return f"{words}," if after else f"{words}."
        return words

    return _SLOT.sub(said, text)


def written(text: str, facts: Mapping[str, Value]) -> str:
    """A template as a person would read it: with the facts as they are written."""
    return _SLOT.sub(lambda match: facts[match["fact"]].text, text)


def readings(value: Value, *, now: datetime | None = None) -> tuple[str, ...]:
    """Ways to say the value, as lower-case words. Not all: `find` knows more."""
    said = {" ".join(canon.plain_words(words)): None for words in _ways(value, now)}
    return tuple(words for words in said if words)


def _ways(value: Value, now: datetime | None) -> Iterator[str]:
    yield from (spoken(value, style=style, now=now) for style in STYLES)
    yield from value.accept
    language, british = language_named(value.language), is_british(value.language)
    match value.type:
        case "money":
            amount, currency = canon.canonical(value).split()
            yield from language.money_readings(Decimal(amount), currency)
        case "date":
            day = date.fromisoformat(canon.canonical(value, now=now or datetime(2000, 1, 1)))
            yield from language.date_readings(day, british=british)
        case "time":
            hour, minute = canon.canonical(value, now=now).split(":")
            yield from language.time_readings(int(hour), int(minute))
        case kind if kind in canon.CODES:
            yield from _code_ways(value, language)


def _code_ways(value: Value, language: Language) -> Iterator[str]:
    """Zero words, doubles, pairs, cardinals by group, and letters by name, by spelling word or "as in"."""
    for row in targets(value)[:2]:
        for zero, repeats, letters in product(language.ZEROS, (False, True), ("name", "nato", "for")):
            yield " ".join(_units(row, value, zero=zero, repeats=repeats, letters=letters))
    parts = groups(value)
    numbers = [part for part in parts if part.isdigit()]
    if all(len(number) % 2 == 0 for number in numbers):
        yield " ".join(_in_pairs(part, value) for part in parts)
    if len(numbers) == 1:  # two cardinals run together: "four hundred and fifty seven hundred"
        yield " ".join(_as_cardinal(part, value) for part in parts)


def _units(row: str, value: Value, *, zero: str, repeats: bool, letters: str) -> Iterator[str]:
    language = language_named(value.language)
    for match in re.finditer(r"(.)\1*", row):
        character, count = match[1], len(match[0])
        word = zero if character == "0" else _letter_way(character, value, letters)
        if repeats and count in language.REPEAT_WORDS and character != "U":  # "double u" is a W
            yield f"{language.REPEAT_WORDS[count]} {word}"
        else:
            yield from [word] * count


def _letter_way(character: str, value: Value, letters: str) -> str:
    nato = language_named(value.language).NATO
    if character.isdigit() or letters == "name":
        return _character(character, value)
    return nato[character] if letters == "nato" else f"{character} for {nato[character]}"


def _in_pairs(part: str, value: Value) -> str:
    """ "7783" as "seventy-seven eighty-three"; pairs with a zero in front go digit by digit."""
    language = language_named(value.language)
    if not part.isdigit():
        return _row(part, value, " ")
    pairs = (part[i : i + 2] for i in range(0, len(part), 2))
    return " ".join(_row(pair, value, " ") if pair[0] == "0" else language.cardinal(int(pair)) for pair in pairs)


def _as_cardinal(part: str, value: Value) -> str:
    """ "412" as "four hundred and twelve"; a group with a zero in front goes digit by digit."""
    if not part.isdigit() or part.startswith("0"):
        return _row(part, value, " ")
    return language_named(value.language).cardinal(int(part), british=is_british(value.language))
