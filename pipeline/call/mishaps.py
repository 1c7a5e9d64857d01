"""Where turn-taking went wrong in a call: the truth of the simulation against what the platform did.

Only `barge_in` is read of the platform's own events. The definitions stand in docs/measures/events.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.call.record import Event, Record, Replied, Turn, Utterance

LATE_MS = 2_000  # a caller who has waited for longer says "hello?"
LEFT_MS = 1_000  # of a prompt that has less to play, nobody can tell whether it was stopped
GRACE_MS = 1_000  # a prompt that plays on for longer after the caller's last word was not stopped by them
# A platform that decides on speech does so while it hears it, or up to 500 ms later where it counts words.
EXPLAINS_MS = 1_000


@dataclass(frozen=True)
class Attempt:
    """Something uttered into a reply with at least a second still to play, and whether the reply was stopped in time.

    `stopped` is None where the call ended before that could be told.
    """

    utterance: Utterance
    reply: Replied
    stopped: bool | None


def mishaps(record: Record) -> tuple[Event, ...]:
    """Every moment at which turn-taking went wrong, in order."""
    found = (
        *_premature_endpoints(record),
        *_late_endpoints(record),
        *_false_interruptions(record),
        *_missed_barge_ins(record),
        *_spurious_turns(record),
        *_talked_over(record),
    )
    return tuple(sorted(found, key=lambda event: (event.at_ms, event.name)))


def hears(turn: Turn, utterance: Utterance) -> bool:
    """Whether the turn holds some of the utterance: keys if it is one of keys, else any of its speech."""
    return (turn.kind == "dtmf") == (utterance.kind == "keys") and _touch(utterance, turn.start_ms, turn.end_ms)


def meant_in(turn: Turn, record: Record) -> list[Utterance]:
    """What the caller said to the agent in this turn, in order."""
    return [utterance for utterance in meant(record) if hears(turn, utterance)]


def meant(record: Record) -> list[Utterance]:
    """What the caller said to the agent."""
    return [utterance for utterance in record.utterances if utterance.meant]


def sounded(record: Record) -> list[Replied]:
    """The replies that were heard, at least in part."""
    return [reply for reply in record.replies if not reply.discarded and reply.start_ms < reply.end_ms]


def barge_ins(record: Record) -> list[Event]:
    """The moments at which the platform decided to stop playback."""
    return [event for event in record.events if event.name == "barge_in"]


def attempts(record: Record) -> Iterator[Attempt]:
    """Everything that the caller uttered into a reply with at least a second still to play, meant or not."""
    for utterance in record.utterances:
        for reply in sounded(record):
            if _is_into(utterance, reply, record):
                yield Attempt(utterance, reply, _stopped(utterance, reply, record))


def _is_into(utterance: Utterance, reply: Replied, record: Record) -> bool:
    """Whether it began while the reply sounded, not too close to its end, and not once that was being stopped."""
    left_ms = reply.end_ms + reply.unplayed_ms - utterance.start_ms
    stopping = any(stop.at_ms < utterance.start_ms for stop in _stops(reply, record))
    return reply.start_ms <= utterance.start_ms < reply.end_ms and left_ms >= LEFT_MS and not stopping


def _stopped(utterance: Utterance, reply: Replied, record: Record) -> bool | None:
    """Whether the reply fell silent for it: while it went on or soon after, and not for words if it is none."""
    until_ms = utterance.end_ms + GRACE_MS
    if _cuts(reply, utterance, record) and reply.end_ms <= until_ms:
        return True
    return False if record.ended_ms >= min(until_ms, reply.end_ms + reply.unplayed_ms) else None


def _cuts(reply: Replied, utterance: Utterance, record: Record) -> bool:
    """Whether the reply was stopped; where the utterance is not meant for the agent, for nothing that is."""
    return any(utterance.meant or not _is_explained(stop, record) for stop in _stops(reply, record))


def _stops(reply: Replied, record: Record) -> list[Event]:
    return [stop for stop in barge_ins(record) if reply.start_ms <= stop.at_ms <= reply.end_ms]


def _premature_endpoints(record: Record) -> Iterator[Event]:
    for turn in record.turns:
        for utterance in meant_in(turn, record):
            if turn.decided_ms < utterance.end_ms and not _is_all_of_the_keys(turn, utterance, record):
                left_ms = utterance.end_ms - turn.decided_ms
                yield Event(turn.decided_ms, "premature_endpoint", f"{left_ms} ms were still to come")


def _is_all_of_the_keys(turn: Turn, utterance: Utterance, record: Record) -> bool:
    """Whether no key came after this turn: one that ends it is known before its tone is over."""
    return turn.kind == "dtmf" and not any(
        hears(other, utterance) and other.start_ms > turn.end_ms for other in record.turns
    )


def _late_endpoints(record: Record) -> Iterator[Event]:
    for turn in record.turns:
        if (endpoint_ms := endpoint_after_ms(turn, record)) is not None and endpoint_ms > LATE_MS:
            yield Event(turn.decided_ms, "late_endpoint", f"{endpoint_ms} ms after the last word")


def endpoint_after_ms(turn: Turn, record: Record) -> int | None:
    """How long after the true end of what was said in it the turn was decided; None if before, or if nothing was."""
    said = meant_in(turn, record)
    if not said or turn.decided_ms < said[-1].end_ms:
        return None
    return turn.decided_ms - said[-1].end_ms


def _false_interruptions(record: Record) -> Iterator[Event]:
    for stop in barge_ins(record):
        if not _is_explained(stop, record):
            heard = _others(record, *_window(stop, record))
            yield Event(stop.at_ms, "false_interruption", heard)


def _is_explained(stop: Event, record: Record) -> bool:
    """Whether the caller was speaking to the agent when playback was stopped."""
    return any(_touch(utterance, *_window(stop, record)) for utterance in meant(record))


def _window(stop: Event, record: Record) -> tuple[int, int]:
    """The time in which speech explains a stop: the second before it, as far as the reply sounded already."""
    sounding = [reply.start_ms for reply in sounded(record) if reply.start_ms <= stop.at_ms]
    return max(stop.at_ms - EXPLAINS_MS, *sounding[-1:], 0), stop.at_ms


def _missed_barge_ins(record: Record) -> Iterator[Event]:
    for attempt in attempts(record):
        if attempt.utterance.meant and attempt.stopped is False:
            on_ms = attempt.reply.end_ms - attempt.utterance.start_ms
            yield Event(attempt.utterance.start_ms, "missed_barge_in", f"the agent spoke on for {on_ms} ms")


def _spurious_turns(record: Record) -> Iterator[Event]:
    for turn in record.turns:
        if is_spurious(turn, record):
            heard = _others(record, turn.start_ms, turn.end_ms)
            yield Event(turn.decided_ms, "spurious_turn", f"{heard}: {turn.text}".removesuffix(": "))


def is_spurious(turn: Turn, record: Record) -> bool:
    """Whether nothing that the caller said to the agent is in the turn, or, of keys, none was pressed in the call."""
    if turn.kind == "dtmf":
        return all(utterance.kind != "keys" for utterance in record.utterances)
    return not any(_touch(utterance, turn.start_ms, turn.end_ms) for utterance in meant(record))


def _talked_over(record: Record) -> Iterator[Event]:
    for reply in sounded(record):
        for utterance in meant(record):
            if utterance.start_ms < reply.start_ms < utterance.end_ms:
                left_ms = utterance.end_ms - reply.start_ms
                yield Event(reply.start_ms, "talked_over", f"{left_ms} ms were still to come")


def _others(record: Record, start_ms: int, end_ms: int) -> str:
    """What the caller uttered to nobody or somebody else in this time; `nobody` where it was not the caller."""
    kinds = [one.kind for one in record.utterances if not one.meant and _touch(one, start_ms, end_ms)]
    return ", ".join(dict.fromkeys(kinds)) or "nobody"


def _touch(utterance: Utterance, start_ms: int, end_ms: int) -> bool:
    """Whether any of its speech falls into this time; a pause of it is not speech."""
    return any(since < end_ms and start_ms < until for since, until in utterance.stretches)
