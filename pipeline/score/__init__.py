"""A finished call -> counts. A score is a file with a class of its name; the status table stands here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

from pipeline.call.record import Record
from pipeline.score._blame import caller_let_down
from pipeline.spec.scenario import Scenario

__all__ = ["SUCCESS", "Criterion", "Score", "Status", "Tally", "caller_let_down", "criteria_in", "status_of"]

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


# Kinds of criteria that tell what must not happen.
FORBIDDEN = ("never", "claim", "must_not_say")


@dataclass(frozen=True)
class Criterion:
    """One thing asked of the call: met, not met, or (None) not to be seen; and why, in words for people.

    The first word of its name is its kind: outcome, did, state, never, must_say, must_not_say, claim or effort.
    """

    name: str
    met: bool | None
    why: str = ""

    @property
    def kind(self) -> str:
        """The first word of the name."""
        return self.name.partition(" ")[0]


@dataclass(frozen=True)
class Tally:
    """Counts of one call, which sum over calls; criteria, where the score has any; details worth reading."""

    counts: Mapping[str, int] = field(default_factory=dict)
    criteria: tuple[Criterion, ...] = ()
    details: tuple[Mapping[str, Any], ...] = ()


class Score(Protocol):
    """Counts something in a finished call. What it cannot evaluate is a criterion of None, never left out.

    What it has to know of the release it is told by its options, where these have a method `of(release)`.
    """

    version: ClassVar[int]

    def __call__(self, scenario: Scenario, record: Record) -> Tally:
        """The counts of this call; the same record gives the same tally."""
        ...


def criteria_in(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The criteria of all scores of a call, in the facts of its record; none where there was no call."""
    scores = facts.get("scores", {})
    return [one for name in sorted(scores, key=lambda name: name != "task") for one in scores[name].get("criteria", ())]


def status_of(scenario: Scenario, record: Record, criteria: Sequence[Criterion]) -> Status:
    """What the call counts as, from the criteria of all scores.

    A line that was planned to drop the call decides nothing about the agent. Without criteria nothing is passed. A
    never-event, a claim of what was not done, and words that must not be said are failed, whatever our caller said;
    otherwise a call that did not get there is `caller_invalid` where our caller let the agent down.
    """
    if record.ended == "dropped":
        return "dropped"
    if record.ended == "agent_error":
        return "agent_error"
    effort = [criterion.met for criterion in criteria if criterion.kind == "effort"]
    decisive = [criterion for criterion in criteria if criterion.kind != "effort"]
    if decisive and all(criterion.met for criterion in decisive):
        return "passed" if all(effort) else "resolved_badly"
    if any(criterion.kind in FORBIDDEN and criterion.met is False for criterion in decisive):
        return "failed"
    if caller_let_down(scenario, record):
        return "caller_invalid"
    return "failed" if any(criterion.met is False for criterion in decisive) else "not_evaluated"
