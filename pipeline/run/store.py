"""A run's folder: the plan, one immutable record a unit, sound by its hash, and the manifest, written last.

It may lie on any place that `places` reaches.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile

from pipeline.audio import Ints
from pipeline.errors import BadlineError
from pipeline.files import Json, canonical_json, json_hash, read_json
from pipeline.line.window import RATE
from pipeline.run.places import create, replace
from pipeline.run.plan import Plan, Unit
from pipeline.run.unit import Done

PLAN = "plan.json"
MANIFEST = "manifest.json"  # what it does not list does not exist
CLOSER = "closer"  # a store of its own in a run's folder: calls that failed, placed again
JUDGED = "judged"  # what judges said of its calls
GO_ON = "give its `badline run` again, it goes on from there"


@dataclass(frozen=True)
class Store:
    """The folder of one run. What is committed is never written again."""

    folder: Path

    def begin(self, plan: Plan) -> None:
        """Make the folder, or take it up again. Raises BadlineError that says what differs from the plan it holds."""
        for name in ("units", "sound"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        path = self.folder / PLAN
        if create(path, canonical_json(dict(plan.sources)).encode()):
            return
        if others := differing(read_json(path), plan.sources):
            raise BadlineError(
                f"{self.folder}: holds a run of another plan; what differs: {', '.join(others)}. "
                "Give --out another folder, or put the files back as they were"
            )

    def is_done(self, unit: Unit) -> bool:
        """Whether the unit's record was committed."""
        return self._path(unit).is_file()

    def commit(self, done: Done, circumstances: Mapping[str, Json]) -> bool:
        """Keep a finished unit, sound first; False where another worker kept it before."""
        for sound, path in ((done.stereo, self.sound), (done.clean, self.clean_sound)):
            if sound is not None:
                create(path(done.facts), flac(sound))
        return create(self._path(done.unit), canonical_json(done.record(circumstances)).encode())

    def records(self, plan: Plan) -> Iterator[dict[str, Any]]:
        """The committed records, in the plan's order. Raises BadlineError where one was tampered with."""
        for unit in plan.units:
            if self.is_done(unit):
                yield self.record(unit)

    def record(self, unit: Unit) -> dict[str, Any]:
        """The record of a committed unit. Raises BadlineError where it was tampered with."""
        return read_record(self._path(unit))

    def sound(self, facts: Mapping[str, Any]) -> Path:
        """Where the recording of a call lies: by its hash, so that equal calls share one."""
        return self.folder / "sound" / f"{facts['sound']}.flac"

    def clean_sound(self, facts: Mapping[str, Any]) -> Path:
        """Where the caller's words without the line lie, one channel."""
        return self.folder / "sound" / f"{facts['clean_sound']}.flac"

    def finish(self, manifest: Mapping[str, Json]) -> None:
        """Write the manifest, whole or not at all, over that of an earlier end of the same run."""
        replace(self.folder / MANIFEST, canonical_json(dict(manifest)).encode())

    def _path(self, unit: Unit) -> Path:
        return self.folder / "units" / f"{unit.name}.json"


def read_record(path: Path) -> dict[str, Any]:
    """The record in a file. Raises BadlineError where it was tampered with."""
    match read_json(path):
        case {"unit": str(), "run": dict(), "facts": facts, "facts_sha256": str(digest)} as record if (
            digest == json_hash(facts)
        ):
            return dict(record)
    raise BadlineError(f"{path}: was changed after it was written; delete it to run the unit again")


def read_manifest(folder: Path) -> dict[str, Any]:
    """What ends a run. Raises BadlineError where it has not ended, or is not there."""
    if not folder.is_dir():
        raise BadlineError(f"{folder}: there is no such folder; name a run's")
    if not (folder / MANIFEST).is_file():
        raise BadlineError(f"{folder}: has no {MANIFEST}, so it is no finished run; {GO_ON}")
    return dict(read_json(folder / MANIFEST))


def finished_records(folder: Path) -> Iterator[dict[str, Any]]:
    """The records that a finished run's manifest lists. Raises BadlineError: no manifest, or another record than that.

    Who wants those of a run that goes on asks its store.
    """
    for unit, digest in read_manifest(folder)["units"].items():
        record = read_record(path := folder / "units" / f"{unit}.json")
        if record["facts_sha256"] != digest:
            raise BadlineError(f"{path}: is another record than {MANIFEST} lists; {GO_ON}")
        yield record


def kept_call(path: Path) -> tuple[Mapping[str, Any], Ints]:
    """The facts and the stereo sound of a call, from its unit's record in a run's folder. Raises BadlineError."""
    facts = read_record(path)["facts"]
    if "sound" not in facts:
        raise BadlineError(f"{path}: there was no call: {facts['why']}")
    sound = Store(path.parent.parent).sound(facts)
    if not sound.is_file():
        raise BadlineError(f"{path}: its sound is not there: {sound}")
    return facts, soundfile.read(io.BytesIO(sound.read_bytes()), dtype="int16")[0]


def differing(before: Mapping[str, Json], now: Mapping[str, Json]) -> list[str]:
    """By which keys the sources of two plans differ."""
    return sorted(key for key in {*before, *now} if before.get(key) != now.get(key))


def flac(sound: Ints) -> bytes:
    """The sound, of one channel or more, as a FLAC file."""
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format="FLAC", subtype="PCM_16")
    return file.getvalue()
