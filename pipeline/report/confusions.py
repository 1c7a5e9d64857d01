"""What was taken for what, as two tables: words, and single letters and digits."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from pipeline.decide.confusions import LEAST_SAID, Confusion, Confusions

MOST_SHOWN = 20  # of each; all stand in the JSON


def confusions_tables(told: Confusions) -> RenderableType:
    """Letters and digits first: an id is lost by one of them."""
    signs = _table(f"letters and digits, {told.calls} calls of the arm {told.arm}", told.signs)
    return Group(signs, "", _table("words", told.words))


def _table(title: str, found: Sequence[Confusion]) -> Table:
    table = Table(title=title)
    for name in ("said", "heard"):
        table.add_column(name)
    for name in ("times", "of", "share", "95 %", "calls", "scenarios"):
        table.add_column(name, justify="right")
    for one in found[:MOST_SHOWN]:
        of = str(one.of) if one.said else ""
        counts = str(one.calls), str(one.scenarios)
        table.add_row(one.said or "(nothing)", one.heard or "(nothing)", str(one.count), of, *_shares(one), *counts)
    more = f"; {len(found) - MOST_SHOWN} more in --json" if len(found) > MOST_SHOWN else ""
    table.caption = f"no share of what was said fewer than {LEAST_SAID} times{more}"
    return table


def _shares(one: Confusion) -> tuple[str, str]:
    if one.share is None or one.low is None or one.high is None:
        return "", ""
    return f"{100 * one.share:.0f} %", f"{100 * one.low:.0f} to {100 * one.high:.0f}"
