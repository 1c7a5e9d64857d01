"""What lies in the cache, as a table."""

from collections.abc import Mapping
from datetime import UTC, datetime

from rich.table import Table

from pipeline.run.cache import Contents


def contents_table(url: str, told: Mapping[str, Contents]) -> Table:
    """A row for each kind, and all of them together."""
    table = Table(title=url, title_justify="left")
    table.add_column("kind")
    for name in ("entries", "MB", "last used: oldest", "newest"):
        table.add_column(name, justify="right")
    for kind, one in told.items():
        table.add_row(kind, f"{one.entries:,}", _mb(one.bytes), _when(one.oldest_s), _when(one.newest_s))
    table.add_section()
    entries, size = (sum(getattr(one, name) for one in told.values()) for name in ("entries", "bytes"))
    table.add_row("all", f"{entries:,}", _mb(size), "", "")
    return table


def _mb(size: int) -> str:
    return f"{size / 2**20:,.1f}"


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M") if seconds else "unknown"
