"""The plan: which units a run is made of, and the hash of everything that determines them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import engines
from pipeline.call.script import refuse_unspeakable
from pipeline.errors import BadlineError
from pipeline.files import Json, find_named, json_hash
from pipeline.spec.release import Release, read_release
from pipeline.spec.suite import Arm, Cast, read_suite

SCHEMA = 1


@dataclass(frozen=True, order=True)
class Unit:
    """One planned call."""

    scenario: str
    profile: str
    voice: str
    trial: int
    arm: Arm

    @property
    def name(self) -> str:
        """What it is called in files and tables."""
        return f"{self.scenario}.{self.profile}.{self.voice}.{self.trial}.{self.arm}"


@dataclass(frozen=True)
class Plan:
    """All that is to be run. Equal plans have equal hashes; `sources` are the words it was read from."""

    cast: Cast
    release: Release
    units: tuple[Unit, ...]
    sources: Mapping[str, Json]

    @property
    def sha256(self) -> str:
        """The hash of everything that determines the plan's units."""
        return json_hash(dict(self.sources))


@dataclass(frozen=True)
class Job:
    """Where a plan is read from: a suite's file and a release's."""

    suite: Path
    release: Path


def find_job(suite: str, release: str | None) -> Job:
    """The files that a suite and a release (by default the suite's own) are called by. Raises BadlineError."""
    suite_path = find_named(suite, folder="fixtures/suites")
    named = release or read_suite(suite_path).suite.release
    if named is None:
        raise BadlineError(f"{suite_path}: names no release; say which: --release NAME")
    near = None if release else suite_path.parent
    return Job(suite_path, find_named(named, folder="fixtures/releases", near=near))


def read_plan(job: Job) -> Plan:
    """The plan of a job, with everything it names read and checked. Raises BadlineError."""
    cast, release = read_suite(job.suite), read_release(job.release)
    units = tuple(_units(cast))
    for scenario, voice in sorted({(unit.scenario, unit.voice) for unit in units}):
        refuse_unspeakable(cast.scenarios[scenario], cast.voices[voice])
    return Plan(cast, release, units, _sources(cast, release))


def _units(cast: Cast) -> list[Unit]:
    suite = cast.suite
    return [
        Unit(scenario.name, profile, voice, trial, arm)
        for scenario in cast.scenarios.values()
        for profile in cast.profiles
        for voice in (suite.voices or (scenario.persona.voice,))
        for trial in range(1, suite.trials + 1)
        for arm in suite.arms
    ]


def _sources(cast: Cast, release: Release) -> dict[str, Json]:
    scenarios = {f"scenario {name}": json_hash(_plain(scenario)) for name, scenario in cast.scenarios.items()}
    profiles = {f"profile {name}": json_hash(profile.said()) for name, profile in cast.profiles.items()}
    voices = {f"voice {name}": json_hash(voice.said()) for name, voice in cast.voices.items()}
    suite = cast.suite.model_dump(mode="json", exclude={"about", "floors", "weights", "release"})
    return {
        "schema": SCHEMA,
        "suite": json_hash(suite),
        "release": json_hash(release.said()),
        "versions": _versions(cast, release),
        **scenarios,
        **profiles,
        **voices,
    }


def _plain(words: Any) -> Any:  # noqa: ANN401  pydantic's own JSON
    return words.model_dump(mode="json")


def _versions(cast: Cast, release: Release) -> dict[str, Json]:
    """The versions of all engines that the plan uses."""
    chosen = [release.endpointing.vad, release.asr, release.agent, release.agent_voice, *cast.voices.values()]
    used = {(choice.stage, choice.name) for choice in chosen}
    used |= {(effect.place, effect.name) for profile in cast.profiles.values() for effect in profile.effects}
    used |= {("score", name) for name in engines.known("score")}
    return {f"{stage}.{name}": engines.find(stage, name).build.version for stage, name in sorted(used)}
