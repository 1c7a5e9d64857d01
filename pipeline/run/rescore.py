"""A finished run scored anew from what its records hold: nobody is called, and nothing is heard again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.call.record import record_of
from pipeline.errors import BadlineError
from pipeline.run.batch import close_run
from pipeline.run.places import is_local, refuse_forgetful, share
from pipeline.run.plan import Plan, unit_of
from pipeline.run.store import Store, finished_records, read_manifest
from pipeline.run.summary import Summary
from pipeline.run.unit import Done, scored

RESCORED = ".rescored"


@dataclass(frozen=True)
class Changed:
    """A call that counts as something else now."""

    unit: str
    before: str
    now: str


@dataclass(frozen=True)
class Rescored:
    """The run as it is scored now, and what that changed."""

    summary: Summary
    changed: tuple[Changed, ...]


def rescore(run: Path, plan: Plan, out: Path) -> Rescored:
    """Score every call of a finished run by the plan's expectations into a run of its own. Raises BadlineError.

    Calls, sound and circumstances are those of the run. One that had no call, as its sound was off target, stays so.
    """
    if _is_same(out, run):
        raise BadlineError(f"--out: {out}: a record is never written again; name another folder")
    refuse_forgetful(out)
    lost = read_manifest(run)["summary"]["lost"]
    before, now, changed, units = Store(run), Store(out), [], []
    now.begin(plan)
    for record in finished_records(run):
        facts = _scored(plan, record["facts"])
        units.append(unit := unit_of(facts))
        _share_sound(before, now, facts)
        now.commit(Done(unit, facts, None, {}), {**_circumstances(record), "scored_before": record["facts_sha256"]})
        if facts["status"] != record["facts"]["status"]:
            changed.append(Changed(unit.name, record["facts"]["status"], facts["status"]))
    placed = {*(unit.name for unit in units), *lost}
    there = tuple(unit for unit in plan.units if unit.name in placed)
    return Rescored(close_run(replace(plan, units=there), now, lost), tuple(changed))


def _is_same(one: Path, other: Path) -> bool:
    """Whether both name one folder, however they are spelled."""
    return one.resolve() == other.resolve() if is_local(one) and is_local(other) else str(one) == str(other)


def _scored(plan: Plan, facts: Mapping[str, Any]) -> dict[str, Any]:
    if "call" not in facts:
        return dict(facts)
    kept = {key: value for key, value in facts.items() if key not in ("status", "why", "scores")}
    return {**kept, **scored(plan.cast.scenarios[facts["scenario"]], plan.release, record_of(facts["call"]))}


def _share_sound(before: Store, now: Store, facts: Mapping[str, Any]) -> None:
    """As far as it is still there."""
    if "sound" in facts:
        for source, path in (
            (before.sound(facts), now.sound(facts)),
            (before.clean_sound(facts), now.clean_sound(facts)),
        ):
            if source.is_file():
                share(source, path)


def _circumstances(record: Mapping[str, Any]) -> dict[str, Any]:
    """Without what the call found in a cache: nothing was looked up."""
    return {key: value for key, value in record["run"].items() if key != "cache"}
