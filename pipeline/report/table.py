"""A run as tables in a terminal, and a line's measures."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_args

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.line.after import After
from pipeline.line.draw import Line
from pipeline.line.scene import Measure
from pipeline.run.cache import KINDS
from pipeline.run.completion import Median
from pipeline.run.summary import Effort, Failing, Intent, Row, Slots, Summary, TurnTaking
from pipeline.score import Status
from pipeline.spec.arm import ARMS
from pipeline.spec.severity import NONE, TYPICAL, severity_name

MOST_SHOWN = 3  # failing calls; all of them stand in the manifest
LEAST_WIDTH = 8  # of a number such as 112/128
TOO_LITTLE = "less than 0.4 s of words arrive"
MOST_COLUMNS = 4  # profiles side by side in 80 columns
SHORT = {
    "resolved_badly": "badly",
    "agent_error": "agent\nerror",
    "not_evaluated": "not\njudged",
    "caller_invalid": "our\ncaller",
    "sound_invalid": "our\nsound",
    "infra_error": "our\nfault",
}
# What went wrong, of how many, and its head.
MISHAPS = (
    ("premature_endpoints", "turns", "pre-\nmature"),
    ("late_endpoints", "endpoints", "late"),
    ("false_interruptions", "stops", "false"),
    ("missed_barge_ins", "barge_ins", "missed"),
    ("spurious_turns", "turns", "spurious"),
)
# What a call may cost, and its head.
COSTS = {
    "repeats": "said\nagain",
    "reprompts": "asked\nagain",
    "reasks": "asked what\nit knew",
    "loops": "loops",
    "repairs_tried": "mended:\ntried",
    "repaired": "done",
    "contained_unresolved": "falsely\ncontained",
    "should_have": "no hand-\noff",
    "wrongly": "wrong\nhandoff",
    "would_reask": "packet\nlacks",
}


def tables(summary: Summary) -> RenderableType:
    """Success and words by arm and profile, slots by type, and what makes the run unfit."""
    parts = (
        _success(summary),
        _intents(summary.intents),
        _slots(summary.slots),
        _slot_errors(summary.slots),
        _turn_taking(summary.turn_taking),
        _effort(summary.effort),
    )
    return Group(*(part for part in parts if part), *_notes(summary))


def _success(summary: Summary) -> RenderableType:
    """Only the statuses that occur have a column."""
    statuses = [one for one in get_args(Status) if any(row.statuses.get(one) for row in summary.rows)]
    others = [one for one in statuses if one != "passed"]
    heads = ("success", "passed", *(SHORT.get(one, one) for one in others), "WER")
    lines = _lines(summary.rows)
    table = _table(next(lines), heads)
    for row, line in zip(summary.rows, lines, strict=True):
        table.add_row(*line, *_cells(row, others))
    return _titled(f"{summary.suite}, release {summary.release}", table)


def _lines(rows: Sequence[Row | TurnTaking | Effort]) -> Iterator[tuple[str, ...]]:
    """The heads and, row by row, arm (where another one begins), profile, and severity, where not all are typical."""
    is_told = is_severity_told(row.severity for row in rows)
    yield ("arm", "profile", "severity") if is_told else ("arm", "profile")
    arm = ""
    for row in rows:
        first = row.arm if row.arm != arm else ""
        yield (first, row.profile, _severity(row.severity)) if is_told else (first, row.profile)
        arm = row.arm


def is_severity_told(severities: Iterable[float]) -> bool:
    """Whether there is anything to tell: a line that is bad in another way than it is written."""
    return not {*severities} <= {NONE, TYPICAL}


def _severity(severity: float) -> str:
    return "" if severity == NONE else severity_name(severity)


def _cells(row: Row, statuses: Sequence[str]) -> tuple[str, ...]:
    passed = f"{row.statuses.get('passed', 0)}/{row.counted}"
    return (_percent(row.success), passed, *(_count(row.statuses.get(one, 0)) for one in statuses), _percent(row.wer))


def _slots(slots: tuple[Slots, ...]) -> RenderableType | None:
    """Degraded calls by profile where there are few, the other arms as a whole."""
    if not slots:
        return None
    is_told = is_severity_told(slot.severity for slot in slots)
    apart = len({(slot.profile, slot.severity) for slot in slots if slot.arm == "degraded"}) <= MOST_COLUMNS
    columns: dict[str, list[Slots]] = {}
    for slot in sorted(slots, key=lambda slot: ARMS.index(slot.arm)):
        line = f"{slot.profile} {_severity(slot.severity)}".strip() if is_told else slot.profile
        columns.setdefault(line if slot.arm == "degraded" and apart else slot.arm, []).append(slot)
    table = _table(("type",), list(columns))
    for kind in dict.fromkeys(slot.type for slot in slots if slot.counts.get("offered")):
        cells = (_slot(slot for slot in column if slot.type == kind) for column in columns.values())
        table.add_row(kind, *cells)
    return _titled("slots: heard at the first try / right in the end / offered", table)


def _slot(slots: Iterable[Slots]) -> str:
    total = _sum(slots)
    return f"{total['first_try']}/{total['in_the_end']}/{total['offered']}" if total["offered"] else "-"


def _sum(slots: Iterable[Slots]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in slots:
        total.update(one.counts)
    return total


def _slot_errors(slots: tuple[Slots, ...]) -> RenderableType | None:
    """By type over all degraded calls: what the recogniser changed inside the entity, what the agent made of it."""
    table = _table(("type",), ("characters wrong", "recall", "precision", "slot errors"))
    for kind in dict.fromkeys(slot.type for slot in slots):
        total = _sum(slot for slot in slots if slot.type == kind and slot.arm == "degraded")
        if total["offered"]:
            table.add_row(kind, *_slot_rates(total))
    return (
        _titled("slots of degraded calls: heard at the first try, and done in the end", table) if table.rows else None
    )


def _slot_rates(total: Counter[str]) -> tuple[str, ...]:
    wrong = total["substitutions"] + total["insertions"]
    return (
        _share(total["character_edits"], total["characters"]),
        _share(total["hits"], total["expected"]),
        _share(total["hits"], total["hits"] + wrong),
        _share(wrong + total["deletions"], total["expected"]),
    )


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole}" if whole else "-"


def _intents(intents: tuple[Intent, ...]) -> RenderableType | None:
    arms = [arm for arm in ARMS if any(one.arm == arm for one in intents)]
    counts = {(one.intent, one.arm): one for one in intents}
    table = _table(("intent",), arms)
    for intent in dict.fromkeys(one.intent for one in intents):
        found = [counts.get((intent, arm)) for arm in arms]
        table.add_row(intent, *(_share(one.passed, one.counted) if one else "-" for one in found))
    return _titled("success by intent", table) if intents else None


def _turn_taking(rows: Sequence[TurnTaking]) -> RenderableType | None:
    """What went wrong beside how often it could have, and how long the caller waited; nothing where nothing did."""
    seen = ("responses", "talk_over_ms", *(count for count, _, _ in MISHAPS))
    if not any(row.counts.get(name) for row in rows for name in seen):
        return None
    lines = _lines(rows)
    table = _table(next(lines), (*(head for _, _, head in MISHAPS), "response\np50/p95", "talk-\nover"))
    for row, line in zip(rows, lines, strict=True):
        cells = (_mishap(row, count, of) for count, of, _ in MISHAPS)
        talk_over_s = row.counts.get("talk_over_ms", 0) / 1000
        table.add_row(*line, *cells, _waited(row.response_ms), f"{talk_over_s:.1f}")
    return _titled("turn-taking: endpoints too early or late, stops for no word, barge-ins missed; s", table)


def _mishap(row: TurnTaking, count: str, of: str) -> str:
    """Count and whole, and below them the rate, if it has one and is not 0."""
    rate = row.rate(count, of)
    share = _share(row.counts.get(count, 0), row.counts.get(of, 0))
    return f"{share}\n{_percent(rate)}" if rate else share


def _effort(rows: Sequence[Effort]) -> RenderableType | None:
    """What calls cost the caller; only what occurred has a column."""
    seen = [name for name in COSTS if any(row.counts.get(name) for row in rows)]
    if not rows:
        return None
    lines = _lines(rows)
    table = _table(next(lines), ("turns", "seconds", *(COSTS[name] for name in seen)))
    for row, line in zip(rows, lines, strict=True):
        table.add_row(
            *line, _median(row.turns), _median(row.ms, 1000), *(str(row.counts.get(name, 0)) for name in seen)
        )
    return _titled("effort: until half of the calls came to their aim, with 95 %; and how often", table)


def _median(took: Median | None, scale: int = 1) -> str:
    """With its interval below; an end that no call reached stays open."""
    if took is None:
        return "-"
    median, low, high = ("" if one is None else f"{one / scale:.0f}" for one in (took.median, took.low, took.high))
    return f"{median or 'more'}\n{low or '?'}-{high or '?'}"


def _waited(percentiles_ms: tuple[int, int] | None) -> str:
    return "/".join(f"{ms / 1000:.1f}" for ms in percentiles_ms) if percentiles_ms else "-"


def _notes(summary: Summary) -> Iterator[Text]:
    if summary.cache:
        yield Text(f"cache: {_cached(summary.cache['found'], summary.cache['made'])}")
    if summary.production is not None:
        yield Text(f"success over the production mix: {summary.production:.1%}")
    for name, why in summary.lost.items():
        yield Text(f"lost to a fault of ours: {name}: {last_line(why)}", "red")
    for why in summary.broken:
        yield Text(f"below its floor: {why}", "bold red")
    for why in summary.invalid:
        yield Text(f"INVALID: {why}", "bold red")


def _cached(found: Mapping[str, int], made: Mapping[str, int]) -> str:
    """How much of each kind was found there of all that was asked for."""
    asked = Counter(found) + Counter(made)
    parts = [f"{found.get(kind, 0):,} of {asked[kind]:,} {kind}" for kind in KINDS if asked[kind]]
    return f"{', '.join(parts)} found"


def failing(calls: Sequence[Failing], out: Path) -> Iterator[str]:
    """The first few calls that did not succeed, each with its recording and the command that places it again."""
    if calls:
        more = f"; the first {MOST_SHOWN}" if len(calls) > MOST_SHOWN else ""
        yield f"did not succeed: {len(calls)}{more}"
    for one in calls[:MOST_SHOWN]:
        yield f"{one.unit}  {one.status.replace('_', ' ')}"
        yield f"  {one.why}"
        yield f"  hear it: {out / one.sound}"
        yield f"  again: {one.command}"


def number(value: float | None) -> str:
    """Four digits of it, or all before the point; a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


def measures(line: Sequence[Measure], sentence: Sequence[Measure]) -> RenderableType:
    """Asked and got: what holds for the whole line, then what this one sentence met."""
    if not (line or sentence):
        return Text("this line has no effects: nothing to measure")
    return Group(
        _measures("set: the line, on 60 s of calibration speech", line, {"tolerance": [m.tolerance for m in line]}),
        _measures("drawn: this sentence, as chance had it", sentence, {"sd": [m.sd for m in sentence]}),
    )


def after_the_line(told: After) -> RenderableType:
    """What is left of the SNR by the time the words arrive, or why nobody knows; nothing where nothing else sounds."""
    if told.too_little:
        return Text(f"after the line: no figure: {TOO_LITTLE}\n")
    if told.snr_db is None:
        return Group()
    alone = "" if told.stems_db is None else f" (beds alone {told.stems_db:.1f} dB)"
    return Text(f"after the line: SNR {told.snr_db:.1f} dB{alone}\n")


def timing(line: Line) -> RenderableType:
    """How long sound takes on the line, and when that drops: no sound can tell. Nothing where it has no effects."""
    if not line.effects:
        return Group()
    own_ms = line.delay_ms - line.lookahead_ms
    parts = f"{own_ms} ms of the network, {line.lookahead_ms} ms that effects look ahead"
    told = [Text(f"one way: {line.delay_ms} ms ({parts})")]
    if line.drop_ms is not None:
        told.append(Text(f"the line drops {line.drop_ms / 1000:g} s after pick-up"))
    return Group(*told, Text())


def _measures(title: str, got: Sequence[Measure], within: Mapping[str, Sequence[float | None]]) -> RenderableType:
    if not got:
        return Text()
    [(head, bounds)] = within.items()
    table = _table(("effect", "measure"), ("asked", "got", head))
    for one, bound in zip(got, bounds, strict=True):
        table.add_row(one.effect, one.name, number(one.asked), number(one.got), "" if bound is None else f"{bound:.2g}")
    return _titled(title, table)


def _table(names: Sequence[str], numbers: Sequence[str]) -> Table:
    """Where the terminal is narrow names fold; nothing is ever cut off."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for name in names:
        table.add_column(name, overflow="fold")
    for name in numbers:
        width = max(map(len, name.splitlines()))
        table.add_column(name, justify="right", overflow="fold", min_width=min(LEAST_WIDTH, width))
    return table


def _titled(title: str, table: Table) -> RenderableType:
    """The title above: one of the table's own would wrap at its width."""
    return Group(Text(title, "bold"), table, Text())


def last_line(why: str) -> str:
    """Of a traceback the error itself; the whole stands in the manifest."""
    return next(iter(why.strip().splitlines()[-1:]), "")


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"


def _count(n: int) -> str:
    return str(n) if n else ""
