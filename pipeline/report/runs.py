"""The runs in a folder as a table, and what of them was removed."""

from collections.abc import Sequence

from rich.table import Table

from pipeline.run.runs import Removal, Run


def runs_table(runs: Sequence[Run]) -> Table:
    """A row for each run, the latest last."""
    table = Table()
    for name in ("run", "ended", "suite", "release"):
        table.add_column(name)
    for name in ("calls", "passed", "lost", "MB"):
        table.add_column(name, justify="right")
    for run in runs:
        ended = run.ended.astimezone().strftime("%Y-%m-%d %H:%M") if run.ended else "not finished"
        rate = f"{run.passed} ({100 * run.passed / run.units:.1f} %)" if run.units else "-"
        counts = f"{run.units:,}", rate, "-" if run.lost is None else str(run.lost), f"{run.size_bytes / 2**20:,.1f}"
        table.add_row(run.name, ended, run.suite or "-", run.release, *counts)
    return table


def removed(removal: Removal) -> str:
    """What goes of a run, in a line."""
    whole = removal.paths == (removal.run.folder,)
    what = "the whole run" if whole else f"{len(removal.paths)} sound files of calls that passed"
    return f"{removal.run.folder}: {what}, {removal.size_bytes / 2**20:,.1f} MB"
