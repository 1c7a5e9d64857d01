"""Two sounds side by side: what was asked of each line and got, and what can be heard of both."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.line.after import After
from pipeline.line.scene import Measure
from pipeline.report.table import TOO_LITTLE, number
from pipeline.run.blind import Blind
from pipeline.run.single import Listened, Recording

Key = tuple[str, str, int]  # effect, measure, and which of that name
MARKS = {"asl_dbov": "active speech (P.56), dBov", "activity": "of the time active", "peak_dbov": "peak, dBov"}
MARKS |= {
    "floor_dbov": "quietest tenth, dBov",
    "low_hz": "band from, Hz",
    "high_hz": "to, Hz",
    "rate": "told at a rate of, Hz",
}


@dataclass(frozen=True)
class Side:
    """One of the two: its name, the measures of its line, its sentence and its end, and what its sound alone tells."""

    name: str
    calibration: tuple[Measure, ...]
    sentence: tuple[Measure, ...]
    heard: Blind
    after: After = After()  # noqa: RUF009  it is frozen
    delay_ms: int | None = None
    drop_ms: int | None = None

    @classmethod
    def of(cls, one: Listened | Recording, heard: Blind) -> Self:
        """Of a recording nothing was asked."""
        if isinstance(one, Recording):
            return cls(one.name, (), (), heard)
        return cls(one.name, one.calibration, one.window.got, heard, one.after(), one.line.delay_ms, one.line.drop_ms)


def side_by_side(*sides: Side) -> RenderableType:
    """Tables: what holds for the lines, what this sentence met on them, what is left, what the sounds alone tell."""
    if len(sides) > 1 and all(side == sides[0] for side in sides[1:]):
        return Group(Text("both are the same line\n"), side_by_side(sides[0]))
    sides = _told_apart(sides)
    names = [side.name for side in sides]
    parts = (
        _measures("set: the lines, on 60 s of calibration speech", names, [side.calibration for side in sides]),
        _measures("drawn: this sentence, as chance had it", names, [side.sentence for side in sides]),
        _timing(sides),
        _after(sides),
        _heard(sides),
    )
    return Group(*(part for part in parts if part))


def _told_apart(sides: Sequence[Side]) -> tuple[Side, ...]:
    """Two files may hold profiles of one name: the later is called so."""
    first, *others = sides
    return (first, *(replace(one, name=f"{one.name}, against") if one.name == first.name else one for one in others))


def _measures(title: str, names: Sequence[str], got: Sequence[Sequence[Measure]]) -> RenderableType | None:
    told = [(name, _keyed(measures)) for name, measures in zip(names, got, strict=True) if measures]
    table = _table(("effect", "measure"), [f"{name}\n{what}" for name, _ in told for what in ("asked", "got")])
    for key in dict.fromkeys(key for _, column in told for key in column):
        effect, name, _ = key
        table.add_row(effect, name, *(cell for _, column in told for cell in _cells(column.get(key))))
    return Group(Text(title, "bold"), table, Text()) if told else None


def _keyed(measures: Sequence[Measure]) -> dict[Key, Measure]:
    seen: Counter[tuple[str, str]] = Counter()
    keyed = {}
    for one in measures:
        keyed[one.effect, one.name, seen[one.effect, one.name]] = one
        seen[one.effect, one.name] += 1
    return keyed


def _cells(measure: Measure | None) -> tuple[str, str]:
    return (number(measure.asked), number(measure.got)) if measure else ("", "")


def _timing(sides: Sequence[Side]) -> RenderableType | None:
    """How long each line takes, and when it drops; a recording has no line."""
    if all(side.delay_ms is None for side in sides):
        return None
    table = _table(("the line",), [side.name for side in sides])
    table.add_row("one way, ms", *(number(side.delay_ms) for side in sides))
    if any(side.drop_ms is not None for side in sides):
        table.add_row("drops after, ms", *(number(side.drop_ms) for side in sides))
    return Group(Text("on the clock: with what effects look ahead", "bold"), table, Text())


def _after(sides: Sequence[Side]) -> RenderableType | None:
    """What is left of the SNR; of a recording nobody knows."""
    if all(side.after == After() for side in sides):
        return None
    table = _table(("SNR, dB, A-weighted",), [side.name for side in sides])
    table.add_row("all else", *(number(side.after.snr_db) for side in sides))
    table.add_row("beds alone", *(number(side.after.stems_db) for side in sides))
    why = [Text(f"{side.name}: no figure: {TOO_LITTLE}") for side in sides if side.after.too_little]
    return Group(Text("after the line: this sentence, as it arrives", "bold"), table, *why, Text())


def _heard(sides: Sequence[Side]) -> RenderableType:
    table = _table(("of the sound alone",), [side.name for side in sides])
    columns: list[dict[str, Any]] = [asdict(side.heard) for side in sides]
    for name, meaning in MARKS.items():
        table.add_row(meaning, *(_mark(name, column) for column in columns))
    return Group(Text("heard: whatever made the sound", "bold"), table, Text())


def _mark(name: str, heard: Mapping[str, Any]) -> str:
    """Where the quietest tenth has no level there is nothing in it, not even noise."""
    is_silent = name == "floor_dbov" and heard[name] is None
    return "digital silence" if is_silent else number(heard[name])


def _table(names: Sequence[str], numbers: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for name in names:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", overflow="fold")
    return table
