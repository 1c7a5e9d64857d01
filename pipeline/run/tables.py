"""The tables of a run, for queries: a row for each call, each turn, each measure, in Parquet with a pinned schema.

They are made of the records when the run ends, in one pass. Without the manifest that lists them they do not exist.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from pipeline.errors import BadlineError
from pipeline.files import Json
from pipeline.run.places import is_local
from pipeline.run.plan import Plan
from pipeline.run.rows import TABLES, TABLES_VERSION, Columns, call_row, measure_rows, turn_rows
from pipeline.run.store import GO_ON, read_manifest

if TYPE_CHECKING:  # a tenth of a second that only the end of a run needs
    import pyarrow as pa

BATCH_ROWS = 1024  # so many are plain Python at once
GROUP_ROWS = 16_384  # so many lie together in the file


@dataclass(eq=False)
class Tables:
    """The tables of a run under way: `with` writes them, and at its end they lie in the folder."""

    folder: Path
    plan: Plan
    _files: dict[str, "_File"] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        for name, columns in TABLES.items():
            self._files[name] = self._open.enter_context(_File(_path(self.folder, name), columns))
        return self

    def __exit__(self, *error: object) -> None:
        self._open.__exit__(*error)  # type: ignore[arg-type]  # as Python gives them

    def add(self, record: Mapping[str, Any]) -> None:
        """The rows of one more record."""
        self._files["calls"].add([call_row(self.plan, record)])
        self._files["turns"].add(list(turn_rows(record)))
        self._files["measures"].add(list(measure_rows(record)))

    def listed(self) -> dict[str, Json]:
        """What the manifest says of them, once they are written."""
        return {"version": TABLES_VERSION, "files": {name: file.told for name, file in self._files.items()}}


def table_files(folder: Path) -> dict[str, Path]:
    """The files of a finished run's tables, by name, as its manifest lists them. Raises BadlineError."""
    listed = read_manifest(folder).get("tables", {"version": "none"})
    if listed["version"] != TABLES_VERSION:
        raise BadlineError(
            f"{folder}: its tables are of version {listed['version']}, this badline reads version {TABLES_VERSION}; "
            f"{GO_ON}, or name other runs"
        )
    files = {name: folder / str(file["path"]) for name, file in listed["files"].items()}
    for name, path in files.items():
        if not path.is_file() or _hash(path) != listed["files"][name]["sha256"]:
            raise BadlineError(f"{path}: is not what the manifest lists; {GO_ON}")
    return files


def schema_of_table(columns: Columns) -> "pa.Schema":
    """The columns in Arrow's words."""
    import pyarrow as pa  # noqa: PLC0415  only the end of a run needs it

    types = {
        "string": pa.string(),
        "strings": pa.list_(pa.string()),
        "double": pa.float64(),
        "int32": pa.int32(),
        "int64": pa.int64(),
        "bool": pa.bool_(),
        "timestamp": pa.timestamp("us"),
    }
    return pa.schema([pa.field(name, types[kind]) for name, kind in columns.items()])


@dataclass(eq=False)
class _File:
    """One table that is being written, some rows at a time; whole under its name, or not there at all."""

    path: Path
    columns: Columns
    told: dict[str, Json] = field(default_factory=dict)
    _rows: list[Mapping[str, Any]] = field(default_factory=list)
    _batches: "list[pa.RecordBatch]" = field(default_factory=list)
    _written: int = 0

    def __enter__(self) -> Self:
        import pyarrow.parquet as pq  # noqa: PLC0415  only the end of a run needs it

        self._schema = schema_of_table(self.columns)
        self._file: IO[bytes] = self._part.open("wb")
        self._parquet = pq.ParquetWriter(self._file, self._schema, compression="zstd")
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        whole = False
        try:
            self._end()
            whole = kind is None
        finally:
            self._file.close()
            if not whole:
                self._part.unlink(missing_ok=True)
        if whole:
            self.told = {"path": self.path.name, "rows": self._written, "sha256": _hash(self._part)}
            if self._part != self.path:
                self._part.replace(self.path)

    @property
    def _part(self) -> Path:
        """Where it grows. Object stores show no file before it is whole."""
        return self.path.with_name(f".{self.path.name}.{os.getpid()}.part") if is_local(self.path) else self.path

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._rows += rows
        if len(self._rows) >= BATCH_ROWS:
            self._pack()
        if sum(batch.num_rows for batch in self._batches) >= GROUP_ROWS:
            self._write()

    def _end(self) -> None:
        self._pack()
        self._write()
        self._parquet.close()

    def _pack(self) -> None:
        """Plain Python takes ten times as much room as a column of it."""
        import pyarrow as pa  # noqa: PLC0415  only the end of a run needs it

        self._batches.append(pa.RecordBatch.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()

    def _write(self) -> None:
        import pyarrow as pa  # noqa: PLC0415  only the end of a run needs it

        table = pa.Table.from_batches(self._batches, schema=self._schema)
        self._parquet.write_table(table)
        self._written += table.num_rows
        self._batches.clear()


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
