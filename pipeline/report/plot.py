"""One call as a picture: both tracks on one time axis, what the platform made of them, and what went wrong when."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke

from pipeline.audio import Floats, Ints
from pipeline.report.dialogue import heard_of, name_of, with_pauses
from pipeline.report.fit import FAMILY, Print, lanes, printable
from pipeline.score import criteria_in
from pipeline.spec.arm import lacks
from pipeline.spec.profile import PLACES
from pipeline.spec.severity import TYPICAL, severity_name

Json = Mapping[str, Any]

ROW_S = 30
DPI = 120
COLUMNS = 1300  # of a waveform in a row

# All sizes are in inches; an Axes has its own height as y, so that one unit is one inch.
WIDTH, LEFT, RIGHT = 15.0, 0.85, 0.3
TRACK, LINE, LANE, GAP = 0.75, 0.125, 0.17, 0.08
CALLER_LINES, HEARD_LINES, AGENT_LINES = 2, 2, 3
BAR, AXIS, NARROW = 0.1, 0.4, 0.8
# Where bands begin, from the bottom up; the words of each hang under it.
AGENT = AGENT_LINES * LINE + GAP / 2
SEEN = AGENT + TRACK + GAP + HEARD_LINES * LINE + GAP / 2
CALLER = SEEN + 0.16 + BAR + GAP + CALLER_LINES * LINE + GAP / 2
PINS = CALLER + TRACK + GAP
SMALL, LABEL = Print(7), Print(7.5)

# Okabe and Ito's colours, which people with any kind of colour blindness tell apart.
BLUE, SKY, GREEN, ORANGE = "#0072B2", "#56B4E9", "#009E73", "#E69F00"
VERMILLION, PURPLE, BLACK, GREY = "#D55E00", "#CC79A7", "#222222", "#777777"
VERDICT = {"passed": GREEN, "resolved_badly": ORANGE}


@dataclass(frozen=True)
class Mark:
    """How an event is shown, and what it means."""

    colour: str
    marker: str
    meaning: str


MARKS = {
    "premature_endpoint": Mark(VERMILLION, "v", "the caller was not done"),
    "late_endpoint": Mark(ORANGE, ">", "the platform waited long"),
    "talked_over": Mark(VERMILLION, "p", "the agent began while the caller spoke"),
    "barge_in": Mark(BLUE, "D", "the agent falls silent for the caller"),
    "false_interruption": Mark(PURPLE, "P", "the agent falls silent, nobody spoke to it"),
    "missed_barge_in": Mark(PURPLE, "s", "the agent talks on over the caller"),
    "spurious_turn": Mark(ORANGE, "*", "a turn of what was not meant for the agent"),
    "no_input": Mark(SKY, "o", "the caller said nothing in time"),
    "reply_discarded": Mark(GREEN, "d", "a reply never played: the caller spoke again"),
    "unheard_under_prompt": Mark(SKY, "^", "said while nobody listened"),
    "nothing_recognised": Mark(GREY, "h", "a turn without words"),
    "dropped": Mark(BLACK, "X", "the line is gone"),
}
UNSHOWN = ("goodbye", "gave_up", "no_line")  # the caller hangs up: the title says so, and there the call ends


@dataclass(frozen=True)
class Item:
    """Something that lasts, in s, and its words."""

    start: float
    end: float
    text: str
    colour: str = BLACK


@dataclass(frozen=True)
class Pin:
    """An event on its place, in s."""

    at: float
    name: str

    @property
    def mark(self) -> Mark:
        """Grey where the name is not known."""
        return MARKS.get(self.name, Mark(GREY, ".", ""))

    @property
    def label(self) -> str:
        """Its name for people."""
        return printable(name_of(self.name))


@dataclass(frozen=True, eq=False)
class Scene:
    """What there is to draw, whatever the rows: the call's JSON and its tracks, each scaled to its loudest."""

    call: Json
    tracks: tuple[Floats, Floats]
    rate: int

    @cached_property
    def seconds(self) -> float:
        """How long the picture is."""
        return max(float(self.call["ended_ms"]) / 1000, 1.0)

    @cached_property
    def pins(self) -> list[Pin]:
        """The events in order. A barge-in that was a false one is told once."""
        events = self.call["events"]
        false = {one["at_ms"] for one in events if one["name"] == "false_interruption"}
        shown = [one for one in events if one["name"] not in UNSHOWN]
        kept = [one for one in shown if one["name"] != "barge_in" or one["at_ms"] not in false]
        return [
            Pin(min(one["at_ms"] / 1000, self.seconds), one["name"])
            for one in sorted(kept, key=lambda one: one["at_ms"])
        ]

    @cached_property
    def said(self) -> list[Item]:
        """The caller's words."""
        return [_item(one, said_for_people(one), BLACK if _meant(one) else GREY) for one in self.call["utterances"]]

    @cached_property
    def heard(self) -> list[Item]:
        """What was recognised."""
        return [_item(one, one["text"] or "(nothing)", BLACK) for one in self.call["turns"]]

    @cached_property
    def answered(self) -> list[Item]:
        """The agent's words."""
        return [_item(one, _heard_of(one), GREY if one["discarded"] else BLACK) for one in self.call["replies"]]


@dataclass(frozen=True)
class Row:
    """A stretch of the call, in s, and how many inches a second and the labels of its pins take."""

    start: float
    end: float
    scale: float
    pins: tuple[Pin, ...]

    @property
    def spans(self) -> list[tuple[float, float]]:
        """Where each pin's marker and label stand, in s."""
        return [(pin.at - 0.07 / self.scale, pin.at + (0.2 + LABEL.width(pin.label)) / self.scale) for pin in self.pins]

    @cached_property
    def lanes(self) -> list[int]:
        """The lane of each pin."""
        return lanes(self.spans)

    @property
    def height(self) -> float:
        """All bands, in inches."""
        return PINS + (max(self.lanes, default=-1) + 1) * LANE


def said_for_people(utterance: Json) -> str:
    """The utterance's words as they are printed: what is no speech, or not for the agent, in brackets."""
    match utterance["kind"]:
        case "cough":
            return "(cough)"
        case "keys":
            return f"[{utterance['text']}]"
        case "words":
            return with_pauses(utterance)
        case _:
            return f"({with_pauses(utterance)})"


def plot_call(facts: Json, stereo: Ints, rate: int) -> Figure:
    """The figure of a call: `facts` are a record's, `stereo` its int16 samples x (caller, agent) at `rate`."""
    scene = Scene(facts["call"], (_scaled(stereo[:, 0]), _scaled(stereo[:, 1])), rate)
    rows, right = _rows(scene)
    why, marks = _reasons(facts), _marks(scene)
    head, key = 0.5 + 0.17 * len(why), 0.4 + 0.17 * ceil(len(marks) / 3)
    height = head + sum(row.height + AXIS for row in rows) + key
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    _title(figure, facts, why)
    top = height - head
    for row in rows:
        place = (LEFT / WIDTH, (top - row.height) / height, (WIDTH - LEFT - right) / WIDTH, row.height / height)
        _draw_row(figure.add_axes(place), row, scene)
        top -= row.height + AXIS
    _key(figure, _shades(scene.call), marks, (key - 0.1) / height)
    return figure


def write_plot(path: Path, figure: Figure) -> None:
    """Write the figure; the ending of `path` says the format (png, svg, pdf)."""
    figure.savefig(path, dpi=DPI)


def _scaled(track: Ints) -> Floats:
    samples: Floats = track.astype(np.float32)
    samples /= np.abs(samples).max(initial=1)
    return samples


def _item(one: Json, text: str, colour: str) -> Item:
    return Item(one["start_ms"] / 1000, one["end_ms"] / 1000, printable(text), colour)


def _heard_of(reply: Json) -> str:
    """As much of the words as sounded."""
    heard, rest = heard_of(reply)
    return f"{heard.rstrip(' -')}—" if rest else heard


def _meant(utterance: Json) -> bool:
    return utterance["kind"] in ("words", "keys")


def _rows(scene: Scene) -> tuple[list[Row], float]:
    """Rows of equal length, and the right margin: wide enough for a label that begins at the edge."""
    for right in (RIGHT, RIGHT + max((LABEL.width(pin.label) for pin in scene.pins), default=0)):
        rows = _rows_within(scene, WIDTH - LEFT - right)
        if all(end <= row.end + (right - 0.05) / row.scale for row in rows for _, end in row.spans):
            break
    return rows, right


def _rows_within(scene: Scene, width: float) -> list[Row]:
    count = ceil(scene.seconds / ROW_S)
    length = ceil(scene.seconds / count) if count > 1 else scene.seconds
    nth = [min(int(pin.at / length), count - 1) for pin in scene.pins]
    pins = [tuple(pin for pin, place in zip(scene.pins, nth, strict=True) if place == row) for row in range(count)]
    return [Row(row * length, (row + 1) * length, width / length, pins[row]) for row in range(count)]


def _draw_row(axes: Axes, row: Row, scene: Scene) -> None:
    _frame(axes, row, scene)
    _caller(axes, row, scene)
    _platform(axes, row, scene)
    _agent(axes, row, scene)
    _words(axes, row, scene.said, CALLER, CALLER_LINES)
    _words(axes, row, scene.heard, SEEN, HEARD_LINES)
    _words(axes, row, scene.answered, AGENT, AGENT_LINES)
    _pins(axes, row)


def _frame(axes: Axes, row: Row, scene: Scene) -> None:
    """The time axis, the names of the bands, and the end of the call."""
    axes.set(xlim=(row.start, row.end), ylim=(0, row.height), facecolor="none")
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    middles = {"caller": CALLER + TRACK / 2, "platform": SEEN + 0.13, "agent": AGENT + TRACK / 2}
    axes.set_yticks(list(middles.values()), list(middles), fontfamily=FAMILY, fontsize=9)
    step = _tick_s(row.end - row.start)
    axes.set_xticks(np.arange(ceil(row.start / step) * step, row.end + 1e-6, step))
    axes.tick_params(axis="x", labelsize=8, labelfontfamily=FAMILY, color=GREY)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter("{x:g} s")
    axes.set_xlim(row.start, row.end)
    if scene.seconds < row.end:
        axes.plot([scene.seconds] * 2, [0, PINS], color=BLACK, linewidth=1.2)


def _tick_s(seconds: float) -> float:
    return next(step for step in (0.1, 0.2, 0.5, 1, 2) if seconds / step <= 20)


def _caller(axes: Axes, row: Row, scene: Scene) -> None:
    _wave(axes, row, scene, 0, CALLER)
    for one in scene.call["utterances"]:
        edges = [one["start_ms"], *(edge for pause in one["pauses"] for edge in pause), one["end_ms"]]
        for nth, (start, end) in enumerate(pairwise(edges)):
            looks = _pause_looks() if nth % 2 else _speech_looks(meant=_meant(one))
            _box(axes, row, (start, end), CALLER, **looks)


def _platform(axes: Axes, row: Row, scene: Scene) -> None:
    """Above, what was taken for speech; below, the turns that were cut out of it, up to their decision."""
    for one in scene.call["speech_seen"]:
        _box(axes, row, (one["start_ms"], one["end_ms"]), SEEN + 0.17, BAR, color=GREY, linewidth=0)
    y = SEEN + 0.08
    for one in scene.call["turns"]:
        start, end, decided = one["start_ms"] / 1000, one["end_ms"] / 1000, one["decided_ms"] / 1000
        axes.plot([start, start, end], [y + 0.05, y, y], color=BLACK, linewidth=1.6, solid_joinstyle="miter")
        axes.plot([end, decided], [y, y], color=BLACK, linewidth=1, linestyle=(0, (1, 1.5)))
        axes.plot([decided], [y], color=BLACK, marker="|", markersize=10, markeredgewidth=1.8)


def _agent(axes: Axes, row: Row, scene: Scene) -> None:
    """What sounded; what did not, up to where the next reply begins."""
    _wave(axes, row, scene, 1, AGENT)
    replies, ended_ms = scene.call["replies"], scene.call["ended_ms"]
    for one in replies:
        start_ms, end_ms = one["start_ms"], one["end_ms"]
        next_ms = min([later["start_ms"] for later in replies if later["start_ms"] > start_ms], default=ended_ms)
        if one["discarded"]:
            _box(axes, row, (start_ms, min(end_ms, next_ms)), AGENT, **_discarded_looks())
        else:
            _box(axes, row, (start_ms, end_ms), AGENT, **_reply_looks())
            _box(axes, row, (end_ms, min(end_ms + one["unplayed_ms"], next_ms)), AGENT, **_unplayed_looks())


def _speech_looks(*, meant: bool) -> dict[str, Any]:
    return {"facecolor": BLUE if meant else ORANGE, "alpha": 0.2 if meant else 0.35, "linewidth": 0}


def _pause_looks() -> dict[str, Any]:
    return {"facecolor": "none", "edgecolor": BLUE, "hatch": "....", "linewidth": 0, "alpha": 0.5}


def _reply_looks() -> dict[str, Any]:
    return {"facecolor": GREEN, "alpha": 0.2, "linewidth": 0}


def _unplayed_looks() -> dict[str, Any]:
    return {"facecolor": "none", "edgecolor": GREEN, "hatch": "////", "linewidth": 0.6, "alpha": 0.6}


def _discarded_looks() -> dict[str, Any]:
    return {"facecolor": "none", "edgecolor": GREEN, "linestyle": (0, (3, 2)), "linewidth": 1}


def _box(axes: Axes, row: Row, span_ms: tuple[int, int], y: float, height: float = TRACK, **looks: Any) -> None:  # noqa: ANN401
    start, end = max(span_ms[0] / 1000, row.start), min(span_ms[1] / 1000, row.end)
    if start < end:
        axes.add_patch(Rectangle((start, y), end - start, height, zorder=1, **looks))


def _wave(axes: Axes, row: Row, scene: Scene, side: int, y: float) -> None:
    """The lowest and highest sample of each column; side 0 is the caller."""
    part = scene.tracks[side][round(row.start * scene.rate) : round(row.end * scene.rate)]
    if not len(part):
        return
    step = max(1, ceil((row.end - row.start) * scene.rate / COLUMNS))
    columns = np.arange(0, len(part), step)
    low, high = np.minimum.reduceat(part, columns), np.maximum.reduceat(part, columns)
    times, half = row.start + (columns + step / 2) / scene.rate, TRACK / 2
    colour = (BLUE, GREEN)[side]
    axes.fill_between(times, y + half + low * half, y + half + high * half, color=colour, linewidth=0.3, zorder=2)


def _words(axes: Axes, row: Row, items: Sequence[Item], y: float, lines: int) -> None:
    """Words hang under `y`, each in the row that holds most of it, up to where the next ones begin."""
    begins = sorted(max(item.start, row.start) for item in items if _mostly(item, row))
    for item in items:
        if not _mostly(item, row):
            continue
        start = max(item.start, row.start)
        room = min([later for later in begins if later > start], default=row.end) - start
        own = max(min(item.end, row.end) - start, NARROW / row.scale)
        fitted = SMALL.fit(item.text, own=own * row.scale, room=room * row.scale - 0.06, lines=lines)
        for nth, line in enumerate(fitted):
            _text(axes, start, y - GAP / 4 - nth * LINE, line, SMALL, color=item.colour, va="top")


def _mostly(item: Item, row: Row) -> bool:
    return row.start <= (item.start + item.end) / 2 < row.end


def _text(axes: Axes, x: float, y: float, text: str, size: Print, **looks: Any) -> None:  # noqa: ANN401
    halo = [withStroke(linewidth=2, foreground="white")]  # a stem may pass behind
    axes.text(x, y, text, fontproperties=size.font, parse_math=False, path_effects=halo, zorder=6, **looks)


def _pins(axes: Axes, row: Row) -> None:
    for pin, lane in zip(row.pins, row.lanes, strict=True):
        y, mark = PINS + (lane + 0.5) * LANE, pin.mark
        axes.plot([pin.at] * 2, [AGENT, y], color=mark.colour, linewidth=0.8, alpha=0.7, zorder=3, clip_on=False)
        axes.plot([pin.at], [y], color=mark.colour, marker=mark.marker, markersize=6, zorder=5, clip_on=False)
        _text(axes, pin.at + 0.09 / row.scale, y, pin.label, LABEL, color=mark.colour, va="center_baseline")


def _title(figure: Figure, facts: Json, why: Iterable[str]) -> None:
    """The verdict, which call it was, and what was not met."""
    inch = 1 / figure.get_figheight()
    status, ended = facts["status"].replace("_", " "), facts["call"]["ended"].replace("_", " ")
    verdict, big = f"{status} ({ended})", Print(13)
    colour = VERDICT.get(facts["status"], VERMILLION)
    looks: dict[str, Any] = {"va": "baseline", "parse_math": False}
    figure.text(LEFT / WIDTH, 1 - 0.32 * inch, verdict, color=colour, fontproperties=big.font, **looks)
    after = (LEFT + big.width(verdict) + 0.2) / WIDTH
    figure.text(after, 1 - 0.32 * inch, _called(facts), color=GREY, fontproperties=Print(10).font, **looks)
    for nth, line in enumerate(why):
        y = 1 - (0.52 + nth * 0.17) * inch
        figure.text(LEFT / WIDTH, y, line, color=BLACK, fontproperties=Print(8.5).font, **looks)


def _called(facts: Json) -> str:
    # Records of before there were severities hold none.
    bad = "" if lacks(facts["arm"]) == PLACES else severity_name(facts.get("severity", TYPICAL))
    line = f"{facts['profile']} {bad}".strip()
    parts = (facts["scenario"], line, facts["voice"], f"trial {facts['trial']}", facts["arm"])
    return printable(" · ".join(parts))


def _reasons(facts: Json) -> list[str]:
    """What was not met, at most three lines of it."""
    unmet = [one for one in criteria_in(facts) if not one["met"]]
    wrong = [f"{'not met' if one['met'] is False else 'cannot tell'}: {one['name']}: {one['why']}" for one in unmet]
    wrong += [facts["why"]] if facts.get("why") else []
    wrong += [f"the agent failed: {facts['call']['error']}"] if facts["call"]["error"] else []
    return [Print(8.5).cut(printable(line), WIDTH - LEFT - RIGHT) for line in wrong[:3]]


def _marks(scene: Scene) -> list[Artist]:
    """The events that occur, with what they mean."""
    return [_mark_key(Pin(0, name)) for name in dict.fromkeys(pin.name for pin in scene.pins) if name in MARKS]


def _mark_key(pin: Pin) -> Artist:
    mark = pin.mark
    return Line2D([], [], color=mark.colour, marker=mark.marker, linestyle="", label=f"{pin.label}: {mark.meaning}")


def _shades(call: Json) -> list[Artist]:
    """The bands that occur."""
    said, replies = call["utterances"], call["replies"]
    played = [one for one in replies if not one["discarded"]]
    turn: dict[str, Any] = {"color": BLACK, "marker": "|", "markersize": 9, "markeredgewidth": 1.8}
    shades: list[tuple[bool, Artist]] = [
        (any(_meant(one) for one in said), Patch(label="the caller speaks", **_speech_looks(meant=True))),
        (any(one["pauses"] for one in said), Patch(label="pauses in mid-sentence", **_pause_looks())),
        (not all(_meant(one) for one in said), Patch(label="not for the agent", **_speech_looks(meant=False))),
        (bool(call["speech_seen"]), Patch(label="taken for speech", color=GREY, linewidth=0)),
        (bool(call["turns"]), Line2D([], [], label="turn, up to its decision", **turn)),
        (any(one["end_ms"] > one["start_ms"] for one in played), Patch(label="the agent speaks", **_reply_looks())),
        (any(one["unplayed_ms"] for one in played), Patch(label="stopped: never said", **_unplayed_looks())),
        (len(played) < len(replies), Patch(label="never played", **_discarded_looks())),
    ]
    return [artist for occurs, artist in shades if occurs]


def _key(figure: Figure, shades: list[Artist], events: list[Artist], top: float) -> None:
    looks: dict[str, Any] = {
        "frameon": False,
        "prop": Print(8).font,
        "borderaxespad": 0,
        "handletextpad": 0.5,
        "columnspacing": 1.6,
    }
    at = LEFT / WIDTH
    if shades:
        figure.legend(handles=shades, loc="upper left", bbox_to_anchor=(at, top), ncols=len(shades), **looks)
    if events:
        under = top - 0.22 / figure.get_figheight()
        figure.legend(handles=events, loc="upper left", bbox_to_anchor=(at, under), ncols=3, **looks)
