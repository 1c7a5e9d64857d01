"""What a fact is: a type, the text as people write it, and the language in which it is said."""

from dataclasses import dataclass

TYPES: tuple[str, ...] = (
    "digits",
    "alnum_id",
    "spelled_name",
    "name",
    "phone",
    "email",
    "postcode",
    "money",
    "date",
    "time",
    "quantity",
    "enum",
    "text",
)
STYLES: tuple[str, ...] = ("natural", "slow", "spelled")
REGIONS = {"en": "GB", "en-GB": "GB", "en-US": "US"}


@dataclass(frozen=True)
class Value:
    """One fact. `accept` lists further texts that count as the same."""

    type: str
    text: str
    language: str = "en-GB"
    accept: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """Where a text carries a value: the words themselves, their span, and the characters that are wrong."""

    text: str
    start: int
    end: int
    edits: int = 0


@dataclass(frozen=True)
class Mention:
    """A value that a text carries, in canonical form; several options where words are ambiguous ("2:30").

    A `loose` mention ("twelve fifty") is enough to recognise a known value, not to name an unknown one.
    """

    options: tuple[str, ...]
    start: int
    end: int
    loose: bool = False


def region_of(language: str) -> str:
    """Whose phones, postcodes and date order a language takes: "US" or "GB" ("en" is read as British)."""
    return REGIONS.get(language, "GB")


def is_british(language: str) -> bool:
    """Whether days come before months, and `zed` after `y`."""
    return region_of(language) == "GB"
