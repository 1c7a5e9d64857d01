"""A finished run in a notebook: its tables as data frames, and single calls."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.audio import Ints
from pipeline.errors import BadlineError, nearest
from pipeline.run.places import place
from pipeline.run.store import kept_call, read_manifest, read_record
from pipeline.run.tables import table_files

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class OpenRun:
    """A finished run. Nothing of it is read before it is asked for."""

    folder: Path

    @cached_property
    def calls(self) -> "DataFrame":
        """A row for each call."""
        return self._frame("calls")

    @cached_property
    def turns(self) -> "DataFrame":
        """A row for each turn that the platform cut out."""
        return self._frame("turns")

    @cached_property
    def measures(self) -> "DataFrame":
        """A row for each measure of asked and got."""
        return self._frame("measures")

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the run is: its units with their hashes, stamps, tables, summary and exit code."""
        return read_manifest(self.folder)

    def record(self, unit: str) -> dict[str, Any]:
        """The record of a unit: `facts` and `run`. Raises BadlineError where there is none of that name."""
        return read_record(self._path(unit))

    def sound(self, unit: str) -> Ints:
        """The recording of a unit's call, 16 bit at 16 kHz, (samples, 2): left the caller, right the agent."""
        return kept_call(self._path(unit))[1]

    def _path(self, unit: str) -> Path:
        if unit not in self.manifest["units"]:
            near = nearest(unit, self.manifest["units"])
            hint = f" Did you mean '{near}'?" if near else ""
            raise BadlineError(f"{self.folder}: has no unit '{unit}'.{hint}")
        return self.folder / "units" / f"{unit}.json"

    def _frame(self, name: str) -> "DataFrame":
        import pyarrow.parquet as pq  # noqa: PLC0415  only who asks for a table needs it

        with table_files(self.folder)[name].open("rb") as file:
            frame: DataFrame = pq.read_table(file).to_pandas()
        return frame


def open_run(path: str | Path) -> OpenRun:
    """The finished run in a folder, or at a URL. Raises BadlineError where it has no manifest or other tables."""
    folder = place(path) if isinstance(path, str) else path
    table_files(folder)
    return OpenRun(folder)
