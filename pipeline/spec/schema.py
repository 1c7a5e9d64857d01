"""JSON Schemas of the words people write, for editors."""

from collections.abc import Mapping
from typing import Any

from pipeline import engines
from pipeline.errors import BadlineError, did_you_mean
from pipeline.spec.profile import PLACES, Profile
from pipeline.spec.release import Release
from pipeline.spec.scenario import Scenario
from pipeline.spec.suite import Suite
from pipeline.spec.words import Words

SCHEMAS: Mapping[str, type[Words]] = {
    "scenario": Scenario,
    "profile": Profile,
    "release": Release,
    "suite": Suite,
}
Schema = dict[str, Any]


def schema_of(kind: str) -> Schema:
    """The schema of a kind of file, with the engines known here and their options. Raises BadlineError."""
    if kind not in SCHEMAS:
        raise BadlineError(f"There is no kind of file called '{kind}'. {did_you_mean(kind, SCHEMAS)}")
    filled: Schema = _filled(SCHEMAS[kind].model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"badline {kind}", **filled}


def _filled(node: Any) -> Any:
    """The schema with each mark of a stage replaced by a choice of its engines."""
    match node:
        case {"x-stage": stage}:
            return _choice(str(stage))
        case dict():
            return {key: _filled(value) for key, value in node.items()}
        case list():
            return [_filled(value) for value in node]
        case _:
            return node


def _choice(stage: str) -> Schema:
    """`name`, or `{name: {option: value}}`, of the engines that are installed."""
    names = [one.name for one in engines.listed() if one.stage == stage and one.installed]
    options = {name: _options(stage, name) for name in names}
    chosen = {"type": "object", "properties": options, "additionalProperties": False, "maxProperties": 1}
    return {"anyOf": [{"enum": names}, {**chosen, "minProperties": 1}]}


def _options(stage: str, name: str) -> Schema:
    schema: Schema = engines.find(stage, name).options.model_json_schema()
    if stage not in PLACES:
        return schema
    drawn = {key: {"anyOf": [one, _RANGE, _ANY_OF]} for key, one in schema.get("properties", {}).items()}
    return {**schema, "properties": drawn}


_RANGE: Schema = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_ANY_OF: Schema = {
    "type": "object",
    "properties": {"any_of": {"type": "array", "minItems": 1}},
    "required": ["any_of"],
    "additionalProperties": False,
}
