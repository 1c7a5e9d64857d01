"""What each of two changes did: old and new ears times old and new agent, on the very same calls.

A call is paired with itself. The unit of analysis is the scenario: a difference is the mean over scenarios, its
interval Student's.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from scipy.stats import ttest_1samp

from pipeline.run.crossed import Cell
from pipeline.run.store import finished_records
from pipeline.score import SUCCESS
from pipeline.spec.arm import ARMS

CONFIDENCE = 0.95
ALIKE = 1e-12  # means that differ by rounding only
LEAST_SCENARIOS = 8  # an interval from fewer says nothing
Successes = Mapping[str, Mapping[str, tuple[str, bool]]]  # arm -> call -> scenario, success


@dataclass(frozen=True)
class Rate:
    """How many calls of an arm count in a cell of the cross, and how many succeeded."""

    arm: str
    hearing: str
    answering: str
    counted: int
    passed: int


@dataclass(frozen=True)
class Change:
    """What came of changing the ears or the agent while the other stayed, over the calls that count in both.

    `gained` calls succeed only after it, `lost` ones only before. `difference` is None where no call counts in both,
    `low` and `high` where there are fewer than `LEAST_SCENARIOS` scenarios.
    """

    arm: str
    changed: Literal["ears", "agent"]
    beside: str
    calls: int
    gained: int
    lost: int
    scenarios: int
    difference: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Cross:
    """Four runs: the release of before and that of after, the rates of each cell, and what each change did."""

    before: str
    after: str
    rates: tuple[Rate, ...]
    changes: tuple[Change, ...]


def cross(runs: Mapping[Cell, Path], before: str, after: str) -> Cross:
    """The cross of four finished runs, by the releases that hear and that answer. Raises BadlineError."""
    cells = {cell: _successes(run) for cell, run in runs.items()}
    arms = [arm for arm in ARMS if any(arm in found for found in cells.values())]
    return Cross(
        before,
        after,
        rates=tuple(_rate(arm, cell, found) for arm in arms for cell, found in cells.items()),
        changes=tuple(change for arm in arms for change in _changes(arm, cells, before, after)),
    )


def _successes(run: Path) -> Successes:
    """By arm, which calls that count in a rate succeeded."""
    found: dict[str, dict[str, tuple[str, bool]]] = defaultdict(dict)
    for record in finished_records(run):
        facts = record["facts"]
        if (success := SUCCESS[facts["status"]]) is not None:
            found[facts["arm"]][record["unit"]] = facts["scenario"], success
    return found


def _rate(arm: str, cell: Cell, found: Successes) -> Rate:
    calls = found.get(arm, {})
    return Rate(arm, *cell, counted=len(calls), passed=sum(success for _, success in calls.values()))


def _changes(arm: str, cells: Mapping[Cell, Successes], before: str, after: str) -> Iterator[Change]:
    for beside in (before, after):
        yield _change(arm, "ears", beside, cells[before, beside], cells[after, beside])
    for beside in (before, after):
        yield _change(arm, "agent", beside, cells[beside, before], cells[beside, after])


def _change(arm: str, changed: Literal["ears", "agent"], beside: str, one: Successes, other: Successes) -> Change:
    before, after = one.get(arm, {}), other.get(arm, {})
    by_scenario: dict[str, list[int]] = defaultdict(list)
    for call in before.keys() & after.keys():
        scenario, success = before[call]
        by_scenario[scenario].append(after[call][1] - success)
    steps = [step for some in by_scenario.values() for step in some]
    means = np.array([np.mean(some) for _, some in sorted(by_scenario.items())])
    low, high = _interval(means)
    return Change(
        arm, changed, beside, len(steps), gained=steps.count(1), lost=steps.count(-1), scenarios=len(means),
        difference=float(means.mean()) if len(means) else None, low=low, high=high,
    )  # fmt: skip


def _interval(means: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> tuple[float | None, float | None]:
    """Of the mean over scenarios; none where they are too few, or do not differ from each other."""
    if len(means) < LEAST_SCENARIOS or np.ptp(means) < ALIKE:
        return None, None
    interval = ttest_1samp(means, 0.0).confidence_interval(CONFIDENCE)
    return float(interval.low), float(interval.high)
