"""Does a judge agree with people? Cohen's kappa, sensitivity and specificity, against labels in a file."""

import csv
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.stats import binomtest, norm

from pipeline.errors import BadlineError, nearest
from pipeline.run.judging import Judged, Verdict

CONFIDENCE = 0.95
ROUNDING = 1e-12
COLUMNS = ("unit", "label")
LABELS = ("yes", "no")


@dataclass(frozen=True)
class Rate:
    """A share of `of`, with Wilson's interval; None where there is nothing to have a share of."""

    count: int
    of: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Disagreement:
    """A call that people and the judge see otherwise, and what the judge gave for a reason."""

    unit: str
    label: str
    answer: str
    reason: str


@dataclass(frozen=True)
class Agreement:
    """A judge against labels. `counts` is of (label, answer); yes is what sensitivity is about.

    `no_verdict` are labelled calls that the judge could not tell, or failed on: they agree with nothing and are in no
    figure. `kappa` is None where either side gave one answer only, its interval also where all agree.
    """

    judge: str
    labels: int
    no_verdict: int
    counts: Mapping[str, int]
    kappa: float | None
    kappa_low: float | None
    kappa_high: float | None
    sensitivity: Rate
    specificity: Rate
    disagreements: tuple[Disagreement, ...]


def agreement(told: Judged, labels: Mapping[str, str]) -> Agreement:
    """The judge's verdicts against the labels of the same calls."""
    verdicts = {one.unit: one for one in told.verdicts if one.answer in LABELS and one.unit in labels}
    pairs: list[tuple[str, str]] = [(labels[unit], verdict.answer) for unit, verdict in verdicts.items()]
    counts = Counter(pairs)
    kappa, low, high = _kappa([[counts[label, answer] for answer in LABELS] for label in LABELS])
    return Agreement(
        told.judge,
        labels=len(labels),
        no_verdict=len(labels) - len(pairs),
        counts={f"{label}, judged {answer}": counts[label, answer] for label in LABELS for answer in LABELS},
        kappa=kappa,
        kappa_low=low,
        kappa_high=high,
        sensitivity=_rate(counts["yes", "yes"], counts["yes", "yes"] + counts["yes", "no"]),
        specificity=_rate(counts["no", "no"], counts["no", "no"] + counts["no", "yes"]),
        disagreements=tuple(_disagreement(one, labels) for one in verdicts.values() if one.answer != labels[one.unit]),
    )


def _disagreement(verdict: Verdict, labels: Mapping[str, str]) -> Disagreement:
    return Disagreement(verdict.unit, labels[verdict.unit], verdict.answer, verdict.reason)


def _rate(count: int, of: int) -> Rate:
    if not of:
        return Rate(count, of, None, None, None)
    interval = binomtest(count, of).proportion_ci(CONFIDENCE, method="wilson")
    return Rate(count, of, count / of, float(interval.low), float(interval.high))


def _kappa(table: Sequence[Sequence[int]]) -> tuple[float | None, float | None, float | None]:
    """Cohen's kappa (1960) of a square table, with the large-sample interval of Fleiss, Cohen and Everitt (1969)."""
    n = sum(map(sum, table))
    sides = [sum(any(line) for line in side) for side in (table, [*zip(*table, strict=True)])]
    if min(sides) < 2:  # one answer only, or none
        return None, None, None
    share = [[count / n for count in row] for row in table]
    rows, columns = [sum(row) for row in share], [sum(column) for column in zip(*share, strict=True)]
    expected = sum(row * column for row, column in zip(rows, columns, strict=True))
    kinds = range(len(table))
    kappa = (sum(share[i][i] for i in kinds) - expected) / (1 - expected)
    agreeing = sum(share[i][i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in kinds)
    others = sum(share[i][j] * (columns[i] + rows[j]) ** 2 for i in kinds for j in kinds if i != j)
    variance = agreeing + (1 - kappa) ** 2 * others - (kappa - expected * (1 - kappa)) ** 2
    if variance < ROUNDING:  # all agree: the formula knows no doubt then, however few they are
        return kappa, None, None
    reach = norm.ppf(0.5 + CONFIDENCE / 2) * math.sqrt(max(variance, 0) / n) / (1 - expected)
    return kappa, max(kappa - reach, -1.0), min(kappa + reach, 1.0)


def read_labels(path: Path, units: Collection[str]) -> dict[str, str]:
    """What people said of calls: a CSV file with the columns `unit` and `label` (yes or no); others are left alone.

    Raises BadlineError: file, line and column, and what would be right.
    """
    if not path.is_file():
        raise BadlineError(f"{path}: there is no such file of labels")
    try:
        text = path.read_text(encoding="utf-8-sig")
        return _labels(path, csv.DictReader(text.splitlines(keepends=True)), set(units))
    except UnicodeDecodeError as error:
        raise BadlineError(f"{path}: is no text in UTF-8: {error.reason}; save it so") from None
    except csv.Error as error:
        raise BadlineError(f"{path}: is no CSV: {error}") from None


def _labels(path: Path, reader: "csv.DictReader[str]", units: Collection[str]) -> dict[str, str]:
    labels: dict[str, str] = {}
    if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
        raise BadlineError(f"{path}:1: lacks the column {missing[0]}; wants {', '.join(COLUMNS)} in its first line")
    for row in reader:
        unit, label = ((row[name] or "").strip() for name in COLUMNS)
        where = f"{path}:{reader.line_num}"
        if label.lower() not in LABELS:
            raise BadlineError(f"{where}: label: '{label}' is not yes or no")
        if unit not in units:
            near = nearest(unit, units)
            hint = f" Did you mean '{near}'?" if near else ""
            raise BadlineError(f"{where}: unit: the run has no call '{unit}'.{hint}")
        if labels.setdefault(unit, label.lower()) != label.lower():
            raise BadlineError(f"{where}: unit: '{unit}' has another label further up; give each call one")
    if not labels:
        raise BadlineError(f"{path}: holds no label; write one call a line")
    return labels
