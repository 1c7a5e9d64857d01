"""Endpointing: cuts frames of speech and silence into turns, knowing at each moment only what came before it."""

from dataclasses import dataclass

from pipeline.platform import Speech
from pipeline.spec.release import Endpointing

HOLE_MS = 160  # silence shorter than this inside the first words does not begin the count anew


@dataclass(frozen=True)
class Cut:
    """A turn: from `start_ms` to `end_ms`, known to be over at `decided_ms`; `speech_ms` of it were speech."""

    start_ms: int
    end_ms: int
    decided_ms: int
    speech_ms: int = 0


class Turns:
    """Fed one frame after another. `is_patient` ones cut no turn for its length."""

    def __init__(self, endpointing: Endpointing, *, is_patient: bool = False) -> None:
        self._endpointing = endpointing
        self._longest_ms = None if is_patient else round(1000 * endpointing.max_turn_s)
        self._start_ms: int | None = None
        self._last_ms = 0
        self._speech_ms = 0

    @property
    def speech_ms(self) -> int:
        """How much speech the turn that has begun holds up to now."""
        return self._speech_ms

    @property
    def speaking(self) -> bool:
        """Whether enough speech was heard for a turn that is not over yet."""
        return self._start_ms is not None and self._speech_ms >= self._endpointing.min_speech_ms

    def until(self, now_ms: int) -> Cut | None:
        """The turn that has begun, as if it were over now."""
        return None if self._start_ms is None else Cut(self._start_ms, self._last_ms, now_ms, self._speech_ms)

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
        too_long = self._longest_ms is not None and now_ms - start_ms >= self._longest_ms
        if not (silent or too_long):
            return None
        cut = Cut(start_ms, self._last_ms, now_ms, self._speech_ms)
        self.reset()
        return cut


class Stretches:
    """Fed one frame after another: the stretches of speech, together where only a hole is between them."""

    def __init__(self) -> None:
        self._start_ms: int | None = None
        self._last_ms = 0

    def feed(self, start_ms: int, end_ms: int, *, speech: bool) -> Speech | None:
        """One frame; the stretch that is over, once it is."""
        if speech:
            self._start_ms = start_ms if self._start_ms is None else self._start_ms
            self._last_ms = end_ms
        if self._start_ms is None or end_ms - self._last_ms < HOLE_MS:
            return None
        whole, self._start_ms = Speech(self._start_ms, self._last_ms), None
        return whole
