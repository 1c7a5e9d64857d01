"""English: its number words, letters, dates, times and sums of money, both ways between words and values."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Any

from pipeline.values.fold import Folded, folded
from pipeline.values.value import Mention


def _listed(words: str) -> list[str]:
    return words.split()


DIGITS = dict(zip("0123456789", _listed("zero one two three four five six seven eight nine"), strict=True))
ZEROS = ("zero", "oh", "nought")
OH = frozenset({"oh", "o"})
REPEATS = {"double": 2, "triple": 3, "treble": 3}
REPEAT_WORDS = {2: "double", 3: "triple"}
AS_IN = frozenset({"for", "as", "in", "like", "4"})
FILLERS = frozenset(
    _listed("um uh er erm ah hmm dash hyphen minus space slash stroke plus then capital uppercase lowercase")
)
NATO = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        _listed(
            "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar "
            "papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu"
        ),
        strict=True,
    )
)
LETTER_WORDS: Mapping[str, str] = {
    **{word: letter for letter, word in NATO.items()},
    **{"alfa": "A", "juliett": "J", "whisky": "W", "haitch": "H", "queue": "Q", "zee": "Z"},
    **dict(
        zip(
            _listed("bee cee dee ee eff gee aitch jay kay ell em en pee cue ar ess tee vee ex wye zed"),
            "BCDEFGHJKLMNPQRSTVXYZ",
            strict=True,
        )
    ),
}
WORDS_NOT_LETTERS = frozenset(
    _listed(
        "please right correct thanks thank sorry with yeah "
        "a i an am and are as at be but by do for go got had has he her him his hi how i'm id if in is it "
        "its me my no not now of off ok on one or our out pin see she so sure than that the then they "
        "this to too uk up us use was we why yes you your zip"
    )
)

_UNITS = {word: n for n, word in enumerate(_listed("zero one two three four five six seven eight nine"))}
_TEENS = _listed("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
_TENS = _listed("twenty thirty forty fifty sixty seventy eighty ninety")
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_SHORT_SCALES = {"grand": 10**3, "k": 10**3, "m": 10**6, "bn": 10**9}
_SMALL = {**_UNITS, **{w: n for n, w in enumerate(_TEENS, 10)}, **{w: 10 * n for n, w in enumerate(_TENS, 2)}}
_ZERO_WORDS = frozenset({"zero", "nought", "naught", "nil"})
_IRREGULAR = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def _ordinal_word(word: str) -> str:
    if word.endswith("y"):
        return f"{word[:-1]}ieth"
    return _IRREGULAR.get(word, f"{word}th")


_ORDINALS = {_ordinal_word(word): n for word, n in _SMALL.items() if n}
_TOKEN = re.compile(r"[A-Za-z]+|\d+|[^\w\s]")


# From words to digits


@dataclass(frozen=True)
class _Word:
    text: str
    start: int
    end: int
    glued: bool  # only white space or a hyphen stands between it and the word before


def fold(text: str) -> Folded:
    """`text` with "forty-two" as 42, "twenty second" as 22nd, "twelve point five" as 12.5.

    "oh" stays: it may be a letter.
    """
    words = _words(text)
    return folded(text, _numbers(words))


def _words(text: str) -> list[_Word]:
    words: list[_Word] = []
    for match in _TOKEN.finditer(text):
        between = text[words[-1].end : match.start()] if words else "."
        words.append(_Word(match[0].lower(), match.start(), match.end(), between.strip() == "" and match[0].isalnum()))
    return _without_hyphens(words)


def _without_hyphens(words: Sequence[_Word]) -> list[_Word]:
    """Hyphens between letters glue: "forty-two" is "forty two"."""
    kept: list[_Word] = []
    for i, word in enumerate(words):
        if word.text == "-" and 0 < i < len(words) - 1 and words[i + 1].text.isalpha() and words[i - 1].text.isalpha():
            continue
        after_hyphen = (
            i > 0 and words[i - 1].text == "-" and bool(kept) and kept[-1].text.isalpha() and word.text.isalpha()
        )
        kept.append(_Word(word.text, word.start, word.end, word.glued or after_hyphen))
    return kept


def _numbers(words: Sequence[_Word]) -> Iterator[tuple[int, int, str]]:
    i = 0
    while i < len(words):
        new, count = ("", 0) if _is_decimals(words, i) else _number(words[i:])
        if count:
            yield words[i].start, words[i + count - 1].end, new
        i += max(count, 1)


def _is_decimals(words: Sequence[_Word], at: int) -> bool:
    """Whether these digits end a number: the 5 of "2.5 million" is not five million."""
    if at < 2 or not words[at].text.isdigit() or words[at - 1].text not in {".", ","}:
        return False
    return words[at - 2].text.isdigit() and words[at - 2].end + 1 == words[at - 1].end == words[at].start


def _number(words: Sequence[_Word]) -> tuple[str, int]:
    """The number with which `words` begin, as digits, and how many words it takes (0: none)."""
    if words[0].text == "x" and _is(words, 1, {"ray"}):
        return "xray", 2
    if words[0].text in _ZERO_WORDS:
        point = _after_point(words, 1)
        return ("0" + point[0], 1 + point[1]) if point[1] else ("0", 1)
    total, count, ordinal = _cardinal(words)
    if not count:
        return "", 0
    if ordinal:
        return f"{total}{_suffix(total)}", count
    decimals, more = _after_point(words, count)
    return f"{total}{decimals}", count + more


def _after_point(words: Sequence[_Word], at: int) -> tuple[str, int]:
    """ "point five" as ".5"."""
    if not _is(words, at, {"point"}):
        return "", 0
    digits = ""
    while _is(words, at + 1 + len(digits), {*_UNITS, *OH, "nought"}):
        digits += str(_UNITS.get(words[at + 1 + len(digits)].text, 0))
    return (f".{digits}", 1 + len(digits)) if digits else ("", 0)


def _is(words: Sequence[_Word], at: int, known: set[str] | Mapping[str, int]) -> bool:
    return at < len(words) and (at == 0 or words[at].glued) and words[at].text in known


def _cardinal(words: Sequence[_Word]) -> tuple[int, int, bool]:
    """Value, words taken, and whether it ends as an ordinal: hundreds, then falling scales."""
    total, at, last = 0, 0, 10**12
    while True:
        start = at + 1 if total and _is(words, at, {"and"}) else at
        part, count, ordinal = _below_thousand(words[start:]) if start == 0 or _glued(words, start) else (0, 0, False)
        if not count or (total and part >= last):
            return total, at, False
        at = start + count
        if ordinal or not _is(words, at, _SCALES) or _SCALES[words[at].text] >= last:
            return total + part, at, ordinal
        last = _SCALES[words[at].text]
        total, at = total + part * last, at + 1


def _glued(words: Sequence[_Word], at: int) -> bool:
    return at < len(words) and words[at].glued


def _below_thousand(words: Sequence[_Word]) -> tuple[int, int, bool]:
    if words and words[0].text in {"a", "an"} and _is(words, 1, {"hundred", *_SCALES}):
        first, at, ordinal = 1, 1, False
    else:
        first, at, ordinal = _below_hundred(words)
    if not at or ordinal or not _is(words, at, {"hundred"}):
        return first, at, ordinal
    start = at + 2 if _is(words, at + 1, {"and"}) else at + 1
    rest, count, ordinal = _below_hundred(words[start:]) if _glued(words, start) else (0, 0, False)
    return (first * 100 + rest, start + count, ordinal) if count else (first * 100, at + 1, False)


def _below_hundred(words: Sequence[_Word]) -> tuple[int, int, bool]:
    first = words[0].text if words else ""
    if first in _ORDINALS:
        return _ORDINALS[first], 1, True
    if first.isdigit() and _is(words, 1, {"hundred", *_SCALES}):
        return int(first), 1, False
    if first not in _SMALL or not _SMALL[first]:
        return 0, 0, False
    if first in _TENS and _glued(words, 1):
        second = words[1].text
        if _UNITS.get(second):
            return _SMALL[first] + _UNITS[second], 2, False
        if _ORDINALS.get(second, 10) < 10:
            return _SMALL[first] + _ORDINALS[second], 2, True
    return _SMALL[first], 1, False


def _suffix(n: int) -> str:
    return "th" if n % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")


# From values to words


def letter(character: str, *, british: bool) -> str:
    """How a letter stands in a text to be spoken; a voice reads its name."""
    if character.upper() == "Z":
        return "zed" if british else "zee"
    return character.upper()


def cardinal(n: int, *, british: bool = True) -> str:
    """A whole number in words: "one hundred and five" (American: "one hundred five")."""
    if n < 0:
        return f"minus {cardinal(-n, british=british)}"
    if n < 20:
        return [*_UNITS, *_TEENS][n]
    if n < 100:
        return _TENS[n // 10 - 2] + (f"-{cardinal(n % 10)}" if n % 10 else "")
    joint = " and " if british else " "
    if n < 1000:
        rest = joint + cardinal(n % 100) if n % 100 else ""
        return f"{cardinal(n // 100)} hundred{rest}"
    name, scale = max(((w, s) for w, s in _SCALES.items() if s <= n), key=itemgetter(1))
    big = f"{cardinal(n // scale, british=british)} {name}"
    between = joint if n % scale < 100 else " "
    return big + (between + cardinal(n % scale, british=british) if n % scale else "")


def ordinal(n: int) -> str:
    """ "twenty-second"."""
    return re.sub(r"\w+$", lambda last: _ordinal_word(last[0]), cardinal(n))


def number_said(amount: Decimal, *, british: bool = True) -> str:
    """A number in words, decimals digit by digit."""
    whole, _, decimals = f"{abs(amount):f}".partition(".")
    words = cardinal(int(whole), british=british)
    said = f"{words} point {' '.join(DIGITS[d] for d in decimals)}" if decimals else words
    return f"minus {said}" if amount < 0 else said


_CURRENCIES = {"GBP": ("pound", "penny"), "USD": ("dollar", "cent"), "EUR": ("euro", "cent")}


def money_said(amount: Decimal, currency: str, *, british: bool) -> str:
    """ "twelve pounds fifty", "twelve dollars and five cents"."""
    whole, cents = divmod(int(abs(amount) * 100), 100)
    unit, small = _CURRENCIES[currency]
    sign = "minus " if amount < 0 else ""
    big = f"{cardinal(whole, british=british)} {unit}{'' if whole == 1 else 's'}"
    if not cents:
        return sign + big
    if currency == "GBP" and whole and cents >= 10:
        return f"{sign}{big} {cardinal(cents)}"
    pence = f"{cardinal(cents)} {_many(small, cents)}"
    return sign + (f"{big} and {pence}" if whole else pence)


def _many(small: str, count: int) -> str:
    if count == 1:
        return small
    return "pence" if small == "penny" else f"{small}s"


def money_readings(amount: Decimal, currency: str) -> Iterator[str]:
    """Further ways to say a sum of money."""
    whole, cents = divmod(int(abs(amount) * 100), 100)
    unit, small = _CURRENCIES[currency]
    units = unit if whole == 1 else f"{unit}s"
    for british in (True, False):
        yield money_said(amount, currency, british=british)
    if amount > 0 and whole and cents:
        yield f"{cardinal(whole)} {units} and {cardinal(cents)} {_many(small, cents)}"
        yield f"{cardinal(whole)} {units} {cardinal(cents)} {_many(small, cents)}"
        yield f"{cardinal(whole)} point {' '.join(DIGITS[d] for d in f'{cents:02d}')} {units}"
        if cents >= 10 and whole < 100:
            yield f"{cardinal(whole)} {cardinal(cents)}"


_MONTHS = _listed("january february march april may june july august september october november december")


def year_said(year: int) -> str:
    """ "twenty twenty-six", "two thousand and five", "nineteen oh five"."""
    high, low = divmod(year, 100)
    if 2000 <= year < 2010 or year % 1000 == 0:
        return cardinal(year)
    if not low:
        return f"{cardinal(high)} hundred"
    return f"{cardinal(high)} {'oh ' if low < 10 else ''}{cardinal(low)}"


def date_said(day: date, *, british: bool, with_year: bool = True) -> str:
    """ "the twenty-second of November, twenty twenty-six" (American: the month first)."""
    month, nth = _MONTHS[day.month - 1].capitalize(), ordinal(day.day)
    words = f"the {nth} of {month}" if british else f"{month} {nth}"
    return f"{words}, {year_said(day.year)}" if with_year else words


def date_readings(day: date, *, british: bool) -> Iterator[str]:
    """Further ways to say a date: both orders, with and without the year."""
    month = _MONTHS[day.month - 1]
    orders = (
        f"{ordinal(day.day)} of {month}",
        f"{ordinal(day.day)} {month}",
        f"{month} the {ordinal(day.day)}",
    )
    yield f"{month} {cardinal(day.day)}"  # and a year would run on: "december twenty two thousand and four"
    for words in (*orders, f"{month} {ordinal(day.day)}", f"{cardinal(day.day)} {month}"):
        yield words
        yield f"{words} {year_said(day.year)}"
    first, second = (day.day, day.month) if british else (day.month, day.day)
    yield f"{_two_digits(first)} {_two_digits(second)} {year_said(day.year)}"


def _two_digits(n: int) -> str:
    return f"zero {cardinal(n)}" if n < 10 else cardinal(n)


def time_said(hour: int, minute: int) -> str:
    """ "two thirty in the afternoon", "nine oh five in the morning", "midnight"."""
    if (hour, minute) in {(0, 0), (12, 0)}:
        return "midnight" if hour == 0 else "twelve noon"
    return f"{_clock(hour, minute)} {_part_of_day(hour)}"


def _clock(hour: int, minute: int) -> str:
    words = cardinal(hour % 12 or 12)
    if not minute:
        return f"{words} o'clock"
    return f"{words} {'oh ' if minute < 10 else ''}{cardinal(minute)}"


def _part_of_day(hour: int) -> str:
    if hour < 12:
        return "in the morning"
    return "in the afternoon" if hour < 18 else "in the evening"


def time_readings(hour: int, minute: int) -> Iterator[str]:
    """Further ways to say a time of day."""
    half, said = "a m" if hour < 12 else "p m", cardinal(hour % 12 or 12)
    yield _clock(hour, minute)
    yield f"{_clock(hour, minute)} {_part_of_day(hour)}"
    yield f"{said if not minute else _clock(hour, minute)} {half}"
    past = {
        15: "quarter past",
        30: "half past",
        10: "ten past",
        20: "twenty past",
        5: "five past",
        25: "twenty-five past",
    }
    to = {45: "quarter to", 40: "twenty minutes to", 50: "ten minutes to"}
    if minute in past:
        yield f"{past[minute]} {said}"
    if minute in to:
        yield f"{to[minute]} {cardinal((hour + 1) % 12 or 12)}"
    if hour > 12 and minute >= 10:
        yield f"{cardinal(hour)} {cardinal(minute)}"


# From text to values

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_SIGNS = {"£": "GBP", "$": "USD", "€": "EUR"}
_UNIT_WORDS = {
    "pound": "GBP",
    "quid": "GBP",
    "sterling": "GBP",
    "dollar": "USD",
    "buck": "USD",
    "euro": "EUR",
}
_UNIT = r"(?P<unit>pounds?|quid|dollars?|bucks?|euros?|gbp|usd|eur)\b"
_SUM = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d{1,2})?(?![\d.,]?\d)"
_SCALE = r"\s?(?:thousand|million|billion|grand)|k|m|bn"
_MONEY = (
    re.compile(rf"(?P<minus>minus |[-−])?(?P<sign>[£$€])\s?(?P<big>{_SUM})(?P<scale>(?:{_SCALE})\b)?", re.I),
    re.compile(
        rf"(?<![\d.,:£$€])(?P<minus>minus |[-−])?(?P<big>{_SUM})(?P<scale>(?:{_SCALE})\b)?(?P<half> and a half)?"
        rf"\s?{_UNIT}"
        r"(?: sterling)?(?:,? (?:and )?"
        r"(?:(?P<small>\d{1,2})\s?(?:pence|penny|(?-i:p)|cents?)\b|(?P<bare>\d{2})\b(?! [a-z]{3,}s\b)))?",
        re.I,
    ),
    re.compile(rf"(?P<minus>)(?P<code>GBP|USD|EUR)\s?(?P<big>{_SUM})", re.I),
    re.compile(r"(?<![\d.,:£$€])(?P<small>\d{1,2})\s?(?P<coin>pence|penny|(?-i:p)|cents?)\b", re.I),
)
_GRAND = re.compile(rf"(?<![\d.,:£$€/-])(?<!\d )(?P<big>{_SUM}) grand\b(?! [a-z]{{3,}}s\b)", re.I)
_BARE_MONEY = re.compile(r"(?<![\d.,:£$€/-])(?<!\d )(?P<big>\d+)(?P<joint>[. ])(?P<small>\d{2})(?![\d.,:/-]*\d)(?! \d)")


def moneys(text: Folded) -> Iterator[Mention]:
    """Sums of money, as "12.50 GBP"; a bare "twelve fifty" or "two grand" is loose, as "12.50"."""
    taken: list[range] = []
    for pattern in _MONEY:
        for match in pattern.finditer(text.text):
            if not _overlaps(match.span(), taken):
                taken.append(range(*match.span()))
                yield Mention((_money(match),), *text.span(*match.span()))
    for match in _GRAND.finditer(text.text):
        yield Mention((f"{1000 * Decimal(match['big'].replace(',', '')):.2f}",), *text.span(*match.span()), loose=True)
    for match in _BARE_MONEY.finditer(text.text):
        if not _overlaps(match.span(), taken):
            yield Mention((f"{int(match['big'])}.{match['small']}",), *text.span(*match.span()), loose=True)


def _overlaps(span: tuple[int, int], taken: Sequence[range]) -> bool:
    return any(span[0] < other.stop and other.start < span[1] for other in taken)


def _money(match: re.Match[str]) -> str:
    said = dict.fromkeys(("big", "small", "bare", "scale", "minus", "half"), None) | match.groupdict()
    scale = (_SCALES | _SHORT_SCALES)[said["scale"].strip().lower()] if said["scale"] else 1
    pence = int(said["small"] or said["bare"] or (50 if said["half"] else 0))
    amount = Decimal((said["big"] or "0").replace(",", "")) * scale + Decimal(pence) / 100
    return f"{-amount if said['minus'] else amount:.2f} {_currency(said)}"


def _currency(said: Mapping[str, str | None]) -> str:
    if sign := said.get("sign"):
        return _SIGNS[sign]
    if coin := said.get("coin"):
        return "USD" if coin.lower().startswith("cent") else "GBP"
    word = (said.get("unit") or said.get("code") or "").lower()
    return _UNIT_WORDS.get(word.removesuffix("s"), word.upper())


_MONTH = r"(?P<month>january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?"  # noqa: E501
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?(?![\d:])"
_YEAR = r"(?:,? (?:in )?(?P<year>\d{4}|(?:19|20) (?:\d{2}|oh \d|o \d))\b)?"
_NUMERIC = re.compile(
    r"(?<![\d/.-])(?P<a>\d{1,2})(?P<joint>[/.-])(?P<b>\d{1,2})(?P=joint)(?P<year>\d{4}|\d{2})(?![\d/-])"
)
# Without a year, and the month by its number: enough to know a day again, not to name one.
_SHORT_DATES = (
    re.compile(r"(?<![\d/.-])(?P<a>\d{1,2})/(?P<b>\d{1,2})(?![\d/.-])"),
    re.compile(r"(?<!\d)(?P<day>\d{1,2})(?:st|nd|rd|th) of the (?P<month>\d{1,2})(?:st|nd|rd|th)\b", re.I),
)
_ISO = re.compile(r"(?<![\d/.-])(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?!\d|-\d)")
_DAY_MONTH = re.compile(rf"(?<![\d.:/]){_DAY}(?: day)?(?: of)? {_MONTH}{_YEAR}", re.I)
_MONTH_DAY = re.compile(rf"\b{_MONTH},? (?:the )?{_DAY}{_YEAR}", re.I)
_WEEKDAYS = _listed("monday tuesday wednesday thursday friday saturday sunday")
_RELATIVE = re.compile(
    r"\b(?:(?P<word>the day after tomorrow|today|tomorrow|yesterday)"
    rf"|(?P<next>next )?(?P<weekday>{'|'.join(_WEEKDAYS)})"
    r"|in (?P<count>\d{1,3}) (?P<unit>days?|weeks?))\b",
    re.I,
)
_OFFSETS = {"today": 0, "tomorrow": 1, "yesterday": -1, "the day after tomorrow": 2}


def dates(text: Folded, *, british: bool, now: datetime | None) -> Iterator[Mention]:
    """Dates as ISO days; "22 November" without year as "--11-22"; "tomorrow" only where `now` is known."""
    taken: list[range] = []
    for match, day in _days((_ISO, _NUMERIC, _DAY_MONTH, _MONTH_DAY), text, taken, british=british):
        taken.append(range(*match.span()))
        yield Mention((day,), *text.span(*match.span()))
    for match, day in _days(_SHORT_DATES, text, taken, british=british):
        yield Mention((day,), *text.span(*match.span()), loose=True)
    for match in _RELATIVE.finditer(text.text):
        near_a_date = _overlaps((match.start(), match.end() + len(", the ")), taken)
        if now and not near_a_date:
            yield Mention(_relative(match, now.date()), *text.span(*match.span()))


def _days(
    patterns: Sequence[re.Pattern[str]], text: Folded, taken: Sequence[range], *, british: bool
) -> Iterator[tuple[re.Match[str], str]]:
    """What the patterns find beside what is taken, and which day it is."""
    for pattern in patterns:
        for match in pattern.finditer(text.text):
            day = _day(match, british=british)
            if day and not _overlaps(match.span(), taken):
                yield match, day


def _day(match: re.Match[str], *, british: bool) -> str:
    said: dict[str, Any] = {"year": None} | match.groupdict()
    if "a" in said:
        said["day"], said["month"] = (said["a"], said["b"]) if british else (said["b"], said["a"])
    month = said["month"].lower().rstrip(".")
    number = (
        int(month) if month.isdigit() else next(i for i, name in enumerate(_MONTHS, 1) if name.startswith(month[:3]))
    )
    year = _year(said["year"])
    try:
        day = date(year or 2000, number, int(said["day"]))
    except ValueError:
        return ""
    return day.isoformat() if year else f"--{day:%m-%d}"


def _year(said: str | None) -> int:
    """A year of two digits lies in 1930 to 2029; 0 where none was said."""
    if not said:
        return 0
    digits = re.sub(r"\D", "", re.sub(r"oh|o", "0", said))
    year = int(digits)
    return year + (1900 if year >= 30 else 2000) if len(digits) == 2 else year


def _relative(match: re.Match[str], today: date) -> tuple[str, ...]:
    if match["word"]:
        return ((today + timedelta(days=_OFFSETS[match["word"].lower()])).isoformat(),)
    if match["count"]:
        each = 7 if match["unit"].lower().startswith("week") else 1
        return ((today + timedelta(days=each * int(match["count"]))).isoformat(),)
    ahead = (_WEEKDAYS.index(match["weekday"].lower()) - today.weekday() - 1) % 7 + 1
    soon = today + timedelta(days=ahead)
    later = soon + timedelta(days=7)
    return (soon.isoformat(), later.isoformat()) if match["next"] else (soon.isoformat(),)


_HALF = (
    r"(?:\s?(?P<half>[ap])\.? ?m\b\.?"
    r"|,? (?:(?:in the|this) (?P<part>morning|afternoon|evening)|at (?P<night>night)))"
)
_TIMES = (
    re.compile(
        rf"(?<![\d:.£$€/-])(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::\d{{2}}(?:\.\d+)?)?{_HALF}?(?![\d:])", re.I
    ),
    re.compile(rf"\b(?P<fraction>half|(?:a )?quarter) (?P<way>past|to) (?P<hour>\d{{1,2}})(?!\d){_HALF}?", re.I),
    re.compile(rf"(?<!\d)(?P<minute>\d{{1,2}}) (?:minutes )?(?P<way>past) (?P<hour>\d{{1,2}})(?!\d){_HALF}?", re.I),
    re.compile(rf"(?<!\d)(?P<minute>\d{{1,2}}) minutes (?P<way>to) (?P<hour>\d{{1,2}})(?!\d){_HALF}?", re.I),
    re.compile(rf"(?<!\d)(?P<minute>5|10|20|25) (?P<way>to) (?P<hour>\d{{1,2}})(?!\d){_HALF}", re.I),
    re.compile(
        r"\b(?:(?P<fraction>half|(?:a )?quarter)|(?<!\d)(?P<minute>\d{1,2})(?: minutes)?)"
        r" (?P<way>past|to) (?P<named>noon|midday|midnight)\b",
        re.I,
    ),
    re.compile(rf"(?<!\d)(?P<hour>\d{{1,2}}) ?o'?clock\b{_HALF}?", re.I),
    re.compile(rf"(?<![\d:.,£$€/-])(?P<hour>1[0-2]|[1-9])(?P<minute>[0-5]\d){_HALF}", re.I),
    re.compile(rf"(?<![\d:.£$€/-])(?P<hour>\d{{1,2}})(?:[. ](?P<minute>\d{{2}}|oh \d|o \d))?{_HALF}", re.I),
    re.compile(r"\b(?:12 )?(?P<named>noon|midday|midnight)\b", re.I),
    re.compile(r"\b(?:at|by|around) (?P<hour>\d{1,2}) (?P<minute>\d{2}|oh \d)(?![ -]?\d)", re.I),
)
# Enough to know a time again, not to name one: "two thirty", "half two", "twenty to three", "1850".
_LOOSE_TIMES = (
    re.compile(r"(?<![\d:.£$€/-])(?<!\d )(?P<hour>\d{1,2})[ .](?P<minute>\d{2}|oh \d)(?![\d:/-])(?! \d)", re.I),
    re.compile(r"\b(?P<fraction>half) (?P<hour>\d{1,2})(?![\d:/-])(?! \d)", re.I),
    re.compile(r"(?<![\d-])(?<!\d )(?P<minute>5|10|20|25) (?P<way>to) (?P<hour>\d{1,2})(?![\d:/-])(?! \d)", re.I),
    re.compile(r"(?<![\d:.,£$€/-])(?<!\d )(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?![\d:/-])(?! \d)", re.I),
)


def times(text: Folded) -> Iterator[Mention]:
    """Times as "14:30"; both halves of the day where the words do not tell; a bare "two thirty" is loose."""
    taken: list[range] = []
    for pattern in (*_TIMES, *_LOOSE_TIMES):
        for match in pattern.finditer(text.text):
            options = _time(match)
            if options and not _overlaps(match.span(), taken):
                taken.append(range(*match.span()))
                yield Mention(options, *text.span(*match.span()), loose=pattern in _LOOSE_TIMES)


def _time(match: re.Match[str]) -> tuple[str, ...]:
    said = dict.fromkeys(("half", "part", "night", "way", "fraction", "named", "minute"), None) | match.groupdict()
    if said["named"]:
        return (_beside(said["named"].lower(), said["way"], _minute(said)),)
    hour, minute = int(said["hour"] or 0), _minute(said)
    if said["way"] and said["way"].lower() == "to":
        hour, minute = (hour - 1) % 12 or 12, 60 - minute
    if hour > 23 or minute > 59:
        return ()
    hours = _hours(hour, said, written=str(said["hour"]))
    return tuple(f"{h:02d}:{minute:02d}" for h in hours)


def _beside(named: str, way: str | None, minutes: int) -> str:
    """So many minutes past or to noon or midnight."""
    past_midnight = (0 if named == "midnight" else 12 * 60) + (-minutes if (way or "").lower() == "to" else minutes)
    hour, minute = divmod(past_midnight % (24 * 60), 60)
    return f"{hour:02d}:{minute:02d}"


def _minute(said: Mapping[str, str | None]) -> int:
    if said["fraction"]:
        return 30 if said["fraction"].lower() == "half" else 15
    return int(re.sub(r"\D", "", re.sub(r"oh|o", "0", said["minute"] or "0")))


def _hours(hour: int, said: Mapping[str, str | None], *, written: str) -> tuple[int, ...]:
    if hour > 12 or hour == 0 or (written.startswith("0") and not (said["half"] or said["part"] or said["night"])):
        return (hour,)
    morning, evening = hour % 12, hour % 12 + 12
    if said["night"]:
        return (evening,) if hour not in {12, 1, 2, 3, 4} else (morning,)
    if said["half"] or said["part"]:
        is_morning = (said["half"] or "").lower() == "a" or (said["part"] or "").lower() == "morning"
        return (morning,) if is_morning else (evening,)
    return (morning, evening)


_QUANTITY = re.compile(
    rf"(?<![\w.,:£$€/])(?<!\d )(?<!\d-)(?P<minus>minus |[-−])?(?P<number>{_NUMBER})"
    r"(?![\d:/]|[.,-]\d| \d)(?P<half> and a half\b)?\s?(?P<unit>[a-z]+)?",
    re.I,
)
_COUNTED = re.compile(r"\b(?P<count>half a dozen|a dozen|a couple(?: of)?)\b(?: (?P<unit>[a-z]+))?", re.I)
_COUNTS = {"half a dozen": 6, "a dozen": 12, "a couple": 2, "a couple of": 2}
_HALVES = re.compile(r"\bhalf an? (?P<unit>(?!dozen\b)[a-z]{2,})\b", re.I)
_ONE = re.compile(r"\b(?<!half )an? (?P<unit>[a-z]{3,})\b", re.I)
_UNIT_NAMES = {
    "kilogram": "kg",
    "kilo": "kg",
    "kilogramme": "kg",
    "gram": "g",
    "kilometre": "km",
    "kilometer": "km",
}
_UNIT_NAMES |= {
    "mile": "mile",
    "litre": "l",
    "liter": "l",
    "metre": "m",
    "meter": "m",
    "hr": "hour",
    "min": "minute",
}


def quantities(text: Folded) -> Iterator[Mention]:
    """Counts and measures: "3" and, where a word follows, "3 parcel"."""
    for match in _QUANTITY.finditer(text.text):
        amount = Decimal(match["number"].replace(",", "")) + (Decimal("0.5") if match["half"] else 0)
        number = f"{(-amount if match['minus'] else amount).normalize():f}"
        yield Mention(_amounts(number, match["unit"]), *text.span(*match.span()))
    for match in _COUNTED.finditer(text.text):
        yield Mention(_amounts(str(_COUNTS[match["count"].lower()]), match["unit"]), *text.span(*match.span()))
    for match in _HALVES.finditer(text.text):
        yield Mention(_amounts("0.5", match["unit"]), *text.span(*match.span()))
    for match in _ONE.finditer(text.text):
        yield Mention((f"1 {unit(match['unit'])}",), *text.span(*match.span()), loose=True)


def _amounts(number: str, counted: str | None) -> tuple[str, ...]:
    """The number alone, and with what is counted."""
    return (number, f"{number} {unit(counted)}") if counted else (number,)


def unit(word: str) -> str:
    """A unit by one name: "kilograms" is "kg", "parcels" is "parcel"."""
    lower = word.lower()
    single = lower[:-2] if lower.endswith(("xes", "ches")) else lower.removesuffix("s") if len(lower) > 2 else lower
    return _UNIT_NAMES.get(single, single)
