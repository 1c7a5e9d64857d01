"""Endpointing: cuts frames of speech and silence into turns, knowing at each moment only what came before it."""

from dataclasses import dataclass

from pipeline.spec.release import Endpointing

MAX_TURN_MS = 28_000  # a recogniser's window is 30 s
HOLE_MS = 160  # silence shorter than this inside the first words does not begin the count anew


@dataclass(frozen=True)
class Cut:
    """A turn: speech from `start_ms` to `end_ms`, known to be over at `decided_ms`."""

    start_ms: int
    end_ms: int
    decided_ms: int


class Turns:
    """Fed one frame after another. `speaking` is True from the moment at which sound counts as a turn."""

    def __init__(self, endpointing: Endpointing, *, max_turn_ms: int | None = MAX_TURN_MS) -> None:
        self._endpointing = endpointing
        self._max_turn_ms = max_turn_ms
        self._start_ms: int | None = None
        self._last_ms = 0
        self._speech_ms = 0

    @property
    def speaking(self) -> bool:
        """Whether enough speech was heard for a turn that is not over yet."""
        return self._start_ms is not None and self._speech_ms >= self._endpointing.min_speech_ms

    def reset(self) -> None:
        """Forget the turn that had begun."""
        self._start_ms, self._speech_ms = None, 0

    def feed(self, start_ms: int, end_ms: int, *, speech: bool) -> Cut | None:
        """One frame; the turn that is over at its end, if one is."""
        if speech:
            self._start_ms = start_ms if self._start_ms is None else self._start_ms
            self._last_ms = end_ms
            self._speech_ms += end_ms - start_ms
        if self._start_ms is None:
            return None
        if not self.speaking:
            if end_ms - self._last_ms >= HOLE_MS:
                self.reset()
            return None
        return self._cut(self._start_ms, end_ms)

    def _cut(self, start_ms: int, now_ms: int) -> Cut | None:
        silent = now_ms - self._last_ms >= self._endpointing.silence_ms
        too_long = self._max_turn_ms is not None and now_ms - start_ms >= self._max_turn_ms
        if not (silent or too_long):
            return None
        cut = Cut(start_ms, self._last_ms, now_ms)
        self.reset()
        return cut
