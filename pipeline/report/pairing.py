"""Two runs side by side, as a table in a terminal: how much of what the caller said sounded the same in both."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.report.table import is_severity_told
from pipeline.run.pair import PAIRINGS, Pairs, UnitPair
from pipeline.spec.severity import severity_name

MOST_SHOWN = 10  # of a list of units; all of them stand in the JSON


def pairing_table(pairs: Pairs) -> RenderableType:
    """By profile and arm how the windows pair, and what stands in one run only."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    is_told = is_severity_told(row.severity for row in pairs.rows)
    for name in ("profile", "arm", "severity") if is_told else ("profile", "arm"):
        table.add_column(name, overflow="fold")
    for name in ("calls", *PAIRINGS):
        table.add_column(name.replace("_", " "), justify="right")
    for row in pairs.rows:
        names = (row.profile, row.arm, severity_name(row.severity)) if is_told else (row.profile, row.arm)
        table.add_row(*names, str(row.units), *(str(row.counts[one]) for one in PAIRINGS))
    return Group(table, *_left_out(pairs))


def _left_out(pairs: Pairs) -> Iterator[Text]:
    parts = {
        "only in A": pairs.only_in_a,
        "only in B": pairs.only_in_b,
        "without a call in one of them": pairs.without_call,
    }
    for what, names in parts.items():
        if names:
            yield Text(f"\nunits {what}: {len(names)}", "bold")
            yield from (Text(f"  {name}") for name in names[:MOST_SHOWN])
            yield from _more(names)


def _more(names: Sequence[object]) -> Iterator[Text]:
    if len(names) > MOST_SHOWN:
        yield Text(f"  and {len(names) - MOST_SHOWN} more: --json names them all")


def refusals(refused: Sequence[UnitPair]) -> Iterator[str]:
    """Why units cannot be paired, one line each."""
    for one in refused[:MOST_SHOWN]:
        windows = f"{one.refused[0]}" + (f" and {len(one.refused) - 1} more" if len(one.refused) > 1 else "")
        why = f"; what differs: {'; '.join(one.reasons)}" if one.reasons else ""
        yield f"{one.unit}: the same words without another echo sound otherwise in {windows}{why}"
    yield from (line.plain for line in _more(refused))
