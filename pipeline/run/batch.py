"""A whole run: planned, worked through with progress, summed up, and closed with its manifest."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from pipeline.run.local import Ended, run_here, run_in_processes
from pipeline.run.plan import SCHEMA, Job, read_plan
from pipeline.run.stamp import stamp
from pipeline.run.store import Store
from pipeline.run.summary import Summary, summarise
from pipeline.run.unit import plain

Watch = Callable[[Ended], None]


def run_batch(job: Job, out: Path, *, workers: int, begin: Callable[[int, int], None], watch: Watch) -> Summary:
    """Run what is not committed yet. `begin` is told how many units there are and how many are done, `watch` each end.

    Raises BadlineError before any work where words are wrong or the folder holds another plan.
    """
    plan, store = read_plan(job), Store(out)
    store.begin(plan)
    left = [unit for unit in plan.units if not store.is_done(unit)]
    begin(len(plan.units), len(plan.units) - len(left))
    lost = {}
    for ended in run_here(job, out, left) if workers == 1 else run_in_processes(job, out, left, workers):
        watch(ended)
        if ended.why:
            lost[ended.unit.name] = ended.why
    records = list(store.records(plan))
    summary = summarise(plan, records, lost)
    store.finish(
        {
            "schema": SCHEMA,
            "plan_sha256": plan.sha256,
            "stamp": stamp(),
            "units": {record["unit"]: record["facts_sha256"] for record in records},
            "summary": plain(asdict(summary)),
            "exit_code": summary.exit_code,
        }
    )
    return summary
