"""Who is to blame for a call that failed: asked of the same call in arms that are easier step by step.

In `oracle` the agent gets the words, in the true turns; in `clean_turns` the sound without the line, cut where
utterances end; in `clean` the platform cuts it; `degraded` has the line. The first step that fails is to blame.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from scipy.stats import binomtest

from pipeline.errors import BadlineError
from pipeline.score import SUCCESS, Status
from pipeline.spec.arm import ARMS, Arm

Blame = Literal[
    "agent", "unstable", "turn_taking", "recogniser", "hearing", "line", "caller", "infrastructure", "unknown"
]
BLAMES: tuple[Blame, ...] = get_args(Blame)
# What tells who is to blame without another arm, or that no arm can.
OWN: Mapping[Status, Blame] = {
    "agent_error": "agent",
    "caller_invalid": "caller",
    "sound_invalid": "infrastructure",
    "infra_error": "infrastructure",
    "not_evaluated": "unknown",
}
CONFIDENCE = 0.95
NOTHING: Mapping[str, str] = MappingProxyType({})
Call = tuple[str, str, str]  # scenario, profile and voice


@dataclass(frozen=True)
class Blamed:
    """A degraded call that did not succeed: who is to blame, and the status of each arm of it, its own among them.

    `lost` are facts that an expected action wants, not heard rightly at the first try and not used rightly in the end.
    """

    unit: str
    scenario: str
    profile: str
    severity: float
    voice: str
    trial: int
    blame: Blame
    statuses: Mapping[Arm, Status]
    lost: tuple[str, ...]


@dataclass(frozen=True)
class Share:
    """How many of the failed calls somebody is to blame for, of how many scenarios, and the share (Wilson, 95 %)."""

    blame: Blame
    calls: int
    scenarios: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Attribution:
    """A run's degraded calls and its failed ones. `recovered` counts facts that were heard wrongly and won back.

    `lost` are units without a record, which a fault of ours stopped, and why.

    Calls blamed on the caller or on infrastructure count in no success rate; they are no part of `shares`.
    """

    calls: int
    failed: int
    shares: tuple[Share, ...]
    blamed: tuple[Blamed, ...]
    recovered: int
    harmful: int
    lost: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Ended:
    """What is asked of one record."""

    unit: str
    status: Status
    lost: tuple[str, ...]
    recovered: int

    @property
    def success(self) -> bool | None:
        """None where it is in no denominator, or was not judged: it proves nothing then."""
        return None if self.status == "not_evaluated" else SUCCESS[self.status]


PerArm = Mapping[Arm, Mapping[float, _Ended]]


def attribute(records: Iterable[Mapping[str, Any]], *, lost: Mapping[str, str] = NOTHING) -> Attribution:
    """The attribution of all records of a run, in one pass. Raises BadlineError where none is of a degraded call."""
    calls: dict[tuple[Call, int], dict[Arm, dict[float, _Ended]]] = defaultdict(lambda: defaultdict(dict))
    for record in records:
        facts = record["facts"]
        call = facts["scenario"], facts["profile"], facts["voice"]
        calls[call, facts["trial"]][facts["arm"]][facts["severity"]] = _ended(record)
    if not (degraded := [ended for arms in calls.values() for ended in arms["degraded"].values()]):
        raise BadlineError("there is no degraded call, so nobody can be blamed; the suite's `arms` want `degraded`")
    unstable = _unstable(calls)
    blamed = tuple(
        _blamed((*call, trial), severity, arms, is_unstable=call in unstable)
        for (call, trial), arms in sorted(calls.items())
        for severity, ended in sorted(arms["degraded"].items())
        if ended.success is False or ended.status in OWN
    )
    failed = [one for one in blamed if SUCCESS[one.statuses["degraded"]] is False]
    return Attribution(
        calls=sum(SUCCESS[ended.status] is not None for ended in degraded),
        failed=len(failed),
        shares=tuple(_shares(failed)),
        blamed=blamed,
        recovered=sum(ended.recovered for ended in degraded),
        harmful=sum(len(one.lost) for one in failed),
        lost=lost,
    )


def _ended(record: Mapping[str, Any]) -> _Ended:
    facts = record["facts"]
    slots = facts["scores"]["slots"]["details"] if "scores" in facts else ()
    wrong = [slot for slot in slots if slot["offered"] and not slot["first_try"]]
    lost = tuple(slot["fact"] for slot in wrong if slot["expected"] and not slot["in_the_end"])
    return _Ended(record["unit"], facts["status"], lost, recovered=sum(slot["in_the_end"] for slot in wrong))


def _unstable(calls: Mapping[tuple[Call, int], PerArm]) -> set[Call]:
    """The calls in which an agent with perfect ears gets there in some trials only."""
    results: dict[Call, set[bool | None]] = defaultdict(set)
    for (call, _), arms in calls.items():
        results[call] |= {ended.success for ended in arms.get("oracle", {}).values()}
    return {call for call, seen in results.items() if {True, False} <= seen}


def _blamed(named: tuple[str, str, str, int], severity: float, arms: PerArm, *, is_unstable: bool) -> Blamed:
    """The degraded call at this severity, beside the arms without a line."""
    ended = arms["degraded"][severity]
    easier: dict[Arm, _Ended] = {
        arm: next(iter(found.values())) for arm, found in arms.items() if arm != "degraded" and found
    }
    blame = OWN.get(ended.status) or _first_that_fails({arm: one.success for arm, one in easier.items()})
    every: Mapping[Arm, _Ended] = {**easier, "degraded": ended}
    scenario, profile, voice, trial = named
    return Blamed(
        ended.unit, scenario, profile, severity, voice, trial,
        blame="unstable" if blame == "agent" and is_unstable else blame,
        statuses={arm: every[arm].status for arm in ARMS if arm in every},
        lost=ended.lost,
    )  # fmt: skip


def _first_that_fails(success: Mapping[Arm, bool | None]) -> Blame:
    """Whom a failed degraded call is blamed on, by what came of its easier arms.

    An arm that is not there, or counts in no rate, proves nothing: `unknown`, or `hearing` where only the turns are
    not told from the words.
    """
    match success.get("oracle"), success.get("clean"), success.get("clean_turns"):
        case False, _, _:
            return "agent"
        case True, True, _:
            return "line"
        case True, False, None:
            return "hearing"
        case True, False, turns:
            return "turn_taking" if turns else "recogniser"
        case _:
            return "unknown"


def _shares(failed: Sequence[Blamed]) -> Iterator[Share]:
    for blame in BLAMES:
        if scenarios := [one.scenario for one in failed if one.blame == blame]:
            calls = len(scenarios)
            interval = binomtest(calls, len(failed)).proportion_ci(CONFIDENCE, method="wilson")
            share = calls / len(failed)
            yield Share(blame, calls, len(set(scenarios)), share, float(interval.low), float(interval.high))
