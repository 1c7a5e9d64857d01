"""Which turns heard which utterance: those that overlap it in time."""

from pipeline.call.record import Record, Turn, Utterance


def overlap(turn: Turn, utterance: Utterance) -> bool:
    """Whether any of the utterance fell into the turn."""
    return turn.start_ms < utterance.end_ms and utterance.start_ms < turn.end_ms


def heard_of(utterance: Utterance, record: Record) -> str:
    """The joined words of all turns that overlap the utterance; empty where none does."""
    return " ".join(turn.text for turn in record.turns if overlap(turn, utterance)).strip()
