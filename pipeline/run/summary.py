"""What came of a run: success and words by arm and profile, slots by type, checks of the sound, and the exit code."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.run.plan import Plan
from pipeline.score import SUCCESS
from pipeline.score.words import word_error_rate
from pipeline.spec.severity import severity_name
from pipeline.spec.suite import ARMS, Arm

MOST_LOST = 0.01  # more units lost to our own faults than this make the run INVALID
MOST_Z = 4.0
LEAST_EVENTS = 10  # rates and percentiles of fewer say nothing
Line = tuple[Arm, str, float]  # arm, profile and severity


@dataclass(frozen=True)
class Row:
    """One line of the table: an arm, a profile and a severity, which is 0 where no line is to be bad.

    `counted` is the denominator, `passed` includes resolved_badly.
    """

    arm: str
    profile: str
    severity: float
    units: int
    counted: int
    passed: int
    statuses: Mapping[str, int]
    words: Mapping[str, int]

    @property
    def success(self) -> float | None:
        """The success rate; None where nothing counts."""
        return self.passed / self.counted if self.counted else None

    @property
    def wer(self) -> float | None:
        """Word errors over reference words, summed first; None where nothing was said."""
        return word_error_rate(self.words) if self.words else None


@dataclass(frozen=True)
class Slots:
    """How a type of slot fared, by arm, profile and severity: the counts of the score `slots`, summed over calls."""

    arm: Arm
    profile: str
    severity: float
    type: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class TurnTaking:
    """Whose turn it was, by arm, profile and severity: the counts of the score `turn_taking`, summed over calls.

    The percentiles, 50th and 95th in ms, are of all single latencies; None where they are too few.
    """

    arm: Arm
    profile: str
    severity: float
    counts: Mapping[str, int]
    response_ms: tuple[int, int] | None = None
    yield_ms: tuple[int, int] | None = None

    def rate(self, count: str, of: str) -> float | None:
        """The share of one count in another; None where that is too small to have a rate."""
        whole = self.counts.get(of, 0)
        return self.counts.get(count, 0) / whole if whole >= LEAST_EVENTS else None


@dataclass(frozen=True)
class Intent:
    """How the calls of an intent, the first tag of their scenario, fared in an arm."""

    arm: str
    intent: str
    counted: int
    passed: int


@dataclass(frozen=True)
class Drawn:
    """A drawn measure over all windows of a severity: how far its total lies from what was asked, in deviations."""

    measure: str
    severity: float
    windows: int
    asked: float
    got: float
    z: float


@dataclass(frozen=True)
class Failing:
    """A call that did not succeed, or failed by our caller: why, its recording in the folder, how to place it alone."""

    unit: str
    status: str
    why: str
    sound: str
    command: str


@dataclass(frozen=True)
class Summary:
    """A run in numbers. `invalid` names what makes it unfit for any verdict, `broken` the floors it fell below."""

    suite: str
    release: str
    rows: tuple[Row, ...]
    slots: tuple[Slots, ...]
    intents: tuple[Intent, ...]
    drawn: tuple[Drawn, ...]
    lost: Mapping[str, str]
    invalid: tuple[str, ...]
    broken: tuple[str, ...]
    production: float | None
    failing: tuple[Failing, ...] = ()
    turn_taking: tuple[TurnTaking, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 when complete, 1 when a floor is broken, 4 when invalid."""
        if self.invalid:
            return 4
        return 1 if self.broken else 0


def summarise(plan: Plan, records: Iterable[Mapping[str, Any]], lost: Mapping[str, str]) -> Summary:
    """The summary of committed records; `lost` are the units that our own faults stopped, with the reason."""
    facts = [record["facts"] for record in records]
    rows = tuple(_rows(facts))
    drawn = tuple(_drawn(facts))
    return Summary(
        suite=plan.cast.suite.name,
        release=plan.release.name,
        rows=rows,
        slots=tuple(_slots(facts)),
        intents=tuple(_intents(plan, facts)),
        drawn=drawn,
        lost=lost,
        invalid=tuple(_invalid(plan, facts, drawn, lost)),
        broken=tuple(_broken(plan, rows)),
        production=_production(plan, rows),
        failing=tuple(_failing(plan, facts)),
        turn_taking=tuple(_turn_taking(facts)),
    )


def _rows(facts: Sequence[Mapping[str, Any]]) -> list[Row]:
    """By arm, the perfect ears first; within an arm in the suite's order."""
    groups: dict[Line, list[Mapping[str, Any]]] = defaultdict(list)
    for fact in facts:
        groups[_line(fact)].append(fact)
    return [_row(line, group) for line, group in sorted(groups.items(), key=_by_arm)]


def _line(fact: Mapping[str, Any]) -> Line:
    return fact["arm"], fact["profile"], fact["severity"]


def _by_arm(item: tuple[Line, object]) -> int:
    return ARMS.index(item[0][0])


def _row(line: Line, group: Sequence[Mapping[str, Any]]) -> Row:
    statuses = Counter(fact["status"] for fact in group)
    words: Counter[str] = Counter()
    for fact in group:
        words.update(fact["scores"]["words"]["counts"] if "scores" in fact else {})
    return Row(
        *line,
        units=len(group),
        counted=sum(n for status, n in statuses.items() if SUCCESS[status] is not None),
        passed=sum(n for status, n in statuses.items() if SUCCESS[status]),
        statuses=dict(statuses),
        words=dict(words),
    )


def _slots(facts: Sequence[Mapping[str, Any]]) -> list[Slots]:
    counts: dict[tuple[Line, str], Counter[str]] = defaultdict(Counter)
    for fact in facts:
        for name, count in fact.get("scores", {}).get("slots", {}).get("counts", {}).items():
            kind, _, what = name.partition(".")
            counts[_line(fact), kind][what] += count
    return [Slots(*line, kind, dict(count)) for (line, kind), count in counts.items()]


def _turn_taking(facts: Sequence[Mapping[str, Any]]) -> list[TurnTaking]:
    """By arm, profile and severity, as the rows."""
    groups: dict[Line, list[Mapping[str, Any]]] = defaultdict(list)
    for fact in facts:
        if tally := fact.get("scores", {}).get("turn_taking"):
            groups[_line(fact)].append(tally)
    return [_turns_taken(line, tallies) for line, tallies in sorted(groups.items(), key=_by_arm)]


def _turns_taken(line: Line, tallies: Sequence[Mapping[str, Any]]) -> TurnTaking:
    counts: Counter[str] = Counter()
    for tally in tallies:
        counts.update(tally["counts"])
    details = [detail for tally in tallies for detail in tally["details"]]
    return TurnTaking(*line, dict(counts), _percentiles("response_ms", details), _percentiles("yield_ms", details))


def _percentiles(name: str, details: Sequence[Mapping[str, Any]]) -> tuple[int, int] | None:
    """The 50th and the 95th of what the details call `name`, rounded; None of fewer than `LEAST_EVENTS`."""
    single = [detail[name] for detail in details if name in detail]
    if len(single) < LEAST_EVENTS:
        return None
    half, most = np.percentile(single, (50, 95))
    return round(half), round(most)


def _intents(plan: Plan, facts: Sequence[Mapping[str, Any]]) -> list[Intent]:
    groups: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for fact in facts:
        success, tags = SUCCESS[fact["status"]], plan.cast.scenarios[fact["scenario"]].tags
        if success is not None and tags:
            groups[fact["arm"], tags[0]].append(success)
    return [Intent(*key, len(calls), sum(calls)) for key, calls in groups.items()]


def _drawn(facts: Sequence[Mapping[str, Any]]) -> list[Drawn]:
    """Totals over all windows that chance can judge; a window that several units share counts once.

    Windows are told apart by the names that chance knows them by. Their bytes would not do: those on which nothing
    was lost sound alike, so that only the losses would count. Severities share their random numbers, so each is
    judged alone: together what is chance would be counted as often as they are.
    """
    windows: dict[tuple[float, tuple[str, ...]], list[Mapping[str, Any]]] = {}
    for fact in facts:
        names = (fact["scenario"], fact["profile"], fact["voice"], str(fact["trial"]))
        for window, measures in (fact.get("call", {}).get("measures") or {}).items():
            windows[fact["severity"], (*names, window)] = measures
    groups: dict[tuple[str, float], list[Mapping[str, Any]]] = defaultdict(list)
    for (severity, _), measures in windows.items():
        for measure in measures:
            if measure["kind"] == "drawn" and measure["sd"] and measure["asked"] is not None:
                groups[f"{measure['effect']}.{measure['name']}", severity].append(measure)
    return [_total(*names, group) for names, group in sorted(groups.items())]


def _total(name: str, severity: float, group: Sequence[Mapping[str, Any]]) -> Drawn:
    off = sum(measure["got"] - measure["asked"] for measure in group)
    sd = math.sqrt(sum(measure["sd"] ** 2 for measure in group))
    asked, got = (sum(measure[key] for measure in group) / len(group) for key in ("asked", "got"))
    return Drawn(name, severity, len(group), asked, got, off / sd)


def _invalid(
    plan: Plan, facts: Sequence[Mapping[str, Any]], drawn: Sequence[Drawn], lost: Mapping[str, str]
) -> list[str]:
    why = []
    gone = len(lost) + sum(fact["status"] in ("sound_invalid", "infra_error") for fact in facts)
    if gone > MOST_LOST * len(plan.units):
        why.append(f"{gone} of {len(plan.units)} units were lost to faults of ours (infra_error, sound_invalid)")
    missing = len(plan.units) - len(facts) - len(lost)
    if missing:
        why.append(f"{missing} of {len(plan.units)} units were not run")
    why += [
        f"{one.measure} at {severity_name(one.severity)}: asked {one.asked:.4g}, got {one.got:.4g} (z {one.z:+.1f})"
        for one in drawn
        if abs(one.z) > MOST_Z
    ]
    return why


def _broken(plan: Plan, rows: Sequence[Row]) -> list[str]:
    broken = []
    for name, floor in plan.cast.suite.floors.items():
        # A profile's floor is about its degraded calls; an arm's about all its calls; either about all severities.
        chosen = [row for row in rows if row.arm == name or (row.profile == name and row.arm == "degraded")]
        counted, passed = sum(row.counted for row in chosen), sum(row.passed for row in chosen)
        if not counted or passed / counted < floor:
            broken.append(f"{name}: {passed} of {counted} passed, the floor is {floor:.0%}")
    return broken


def _failing(plan: Plan, facts: Sequence[Mapping[str, Any]]) -> Iterator[Failing]:
    units = {unit.name: unit for unit in plan.units}
    for fact in facts:
        if SUCCESS[fact["status"]] is False or fact["status"] == "caller_invalid":
            unit = units[fact["call"]["call"]]
            yield Failing(unit.name, fact["status"], _why(fact), f"sound/{fact['sound']}.flac", plan.command(unit))


def _why(fact: Mapping[str, Any]) -> str:
    """The reasons for which a call did not succeed."""
    unmet = [f"{one['name']}: {one['why']}" for one in fact["scores"]["task"]["criteria"] if not one["met"]]
    return str(fact.get("why") or fact["call"]["error"] or "; ".join(unmet) or "nothing was asked of it")


def _production(plan: Plan, rows: Sequence[Row]) -> float | None:
    """Success of degraded calls over the production mix; None where a profile of the mix has no result.

    All severities count alike: a mix of severities is for a suite of its own.
    """
    weights = plan.cast.suite.weights
    passed, counted = Counter[str](), Counter[str]()
    for row in (row for row in rows if row.arm == "degraded"):
        passed[row.profile] += row.passed
        counted[row.profile] += row.counted
    if not weights or not all(counted[profile] for profile in weights):
        return None
    rates = {profile: passed[profile] / counted[profile] for profile in weights}
    return sum(weight * rates[profile] for profile, weight in weights.items()) / sum(weights.values())
