"""Speech or not. An engine is a file with a class of its name and its Options."""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pipeline.audio import Floats, Sound


@dataclass(frozen=True, eq=False)
class Probabilities:
    """The probability of speech in each whole frame of `frame_ms`, from the first sample on. `frame_ms` divides 160."""

    frame_ms: int
    values: Floats


class Vad(Protocol):
    """Decides frame by frame from the sound so far: frame k depends on nothing after its end (causal)."""

    version: ClassVar[int]
    frame_ms: int

    def __init__(self, options: Any) -> None: ...  # noqa: ANN401  each engine has Options of its own

    def speech(self, sound: Sound) -> Probabilities:
        """One probability a frame; a fresh state at the first sample."""
        ...
