"""Which turns heard which utterance, and how much of a reply the caller heard."""

from pipeline.call.mishaps import hears
from pipeline.call.record import Record, Replied, Utterance


def heard_of(utterance: Utterance, record: Record) -> str:
    """The joined words, or keys, of all turns that heard the utterance; empty where none did."""
    return " ".join(turn.text for turn in record.turns if hears(turn, utterance)).strip()


def played(reply: Replied) -> str:
    """The reply's text as far as it was played, at an even pace; nothing of a discarded one."""
    if reply.discarded:
        return ""
    played_ms = reply.end_ms - reply.start_ms
    return (
        reply.text[: len(reply.text) * played_ms // (played_ms + reply.unplayed_ms)]
        if reply.unplayed_ms
        else reply.text
    )
