"""The caller's track: finished windows joined, as the platform hears them.

Each window is cross-faded in over 20 ms with equal power; where two overlap, the later one's lead-in wins.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from pipeline.audio import Floats, Ints
from pipeline.line.window import FADE_MS, GRID_MS, HIDDEN_MS, Window, samples_of


@dataclass(frozen=True, eq=False)
class Placed:
    """A window and when it starts, in ms on the call's clock."""

    start_ms: int
    window: Window

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
    """Windows in the order in which they start; it only ever grows. Sound before the last start is final."""

    placed: list[Placed] = field(default_factory=list)
    _pcm: Ints = field(default_factory=lambda: np.zeros(0, np.int16))

    @property
    def end_ms(self) -> int:
        """Up to where there is sound."""
        return self.placed[-1].end_ms if self.placed else 0

    def place(self, window: Window, start_ms: int) -> None:
        """Put a window on the grid, over the tail of the one before and without a hole."""
        if start_ms % GRID_MS or start_ms > self.end_ms:
            raise ValueError(f"a window at {start_ms} ms is off the grid or leaves a hole after {self.end_ms} ms")
        start = samples_of(start_ms)
        before, after = self._pcm[start:], window.heard
        self._pcm = np.concatenate((self._pcm[:start], _faded(before, after), after[samples_of(FADE_MS) :]))
        self.placed.append(Placed(start_ms, window))

    def pcm(self, start_ms: int, end_ms: int) -> Ints:
        """The joined sound between two moments; silence before the call began."""
        lead = np.zeros(samples_of(max(0, -start_ms)), np.int16)
        return np.concatenate((lead, self._pcm[samples_of(max(0, start_ms)) : samples_of(end_ms)]))

    def at(self, ms: int) -> Placed:
        """The window that sounds at a moment."""
        starts = [placed.start_ms for placed in self.placed]
        return self.placed[max(0, bisect_right(starts, ms) - 1)]

    def frames(self, start_ms: int, end_ms: int, frame_ms: int, of: Callable[[Window], Floats]) -> Floats:
        """One value a frame between two moments, each from the window that sounds there.

        `of` gives a window's own values, one for each frame from its hidden pre-roll on.
        """
        values = []
        for ms in range(start_ms, end_ms, frame_ms):
            placed = self.at(ms)
            values.append(of(placed.window)[(HIDDEN_MS + ms - placed.start_ms) // frame_ms])
        return np.array(values, np.float32)


def _faded(before: Ints, after: Ints) -> Ints:
    """The first 20 ms of `after`, with `before` going out under it at equal power."""
    samples = samples_of(FADE_MS)
    if len(before) == 0:
        return after[:samples]
    angle = (np.arange(samples) + 0.5) * (np.pi / 2 / samples)
    mixed = before[:samples] * np.cos(angle) + after[:samples] * np.sin(angle)
    return np.asarray(np.clip(np.rint(mixed), -32768, 32767), np.int16)
