"""The table of languages, and what each must know: a further one is a file like `english.py`, and a line."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from pipeline.values import english
from pipeline.values.fold import Folded
from pipeline.values.value import Mention


class Language(Protocol):
    """A language's words, both ways."""

    @property
    def DIGITS(self) -> Mapping[str, str]: ...  # noqa: N802, D102  a constant of the language's file
    @property
    def ZEROS(self) -> tuple[str, ...]: ...  # noqa: N802, D102
    @property
    def OH(self) -> AbstractSet[str]: ...  # noqa: N802, D102
    @property
    def REPEATS(self) -> Mapping[str, int]: ...  # noqa: N802, D102
    @property
    def REPEAT_WORDS(self) -> Mapping[int, str]: ...  # noqa: N802, D102
    @property
    def AS_IN(self) -> AbstractSet[str]: ...  # noqa: N802, D102
    @property
    def FILLERS(self) -> AbstractSet[str]: ...  # noqa: N802, D102
    @property
    def NATO(self) -> Mapping[str, str]: ...  # noqa: N802, D102
    @property
    def LETTER_WORDS(self) -> Mapping[str, str]: ...  # noqa: N802, D102
    @property
    def WORDS_NOT_LETTERS(self) -> AbstractSet[str]: ...  # noqa: N802, D102

    def fold(self, text: str) -> Folded: ...  # noqa: D102
    def letter(self, character: str, *, british: bool) -> str: ...  # noqa: D102
    def cardinal(self, n: int, *, british: bool = ...) -> str: ...  # noqa: D102
    def number_said(self, amount: Decimal, *, british: bool = ...) -> str: ...  # noqa: D102
    def money_said(self, amount: Decimal, currency: str, *, british: bool) -> str: ...  # noqa: D102
    def money_readings(self, amount: Decimal, currency: str) -> Iterator[str]: ...  # noqa: D102
    def date_said(self, day: date, *, british: bool, with_year: bool = ...) -> str: ...  # noqa: D102
    def date_readings(self, day: date, *, british: bool) -> Iterator[str]: ...  # noqa: D102
    def time_said(self, hour: int, minute: int) -> str: ...  # noqa: D102
    def time_readings(self, hour: int, minute: int) -> Iterator[str]: ...  # noqa: D102
    def moneys(self, text: Folded) -> Iterator[Mention]: ...  # noqa: D102
    def dates(self, text: Folded, *, british: bool, now: datetime | None) -> Iterator[Mention]: ...  # noqa: D102
    def times(self, text: Folded) -> Iterator[Mention]: ...  # noqa: D102
    def quantities(self, text: Folded) -> Iterator[Mention]: ...  # noqa: D102
    def unit(self, word: str) -> str: ...  # noqa: D102


LANGUAGES: Mapping[str, Language] = {"en": english}


def language_named(name: str) -> Language:
    """The language of "en", "en-GB" or "en-US". Raises ValueError."""
    family = name.partition("-")[0]
    if family not in LANGUAGES:
        raise ValueError(f"there is no language '{name}'. Known: {', '.join(sorted(LANGUAGES))}")
    return LANGUAGES[family]
