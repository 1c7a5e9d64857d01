"""What a judge said of a run's calls, and how far it agrees with people."""

from collections import Counter
from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from pipeline.decide.agreement import Agreement, Rate
from pipeline.run.judging import ANSWERS, Judged

MOST_SHOWN = 20  # all stand in the JSON


def judged_table(told: Judged) -> Table:
    """How often it said what, by what the calls count as."""
    table = Table(title=Text(f"{told.judge}: {told.ask}"), caption="a judge never changes what a call counts as")
    table.add_column("calls that are")
    for answer in ANSWERS:
        table.add_column(answer, justify="right")
    counts = Counter((one.status, one.answer) for one in told.verdicts)
    for status in dict.fromkeys(status for status, _ in counts):
        table.add_row(status, *(str(counts[status, answer]) for answer in ANSWERS))
    return table


def judged_calls(told: Judged) -> Iterator[str]:
    """The calls of which it did not say yes, and how many were not evaluated."""
    others = [one for one in told.verdicts if one.answer != "yes"]
    yield from (f"{one.answer}: {one.unit}: {one.reason}" for one in others[:MOST_SHOWN])
    if len(others) > MOST_SHOWN:
        yield f"and {len(others) - MOST_SHOWN} more: --json names them all"
    yield from without_verdict(told)


def without_verdict(told: Judged) -> Iterator[str]:
    """How many calls were not evaluated, and the commonest reasons."""
    if told.not_evaluated:
        yield f"not evaluated: {len(told.not_evaluated)}; the same command asks again"
        reasons = Counter(told.not_evaluated.values())
        yield from (f"  {count} times {why}" for why, count in reasons.most_common(3))


def agreement_table(told: Agreement) -> Table:
    """The table of labels and answers in words, and the figures that follow."""
    table = Table(title=f"{told.judge} against {told.labels} labels")
    table.add_column("")
    table.add_column("", justify="right")
    for what, count in told.counts.items():
        table.add_row(f"labelled {what}", str(count))
    table.add_row("labelled, and no verdict", str(told.no_verdict))
    table.add_row("Cohen's kappa", _kappa(told))
    table.add_row("sensitivity: yes is judged yes", _rate(told.sensitivity))
    table.add_row("specificity: no is judged no", _rate(told.specificity))
    return table


def _kappa(told: Agreement) -> str:
    if told.kappa is None:
        return "none: a side gave one answer only"
    if told.kappa_low is None:
        return f"{told.kappa:.2f}, without an interval: all agree"
    return f"{told.kappa:.2f} ({told.kappa_low:.2f} to {told.kappa_high:.2f})"


def _rate(rate: Rate) -> str:
    if rate.share is None or rate.low is None or rate.high is None:
        return "none: no such label"
    return f"{rate.count} of {rate.of}: {100 * rate.share:.0f} % ({100 * rate.low:.0f} to {100 * rate.high:.0f})"


def disagreements(told: Agreement) -> Iterator[str]:
    """Each call that people and the judge see otherwise."""
    for one in told.disagreements[:MOST_SHOWN]:
        yield f"labelled {one.label}, judged {one.answer}: {one.unit}: {one.reason}"
    if len(told.disagreements) > MOST_SHOWN:
        yield f"and {len(told.disagreements) - MOST_SHOWN} more: --json names them all"
