"""Profiles as a table: who calls, and SNR at both ends, clarity and word errors at three strengths."""

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.run.cards import STRENGTHS, Card, Figures, Strength

UNKNOWN = "-"
WHERE = "SNR: A-weighted, at the microphone and after the line"


def cards_table(cards: Sequence[Card]) -> RenderableType:
    """One row a profile; a dash is what was not measured, a star what was, before the file changed."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("profile", overflow="fold")
    table.add_column("who calls", overflow="fold", ratio=1)
    table.add_column("line", no_wrap=True)
    for name in ("SNR,\ndB", "SNR after,\ndB", "ESTOI", "WER,\n%"):
        table.add_column(name, justify="right", no_wrap=True)
    for card in cards:
        table.add_row(card.name + ("" if card.is_current else " *"), card.about, *_cells(card.figures))
    return Group(table, *(Text(note, "dim") for note in _notes(cards)))


def _cells(figures: Figures | None) -> list[str]:
    """Each strength has a line of its own."""
    cells = (_snr, _after, _estoi, _wer)
    if figures is None:
        return ["", *(UNKNOWN for _ in cells)]
    strengths = [figures.strengths[name] for name in STRENGTHS]
    return ["\n".join(STRENGTHS), *("\n".join(cell(one) for one in strengths) for cell in cells)]


def _snr(one: Strength) -> str:
    return _db(one.snr_db)


def _after(one: Strength) -> str:
    return _db(one.after_db)


def _db(level: float | None) -> str:
    return UNKNOWN if level is None else f"{level:.1f}"


def _estoi(one: Strength) -> str:
    return f"{one.estoi:.2f}"


def _wer(one: Strength) -> str:
    return f"{100 * one.wer.wer:.1f}"


def _notes(cards: Sequence[Card]) -> list[str]:
    """By what the figures were measured, and how to measure what was not."""
    known = [WHERE] if any(card.figures for card in cards) else []
    by = sorted({(one.figures.release, one.figures.utterances) for one in cards if one.figures})
    notes = known + [
        f"heard by the recogniser of release {release}: {count} utterances a strength" for release, count in by
    ]
    if any(not card.is_current for card in cards):
        notes.append("* the profile has changed since it was measured")
    if any(card.figures is None for card in cards):
        notes.append("- not measured: badline profiles NAME --measure 60")
    return notes
