"""A run as tables in a terminal."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.line.scene import Measure
from pipeline.run.summary import Row, Slots, Summary


def tables(summary: Summary) -> RenderableType:
    """Success and words by arm and profile, slots by type, and what makes the run unfit."""
    return Group(_success(summary), _slots(summary.slots), *_notes(summary))


def _success(summary: Summary) -> Table:
    table = Table(title=f"{summary.suite}, release {summary.release}", title_justify="left")
    for name in ("arm", "profile"):
        table.add_column(name)
    for name in (
        "success",
        "passed",
        "badly",
        "failed",
        "agent error",
        "not judged",
        "caller invalid",
        "WER",
    ):
        table.add_column(name, justify="right")
    for row in summary.rows:
        table.add_row(row.arm, row.profile, *_cells(row))
    return table


def _cells(row: Row) -> tuple[str, ...]:
    said = row.statuses.get
    return (
        _percent(row.success),
        f"{said('passed', 0)}/{row.counted}",
        _count(said("resolved_badly", 0)),
        _count(said("failed", 0)),
        _count(said("agent_error", 0)),
        _count(said("not_evaluated", 0)),
        _count(said("caller_invalid", 0)),
        _percent(row.wer),
    )


def _slots(slots: tuple[Slots, ...]) -> Table:
    table = Table(title="slots: heard at the first try / right in the end, of those offered", title_justify="left")
    table.add_column("type")
    columns = list(dict.fromkeys((slot.arm, slot.profile) for slot in slots))
    merged = [column for column in columns if column[0] == "degraded"]
    heads = [
        *dict.fromkeys(arm for arm, _ in columns if arm != "degraded"),
        *(profile for _, profile in merged),
    ]
    for head in heads:
        table.add_column(head, justify="right")
    for kind in dict.fromkeys(slot.type for slot in slots):
        of_type = [slot for slot in slots if slot.type == kind]
        table.add_row(kind, *(_slot([s for s in of_type if _head(s) == head]) for head in heads))
    return table


def _head(slot: Slots) -> str:
    return slot.profile if slot.arm == "degraded" else slot.arm


def _slot(slots: list[Slots]) -> str:
    offered = sum(slot.offered for slot in slots)
    first, end = sum(slot.first_try for slot in slots), sum(slot.in_the_end for slot in slots)
    return f"{first}/{end}/{offered}" if offered else "-"


def _notes(summary: Summary) -> Iterator[Text]:
    if summary.production is not None:
        yield Text(f"success over the production mix: {summary.production:.1%}")
    for name, why in summary.lost.items():
        yield Text(f"infra_error: {name}: {why.strip().splitlines()[-1]}", "red")
    for why in summary.broken:
        yield Text(f"below its floor: {why}", "bold red")
    for why in summary.invalid:
        yield Text(f"INVALID: {why}", "bold red")


def measures(got: tuple[Measure, ...]) -> Table:
    """Asked and got, one measure a line."""
    table = Table()
    table.add_column("effect")
    table.add_column("measure")
    for name in ("asked", "got", "kind"):
        table.add_column(name, justify="right")
    for one in got:
        table.add_row(one.effect, one.name, f"{one.asked:.4g}", f"{one.got:.4g}", one.kind)
    return table


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"


def _count(n: int) -> str:
    return str(n) if n else ""
