"""The cache: what was made once, found again under the hash of everything that determines it.

A folder, or any place that fsspec reaches, shared by as many runs and machines as like. An entry is written whole or
not at all and carries the hash of its content: one that was damaged is removed, told of, and made anew. What was not
used for longest goes when there is no more room.
"""

import hashlib
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from pipeline.errors import BadlineError
from pipeline.files import cache_folder

KINDS = ("speech", "windows", "paces", "calibrations", "probabilities", "transcripts")
HEAD = 32  # bytes of the SHA-256 before what it is of
DEFAULT_BYTES = 20 * 2**30
NO_CACHE = "none"
UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
ROOM_LEFT = 0.9  # of the size, once it was pruned
PRUNED_EVERY = 0.05  # of the size, written by one process
NOTED_EVERY_S = 3600.0  # so often is it written down that an entry was used
PART = ".part"
STALE_S = 3600.0  # a part file so old is nobody's any more


@dataclass(frozen=True)
class Entry:
    """What lies in the cache: where, how many bytes, and when it was last used (seconds since 1970)."""

    kind: str
    path: str
    size: int
    used_s: float


@dataclass(eq=False)
class Cache:
    """A place for bytes. `found` and `made` count what was asked of it since they were last told."""

    url: str
    limit_bytes: int = DEFAULT_BYTES
    found: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    _written_bytes: int = 0
    _is_full: bool = False

    def check(self) -> None:
        """Raises BadlineError where there is no such place, or it is a file."""
        if self._system.isfile(self._root):
            raise BadlineError(f"--cache: {self.url}: is a file; name a folder, or a place that fsspec reaches")

    def content(self, kind: str, key: str) -> bytes | None:
        """What is kept under a key; None where nothing is, or nothing that can be read, or not what was written."""
        path = self._path(kind, key)
        try:
            raw = self._system.cat_file(path)
        except OSError:
            return None
        if not _is_whole(raw):
            self._tell(f"{path}: was damaged; it is made anew")
            self._remove(path)
            return None
        self.found[kind] += 1
        self._note_use(path)
        return bytes(raw[HEAD:])

    def keep(self, kind: str, key: str, content: bytes) -> None:
        """Keep it under a key. Where there is no room for it the work goes on without, and that is told once."""
        self.made[kind] += 1
        if self._is_full:
            return
        try:
            self._write(self._path(kind, key), hashlib.sha256(content).digest() + content)
        except OSError as error:
            self._is_full = True
            self._tell(f"{self.url}: nothing more is kept: {error.strerror or error}")
        self._written_bytes += HEAD + len(content)
        if self._written_bytes > PRUNED_EVERY * self.limit_bytes:
            self._written_bytes = 0
            self.prune()

    def counts(self) -> dict[str, dict[str, int]]:
        """How much of each kind was found and made since this was last asked."""
        told = {"found": dict(self.found), "made": dict(self.made)}
        self.found.clear()
        self.made.clear()
        return told

    def entries(self) -> Iterator[Entry]:
        """All that lies in it; parts of what a killed process wrote are none."""
        for path, known in self._listed():
            if not path.endswith(PART):
                yield Entry(path[len(self._root) + 1 :].partition("/")[0], path, known["size"], _used_s(known))

    def prune(self, limit_bytes: int | None = None) -> list[Entry]:
        """Remove what was not used for longest until there is room again; what was removed.

        Other processes may use the cache, or prune it, meanwhile.
        """
        limit = self.limit_bytes if limit_bytes is None else limit_bytes
        entries = sorted(self.entries(), key=lambda entry: entry.used_s)
        too_many = sum(entry.size for entry in entries) - limit
        removed: list[Entry] = []
        if too_many > 0:
            too_many += round((1 - ROOM_LEFT) * limit)
            for entry in entries:
                if too_many <= 0:
                    break
                self._remove(entry.path)
                removed.append(entry)
                too_many -= entry.size
        self._remove_stale_parts()
        return removed

    def verify(self) -> Iterator[tuple[Entry, bool]]:
        """Each entry, and whether it is what was written; those that are not are removed."""
        for entry in self.entries():
            try:
                is_whole = _is_whole(self._system.cat_file(entry.path))
            except FileNotFoundError:
                continue
            if not is_whole:
                self._remove(entry.path)
            yield entry, is_whole

    @cached_property
    def _system(self) -> Any:  # noqa: ANN401  fsspec has no types
        return self._reached[0]

    @property
    def _root(self) -> str:
        return str(self._reached[1])

    @cached_property
    def _reached(self) -> tuple[Any, str]:
        """The file system, and where in it the cache lies. Raises BadlineError where there is no such place."""
        try:
            system, path = fsspec.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise BadlineError(f"--cache: '{self.url}' cannot be reached: {error}") from None
        return system, path.rstrip("/")

    @cached_property
    def _is_local(self) -> bool:
        return isinstance(self._system, LocalFileSystem)

    def _path(self, kind: str, key: str) -> str:
        return f"{self._root}/{kind}/{key[:2]}/{key}"

    def _write(self, path: str, content: bytes) -> None:
        """Whole or not at all, whoever else writes it at this moment. Object stores write so anyway."""
        if not self._is_local:
            self._system.pipe_file(path, content)
            return
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{os.getpid()}{PART}")
        try:
            part.write_bytes(content)
            part.replace(target)
        except OSError:
            part.unlink(missing_ok=True)
            raise

    def _note_use(self, path: str) -> None:
        """Files know when they were last used, as precisely as is needed. Object stores know when they were written."""
        if self._is_local:
            with suppress(OSError):
                if time.time() - os.stat(path).st_mtime > NOTED_EVERY_S:  # noqa: PTH116  a Path costs as much as the look
                    os.utime(path)

    def _remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self._system.rm_file(path)

    def _remove_stale_parts(self) -> None:
        for path, known in self._listed():
            if path.endswith(PART) and time.time() - _used_s(known) > STALE_S:
                self._remove(path)

    def _listed(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The files of each kind: nothing else in the folder is the cache's."""
        self._system.invalidate_cache()
        for kind in KINDS:
            folder = f"{self._root}/{kind}"
            if self._system.isdir(folder):
                yield from sorted(self._system.find(folder, detail=True).items())

    def _tell(self, message: str) -> None:
        print(f"cache: {message}", file=sys.stderr)  # noqa: T201  from any process, at once


def opened(url: str | None, size: str | None) -> Cache | None:
    """The cache at a place (by default the user's cache folder), with room for so much; None where it is `none`.

    Raises BadlineError where there is no such place, or no such size.
    """
    if url == NO_CACHE:
        return None
    cache = Cache(url or default_url(), bytes_in(size) if size else DEFAULT_BYTES)
    cache.check()
    return cache


@dataclass(frozen=True)
class Contents:
    """How much of a kind lies in a cache, and between when it was last used (seconds since 1970)."""

    entries: int
    bytes: int
    oldest_s: float
    newest_s: float


def contents(cache: Cache) -> dict[str, Contents]:
    """What lies in a cache, by kind."""
    found: dict[str, list[Entry]] = {}
    for entry in cache.entries():
        found.setdefault(entry.kind, []).append(entry)
    return {kind: _summed(entries) for kind, entries in found.items()}


def _summed(entries: list[Entry]) -> Contents:
    used_s = [entry.used_s for entry in entries]
    return Contents(len(entries), sum(entry.size for entry in entries), min(used_s), max(used_s))


def default_url() -> str:
    """The user's cache folder."""
    return str(cache_folder())


def bytes_in(size: str) -> int:
    """How many bytes `500MB` or `20 GB` are. Raises BadlineError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]?)i?B?", size.strip(), re.IGNORECASE)
    if not found or not (count := round(float(found[1]) * UNITS[found[2].upper()])):
        raise BadlineError(f"--cache-size: '{size}' is no size; write a number and a unit, as 500MB or 20GB")
    return count


def _is_whole(raw: bytes) -> bool:
    return hashlib.sha256(raw[HEAD:]).digest() == raw[:HEAD]


def _used_s(known: dict[str, Any]) -> float:
    """When a file was last used or written, by whatever its file system tells of that."""
    for name in ("mtime", "LastModified", "last_modified", "created"):
        if (at := known.get(name)) is not None:
            return float(at.timestamp() if hasattr(at, "timestamp") else at)
    return 0.0
