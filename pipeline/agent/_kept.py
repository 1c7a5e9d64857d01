"""What of a reply must be JSON: it is copied when it is checked, so that the agent cannot change it later."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import GetPydanticSchema
from pydantic_core import core_schema

from pipeline.files import Json, canonical_json

DEEPEST = 64  # levels of JSON: records are read by programs that follow each by a call of their own


def kept(value: Json) -> Json:
    """A copy as JSON has it.

    Raises ValueError for what no record can keep: NaN, half a surrogate, another type, more than 64 levels.
    """
    try:
        text = canonical_json(value)
        text.encode()
        copied: Json = json.loads(text)
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    refuse_deep(copied)
    return copied


def refuse_deep(value: Json) -> None:
    """Raises ValueError where lists and objects lie in each other more than 64 deep."""
    level: list[Json] = [value]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _inside(one)]
    if any(isinstance(one, Mapping | list | tuple) for one in level):
        raise ValueError(f"it is nested too deeply: more than {DEEPEST} levels")


def _inside(value: Json) -> list[Json]:
    match value:
        case Mapping():
            return list(value.values())
        case list() | tuple():
            return list(value)
        case _:
            return []


def _schema(_source: Any, _handler: Any) -> core_schema.CoreSchema:  # noqa: ANN401  pydantic's own
    return core_schema.no_info_plain_validator_function(kept)


KEPT = GetPydanticSchema(_schema)
