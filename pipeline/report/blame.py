"""Who is to blame for calls that failed, as a table, and each of the calls in a line."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from pipeline.decide.attribute import Attribution, Blame, Blamed
from pipeline.decide.closer import Closer
from pipeline.report.table import last_line
from pipeline.spec.profile import PLACES

MOST_SHOWN = 100  # calls
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
    for name in ("calls", "scenarios", "share", "95 %"):
        table.add_column(name, justify="right")
    for one in told.shares:
        interval = f"{100 * one.low:.0f} to {100 * one.high:.0f} %"
        table.add_row(
            one.blame, SAYS[one.blame], str(one.calls), str(one.scenarios), f"{100 * one.share:.0f} %", interval
        )
    lost = f"; {len(told.lost)} units were lost to faults of ours" if told.lost else ""
    table.caption = (
        f"facts heard wrongly at first: {told.recovered} won back, {told.harmful} lost in calls that failed{lost}"
    )
    return table


def parts_table(looks: Sequence[Closer]) -> Table:
    """How many calls each part of the line is too much for, and how many one turn's true words would have saved."""
    table = Table(title=f"a closer look at {len(looks)} calls")
    table.add_column("succeed")
    table.add_column("calls", justify="right")
    lines = [look for look in looks if look.tried]
    for place in PLACES:
        if tried := sum(place in look.tried for look in lines):
            table.add_row(f"without {place}", f"{sum(place in look.parts for look in lines)} of {tried}")
    table.add_row("without none of these alone", f"{sum(not look.parts for look in lines)} of {len(lines)}")
    table.add_row("with one turn's true words", f"{sum(look.harmful is not None for look in looks)} of {len(looks)}")
    return table


def blamed_calls(told: Attribution, looks: Sequence[Closer] = ()) -> Iterator[str]:
    """A line for each call that did not succeed: who is to blame, what came of each arm, and which facts were lost.

    Where there was a closer look, what it told.
    """
    closer = {look.unit: look for look in looks}
    for one in told.blamed[:MOST_SHOWN]:
        yield _line(one)
        if one.unit in closer:
            yield from (f"  {line}" for line in _closer(closer[one.unit]))
    if len(told.blamed) > MOST_SHOWN:
        yield f"and {len(told.blamed) - MOST_SHOWN} more: --json names them all"
    yield from (f"infrastructure: {unit}: {last_line(why)}" for unit, why in told.lost.items())


def _line(one: Blamed) -> str:
    arms = ", ".join(f"{arm} {status}" for arm, status in one.statuses.items())
    lost = f"; lost: {', '.join(one.lost)}" if one.lost else ""
    return f"{one.blame}: {one.unit}: {arms}{lost}"


def _closer(look: Closer) -> Iterator[str]:
    if look.tried:
        yield (
            f"succeeds without {' or without '.join(look.parts)}"
            if look.parts
            else "no part of the line alone is to blame"
        )
    if look.harmful:
        yield f"first harmful turn: {look.harmful.turn}, heard as: {look.harmful.text or '(nothing)'}"
    else:
        yield "no turn's true words alone would have saved it"
    if look.lost:
        yield f"not known, as a fault of ours stopped: {', '.join(look.lost)}"
