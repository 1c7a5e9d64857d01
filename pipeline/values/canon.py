"""The canonical form of a value, and typed equality with what an agent puts out."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation

from pipeline.values.codes import code_of, letters, phone_of, same_code
from pipeline.values.language import language_named
from pipeline.values.value import TYPES, Mention, Value, is_british, region_of

CODES = frozenset({"digits", "alnum_id", "spelled_name", "phone", "postcode"})
PROSE = frozenset({"name", "enum", "text"})
EMAIL = re.compile(r"[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}")
_NOT_WORDS = re.compile(r"[^\w]+|_")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")  # "nextDay": code writes the words of an enum so
_HOME = {"GB": "GBP", "US": "USD"}


def checked(kind: str, text: str, *, language: str, accept: tuple[str, ...] = ()) -> Value:
    """The value, if `text` is one of its type. Raises ValueError: what is wrong, what would be right."""
    if kind not in TYPES:
        raise ValueError(f"there is no type '{kind}'. Known: {', '.join(TYPES)}")
    language_named(language)
    if not text.strip():
        raise ValueError("is empty; write the value in quotes")
    value = Value(kind, text.strip(), language, accept)
    canonical(value, now=datetime(2000, 1, 1))
    return value


def canonical(value: Value, *, now: datetime | None = None) -> str:
    """The one form in which equal values are equal; `now` settles "tomorrow". Raises ValueError."""
    match value.type:
        case "digits" | "alnum_id" | "postcode" | "spelled_name":
            return code_of(value)
        case "phone":
            return phone_of(value)
        case "name":
            return letters(value.text)
        case "email":
            return _email(value.text)
        case "enum" | "text":
            return " ".join(folded_words(value.text, value.language))
    return _measured(value, now)


def _email(text: str) -> str:
    address = text.strip().casefold()
    if not EMAIL.fullmatch(address):
        raise ValueError(f"'{text}' is not an e-mail address; write \"maya@example.com\"")
    return address


def plain_words(text: str) -> list[str]:
    """The words of a text without case and punctuation."""
    return [word for word in _NOT_WORDS.split(text.replace("'", "").replace("’", "").casefold()) if word]


def folded_words(text: str, language: str) -> list[str]:
    """The words of a text, numbers as digits: "22 Baker Street" is "twenty-two Baker Street"."""
    return plain_words(language_named(language).fold(text).text)


_SHOULD_BE = {
    "money": 'an amount of money; write "12.50 GBP" or "£12.50"',
    "date": 'a date; write "2026-11-22"',
    "time": 'a time; write "14:30" or "2:30 pm"',
    "quantity": 'a number, with a unit if it has one; write "3" or "2.5 kg"',
}


def _measured(value: Value, now: datetime | None) -> str:
    options = whole(value, value.text, now)
    if len(options) == 1:
        return options[0]
    if options:
        raise ValueError(f"'{value.text}' may be {' or '.join(options)}; write one of these")
    raise ValueError(f"'{value.text}' is not {_SHOULD_BE[value.type]}")


def whole(value: Value, text: str, now: datetime | None) -> tuple[str, ...]:
    """What the whole of `text` is as a value of this type: nothing, one, or more where it is ambiguous."""
    stripped = text.strip()
    readers: Mapping[str, Callable[[], tuple[str, ...]]] = {
        "money": lambda: _money(value, stripped, now),
        "date": lambda: _date(value, stripped, now),
        "time": lambda: _time(value, stripped, now),
        "quantity": lambda: _quantity(value, stripped, now),
    }
    return readers[value.type]()


def mentioned(value: Value, text: str, now: datetime | None) -> list[Mention]:
    """The sums, dates, times or quantities of a text, in order."""
    language = language_named(value.language)
    fold = language.fold(text)
    found = {
        "money": lambda: language.moneys(fold),
        "date": lambda: language.dates(fold, british=is_british(value.language), now=now),
        "time": lambda: language.times(fold),
        "quantity": lambda: language.quantities(fold),
    }
    return sorted(found[value.type](), key=lambda mention: mention.start)


def _covering(value: Value, text: str, now: datetime | None) -> tuple[str, ...]:
    """The options of the one mention that is the whole of `text`."""
    for mention in mentioned(value, text, now):
        if mention.end - mention.start == len(text) and not mention.loose:
            return mention.options
    return ()


def _money(value: Value, text: str, now: datetime | None) -> tuple[str, ...]:
    """A bare amount is in the currency of the language's country."""
    if re.fullmatch(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d{1,2}0*)?", text):
        return (f"{Decimal(text.replace(',', '')):.2f} {_HOME[region_of(value.language)]}",)
    after = re.fullmatch(r"(-?[\d.,]+)\s?([£€$])", text)
    return _covering(value, f"{after[2]}{after[1]}" if after else text, now)


def _date(value: Value, text: str, now: datetime | None) -> tuple[str, ...]:
    if iso := re.fullmatch(r"(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}.*", text):
        return _date(value, iso[1], now)
    options = _covering(value, text, now)
    return tuple(next_year(option, now) if option.startswith("--") else option for option in options)


def next_year(option: str, now: datetime | None) -> str:
    """ "--11-22" as the next such day from `now` on."""
    if now is None:
        return option
    this_year = f"{now.year}{option[1:]}"
    return this_year if this_year >= now.date().isoformat() else f"{now.year + 1}{option[1:]}"


def _time(value: Value, text: str, now: datetime | None) -> tuple[str, ...]:
    """A bare "2:30" is the time on a 24-hour clock."""
    if iso := re.fullmatch(
        r"(?:\d{4}-\d{2}-\d{2}[T ])?(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?", text
    ):
        hour, minute = int(iso[1]), int(iso[2])
        return (f"{hour:02d}:{minute:02d}",) if hour < 24 and minute < 60 else ()
    return _covering(value, text, now) or _on_24_hours(value, text, now)


def _on_24_hours(value: Value, text: str, now: datetime | None) -> tuple[str, ...]:
    """ "1430" and "14.30", which can be but one time."""
    spanning = (m.options for m in mentioned(value, text, now) if m.end - m.start == len(text))
    return next((options for options in spanning if len(options) == 1), ())


def _quantity(value: Value, text: str, now: datetime | None) -> tuple[str, ...]:
    options = _covering(value, text, now)
    return options[-1:]


def same(value: Value, other: object, *, now: datetime | None = None) -> bool:
    """Whether an agent's typed output (JSON) is the value, or one of its `accept`."""
    if isinstance(other, Value):
        other = other.text
    texts = (value.text, *value.accept)
    return any(_same_text(value, text, other, now) for text in texts)


def _same_text(value: Value, text: str, other: object, now: datetime | None) -> bool:
    if text is not value.text and isinstance(other, str) and plain_words(text) == plain_words(other):
        return True
    try:
        return _same(Value(value.type, text, value.language), other, now)
    except ValueError:  # an accepted reading need not be a value: "the green one"
        return False


def _same(value: Value, other: object, now: datetime | None) -> bool:
    match other:
        case bool() | None:
            return isinstance(other, bool) and value.type in PROSE and str(other).casefold() == canonical(value)
        case int() | float() | Decimal():
            return _same_number(value, other)
        case str():
            return _same_string(value, other, now)
        case {"amount": amount, "currency": str(currency)} if value.type == "money":
            return _same(value, f"{amount} {currency}", now)
    return False


def _same_string(value: Value, other: str, now: datetime | None) -> bool:
    if value.type in CODES:
        return same_code(value, other)
    if value.type in PROSE or value.type == "email":
        return _same_words(value, other)
    number = language_named(value.language).fold(other).text.strip()
    if value.type == "quantity" and re.fullmatch(r"-?\d+(?:\.\d+)?", number):
        return _same_number(value, Decimal(number))
    return canonical(value, now=now) in whole(value, other, now)


def _same_number(value: Value, other: int | float | Decimal) -> bool:
    """A number equals a sum or a quantity by its amount, and a code only if no digit of it was lost."""
    if value.type in CODES or value.type in PROSE:
        return isinstance(other, int) and _same_string(value, str(other), None)
    if value.type not in {"money", "quantity"}:
        return False
    try:
        return Decimal(str(other)) == Decimal(canonical(value).split()[0])
    except InvalidOperation:  # nan
        return False


def _same_words(value: Value, text: str) -> bool:
    if value.type == "name":
        return letters(text) == canonical(value)
    if value.type == "email":
        return text.strip().casefold() == canonical(value)
    if value.type == "enum" and " ".join(plain_words(_CAMEL.sub(" ", text))) == canonical(value):
        return True
    return " ".join(folded_words(text, value.language)) == canonical(value)
