"""Times that people write: a number of ms, a range from which one is drawn, or `measured`."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from pipeline.spec.wording import instead
from pipeline.spec.words import complaint, upwards

MOST_MS = 60_000
Ms = Annotated[int, Field(ge=0, le=MOST_MS)]


def _ms_range(words: Any) -> Any:
    """A number of ms, or a range of them, as (low, high)."""
    match words:
        case [int() as low, int() as high] if not isinstance(low, bool) and not isinstance(high, bool):
            return upwards(low, high)
        case int() if not isinstance(words, bool):
            return (words, words)
        case tuple():
            return words
        case _:
            raise complaint(f"wants a whole number of ms, or a range [low, high], {instead(words)}")


_MS = {"type": "integer", "minimum": 0, "maximum": MOST_MS}
_RANGE: dict[str, Any] = {"anyOf": [_MS, {"type": "array", "items": _MS, "minItems": 2, "maxItems": 2}]}
MsRange = Annotated[tuple[Ms, Ms], BeforeValidator(_ms_range), WithJsonSchema(_RANGE)]


def _latency(words: Any) -> Any:
    """As `_ms_range`, with its limits: where one of two types is wanted, pydantic would complain of both."""
    if words == "measured":
        return words
    for i, ms in enumerate(ends := _ms_range(words)):
        if not 0 <= ms <= MOST_MS:
            limit = "below 0 ms" if ms < 0 else f"above {MOST_MS} ms"
            raise complaint(f"{ms} is {limit}", *([i] if isinstance(words, list) else []))
    return ends


_LATENCY: dict[str, Any] = {"anyOf": [*_RANGE["anyOf"], {"const": "measured"}]}
MsLatency = Annotated[tuple[int, int] | Literal["measured"], BeforeValidator(_latency), WithJsonSchema(_LATENCY)]
