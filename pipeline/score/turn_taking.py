"""Who spoke when, and what went wrong with it: counts and sums of ms, with the single latencies beside them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from pipeline.call.mishaps import attempts, barge_ins, endpoint_after_ms, hears, meant, meant_in, sounded
from pipeline.call.record import Record, Replied
from pipeline.score import Tally
from pipeline.spec.scenario import Scenario
from pipeline.spec.words import Words

MISHAPS: Mapping[str, str] = {
    "premature_endpoint": "premature_endpoints",
    "late_endpoint": "late_endpoints",
    "false_interruption": "false_interruptions",
    "missed_barge_in": "missed_barge_ins",
    "spurious_turn": "spurious_turns",
    "talked_over": "talked_over",
    "no_input": "no_inputs",
}

Span = tuple[int, int]


class Options(Words):
    """None: the definitions are part of the score's version."""


@dataclass(frozen=True)
class Wait:
    """One latency: of which sort, how many ms, and at which moment it was over."""

    sort: Literal["response", "endpoint", "yield"]
    ms: int
    at_ms: int


class TurnTaking:
    """Counts what went wrong with whose turn it was, and sums how long each waited for the other."""

    version = 1

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, scenario: Scenario, record: Record) -> Tally:
        """Counts and ms, which sum over calls; one detail for each single latency."""
        waits = (*_responses(record), *_endpoints(record), *_yields(record))
        return Tally(
            counts={**_turns(record), **_events(record), **_attempts(record), **_summed(waits), **_shares(record)},
            details=tuple({f"{wait.sort}_ms": wait.ms, "at_ms": wait.at_ms} for wait in waits),
        )


def _turns(record: Record) -> dict[str, int]:
    said = meant(record)
    return {
        "turns": len(record.turns),
        "utterances": len(said),
        "turns_cut": sum(sum(hears(turn, utterance) for turn in record.turns) > 1 for utterance in said),
    }


def _events(record: Record) -> dict[str, int]:
    names = [event.name for event in record.events]
    counts = {count: names.count(name) for name, count in MISHAPS.items()}
    return {**counts, "stops": len(barge_ins(record)), "dropped": int(record.ended == "dropped")}


def _attempts(record: Record) -> dict[str, int]:
    """Barge-ins, and what is none: only what can be judged counts."""
    judged = [attempt for attempt in attempts(record) if attempt.stopped is not None]
    tried = [attempt.stopped for attempt in judged if attempt.utterance.meant]
    others = [attempt.stopped for attempt in judged if attempt.utterance.kind in ("backchannel", "cough")]
    return {
        "barge_ins": len(tried),
        "yielded": tried.count(True),
        "ignored": others.count(False),
        "to_ignore": len(others),
    }


def _summed(waits: Sequence[Wait]) -> dict[str, int]:
    """What each sort of latency comes to, and of how many."""
    return {
        "responses": sum(wait.sort == "response" for wait in waits),
        "endpoints": sum(wait.sort == "endpoint" for wait in waits),
        **{f"{sort}_ms": sum(wait.ms for wait in waits if wait.sort == sort) for sort in ("response", "endpoint")},
        "yield_ms": sum(wait.ms for wait in waits if wait.sort == "yield"),
    }


def _responses(record: Record) -> Iterator[Wait]:
    """From the true end of the caller's last words or keys to the first sound that answers a turn of theirs."""
    replies = sounded(record)
    for before, reply in pairwise([None, *replies]):
        if reply is None or not _is_answer(reply, record):
            continue
        end_ms = max(one.end_ms for one in meant(record) if one.start_ms < reply.start_ms)
        spoke_since = before is not None and before.start_ms >= end_ms
        if end_ms <= reply.start_ms and not spoke_since:
            yield Wait("response", reply.start_ms - end_ms, reply.start_ms)


def _is_answer(reply: Replied, record: Record) -> bool:
    """Whether it answers something that the caller said to the agent."""
    return reply.turn is not None and bool(meant_in(record.turns[reply.turn], record))


def _endpoints(record: Record) -> Iterator[Wait]:
    for turn in record.turns:
        if (ms := endpoint_after_ms(turn, record)) is not None:
            yield Wait("endpoint", ms, turn.decided_ms)


def _yields(record: Record) -> Iterator[Wait]:
    """From the caller's first sound to the agent's silence."""
    for attempt in attempts(record):
        if attempt.utterance.meant and attempt.stopped:
            silent_ms = attempt.reply.end_ms
            yield Wait("yield", silent_ms - attempt.utterance.start_ms, silent_ms)


def _shares(record: Record) -> dict[str, int]:
    """How long both spoke at once, nobody did, and the call was."""
    replies = [(reply.start_ms, reply.end_ms) for reply in sounded(record)]
    said = [span for one in meant(record) for span in one.stretches]
    every = [span for one in record.utterances for span in one.stretches]
    return {
        "talk_over_ms": _covered_ms(_common(said, replies), record),
        "silence_ms": record.ended_ms - _covered_ms([*every, *replies], record),
        "call_ms": record.ended_ms,
    }


def _common(some: Iterable[Span], others: Sequence[Span]) -> list[Span]:
    """The times that lie in one of both."""
    both = [(max(one[0], other[0]), min(one[1], other[1])) for one in some for other in others]
    return [(start, end) for start, end in both if start < end]


def _covered_ms(spans: Iterable[Span], record: Record) -> int:
    """How long at least one of the spans lasts, until the end of the call."""
    covered, reached = 0, 0
    for start, end in sorted(spans):
        until = min(end, record.ended_ms)
        covered += max(0, until - max(start, reached))
        reached = max(reached, until)
    return covered
