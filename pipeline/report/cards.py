"""Profiles as a table: who calls, and SNR, clarity and word errors at three strengths."""

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.run.cards import STRENGTHS, Card, Figures, Strength

UNKNOWN = "-"


def cards_table(cards: Sequence[Card]) -> RenderableType:
    """One row a profile; a dash is what was not measured, a star what was, before the file changed."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("profile", overflow="fold")
    table.add_column("who calls", overflow="fold", ratio=1)
    for name in ("SNR, dB", "ESTOI", "WER, %"):
        table.add_column(f"{name}\n{' / '.join(STRENGTHS)}", justify="right", no_wrap=True)
    for card in cards:
        table.add_row(card.name + ("" if card.is_current else " *"), card.about, *_cells(card.figures))
    return Group(table, *(Text(note, "dim") for note in _notes(cards)))


def _cells(figures: Figures | None) -> tuple[str, str, str]:
    if figures is None:
        return UNKNOWN, UNKNOWN, UNKNOWN
    strengths = [figures.strengths[name] for name in STRENGTHS]
    return tuple(" / ".join(cell(one) for one in strengths) for cell in (_snr, _estoi, _wer))  # type: ignore[return-value]  # three cells


def _snr(one: Strength) -> str:
    return UNKNOWN if one.snr_db is None else f"{one.snr_db:.1f}"


def _estoi(one: Strength) -> str:
    return f"{one.estoi:.2f}"


def _wer(one: Strength) -> str:
    return f"{100 * one.wer.wer:.1f}"


def _notes(cards: Sequence[Card]) -> list[str]:
    """By what the figures were measured, and how to measure what was not."""
    by = sorted({(one.figures.release, one.figures.utterances) for one in cards if one.figures})
    notes = [f"heard by the recogniser of release {release}: {count} utterances a strength" for release, count in by]
    if any(not card.is_current for card in cards):
        notes.append("* the profile has changed since it was measured")
    if any(card.figures is None for card in cards):
        notes.append("- not measured: badline profiles NAME --measure 60")
    return notes
