"""What validation finds wrong, in words for the people who write the files."""

import json
import re
from collections.abc import Sequence
from typing import Any

from pipeline.errors import nearest
from pipeline.files import Key

UNITS = {"db": "dB", "dba": "dB(A)", "dbov": "dBov", "hz": "Hz", "ms": "ms", "s": "s"}
SAID = {
    "complaint": "{message}",
    "missing_package": "{message}",
    "value_error": "{error}",
    "assertion_error": "{error}",
    "missing": "is missing",
    "less_than_equal": "{value} is above {le}",
    "greater_than_equal": "{value} is below {ge}",
    "less_than": "{value} is not below {lt}",
    "greater_than": "{value} is not above {gt}",
    "multiple_of": "{value} is no multiple of {multiple_of}",
    "string_pattern_mismatch": "{value} does not fit the pattern {pattern}",
}
WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "path_type": "a path",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "'key: value' pairs",
    "mapping_type": "'key: value' pairs",
}
NUMBER = re.compile(r"(?P<number>[-+]?\d+(?:[.,]\d+)?)\s*(?P<unit>\D*)")
LONGEST = 60


def wording(detail: Any, keys: Sequence[Key]) -> str:
    """What is wrong and what would be right, of one of pydantic's error details about what stands under `keys`."""
    kind, value, limits = detail["type"], detail["input"], detail.get("ctx", {})
    unit = unit_of(keys)
    if kind in SAID:
        return SAID[kind].format(**{key: measured(limit, unit) for key, limit in limits.items()}, value=shown(value))
    if kind in WANTED:
        what = f"{WANTED[kind]} of {unit}" if unit and "number" in WANTED[kind] else WANTED[kind]
        return f"wants {what}, {instead(value)}{_hint(kind, value, unit)}"
    if kind == "string_type":
        return no_text(value)
    if kind == "literal_error":
        return f"wants {limits['expected']}, {instead(value)}{_meant(value, limits['expected'])}"
    return f"{detail['msg'][:1].lower()}{detail['msg'][1:]}, {instead(value)}"


def instead(value: Any) -> str:
    """What stands there instead of what was wanted."""
    return "but is empty" if value in (None, "") else f"not {shown(value)}"


def no_text(value: Any) -> str:
    """What to say of a value that should have been a text."""
    if value is None:
        return "is empty: write a text"
    if isinstance(value, list | dict):
        return f"wants a text, {instead(value)}"
    what = "no text" if isinstance(value, bool) else "a number"
    return f"{shown(value)} is {what} here: put it in quotes, so that it stays as it is written"


def shown(value: Any) -> str:
    """A value as it would stand in the file, cut where it is long."""
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."


def measured(limit: Any, unit: str) -> str:
    """A limit with its unit: `50 dB`; what is no number, as it is."""
    return f"{limit:.10g} {unit}".rstrip() if isinstance(limit, int | float) else str(limit)


def unit_of(keys: Sequence[Key]) -> str:
    """The unit that the name of a key ends on, or nothing: `snr_db` is in dB."""
    name = next((key for key in reversed(keys) if isinstance(key, str)), "")
    return UNITS.get(name.rpartition("_")[2], "") if "_" in name else ""


def _meant(value: Any, expected: str) -> str:
    near = nearest(str(value), re.findall(r"'([^']+)'", expected)) if isinstance(value, str) else None
    return f". Did you mean '{near}'?" if near else ""


def _hint(kind: str, value: Any, unit: str) -> str:
    """What to write instead, where that is beyond doubt."""
    match kind, value:
        case (("float_type" | "int_type"), str()):
            written = _number(value, unit)
            return f": write {written}" if written and (kind == "float_type" or written.isdigit()) else ""
        case "bool_type", str() if value.casefold() in ("yes", "no", "on", "off"):
            return f": write {'true' if value.casefold() in ('yes', 'on') else 'false'}"
        case (("tuple_type" | "list_type"), str() | int() | float()) if value != "":
            return f": write [{shown(value)}]"
        case _:
            return ""


def _number(text: str, unit: str) -> str:
    """The number that a text is, freed of quotes, of the unit in its key's name, of a per cent or a decimal comma."""
    found = NUMBER.fullmatch(text.strip())
    if not found:
        return ""
    number = found["number"].replace(",", ".")
    if found["unit"] == "%":
        return f"{float(number) / 100:g}"
    return number if found["unit"].casefold() in ("", unit.casefold()) else ""
