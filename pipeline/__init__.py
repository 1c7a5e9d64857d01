"""badline: a caller speaks over a bad line; the agent hears what it can and answers; we count what survived."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.run.notebook import OpenRun

__all__ = ["open_run"]


def open_run(path: str | Path) -> "OpenRun":
    """A finished run, for a notebook: its tables as data frames, its records, its sound. Raises BadlineError."""
    from pipeline.run import notebook  # noqa: PLC0415  every import of any part of badline runs this file

    return notebook.open_run(path)
