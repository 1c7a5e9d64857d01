"""Two releases crossed, as two tables: success by who hears and who answers, and what each change did."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table

from pipeline.decide.cross import LEAST_SCENARIOS, Change, Cross, Rate


def cross_tables(told: Cross) -> RenderableType:
    """The cross of each arm, and below what came of new ears and of a new agent."""
    return Group(_cells(told), "", _changes(told))


def _cells(told: Cross) -> Table:
    table = Table(title="success: ears down, agent across")
    for name in ("arm", "ears"):
        table.add_column(name)
    for agent in (told.before, told.after):
        table.add_column(f"agent {agent}", justify="right")
    for arm in dict.fromkeys(rate.arm for rate in told.rates):
        for ears in (told.before, told.after):
            table.add_row(arm, ears, *(_rate(one) for one in told.rates if (one.arm, one.hearing) == (arm, ears)))
    return table


def _rate(one: Rate) -> str:
    return f"{one.passed} of {one.counted} ({100 * one.passed / one.counted:.1f} %)" if one.counted else "none counts"


def _changes(told: Cross) -> Table:
    table = Table(title=f"from {told.before} to {told.after}, on the same calls")
    for name in ("arm", "new", "beside"):
        table.add_column(name)
    for name in ("calls", "gained", "lost", "points", "95 %"):
        table.add_column(name, justify="right")
    for one in told.changes:
        beside = f"{'agent' if one.changed == 'ears' else 'ears'} {one.beside}"
        table.add_row(one.arm, one.changed, beside, str(one.calls), str(one.gained), str(one.lost), *_points(one))
    table.caption = f"means over scenarios; no interval with fewer than {LEAST_SCENARIOS} of them, or where all agree"
    return table


def _points(one: Change) -> Iterator[str]:
    yield "" if one.difference is None else f"{100 * one.difference:+.1f}"
    yield "" if one.low is None or one.high is None else f"{100 * one.low:+.1f} to {100 * one.high:+.1f}"
