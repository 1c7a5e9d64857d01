"""What people press on a telephone for a value: its digits. Letters have no keys."""

import re
from collections.abc import Mapping

from pipeline.values.canon import canonical
from pipeline.values.codes import targets
from pipeline.values.value import Value

_SLOT = re.compile(r"\{(\w+)\}")
_NO_KEYS = re.compile(r"[^0-9*#]+")


def keyed(template: str, facts: Mapping[str, Value]) -> str:
    """The keys of a template such as "{order}#", spaces left out. Raises ValueError where a sign has no key."""
    keys = re.sub(r"\s", "", _SLOT.sub(lambda slot: _digits(slot[1], facts[slot[1]]), template))
    if wrong := _NO_KEYS.search(keys):
        raise ValueError(f"'{wrong[0]}' cannot be pressed; write 0 to 9, *, # and facts as {{fact}}")
    if not keys:
        raise ValueError("is empty; write what is pressed in quotes")
    return keys


def _digits(name: str, value: Value) -> str:
    """The canonical digits of a value; of a phone number those that are dialled at home."""
    digits = targets(value)[0] if value.type == "phone" else canonical(value)
    if not digits.isdigit():
        raise ValueError(f"{{{name}}} is {digits}, which has more than digits in it; write the keys themselves")
    return digits
