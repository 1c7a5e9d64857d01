"""Text -> clean speech. An engine is a file with a class of its name and its Options."""

from collections.abc import Iterable
from typing import Any, ClassVar, Protocol, runtime_checkable

from pipeline.audio import Sound


class Tts(Protocol):
    """Speaks. Same text, same seed: same bytes. `languages` are those it can speak ("en"), without region.

    Text must already be in spoken form: ids as words, not digits (`values.spoken`).
    """

    version: ClassVar[int]
    languages: tuple[str, ...]

    def __init__(self, options: Any) -> None: ...  # noqa: ANN401  each engine has Options of its own

    def speak(self, text: str, *, seed: int) -> Sound:
        """The words as clean speech at the engine's own rate. Raises Unspeakable, and InfraError where it fails."""
        ...


@runtime_checkable
class Limited(Protocol):
    """What a Tts has besides, if it cannot say just any text and knows so without a sound."""

    def refuse_missing(self, texts: Iterable[str]) -> None:
        """Raises Unspeakable naming what it cannot say of the texts."""
        ...


@runtime_checkable
class Recordings(Limited, Protocol):
    """What a Tts of recordings has besides."""

    def calibration(self) -> Sound:
        """What its level is found on, instead of sentences that all other voices say."""
        ...
