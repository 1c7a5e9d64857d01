"""JSON with gaps: what is sent to an endpoint, as it stands in YAML.

The whole language: `{name}` in a text stands for a value. A text that is nothing but `{name}` becomes the value
itself, be it a number, a list or null; an item `"{*name}"` of a list becomes the items of that value. `{{name}}`
is written for a literal `{name}`; all other braces stay as they are.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from pipeline.errors import did_you_mean
from pipeline.files import Json
from pipeline.spec.words import complaint

GAP = re.compile(r"\{\{(?P<literal>\w+)\}\}|\{(?P<splice>\*?)(?P<name>\w+)\}")


def check_gaps(template: Any, known: Collection[str], *under: str | int) -> None:  # noqa: ANN401  anything YAML holds
    """Raises a complaint about the first gap whose name is not known, or that splices where there is no list."""
    match template:
        case str():
            _check_text(template, known, *under)
        case Mapping():
            for key, value in template.items():
                _check_text(str(key), known, *under, key)
                check_gaps(value, known, *under, key)
        case list():
            for i, item in enumerate(template):
                if not (isinstance(item, str) and _spliced(item) in known):
                    check_gaps(item, known, *under, i)


def gaps(*templates: object) -> frozenset[str]:
    """The names that stand in gaps anywhere in the templates."""
    return frozenset(gap["name"] for gap in GAP.finditer(str(templates)) if gap["name"])


def _check_text(text: str, known: Collection[str], *under: str | int) -> None:
    for gap in GAP.finditer(text):
        name = gap["name"]
        if name and name not in known:
            raise complaint(f"there is no {{{name}}} to put here. {did_you_mean(name, known)}", *under)
        if gap["splice"]:
            raise complaint(f"{{*{name}}} can only be an item of a list, and the whole of it", *under)


def fill(template: Any, values: Mapping[str, Json]) -> Json:  # noqa: ANN401  anything YAML holds
    """The template as JSON, with the values in its gaps."""
    match template:
        case str() if (gap := GAP.fullmatch(template)) and gap["name"]:
            return values[gap["name"]]
        case str():
            return fill_text(template, values)
        case Mapping():
            return {fill_text(str(key), values): fill(value, values) for key, value in template.items()}
        case list():
            return [filled for item in template for filled in _items(item, values)]
        case _:
            return template  # type: ignore[no-any-return]  # a number, true, false or null


def fill_text(text: str, values: Mapping[str, Json], wording: Callable[[Json], str] | None = None) -> str:
    """The text with each value in its gap, in the `wording` of the place it goes to."""
    put = wording or _worded
    return GAP.sub(lambda gap: f"{{{gap['literal']}}}" if gap["literal"] else put(values[gap["name"]]), text)


def fill_url(url: str, values: Mapping[str, Json]) -> str:
    """The URL with each value quoted, so that none can leave its place."""
    return fill_text(url, values, lambda value: quote(_worded(value), safe=""))


def _items(item: Any, values: Mapping[str, Json]) -> Iterator[Json]:  # noqa: ANN401  anything YAML holds
    spliced = _spliced(item) if isinstance(item, str) else None
    value = values[spliced] if spliced else fill(item, values)
    if spliced and isinstance(value, list):
        yield from value
    else:
        yield value


def _spliced(item: str) -> str | None:
    """The name in `{*name}`."""
    gap = GAP.fullmatch(item)
    return gap["name"] if gap and gap["splice"] else None


def _worded(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
