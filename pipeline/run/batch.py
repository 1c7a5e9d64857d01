"""A whole run: planned, worked through with progress, summed up, and closed with its manifest."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from pipeline.files import json_hash
from pipeline.line.arrays import CPU
from pipeline.run.cache import Cache
from pipeline.run.local import CONCURRENCY, Ended, run_in_processes
from pipeline.run.places import refuse_forgetful
from pipeline.run.plan import SCHEMA, Job, Plan, read_plan
from pipeline.run.stamp import is_measured
from pipeline.run.store import Store
from pipeline.run.summary import Counts, Summary
from pipeline.run.tables import Tables
from pipeline.run.unit import plain

Watch = Callable[[Ended], None]


def run_batch(
    job: Job,
    out: Path,
    *,
    workers: int,
    concurrency: int = CONCURRENCY,
    device: str = CPU,
    cache: Cache | None = None,
    begin: Callable[[int, int], None],
    watch: Watch,
) -> Summary:
    """Run what is not committed yet. `begin` is told how many units there are and how many are done, `watch` each end.

    Each worker has up to `concurrency` calls under way; only one where latencies are measured, so that no other call's
    work is part of them. Raises BadlineError before any work where words are wrong or the folder holds another plan.
    """
    plan, store = read_plan(job, device=device), Store(out)
    refuse_forgetful(out)
    store.begin(plan)
    at_once = 1 if is_measured(plan.release.latency) else concurrency
    left = [unit for unit in plan.units if not store.is_done(unit)]
    begin(len(plan.units), len(plan.units) - len(left))
    stopped = {}
    with closing(run_in_processes(plan, out, left, workers, at_once, cache=cache)) as ends:
        for ended in ends:
            watch(ended)
            if ended.why:
                stopped[ended.unit] = ended.why
    # Another process may have run the same plan meanwhile.
    lost = {unit.name: why for unit, why in stopped.items() if not store.is_done(unit)}
    return close_run(plan, store, lost)


def close_run(plan: Plan, store: Store, lost: Mapping[str, str]) -> Summary:
    """Sum up the records in one pass, none of them kept, and write the run's tables, then its manifest."""
    counts, units, stamps = Counts(plan), {}, {}
    with Tables(store.folder, plan) as tables:
        for record in store.records(plan):
            counts.add(record)
            tables.add(record)
            units[record["unit"]] = record["facts_sha256"]
            stamps[json_hash(record["run"]["stamp"])] = record["run"]["stamp"]
    summary = counts.summary(lost)
    store.finish(
        {
            "schema": SCHEMA,
            "plan_sha256": plan.sha256,
            "job": plan.job.said() if plan.job else None,
            "stamps": [stamps[key] for key in sorted(stamps)],
            "units": units,
            "tables": tables.listed(),
            "summary": plain(asdict(summary)),
            "exit_code": summary.exit_code,
        }
    )
    return summary
