"""The plan: which units a run is made of, and the hash of everything that determines them."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pipeline import engines
from pipeline.call.script import refuse_unspeakable
from pipeline.chance import Chance
from pipeline.errors import BadlineError
from pipeline.files import Json, find_named, json_hash
from pipeline.line.arrays import CPU, check_device
from pipeline.line.draw import draw_line
from pipeline.run.observe import refuse_unseen
from pipeline.spec.arm import lacks
from pipeline.spec.profile import JOINT, Profile, corners, parts_of
from pipeline.spec.release import Release, find_releases, read_release
from pipeline.spec.scenario import Scenario
from pipeline.spec.severity import NONE, TYPICAL, in_file_names, severity_name
from pipeline.spec.suite import Cast, find_release, read_suite
from pipeline.spec.voice import voice_named
from pipeline.spec.words import Chosen

SCHEMA = 2
EXPECTED = "expectations of"
# Who speaks in the background: the shipped voices, but for the caller's own.
ADULTS = ("deep", "low", "high", "heart")
BYSTANDERS: Mapping[str, tuple[str, ...]] = {
    "adult": ADULTS,
    "aside": ADULTS,
    "child": ("child", "small"),
    "tv": ADULTS,
    "announcer": ("low", "heart"),
}


@dataclass(frozen=True, order=True)
class Unit:
    """One planned call. Its severity is 0 where no line is to be bad: see `severities_of`."""

    scenario: str
    profile: str
    severity: float
    voice: str
    trial: int
    arm: str

    @property
    def name(self) -> str:
        """What it is called in files and tables."""
        line = f"{self.profile}.{in_file_names(self.severity)}"
        return f"{self.scenario}.{line}.{self.voice}.{self.trial}.{self.arm}"


def unit_of(facts: Mapping[str, Any]) -> Unit:
    """The unit whose record has these facts."""
    return Unit(*(facts[one.name] for one in fields(Unit)))


@dataclass(frozen=True)
class Plan:
    """All that is to be run. Equal plans have equal hashes; `sources` are hashes of the words it was read from.

    `called` says by which words each scenario, each profile and the release are found from here; `device` where the
    line is computed.
    """

    cast: Cast
    release: Release
    units: tuple[Unit, ...]
    sources: Mapping[str, Json]
    called: Mapping[tuple[str, str], str]
    device: str = CPU
    job: "Job | None" = None

    @property
    def sha256(self) -> str:
        """The hash of everything that determines the plan's units."""
        return json_hash(dict(self.sources))

    def command(self, unit: Unit) -> str:
        """What to type to place the very same call alone."""
        options = {
            "--profile": self.called["profile", unit.profile],
            "--severity": severity_name(unit.severity),
            "--voice": unit.voice,
            "--release": self.called["release", self.release.name],
            "--seed": str(self.cast.suite.seed),
            "--trial": str(unit.trial),
            "--arm": unit.arm,
            "--device": self.device,
        }
        # What `badline call` takes by itself need not be typed.
        [typical] = severities_of(unit.arm, self.cast.profiles[unit.profile], (TYPICAL,))
        usual = {
            "--severity": severity_name(typical),
            "--voice": self.cast.scenarios[unit.scenario].persona.voice,
            "--trial": "1",
            "--arm": "degraded",
            "--device": CPU,
        }
        said = [word for key, value in options.items() if value != usual.get(key) for word in (key, value)]
        return shlex.join(["badline", "call", self.called["scenario", unit.scenario], *said])


@dataclass(frozen=True)
class Job:
    """Where a plan is read from: a suite's file, a release's, and that of another whose agent answers instead."""

    suite: Path
    release: Path
    answering: Path | None = None

    def said(self) -> dict[str, Json]:
        """How both are called, as plain words."""
        releases = (self.release, self.answering) if self.answering else (self.release,)
        return {"suite": str(self.suite), "release": JOINT.join(map(str, releases))}


def find_job(suite: str, release: str | None) -> Job:
    """The files that a suite and a release (by default the suite's own) are called by. Raises BadlineError."""
    suite_path = find_named(suite, folder="fixtures/suites")
    if release:
        return Job(suite_path, *find_releases(release))
    release_path = find_release(suite_path)
    if release_path is None:
        raise BadlineError(f"{suite_path}: names no release; say which: --release NAME")
    return Job(suite_path, release_path)


def read_plan(job: Job, *, device: str = CPU) -> Plan:
    """The plan of a job, with everything it names read and checked, its agent built. Raises BadlineError."""
    plan = planned(job, device=device)
    refuse_unseen(plan.cast, plan.release, job.suite)
    return plan


def planned(job: Job, *, device: str = CPU) -> Plan:
    """The plan of a job, for which nobody has to call. Raises BadlineError."""
    check_device(device)
    cast, release = read_suite(job.suite), read_release(job.release, job.answering)
    units = tuple(_units(cast))
    for scenario, profile, voice in sorted({(unit.scenario, unit.profile, unit.voice) for unit in units}):
        spoken = cast.scenarios[scenario]
        habits = cast.profiles[profile].caller.over(spoken.persona.habits)
        refuse_unspeakable(spoken, cast.voices[voice], habits)
    elsewhere = {} if device == CPU else {"device": device}
    sources = {**_sources(cast, release), **elsewhere}
    return Plan(cast, release, units, sources, _called(cast, release, job), device, job)


def _units(cast: Cast) -> list[Unit]:
    suite = cast.suite
    return [
        Unit(scenario.name, profile.name, severity, voice, trial, arm)
        for scenario in cast.scenarios.values()
        for profile in cast.profiles.values()
        for voice in (suite.voices or (scenario.persona.voice,))
        for trial in range(1, suite.trials + 1)
        for arm in suite.arms
        for severity in severities_of(arm, profile, suite.severities)
    ]


def severities_of(arm: str, profile: Profile, severities: tuple[float, ...]) -> tuple[float, ...]:
    """At which of them there are calls: one of 0 alone where the profile has no effect that the arm does not lack."""
    gone = lacks(arm)
    return severities if any(effect.place not in gone for effect in profile.effects) else (NONE,)


def _called(cast: Cast, release: Release, job: Job) -> dict[tuple[str, str], str]:
    written = {
        **{("scenario", name): called for name, called in zip(cast.scenarios, cast.suite.scenarios, strict=True)},
        **{("profile", name): called for name, called in zip(cast.profiles, cast.suite.profiles, strict=True)},
    }
    near = {key: _from_here(called, job.suite.parent) for key, called in written.items()}
    releases = [_release_called(path) for path in (job.release, job.answering) if path]
    return {**near, ("release", release.name): JOINT.join(releases)}


def _from_here(called: str, folder: Path) -> str:
    """By which words that is found here which a suite in `folder` calls so."""
    parts = parts_of(called, folder)
    return JOINT.join(str(folder / one) if "/" in one or one.endswith(".yaml") else one for one in parts)


def _release_called(path: Path) -> str:
    """By its name, where that finds it."""
    name = read_release(path).name
    try:
        found = find_named(name, folder="fixtures/releases")
    except BadlineError:
        return str(path)
    return name if found.resolve() == path.resolve() else str(path)


def _sources(cast: Cast, release: Release) -> dict[str, Json]:
    """Hashes of all that determines the units, under names that tell people what has changed."""
    suite = cast.suite.model_dump(mode="json", exclude={"about", "floors", "weights", "release"})
    chosen = _engines_of(release)
    return {
        "schema": SCHEMA,
        "suite": json_hash(suite),
        f"release {release.name}": json_hash(release.said()),
        **{f"scenario {name}": _scenario_hash(scenario) for name, scenario in cast.scenarios.items()},
        f"{EXPECTED} {release.name}": json_hash(release.model_dump(mode="json", include={"claims", "knowledge"})),
        **{f"{EXPECTED} {name}": _expected_hash(scenario) for name, scenario in cast.scenarios.items()},
        **{f"profile {name}": json_hash(profile.said()) for name, profile in cast.profiles.items()},
        **{f"voice {name}": _voice_hash(voice) for name, voice in cast.voices.items()},
        **{f"bystander {name}": _voice_hash(voice_named(name)) for name in _bystanders(cast)},
        **{f"files of {one.stage} {one.name}": content for one in chosen if (content := _content(one.options))},
        **{f"files of profile {name}": files for name, one in cast.profiles.items() if (files := _recordings(one))},
        **_versions(cast, chosen),
    }


def _engines_of(release: Release) -> list[Chosen]:
    return [release.endpointing.vad, release.asr, release.agent, release.agent_voice]


def _scenario_hash(scenario: Scenario) -> str:
    return json_hash(scenario.model_dump(mode="json", exclude={"about", "owner", "tags", "expect"}))


def _expected_hash(scenario: Scenario) -> str:
    """Of what only scores look at."""
    return json_hash(scenario.model_dump(mode="json", include={"tags", "expect"}))


def _voice_hash(voice: Chosen) -> str:
    return json_hash([voice.said(), _content(voice.options)])


def _content(options: Any) -> str:  # noqa: ANN401  each engine has Options of its own
    """The hash of the files that options name (code, recordings), where an engine has any."""
    return options.content() if hasattr(options, "content") else ""


def _recordings(profile: Profile) -> str:
    settled = (effect.settle(corner) for effect in profile.effects for corner in corners(effect.options))
    contents = sorted({content for options in settled if (content := _content(options))})
    return json_hash(contents) if contents else ""


def _bystanders(cast: Cast) -> list[str]:
    """The names of those who talk in the background of a profile."""
    kinds = {kind for profile in cast.profiles.values() for kind in draw_line(profile, Chance(0)).voices}
    return sorted({name for kind in kinds for name in BYSTANDERS[kind]})


def _versions(cast: Cast, chosen: list[Chosen]) -> dict[str, Json]:
    """The versions of all engines that the plan uses."""
    used = {(choice.stage, choice.name) for choice in (*chosen, *cast.voices.values())}
    used |= {(effect.place, effect.name) for profile in cast.profiles.values() for effect in profile.effects}
    used |= {("score", name) for name in engines.known("score")}
    return {f"version of {stage} {name}": engines.find(stage, name).build.version for stage, name in sorted(used)}
