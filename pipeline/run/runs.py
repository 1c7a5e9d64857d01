"""The runs in a folder: what each was, and what of them need not be kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.errors import BadlineError
from pipeline.files import read_json
from pipeline.run.store import CLOSER, JUDGED, MANIFEST, PLAN, Store, read_record

PASSED = ("passed", "resolved_badly")


@dataclass(frozen=True)
class Run:
    """A run's folder. `ended` is None where it is not finished: nobody knows then who still writes to it.

    `suite` and `lost`, the units that faults of ours stopped, are told by a run's end and not known before.
    """

    folder: Path
    suite: str | None
    release: str
    ended: datetime | None
    units: int
    passed: int
    lost: int | None
    size_bytes: int

    @property
    def name(self) -> str:
        """What it is called: its folder."""
        return self.folder.name


@dataclass(frozen=True)
class Removal:
    """What of a run goes: all of it, or the sound of its calls that passed."""

    run: Run
    paths: tuple[Path, ...]
    size_bytes: int


def runs_in(folder: Path) -> list[Run]:
    """The runs in a folder, the latest last; those that are not finished after all others. Raises BadlineError."""
    if not folder.is_dir():
        raise BadlineError(f"{folder}: there is no such folder; name one that holds runs")
    runs = [_run(path) for path in sorted(folder.iterdir()) if is_run(path)]
    never = datetime.max.replace(tzinfo=UTC)
    return sorted(runs, key=lambda run: (run.ended or never, run.name))


def is_run(folder: Path) -> bool:
    """Whether its plan is one of ours: other tools have plans, too."""
    plan = folder / PLAN
    if not plan.is_file():
        return False
    try:
        words = read_json(plan)
    except BadlineError:
        return False
    return isinstance(words, dict) and {"schema", "suite"} <= words.keys()


def _run(folder: Path) -> Run:
    size_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if (manifest := _manifest(folder)) is None:
        statuses = [_status(path) for path in _records(folder)]
        passed = sum(status in PASSED for status in statuses)
        return Run(folder, None, _release(folder), None, len(statuses), passed, None, size_bytes)
    ended, summary = datetime.fromtimestamp((folder / MANIFEST).stat().st_mtime, UTC), manifest["summary"]
    units, passed = (sum(row[key] for row in summary["rows"]) for key in ("units", "passed"))
    return Run(folder, summary["suite"], summary["release"], ended, units, passed, len(summary["lost"]), size_bytes)


def _status(path: Path) -> str:
    """A call's status; one of a record that was changed or torn counts as no pass."""
    try:
        return str(read_record(path)["facts"]["status"])
    except BadlineError:
        return "damaged"


def _records(folder: Path) -> list[Path]:
    return sorted((folder / "units").glob("*.json"))


def _release(folder: Path) -> str:
    return next((key.removeprefix("release ") for key in read_json(folder / PLAN) if key.startswith("release ")), "")


def _manifest(folder: Path) -> dict[str, Any] | None:
    """The end of a run; None where there is none, or one that lists other records than are there."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return None
    try:
        match read_json(manifest):
            case {"units": dict() as listed, "summary": dict()} as told if {
                path.stem for path in _records(folder)
            } == set(listed):
                return dict(told)
    except BadlineError:
        return None
    return None


def removals(
    runs: Sequence[Run], *, keep: int | None, older_than: timedelta | None, sound_of_passed: bool, now: datetime
) -> list[Removal]:
    """What goes: of finished runs those beyond the latest `keep`, and those older than so much; never another.

    With `sound_of_passed` their records stay, and the sound of calls that did not pass.
    """
    finished = [run for run in runs if run.ended]
    chosen = finished[: max(0, len(finished) - keep)] if keep is not None else finished
    if older_than is not None:
        chosen = [run for run in chosen if run.ended and now - run.ended > older_than]
    return [removal for run in chosen if (removal := _removal(run, sound_of_passed)).paths]


def _removal(run: Run, sound_of_passed: bool) -> Removal:
    if not sound_of_passed:
        return Removal(run, (run.folder,), run.size_bytes)
    paths = tuple(_sound_of_passed(run.folder))
    return Removal(run, paths, sum(path.stat().st_size for path in paths))


def _sound_of_passed(folder: Path) -> Iterator[Path]:
    """Files of sound that no call needs which did not pass: equal calls share theirs."""
    store = Store(folder)
    spare: set[Path] = set()
    needed: set[Path] = set()
    records = _records(folder)
    if any(_status(path) == "damaged" for path in records):
        return iter(())  # nobody knows which sound such a call needs
    for record in map(read_record, records):
        if "sound" in (facts := record["facts"]):
            files = {store.sound(facts), store.clean_sound(facts)}
            (spare if facts["status"] in PASSED else needed).update(files)
    return (path for path in sorted(spare - needed, key=str) if path.is_file())


def remove(removal: Removal) -> None:
    """Remove it. A run that goes whole loses its manifest first: what a cut leaves is an unfinished one."""
    for path in removal.paths:
        if path != removal.run.folder:
            path.unlink()
            continue
        for one in (*_own_files(path), *_own_files(path / CLOSER)):
            one.unlink(missing_ok=True)
        verdicts = (*(path / JUDGED).glob("*"), path / JUDGED)
        for one in (*_own_folders(path / CLOSER), *verdicts, *_own_folders(path)):
            if one.is_dir() and not any(one.iterdir()):
                one.rmdir()


def _own_folders(folder: Path) -> tuple[Path, ...]:
    return folder / "units", folder / "sound", folder


def _own_files(folder: Path) -> list[Path]:
    """What a run has written, the manifest first and the plan last; what others have put there is not among it."""
    parts = [*_records(folder), *(folder / "sound").glob("*.flac"), *folder.glob("*.parquet")]
    parts += (folder / JUDGED).glob("*/*.json")
    return [folder / MANIFEST, *parts, folder / PLAN]


def age_in(text: str) -> timedelta:
    """How long `30d` or `12h` is. Raises BadlineError."""
    unit = {"d": "days", "h": "hours"}.get(text[-1:])
    if unit is None or not text[:-1].isdigit():
        raise BadlineError(f"--older-than: '{text}' is no age; write a number of days or hours, as 30d or 12h")
    return timedelta(**{unit: int(text[:-1])})
