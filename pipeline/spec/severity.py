"""Severity: how bad a line is, from 0 (no effects) by way of 0.5 (as its profile is written) to 1."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from pipeline.errors import BadlineError, did_you_mean
from pipeline.spec.wording import instead, shown
from pipeline.spec.words import complaint, under

NONE, TYPICAL = 0.0, 0.5
WORDS: Mapping[str, float] = {"none": NONE, "mild": 0.25, "typical": TYPICAL, "harsh": 1.0}
DECIMALS = 2  # files are named after it


def severity_of(words: Any) -> float:
    """A word or a number from 0 to 1 as a number. Raises a complaint."""
    if isinstance(words, str) and words in WORDS:
        return WORDS[words]
    if isinstance(words, bool) or not isinstance(words, int | float) or math.isnan(words):
        hint = did_you_mean(words if isinstance(words, str) else "", WORDS)
        raise complaint(f"wants a word or a number from 0 to 1, not {shown(words)}. {hint}")
    if not 0 <= words <= 1:
        raise complaint(f"{words} is {'below 0' if words < 0 else 'above 1'}")
    if round(words, DECIMALS) != words:
        raise complaint(f"{words} is finer than can be told; write {words:.{DECIMALS}f}")
    return float(words)


def severity_named(text: str) -> float:
    """What is typed after `--severity`. Raises BadlineError."""
    try:
        words: str | float = float(text)
    except ValueError:
        words = text
    try:
        return severity_of(words)
    except ValueError as error:
        raise BadlineError(f"--severity: {error}") from None


def severity_name(severity: float) -> str:
    """Its word, or its number: what people read, and type after `--severity`."""
    return next((word for word, number in WORDS.items() if number == severity), f"{severity:g}")


def in_file_names(severity: float) -> str:
    """Its name where points part one name from the next: `0.4` is `0_4`."""
    return severity_name(severity).replace(".", "_")


def of_file_names(name: str) -> float | None:
    """The severity that is so called in names of files, if one is."""
    try:
        severity = WORDS[name] if name in WORDS else float(name.replace("_", "."))
    except ValueError:
        return None
    return severity if 0 <= severity <= 1 and in_file_names(severity) == name else None


def louder_db(severity: float) -> float:
    """By how many dB what disturbs is louder than written: its amplitude is proportional to the severity."""
    return 20 * math.log10(severity / TYPICAL)


def _severities(words: Any) -> Any:
    if isinstance(words, tuple):
        return words
    if not isinstance(words, list):
        hint = f": write [{words}]" if isinstance(words, str | float | int) else ""
        raise complaint(f"wants a list as '[mild, typical, harsh]', {instead(words)}{hint}")
    if not words:
        raise complaint("wants at least one")
    severities: list[float] = []
    for i, one in enumerate(words):
        with under(i):
            severity = severity_of(one)
            if severity in severities:
                raise complaint(f"'{severity_name(severity)}' stands here twice")
        severities.append(severity)
    return tuple(severities)


_SEVERITY: dict[str, Any] = {"anyOf": [{"enum": list(WORDS)}, {"type": "number", "minimum": 0, "maximum": 1}]}
_SCHEMA = WithJsonSchema({"type": "array", "items": _SEVERITY, "minItems": 1})
Severities = Annotated[tuple[float, ...], BeforeValidator(_severities), Field(min_length=1), _SCHEMA]
