"""Recordings as a source: one file, or a folder from which one is picked for each call, as collections are laid out."""

import csv
from pathlib import Path
from typing import Self

from numpy.random import Generator
from pydantic import ValidationInfo, field_validator, model_validator

from pipeline.errors import did_you_mean
from pipeline.files import file_hash, json_hash
from pipeline.line.loops import fault
from pipeline.spec.words import Words, complaint, folder_of

ENDINGS = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".au"})


class Recordings(Words):
    """A `file`, or a `folder` and perhaps one `category` of it. Both paths lead from the profile's folder."""

    file: Path | None = None
    folder: Path | None = None
    category: str | None = None

    @field_validator("file", "folder", mode="before")
    @classmethod
    def _from_the_profile(cls, value: object, info: ValidationInfo) -> object:
        return (folder_of(info) / value).absolute() if isinstance(value, str | Path) else value

    @field_validator("file")
    @classmethod
    def _can_be_read(cls, file: Path | None) -> Path | None:
        if file is not None and (wrong := fault(file)) is not None:
            raise complaint(f"{file}: {wrong}")
        return file

    @field_validator("folder")
    @classmethod
    def _holds_sound(cls, folder: Path | None) -> Path | None:
        if folder is not None and not folder.is_dir():
            raise complaint(f"{folder}: there is no such folder")
        if folder is not None and not sound_files(folder):
            raise complaint(f"{folder}: no sound file lies in it or below it ({', '.join(sorted(ENDINGS))})")
        return folder

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        said = [key for key in ("file", "folder", "kind") if getattr(self, key, None) is not None]
        if len(said) > 1:
            raise complaint(f"wants one of kind, file and folder, not {' and '.join(said)}", said[0])
        return self

    @model_validator(mode="after")
    def _of_that_category(self) -> Self:
        if self.category is None:
            return self
        if self.folder is None and self.file is None:
            raise complaint("wants a folder whose recordings have categories", "category")
        if self.folder is not None and self.category not in (known := categories(self.folder)):
            raise complaint(f"no '{self.category}' in {self.folder}. {did_you_mean(self.category, known)}", "category")
        return self

    def files(self) -> list[Path]:
        """All recordings meant, in order."""
        if self.folder is None:
            return [self.file] if self.file else []
        return sound_files(self.folder) if self.category is None else categories(self.folder)[self.category]

    def content(self) -> str:
        """The hash of the recordings, in order, so that a run notices when one changes; nothing where none is."""
        files = self.files()
        return json_hash([file_hash(file) for file in files]) if files else ""

    def settled(self, rng: Generator) -> Self:
        """The same with one recording of the folder picked, the same for the whole call."""
        if self.folder is None:
            return self
        files = self.files()
        return self.model_copy(update={"file": files[int(rng.integers(len(files)))], "folder": None})


def sound_files(folder: Path) -> list[Path]:
    """All recordings in a folder and below it, in order; of channels in files of their own only the first."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    return sorted(path for path in found if path.name[0] != "." and not _is_further_channel(path))


def categories(folder: Path) -> dict[str, list[Path]]:
    """Recordings by category: a table in `meta/` says it (ESC-50), else the names of the folders they lie in.

    So `noise` and `free-sound` are categories of MUSAN, `PCAFETER` is one of DEMAND, `tr` one of WHAM!.
    """
    files = sound_files(folder)
    said = _said_in_tables(folder)
    found: dict[str, list[Path]] = {}
    for path in files:
        above = path.relative_to(folder).parts[:-1]
        for name in [said[path.name]] if path.name in said else above:
            found.setdefault(name, []).append(path)
    return dict(sorted(found.items()))


def _said_in_tables(folder: Path) -> dict[str, str]:
    """File names and their categories, from every CSV file in `meta/` that has both columns."""
    said: dict[str, str] = {}
    for table in sorted((folder / "meta").glob("*.csv")):
        with table.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines)
            if {"filename", "category"} <= set(rows.fieldnames or ()):
                said |= {row["filename"]: row["category"] for row in rows}
    return said


def _is_further_channel(path: Path) -> bool:
    """Whether it is `ch02.wav` to `ch16.wav` beside a `ch01.wav`, as in DEMAND."""
    number = path.stem.removeprefix("ch")
    is_channel = path.stem.startswith("ch") and len(number) == 2 and number.isdigit()
    return is_channel and number != "01" and path.with_stem("ch01").is_file()
