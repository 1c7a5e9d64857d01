"""JSON Schemas of the words people write, for editors."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from pipeline import engines
from pipeline.errors import BadlineError, did_you_mean
from pipeline.spec.judge import Judge
from pipeline.spec.profile import PLACES, Place, Profile, number_type
from pipeline.spec.release import Release
from pipeline.spec.scenario import Scenario
from pipeline.spec.suite import Suite
from pipeline.spec.voice import VOICE

SCHEMAS: Mapping[str, TypeAdapter[Any]] = {
    "scenario": TypeAdapter(Scenario),
    "profile": TypeAdapter(Profile),
    "release": TypeAdapter(Release),
    "suite": TypeAdapter(Suite),
    "voice": VOICE,
    "judge": TypeAdapter(Judge),
}
Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(kind: str) -> Schema:
    """The schema of a kind of file, with the engines known here and their options. Raises BadlineError."""
    if kind not in SCHEMAS:
        raise BadlineError(f"There is no kind of file called '{kind}'. {did_you_mean(kind, SCHEMAS)}")
    defs: Schema = {}
    schema = _filled(SCHEMAS[kind].json_schema(), defs)
    defs |= schema.pop("$defs", {})
    return {**schema, "$schema": DIALECT, "title": f"badline {kind}", "$defs": defs}


def _filled(node: Any, defs: Schema) -> Any:
    """The schema with each mark of a stage replaced by a choice of its engines, which is put into `defs`."""
    match node:
        case {"x-stage": str() as stage}:
            if stage not in defs:
                defs[stage] = _choice(stage, defs)
            return {"$ref": f"#/$defs/{stage}"}
        case dict():
            return {key: _filled(value, defs) for key, value in node.items()}
        case list():
            return [_filled(value, defs) for value in node]
        case _:
            return node


def _choice(stage: str, defs: Schema) -> Schema:
    """`name`, or `{name: {option: value}}`, of the engines that are installed."""
    names = [one.name for one in engines.listed() if one.stage == stage and one.installed]
    options = {name: {"anyOf": [_options(stage, name, defs), {"type": "null"}]} for name in names}
    chosen = {"type": "object", "properties": options, "additionalProperties": False, "maxProperties": 1}
    return {"anyOf": [{"enum": names}, {**chosen, "minProperties": 1}]}


def _options(stage: str, name: str, defs: Schema) -> Schema:
    """An engine's options; models inside them go into `defs` under the engine's name."""
    template = f"#/$defs/{stage}.{name}.{{model}}"
    schema: Schema = engines.find(stage, name).options.model_json_schema(ref_template=template)
    defs |= {f"{stage}.{name}.{model}": one for model, one in schema.pop("$defs", {}).items()}
    if stage not in PLACES:
        return schema
    drawn = {key: _drawn(stage, name, key, one) for key, one in schema.get("properties", {}).items()}
    return {**schema, "properties": drawn}


def _drawn(place: Place, name: str, option: str, schema: Schema) -> Schema:
    ranges = [_RANGE] if number_type(place, name, option) else []
    return {"anyOf": [schema, *ranges, _ANY_OF]}


_RANGE: Schema = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_ANY_OF: Schema = {
    "type": "object",
    "properties": {"any_of": {"type": "array", "minItems": 1}},
    "required": ["any_of"],
    "additionalProperties": False,
}
