"""A finished call -> counts. A score is a file with a class of its name; the status table stands here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

from pipeline.call.record import Record
from pipeline.spec.scenario import Scenario

Status = Literal[
    "passed",
    "resolved_badly",
    "failed",
    "agent_error",
    "not_evaluated",
    "dropped",
    "caller_invalid",
    "sound_invalid",
    "infra_error",
]

# The one table that decides what counts: status -> success, or None where the call is in no denominator.
SUCCESS: Mapping[Status, bool | None] = {
    "passed": True,
    "resolved_badly": True,
    "failed": False,
    "agent_error": False,
    "not_evaluated": False,
    "dropped": None,
    "caller_invalid": None,
    "sound_invalid": None,
    "infra_error": None,
}


@dataclass(frozen=True)
class Criterion:
    """One thing that was asked of the call: met, not met, or (None) not to be seen; and why, in words for people."""

    name: str
    met: bool | None
    why: str = ""


@dataclass(frozen=True)
class Tally:
    """Counts of one call, which sum over calls; criteria, where the score has any; details worth reading."""

    counts: Mapping[str, int] = field(default_factory=dict)
    criteria: tuple[Criterion, ...] = ()
    details: tuple[Mapping[str, Any], ...] = ()


class Score(Protocol):
    """Counts something in a finished call. It never drops what it cannot evaluate: that is a criterion of None."""

    version: ClassVar[int]

    def __call__(self, scenario: Scenario, record: Record) -> Tally: ...
