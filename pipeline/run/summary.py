"""What came of a run: success and words by arm and profile, slots by type, checks of the sound, and the exit code."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipeline.run.completion import Median, median_of
from pipeline.run.plan import Plan, unit_of
from pipeline.score import SUCCESS, Status, criteria_in
from pipeline.score.words import word_error_rate
from pipeline.spec.arm import ARMS, Arm
from pipeline.spec.severity import severity_name

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
class Effort:
    """What calls cost the caller, by arm, profile and severity: counts of `effort`, `handoff` and `task`, summed.

    `turns` and `ms` are the medians to completion, in turns of the caller and in ms.
    """

    arm: Arm
    profile: str
    severity: float
    counts: Mapping[str, int]
    turns: Median | None = None
    ms: Median | None = None


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
    """A run in numbers. `invalid` names what makes it unfit for any verdict, `broken` the floors it fell below.

    `cache` holds how much of each kind was `found` there, and how much was `made`; it is empty where there was none.
    """

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
    effort: tuple[Effort, ...] = ()
    cache: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 when complete, 1 when a floor is broken, 4 when invalid."""
        if self.invalid:
            return 4
        return 1 if self.broken else 0


def _line(facts: Mapping[str, Any]) -> Line:
    return facts["arm"], facts["profile"], facts["severity"]


def _by_arm(item: tuple[Line, object]) -> int:
    """The perfect ears first; within an arm in the suite's order."""
    return ARMS.index(item[0][0])


@dataclass(eq=False)
class _Calls:
    """Statuses and words of the calls of a line."""

    statuses: Counter[Status] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)

    def add(self, facts: Mapping[str, Any]) -> None:
        self.statuses[facts["status"]] += 1
        self.words.update(facts["scores"]["words"]["counts"] if "scores" in facts else {})

    def row(self, line: Line) -> Row:
        return Row(
            *line,
            units=self.statuses.total(),
            counted=sum(n for status, n in self.statuses.items() if SUCCESS[status] is not None),
            passed=sum(n for status, n in self.statuses.items() if SUCCESS[status]),
            statuses={status: n for status, n in self.statuses.items()},
            words=dict(self.words),
        )


@dataclass(eq=False)
class _Turns:
    """Whose turn it was in the calls of a line. Of latencies, how often each occurred: they are whole ms."""

    counts: Counter[str] = field(default_factory=Counter)
    response_ms: Counter[int] = field(default_factory=Counter)
    yield_ms: Counter[int] = field(default_factory=Counter)

    def add(self, tally: Mapping[str, Any]) -> None:
        self.counts.update(tally["counts"])
        for detail in tally["details"]:
            self.response_ms.update([detail["response_ms"]] if "response_ms" in detail else [])
            self.yield_ms.update([detail["yield_ms"]] if "yield_ms" in detail else [])

    def taken(self, line: Line) -> TurnTaking:
        return TurnTaking(*line, dict(self.counts), _percentiles(self.response_ms), _percentiles(self.yield_ms))


@dataclass(eq=False)
class _Costs:
    """What calls of a line cost: whole turns and ms are few enough to count how often each occurred."""

    counts: Counter[str] = field(default_factory=Counter)
    turns: Counter[tuple[int, bool]] = field(default_factory=Counter)
    ms: Counter[tuple[int, bool]] = field(default_factory=Counter)

    def add(self, scores: Mapping[str, Any]) -> None:
        self.counts.update(scores["effort"]["counts"])
        self.counts.update(scores.get("handoff", {}).get("counts", {}))
        task = scores.get("task", {}).get("counts", {})
        self.counts.update({name: task.get(name, 0) for name in ("repeats", "contained", "contained_unresolved")})
        aim = scores["effort"]["details"][-1]
        self.turns[aim["turns"], aim["completed"]] += 1
        self.ms[round(aim["ms"], -2), aim["completed"]] += 1  # no more kinds than calls are long

    def told(self, line: Line) -> Effort:
        return Effort(*line, dict(self.counts), median_of(self.turns), median_of(self.ms))


def _percentiles(single: Counter[int]) -> tuple[int, int] | None:
    """The 50th and the 95th of so many single values, rounded; None of fewer than `LEAST_EVENTS`."""
    if single.total() < LEAST_EVENTS:
        return None
    half, most = np.percentile(np.repeat(list(single), list(single.values())), (50, 95))
    return round(half), round(most)


@dataclass(eq=False)
class _Sum:
    """A drawn measure over windows, summed."""

    windows: int = 0
    asked: float = 0.0
    got: float = 0.0
    off: float = 0.0
    variance: float = 0.0

    def add(self, measure: Mapping[str, Any]) -> None:
        self.windows += 1
        self.asked += measure["asked"]
        self.got += measure["got"]
        self.off += measure["got"] - measure["asked"]
        self.variance += measure["sd"] ** 2

    def total(self, measure: str, severity: float) -> Drawn:
        asked, got = self.asked / self.windows, self.got / self.windows
        return Drawn(measure, severity, self.windows, asked, got, self.off / math.sqrt(self.variance))


@dataclass(eq=False)
class _Windows:
    """Totals over all windows that chance can judge; a window that several units share counts once.

    Windows are told apart by the names that chance knows them by. Their bytes would not do: those on which nothing
    was lost sound alike, so that only the losses would count. Severities share their random numbers, so each is
    judged alone: together what is chance would be counted as often as they are.
    """

    sums: dict[tuple[str, float], _Sum] = field(default_factory=lambda: defaultdict(_Sum))
    # Only units of the same scenario, profile, voice and trial share windows; these are the last one's.
    names: tuple[str, ...] = ()
    shared: dict[tuple[float, str], Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def add(self, facts: Mapping[str, Any]) -> None:
        names = (facts["scenario"], facts["profile"], facts["voice"], str(facts["trial"]))
        if names != self.names:
            self._sum_up()
            self.names = names
        for window, measures in (facts.get("call", {}).get("measures") or {}).items():
            self.shared[facts["severity"], window] = [one for one in measures if _is_judged(one)]

    def totals(self) -> list[Drawn]:
        self._sum_up()
        return [one.total(*key) for key, one in sorted(self.sums.items(), key=lambda item: item[0])]

    def _sum_up(self) -> None:
        for (severity, _), measures in self.shared.items():
            for measure in measures:
                self.sums[f"{measure['effect']}.{measure['name']}", severity].add(measure)
        self.shared.clear()


def _is_judged(measure: Mapping[str, Any]) -> bool:
    return bool(measure["kind"] == "drawn" and measure["sd"] and measure["asked"] is not None)


def summarise(plan: Plan, records: Iterable[Mapping[str, Any]], lost: Mapping[str, str]) -> Summary:
    """The summary of committed records; `lost` are the units that our own faults stopped, with the reason."""
    counts = Counts(plan)
    for record in records:
        counts.add(record)
    return counts.summary(lost)


@dataclass(eq=False)
class Counts:
    """What was counted in the records so far; no record is kept.

    The units of a scenario, profile, voice and trial must come one after the other, as a plan has them.
    """

    plan: Plan
    units: int = 0
    lines: dict[Line, _Calls] = field(default_factory=lambda: defaultdict(_Calls))
    slots: dict[tuple[Line, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    turns: dict[Line, _Turns] = field(default_factory=lambda: defaultdict(_Turns))
    costs: dict[Line, _Costs] = field(default_factory=lambda: defaultdict(_Costs))
    intents: dict[tuple[str, str], Counter[bool]] = field(default_factory=lambda: defaultdict(Counter))
    drawn: _Windows = field(default_factory=_Windows)
    failing: list[Failing] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)

    def add(self, record: Mapping[str, Any]) -> None:
        """Count one more record."""
        facts, line = record["facts"], _line(record["facts"])
        scores = facts.get("scores", {})
        self.units += 1
        self.lines[line].add(facts)
        for name, count in scores.get("slots", {}).get("counts", {}).items():
            kind, _, what = name.partition(".")
            self.slots[line, kind][what] += count
        if tally := scores.get("turn_taking"):
            self.turns[line].add(tally)
        if "effort" in scores:
            self.costs[line].add(scores)
        self._add_intent(facts)
        self.drawn.add(facts)
        self.failing += _failing(self.plan, facts)
        self._add_cache(record.get("run", {}).get("cache", {}))

    def summary(self, lost: Mapping[str, str]) -> Summary:
        """All of it in numbers; `lost` are the units that our own faults stopped, with the reason."""
        rows = tuple(one.row(line) for line, one in sorted(self.lines.items(), key=_by_arm))
        drawn = tuple(self.drawn.totals())
        return Summary(
            suite=self.plan.cast.suite.name,
            release=self.plan.release.name,
            rows=rows,
            slots=tuple(Slots(*line, kind, dict(count)) for (line, kind), count in self.slots.items()),
            intents=tuple(Intent(*key, calls.total(), calls[True]) for key, calls in self.intents.items()),
            drawn=drawn,
            lost=lost,
            invalid=tuple(self._invalid(drawn, lost)),
            broken=tuple(_broken(self.plan, rows)),
            production=_production(self.plan, rows),
            failing=tuple(self.failing),
            turn_taking=tuple(one.taken(line) for line, one in sorted(self.turns.items(), key=_by_arm)),
            effort=tuple(one.told(line) for line, one in sorted(self.costs.items(), key=_by_arm)),
            cache={"found": dict(self.found), "made": dict(self.made)} if self.found or self.made else {},
        )

    def _add_intent(self, facts: Mapping[str, Any]) -> None:
        success, tags = SUCCESS[facts["status"]], self.plan.cast.scenarios[facts["scenario"]].tags
        if success is not None and tags:
            self.intents[facts["arm"], tags[0]][success] += 1

    def _add_cache(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        self.found.update(counts.get("found", {}))
        self.made.update(counts.get("made", {}))

    def _invalid(self, drawn: Sequence[Drawn], lost: Mapping[str, str]) -> Iterator[str]:
        planned = len(self.plan.units)
        faults = sum(one.statuses["sound_invalid"] + one.statuses["infra_error"] for one in self.lines.values())
        if (gone := len(lost) + faults) > MOST_LOST * planned:
            yield f"{gone} of {planned} units were lost to faults of ours (infra_error, sound_invalid)"
        if missing := planned - self.units - len(lost):
            yield f"{missing} of {planned} units were not run"
        for one in drawn:
            if abs(one.z) > MOST_Z:
                at = f"{one.measure} at {severity_name(one.severity)}"
                yield f"{at}: asked {one.asked:.4g}, got {one.got:.4g} (z {one.z:+.1f})"


def _broken(plan: Plan, rows: Sequence[Row]) -> list[str]:
    broken = []
    for name, floor in plan.cast.suite.floors.items():
        # A profile's floor is about its degraded calls; an arm's about all its calls; either about all severities.
        chosen = [row for row in rows if row.arm == name or (row.profile == name and row.arm == "degraded")]
        counted, passed = sum(row.counted for row in chosen), sum(row.passed for row in chosen)
        if not counted or passed / counted < floor:
            broken.append(f"{name}: {passed} of {counted} passed, the floor is {floor:.0%}")
    return broken


def _failing(plan: Plan, facts: Mapping[str, Any]) -> Iterator[Failing]:
    if SUCCESS[facts["status"]] is False or facts["status"] == "caller_invalid":
        unit = unit_of(facts)
        why = why_not(facts) or "nothing was asked of it"
        yield Failing(unit.name, facts["status"], why, f"sound/{facts['sound']}.flac", plan.command(unit))


def why_not(facts: Mapping[str, Any]) -> str | None:
    """The reasons for which a call did not succeed; None where there is none."""
    unmet = [f"{one['name']}: {one['why']}" for one in criteria_in(facts) if not one["met"]]
    return facts.get("why") or facts.get("call", {}).get("error") or "; ".join(unmet) or None


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
