"""Speech -> words. An engine is a file with a class of its name and its Options."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pipeline.audio import Sound, Word


@dataclass(frozen=True)
class Transcript:
    """What was recognised. `words` is empty where the engine gives no times; `confidence` is 0 to 1 or None."""

    text: str
    words: tuple[Word, ...] = ()
    confidence: float | None = None


class NotYet(Exception):
    """The recogniser has taken the sound, and works on it beside the calls: await `done`, then ask again."""

    def __init__(self, done: Awaitable[None]) -> None:
        self.done = done


class Asr(Protocol):
    """Recognises. Same sound on the same machine: same transcript. `languages` without region.

    One that gains from several sounds at once says so by an attribute `batch`: how many it takes.
    """

    version: ClassVar[int]
    languages: tuple[str, ...]

    def __init__(self, options: Any) -> None: ...  # noqa: ANN401  each engine has Options of its own

    def transcribe(self, sounds: Sequence[Sound]) -> list[Transcript]:
        """One transcript a sound, in order. Raises InfraError where the engine fails."""
        ...
