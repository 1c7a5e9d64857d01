"""Words -> reply and actions: the agent under test. An engine is a file with a class of its name and its Options."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import Field

from pipeline.agent._gate import Gate as Gate
from pipeline.agent._kept import KEPT
from pipeline.audio import Word
from pipeline.files import Json

Given = Mapping[str, Json]
Kept = Annotated[Json, KEPT]
LISTED = Field(strict=False)  # a list is as good as a tuple


@dataclass(frozen=True)
class Heard:
    """What the platform gives the agent: a recognised turn, silence where words were due, or keys pressed.

    `played_ms` is how much of the agent's last reply was heard before the caller spoke; None: all of it.
    """

    kind: Literal["speech", "silence", "dtmf"]
    text: str = ""
    words: tuple[Word, ...] = ()
    confidence: float | None = None
    played_ms: int | None = None


@dataclass(frozen=True)
class Action:
    """A tool the agent used: its name, arguments and result. `done` is False where the tool refused or failed."""

    name: str
    arguments: Mapping[str, Kept] = field(default_factory=dict)
    result: Kept = None
    done: bool = True


@dataclass(frozen=True)
class Decision:
    """What the agent understood or decided, and why. The name `refused` says that it declined what was asked."""

    name: str
    value: Kept = None
    why: str = ""


@dataclass(frozen=True)
class Handoff:
    """What a person who takes over is given: why, the facts by name, and the actions done so far."""

    why: str
    facts: Mapping[str, Kept] = field(default_factory=dict)
    done: Annotated[tuple[str, ...], LISTED] = ()


@dataclass(frozen=True)
class Reply:
    """One reply: its text, the actions taken for it, and the agent's whole state after it.

    `state` None means that the agent does not show its state. `handoff` gives the call to a person; `ends_call`
    hangs up once the text is spoken (a handoff ends the agent's part as well).
    """

    text: str
    actions: Annotated[tuple[Action, ...], LISTED] = ()
    state: Mapping[str, Kept] | None = None
    decisions: Annotated[tuple[Decision, ...], LISTED] = ()
    handoff: Handoff | None = None
    ends_call: bool = False


class AgentError(Exception):
    """The agent under test failed (it raised, timed out, or answered nonsense): a result, never a fault of ours."""


class Conversation(Protocol):
    """One call with the agent, from pick-up to hang-up."""

    @property
    def opening(self) -> Reply | None:
        """What it says first, if it speaks first."""
        ...

    async def reply(self, heard: Heard) -> Reply:
        """Its answer. Raises AgentError."""
        ...


class Agent(Protocol):
    """The agent under test, one for all calls. `shows` names what a caller of it can observe."""

    version: ClassVar[int]
    shows: frozenset[Literal["actions", "state", "handoff"]]

    def __init__(self, options: Any) -> None: ...  # noqa: ANN401  each engine has Options of its own

    def pick_up(
        self, call: str, given: Given, now: datetime, gate: Gate | None = None
    ) -> AbstractAsyncContextManager[Conversation]:
        """A new conversation in a fresh copy of the world `given`, at the pinned time `now`. Raises AgentError.

        Each request that is sent for it passes `gate` first, before any timeout begins.
        """
        ...
