"""What of a reply must be JSON: it is copied when it is checked, so that the agent cannot change it later."""

import json
from typing import Any

from pydantic import GetPydanticSchema
from pydantic_core import core_schema

from pipeline.files import Json, canonical_json


def kept(value: Json) -> Json:
    """A copy as JSON has it. Raises ValueError for what no record can keep: NaN, half a surrogate, another type."""
    try:
        text = canonical_json(value)
        text.encode()
        copied: Json = json.loads(text)
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    return copied


def _schema(_source: Any, _handler: Any) -> core_schema.CoreSchema:  # noqa: ANN401  pydantic's own
    return core_schema.no_info_plain_validator_function(kept)


KEPT = GetPydanticSchema(_schema)
