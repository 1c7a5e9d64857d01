"""Questions in SQL to any number of runs at once: their tables `calls`, `turns` and `measures`, by DuckDB."""

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import BadlineError
from pipeline.run.places import is_local
from pipeline.run.rows import TABLES
from pipeline.run.runs import is_run
from pipeline.run.store import MANIFEST
from pipeline.run.tables import table_files

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Answer:
    """The rows that a query gives, in order, and what their columns are called."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def named(self) -> Iterator[dict[str, Any]]:
        """Each row by its columns' names."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)


def query_runs(sql: str, runs: Sequence[Path]) -> Answer:
    """What the query gives over the tables of these runs, each row of which tells its `run`. Raises BadlineError.

    Only files that a manifest lists are read.
    """
    import duckdb  # noqa: PLC0415  a twentieth of a second that only queries need

    if not runs:
        raise BadlineError("there is no finished run to query; name the folder of one")
    files = {run: table_files(run) for run in runs}
    with duckdb.connect() as connection:
        # What is no table is a mistake, not a variable of ours.
        connection.execute("SET python_enable_replacements = false")
        _reach(connection, runs)
        for name in TABLES:
            _show(connection, name, {run: tables[name] for run, tables in files.items()})
        try:
            result = connection.execute(sql)
            columns = tuple(column[0] for column in result.description or ())
            return Answer(columns, tuple(result.fetchall()))
        except duckdb.Error as error:
            raise BadlineError(f"query: {error}") from None


def finished_in(folder: Path) -> tuple[list[Path], list[Path]]:
    """The runs in a folder, by name: those that are finished, and those that are not. Raises BadlineError."""
    if not folder.is_dir():
        raise BadlineError(f"{folder}: there is no such folder; name the runs to query")
    runs = [path for path in sorted(folder.iterdir()) if is_run(path)]
    finished = [run for run in runs if (run / MANIFEST).is_file()]
    return finished, [run for run in runs if run not in finished]


def _reach(connection: "DuckDBPyConnection", runs: Sequence[Path]) -> None:
    """Let the database read by fsspec where a run lies at a URL."""
    systems: dict[str, Any] = {run.protocol: run.fs for run in runs if not is_local(run)}  # type: ignore[attr-defined]
    for system in systems.values():
        connection.register_filesystem(system)


def _show(connection: "DuckDBPyConnection", name: str, files: dict[Path, Path]) -> None:
    """The table in all runs as one."""
    parts = (f"SELECT {_quoted(str(run))} AS run, * FROM read_parquet({_file(file)})" for run, file in files.items())
    connection.execute(f"CREATE VIEW {name} AS {' UNION ALL '.join(parts)}")


def _file(path: Path) -> str:
    """One file, whatever signs its name has: DuckDB takes a star for many."""
    return _quoted(glob.escape(str(path)))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
