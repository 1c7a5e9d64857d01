"""Keys that are pressed, gathered into a turn. They come beside the sound (RFC 4733), so no noise changes them."""

from collections.abc import Sequence

from pipeline.platform import Turn
from pipeline.spec.release import Dtmf


class Keypad:
    """Fed what is pressed in each frame. `pressing` is True while keys wait for the next one."""

    def __init__(self, dtmf: Dtmf) -> None:
        self._dtmf = dtmf
        self._pressed: list[tuple[str, int]] = []

    @property
    def pressing(self) -> bool:
        """Whether keys were pressed that are no turn yet."""
        return bool(self._pressed)

    def feed(self, pressed: Sequence[tuple[str, int]], now_ms: int) -> Turn | None:
        """The keys of one frame, each with its moment; the turn that is over at its end, if one is."""
        self._pressed.extend(pressed)
        if not self._pressed:
            return None
        keys = "".join(key for key, _ in self._pressed)
        start_ms, last_ms = self._pressed[0][1], self._pressed[-1][1]
        is_ended = bool(self._dtmf.end) and keys.endswith(self._dtmf.end)
        if not is_ended and now_ms - last_ms < self._dtmf.between_ms:
            return None
        self._pressed = []
        return Turn(start_ms, max(last_ms, start_ms + 1), now_ms, keys.removesuffix(self._dtmf.end), kind="dtmf")
