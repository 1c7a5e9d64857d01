"""A text with its number words written as digits, and the way back to the original characters."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Folded:
    """`text` with numbers as digits; character i of it stands for `starts[i]:ends[i]` of the original."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that `start:end` of the folded text stands for."""
        return self.starts[start], self.ends[end - 1]


def folded(text: str, changes: Iterable[tuple[int, int, str]]) -> Folded:
    """`text` with each span (start, end) replaced; `changes` come in order and do not overlap."""
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for start, end, new in (*changes, (len(text), len(text), "")):
        kept = range(at, start)
        out.append(text[at:start] + new)
        starts += [*kept, *[start] * len(new)]
        ends += [*(i + 1 for i in kept), *[end] * len(new)]
        at = end
    return Folded("".join(out), tuple(starts), tuple(ends))
