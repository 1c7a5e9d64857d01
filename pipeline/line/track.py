"""The caller's track: finished windows joined, as the platform hears them.

Each window is cross-faded in over 20 ms with equal power, and what is alike in both goes on as it is; where two
overlap, the later one's lead-in wins.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from pipeline.audio import Floats, Ints
from pipeline.line.window import FADE_MS, GRID_MS, HIDDEN_MS, LEAD_IN_MS, Window, samples_of


@dataclass(frozen=True, eq=False)
class Placed:
    """A window, when it starts in ms on the call's clock, and its sound from there on: faded in, to its very end."""

    start_ms: int
    window: Window
    sound: Ints

    @property
    def end_ms(self) -> int:
        """When what is heard of it ends, if nothing comes over it."""
        return self.start_ms + self.window.length_ms

    @property
    def speech_ms(self) -> tuple[int, int] | None:
        """When the speech in it begins and ends on the call's clock."""
        bounds = self.window.speech_ms
        return bounds and (self.start_ms + bounds[0], self.start_ms + bounds[1])


@dataclass(eq=False)
class Track:
    """Windows in the order in which they start. Sound before the last start is final, but for an echo in it."""

    placed: list[Placed] = field(default_factory=list)

    @property
    def end_ms(self) -> int:
        """Up to where there is sound."""
        return self.placed[-1].end_ms if self.placed else 0

    def place(self, window: Window, start_ms: int) -> None:
        """Put a window on the grid, over the tail of the one before and without a hole."""
        earliest_ms = self.placed[-1].start_ms + GRID_MS if self.placed else 0
        if start_ms % GRID_MS or not earliest_ms <= start_ms <= self.end_ms:
            raise ValueError(
                f"a window at {start_ms} ms: wants a multiple of {GRID_MS} ms from {earliest_ms} to {self.end_ms}"
            )
        self.placed.append(self._joined(len(self.placed), window, start_ms))

    def replace(self, i: int, window: Window) -> None:
        """Another rendering of the i-th window in its place; the joins on either side are made anew."""
        self.placed[i] = self._joined(i, window, self.placed[i].start_ms)
        if i + 1 < len(self.placed):
            after = self.placed[i + 1]
            self.placed[i + 1] = self._joined(i + 1, after.window, after.start_ms)

    def pcm(self, start_ms: int, end_ms: int) -> Ints:
        """The joined sound between two moments; silence before the call began."""
        silence = np.zeros(samples_of(max(0, -start_ms)), np.int16)
        spans = self._spans(max(0, start_ms), end_ms)
        return np.concatenate(
            (silence, *(placed.sound[samples_of(since) : samples_of(until)] for placed, since, until in spans))
        )

    def at(self, ms: int) -> Placed:
        """The window that sounds at a moment."""
        return self.placed[self._index(ms)]

    def frames(
        self, start_ms: int, end_ms: int, frame_ms: int, of: Callable[[Window], Floats]
    ) -> Iterator[tuple[int, float]]:
        """Each whole frame between two moments: when it starts, and its value in the window that sounds there.

        `of` gives a window's own values, one for each frame from its hidden pre-roll on. Windows are looked at frame
        by frame: what is replaced meanwhile counts from the next frame on.
        """
        for at_ms in range(start_ms, end_ms - frame_ms + 1, frame_ms):
            placed = self.at(at_ms)
            yield at_ms, float(of(placed.window)[(HIDDEN_MS + at_ms - placed.start_ms) // frame_ms])

    def keys(self, start_ms: int, end_ms: int) -> list[tuple[str, int]]:
        """The keys that are pressed between two moments, and when."""
        return [
            (key, placed.start_ms + LEAD_IN_MS + at_ms)
            for placed, since, until in self._spans(start_ms, end_ms)
            for key, at_ms in placed.window.saying.keys
            if since <= LEAD_IN_MS + at_ms < until
        ]

    def _spans(self, start_ms: int, end_ms: int) -> Iterator[tuple[Placed, int, int]]:
        """The windows that sound between two moments, each with the part of it that does, in ms from its start."""
        for i in range(self._index(start_ms), len(self.placed)):
            placed = self.placed[i]
            over_ms = self.placed[i + 1].start_ms if i + 1 < len(self.placed) else placed.end_ms
            since, until = max(start_ms, placed.start_ms), min(end_ms, over_ms)
            if since < until:
                yield placed, since - placed.start_ms, until - placed.start_ms

    def _joined(self, i: int, window: Window, start_ms: int) -> Placed:
        return Placed(start_ms, window, _faded_in(window, self.placed[i - 1], start_ms) if i else window.heard)

    def _index(self, ms: int) -> int:
        return max(0, bisect_right(self.placed, ms, key=lambda placed: placed.start_ms) - 1)


def _faded_in(window: Window, before: Placed, start_ms: int) -> Ints:
    """What is heard of a window, its first 20 ms with the one before going out under it at equal power."""
    samples = samples_of(FADE_MS)
    angle = (np.arange(samples) + 0.5) * (np.pi / 2 / samples)
    going = before.sound[samples_of(start_ms - before.start_ms) :][:samples]
    coming = window.heard[:samples]
    mixed = going * np.cos(angle) + coming * np.sin(angle)
    # What is alike in both, such as talk that runs on, adds up in amplitude and not in power.
    mixed /= np.sqrt(1 + _likeness(going, coming) * np.sin(2 * angle))
    sound = window.heard.copy()
    sound[:samples] = np.clip(np.rint(mixed), -32768, 32767)
    return sound


def _likeness(going: Ints, coming: Ints) -> float:
    """How alike two pieces of sound are: 1 where they are the same, 0 where they have nothing in common."""
    one, other = going.astype(np.float64), coming.astype(np.float64)
    power = np.sqrt((one @ one) * (other @ other))
    return max(-0.5, float(one @ other / power)) if power else 0.0
