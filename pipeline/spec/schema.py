"""JSON Schemas of the words people write, for editors."""

from collections.abc import Mapping
from typing import Any

from pipeline import engines, values
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
    """The schema of a kind of file, with the engines that are known now and their options. Raises BadlineError."""
    if kind not in SCHEMAS:
        raise BadlineError(f"There is no kind of file called '{kind}'. {did_you_mean(kind, SCHEMAS)}")
    raise BadlineError("not yet")
