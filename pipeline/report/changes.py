"""What scoring a run anew changed."""

from collections import Counter
from collections.abc import Iterator, Sequence

from pipeline.run.rescore import Changed

MOST_SHOWN = 20  # all of them stand in the JSON


def changes(changed: Sequence[Changed]) -> Iterator[str]:
    """How many calls count as something else, from what to what, and some of them by name."""
    if not changed:
        yield "no call counts as something else than before"
    for (before, now), count in Counter((one.before, one.now) for one in changed).most_common():
        yield f"{before} before, {now} now: {count}"
    yield from (f"  {one.unit}: {one.before} before, {one.now} now" for one in changed[:MOST_SHOWN])
    if len(changed) > MOST_SHOWN:
        yield f"  and {len(changed) - MOST_SHOWN} more: --json names them all"
