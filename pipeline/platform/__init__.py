"""The system under test as the line sees it: sound in up to t; sound, events and actions out."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from pipeline.agent import Reply
from pipeline.audio import Ints, Word
from pipeline.line.track import Track


@dataclass(frozen=True)
class Turn:
    """What the platform cut out and recognised: the sound from `start_ms` to `end_ms`, decided at `decided_ms`.

    The text of keys that were pressed (`dtmf`) is the keys.
    """

    start_ms: int
    end_ms: int
    decided_ms: int
    text: str
    words: tuple[Word, ...] = ()
    confidence: float | None = None
    kind: Literal["speech", "dtmf"] = "speech"


@dataclass(frozen=True, eq=False)
class Answer:
    """The agent's reply to turn number `turn` and the sound of it, int16 at 16 kHz.

    `turn` is None for its opening, and where the caller said nothing. It leaves the platform from `start_ms` to
    `end_ms`; of one that was stopped, the last `unplayed_ms` never did, and of a `discarded` one nothing.
    """

    turn: int | None
    reply: Reply
    start_ms: int
    end_ms: int
    pcm: Ints
    discarded: bool = False
    unplayed_ms: int = 0


@dataclass(frozen=True)
class Stopped:
    """The answer that sounds falls silent at `at_ms`: somebody spoke over it."""

    at_ms: int


@dataclass(frozen=True)
class Speech:
    """A stretch of the caller's track that the platform took for speech."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Event:
    """Something worth counting that happened at a moment, such as `reply_discarded`."""

    at_ms: int
    name: str
    detail: str = ""


class Hearing(Protocol):
    """A platform in one call. Its clock starts at pick-up and runs with the caller's track."""

    def hear(self, track: Track, until_ms: int) -> AsyncIterator[Turn | Answer | Stopped | Speech | Event]:
        """Everything that comes of the sound up to `until_ms`, and of nothing later, that was not told before.

        A Turn is told before the agent is asked about it, an Answer when it begins to sound, and when it is
        Stopped, no sound of after that moment has been listened to yet. Raises AgentError.
        """
        ...


class Platform(Protocol):
    """What answers the phone; it knows the caller's track and nothing else of the caller."""

    def pick_up(self) -> AbstractAsyncContextManager[Hearing]:
        """Answer the call at 0 ms."""
        ...
