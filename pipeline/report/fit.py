"""Where words go in a picture: wrapped into their room, and labels in lanes so that none covers another."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties, findfont, get_font

FAMILY = "DejaVu Sans"  # it comes with matplotlib, so that a picture looks the same everywhere
DPI = 720
GROWTH = 1.3


@dataclass(frozen=True)
class Print:
    """A size of print. Widths are in inches, `points` is the size of the font."""

    points: float

    @cached_property
    def font(self) -> FontProperties:
        """The font at this size."""
        return FontProperties(family=FAMILY, size=self.points)

    @cached_property
    def _renderer(self) -> RendererAgg:
        return RendererAgg(1, 1, DPI)

    def width(self, text: str) -> float:
        """How wide the text is."""
        return float(self._renderer.get_text_width_height_descent(text, self.font, ismath=False)[0]) / DPI

    def wrap(self, text: str, width: float) -> list[str]:
        """The words in lines of at most `width`; a word that is wider has a line of its own."""
        lines: list[str] = []
        for word in text.split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.width(longer) <= width:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def cut(self, text: str, width: float) -> str:
        """The text, or as much of it as fits with an ellipsis; empty where not even four letters do."""
        if self.width(text) <= width:
            return text
        fitting = (end for end in range(len(text), 3, -1) if self.width(f"{text[:end].rstrip()}…") <= width)
        end = next(fitting, 0)
        return f"{text[:end].rstrip()}…" if end else ""

    def fit(self, text: str, *, own: float, room: float, lines: int) -> list[str]:
        """At most so many lines under what is `own` wide: no wider if that will do, else up to `room`, else cut."""
        width = min(own, room)
        while (width := min(width, room)) < room and not self._holds(text, width, lines):
            width = max(width, 0.2) * GROWTH
        wrapped = self.wrap(text, width)
        kept = [*wrapped[: lines - 1], " ".join(wrapped[lines - 1 :])]
        shown = [self.cut(line, width) for line in kept if line]
        return shown if all(shown) else []

    def _holds(self, text: str, width: float, lines: int) -> bool:
        wrapped = self.wrap(text, width)
        return len(wrapped) <= lines and all(self.width(line) <= width for line in wrapped)


def printable(text: str) -> str:
    """The text in one line, with a question mark for what the font cannot show."""
    font = get_font(findfont(FAMILY))
    return "".join(sign if font.get_char_index(ord(sign)) else "?" for sign in " ".join(text.split()))


def lanes(spans: Sequence[tuple[float, float]]) -> list[int]:
    """A lane for each span (start, end), from 0 up, so that no two share a place.

    A later span lies lower: what stands on an earlier start reaches down without crossing a later span.
    """
    taken: list[float] = []  # where the leftmost span of each lane begins
    found = [0] * len(spans)
    for index in sorted(range(len(spans)), key=lambda index: spans[index], reverse=True):
        start, end = spans[index]
        lane = next((lane for lane, begins in enumerate(taken) if end <= begins), len(taken))
        taken[lane : lane + 1] = [start]
        found[index] = lane
    return found
