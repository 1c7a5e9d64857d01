"""What was said, heard, answered and done in one call, and when. All times are ms on one clock that starts at pick-up.

The clock is the platform's: the caller's sound is placed where the platform hears it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter

from pipeline.agent import Action, Decision, Handoff, Kept
from pipeline.line.scene import Measure
from pipeline.line.window import Sort
from pipeline.platform import Event, Speech, Turn

__all__ = ["Ended", "Event", "PlacedWindow", "Record", "Replied", "Speech", "Turn", "Utterance"]

Ended = Literal[
    "agent_hung_up",
    "handed_off",
    "caller_hung_up",
    "caller_gave_up",
    "caller_invalid",
    "dropped",
    "time_limit",
    "agent_error",
]


@dataclass(frozen=True)
class Utterance:
    """What the caller said: the line's key and attempt, its text as written for people, and as it was spoken.

    `offered` names the facts it carried. `start_ms` and `end_ms` bound the speech itself, `pauses` are the silences
    of a hesitation within it. Only `words` and `keys` are meant for the agent.
    """

    key: str
    attempt: int
    text: str
    spoken: str
    offered: tuple[str, ...]
    start_ms: int
    end_ms: int
    kind: Sort = "words"
    pauses: tuple[tuple[int, int], ...] = ()

    @property
    def meant(self) -> bool:
        """Whether it is said to the agent."""
        return self.kind in ("words", "keys")

    @property
    def stretches(self) -> tuple[tuple[int, int], ...]:
        """The speech without its pauses: start and end of each part, in ms."""
        edges = [self.start_ms, *(edge for pause in self.pauses for edge in pause), self.end_ms]
        return tuple(zip(edges[::2], edges[1::2], strict=True))


@dataclass(frozen=True)
class PlacedWindow:
    """A window of the caller's sound on the clock: its name, where it starts, and the hash of its bytes.

    `echo_sha256` is the hash of as much of the agent's sound as leaks into it, and of when; None: nothing does.
    """

    name: str
    start_ms: int
    sha256: str
    echo_sha256: str | None = None


@dataclass(frozen=True)
class Replied:
    """What the agent answered to turn number `turn`, and when it sounded.

    `turn` is None for the opening, and where the caller said nothing. `discarded` replies were never played: the
    caller spoke again first. Of one that was stopped, the last `unplayed_ms` were never heard. All actions stand.
    """

    turn: int | None
    text: str
    start_ms: int
    end_ms: int
    actions: tuple[Action, ...]
    state: Mapping[str, Kept] | None
    decisions: tuple[Decision, ...]
    handoff: Handoff | None
    ends_call: bool
    discarded: bool
    unplayed_ms: int = 0


@dataclass(frozen=True)
class Record:
    """One finished call. `unmatched` are sentences of the agent to which the caller had no line.

    `error` is set where the agent failed (ended is then `agent_error`). `calibration` holds the `set` measures,
    `windows` the hashes of the sound and `measures` what each window got, by the window's name. What is not among
    `shows` (actions, state, handoff) the agent keeps to itself: nobody can say whether it happened. `speech_seen` is
    what the platform took for speech; `round_trip_ms` is how much later the caller hears the answer than it is sent
    here, and is heard here than they speak, together.
    """

    call: str
    ended: Ended
    ended_ms: int
    utterances: tuple[Utterance, ...]
    turns: tuple[Turn, ...]
    replies: tuple[Replied, ...]
    events: tuple[Event, ...] = ()
    unmatched: tuple[str, ...] = ()
    error: str | None = None
    windows: tuple[PlacedWindow, ...] = ()
    calibration: tuple[Measure, ...] = ()
    measures: Mapping[str, tuple[Measure, ...]] | None = None
    shows: tuple[str, ...] = ("actions", "handoff", "state")
    speech_seen: tuple[Speech, ...] = ()
    round_trip_ms: int = 0

    @property
    def state(self) -> Mapping[str, Kept] | None:
        """The agent's state after its last reply; None where it never showed one."""
        return next((reply.state for reply in reversed(self.replies) if reply.state is not None), None)

    @property
    def actions(self) -> tuple[Action, ...]:
        """All that the agent did, in order, with the replies that were never played."""
        return tuple(action for reply in self.replies for action in reply.actions)

    @property
    def handoff(self) -> Handoff | None:
        """What a person was given, where the call was handed off."""
        return next((reply.handoff for reply in reversed(self.replies) if reply.handoff), None)


def record_of(call: Mapping[str, Any]) -> Record:
    """The record that was written as these plain words; numbers have the digits that were written."""
    return _adapter().validate_python(call)


@cache
def _adapter() -> TypeAdapter[Record]:
    return TypeAdapter(Record)
