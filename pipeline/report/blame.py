"""Who is to blame for calls that failed, as a table, and each of the calls in a line."""

from collections.abc import Iterator

from rich.table import Table

from pipeline.decide.attribute import Attribution, Blame, Blamed

SAYS: dict[Blame, str] = {
    "agent": "fails with perfect ears",
    "unstable": "with perfect ears it fails in some trials only",
    "turn_taking": "fails on clean sound, but not in the true turns",
    "recogniser": "fails on clean sound in the true turns",
    "hearing": "fails on clean sound; with the arm clean_turns one could tell whether by turns or by words",
    "line": "fails with the line only",
    "caller": "our caller let the agent down; counted in no rate",
    "infrastructure": "our fault; counted in no rate",
    "unknown": "was not judged, or the arms that would tell (oracle, clean) are not there or prove nothing",
}


def blame_table(told: Attribution) -> Table:
    """A row for each that is to blame for a failed call; shares with their intervals."""
    table = Table(title=f"{told.failed} of {told.calls} degraded calls failed")
    for name in ("to blame", "because each of these calls"):
        table.add_column(name)
    for name in ("calls", "share", "95 %"):
        table.add_column(name, justify="right")
    for one in told.shares:
        interval = f"{100 * one.low:.0f} to {100 * one.high:.0f} %"
        table.add_row(one.blame, SAYS[one.blame], str(one.calls), f"{100 * one.share:.0f} %", interval)
    table.caption = f"facts heard wrongly at first: {told.recovered} won back, {told.harmful} lost in calls that failed"
    return table


def blamed_calls(told: Attribution) -> Iterator[str]:
    """A line for each call that did not succeed: who is to blame, what came of each arm, and which facts were lost."""
    return (_line(one) for one in told.blamed)


def _line(one: Blamed) -> str:
    arms = ", ".join(f"{arm} {status}" for arm, status in one.statuses.items())
    lost = f"; lost: {', '.join(one.lost)}" if one.lost else ""
    return f"{one.blame}: {one.unit}: {arms}{lost}"
