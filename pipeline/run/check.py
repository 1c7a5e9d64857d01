"""Checks files of words without a sound: which kind each is, and what is wrong with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline import engines
from pipeline.errors import BadlineError, MissingPackage, did_you_mean, nearest
from pipeline.files import read_yaml, shipped
from pipeline.run.observe import built_agent
from pipeline.run.plan import Job, read_plan
from pipeline.spec.judge import read_judge
from pipeline.spec.profile import PLACES, read_profile
from pipeline.spec.release import find_releases, read_release
from pipeline.spec.scenario import read_scenario
from pipeline.spec.suite import find_release, read_suite
from pipeline.spec.voice import read_voice

Reader = Callable[[Path], object]


def _read_whole_suite(path: Path, release: str | None = None) -> object:
    """With the release of that name, or else the suite's own, so that what it cannot show is found."""
    if release:
        return read_plan(Job(path, *find_releases(release)))
    found = find_release(path)
    return read_plan(Job(path, found)) if found else read_suite(path)


def _read_whole_release(path: Path) -> object:
    """With its agent built, so that code that cannot be loaded is found."""
    return built_agent(read_release(path))


READERS: Mapping[str, Reader] = {
    "scenario": read_scenario,
    "profile": read_profile,
    "release": _read_whole_release,
    "suite": _read_whole_suite,
    "voice": read_voice,
    "judge": read_judge,
}
# A key that only this kind of file has, tried in order.
TELLTALE: Mapping[str, tuple[str, ...]] = {
    "suite": ("scenarios", "profiles"),
    "scenario": ("says", "expect", "facts", "persona"),
    "release": ("endpointing", "asr", "agent"),
    "profile": (*PLACES, "caller"),
    "judge": ("ask",),
    "voice": engines.known("tts"),
}
FOLDERS = {
    "scenarios": "scenario",
    "noise_profiles": "profile",
    "releases": "release",
    "suites": "suite",
    "voices": "voice",
    "judges": "judge",
}


@dataclass(frozen=True)
class Checked:
    """A file that was checked: its kind, and the error where there is one.

    With `missing_package` it could not be checked here; nothing is known to be wrong with its words.
    """

    path: Path
    kind: str
    error: str | None
    missing_package: bool = False


def check_file(path: Path, release: str | None = None) -> Checked:
    """Read a file as what it is; a suite together with the release of that name."""
    kind = "unknown"
    try:
        kind = kind_of(path)
        if kind == "suite":
            _read_whole_suite(path, release)
        else:
            READERS[kind](path)
    except BadlineError as error:
        return Checked(path, kind, str(error), missing_package=isinstance(error, MissingPackage))
    return Checked(path, kind, None)


def kind_of(path: Path) -> str:
    """What kind of words a file holds, by the folder it lies in, else by its keys. Raises BadlineError."""
    if path.parent.name in FOLDERS:
        return FOLDERS[path.parent.name]
    words = read_yaml(path).words
    if not isinstance(words, dict) or not words:
        raise BadlineError(f"{path}:1: {'is empty' if not words else 'wants keys'}; {_KINDS}")
    for kind, telltale in TELLTALE.items():
        if any(key in words for key in telltale):
            return kind
    known = {key for kind, telltale in TELLTALE.items() if kind != "voice" for key in telltale}
    meant = next((key for key in words if nearest(key, known)), "")
    raise BadlineError(f"{path}:1: has no key that tells what it is; {_KINDS}. {did_you_mean(meant, known)}")


_KINDS = f"it may be a {', '.join(READERS)}"


def shipped_words() -> list[Path]:
    """Every file of words that badline ships, and those of the working folder in folders of the same names."""
    here = [Path("fixtures") / folder for folder in FOLDERS] + [Path("noise_profiles")]
    ours = [shipped("fixtures") / folder for folder in FOLDERS] + [shipped("noise_profiles")]
    folders = dict.fromkeys(folder.resolve() for folder in (*here, *ours) if folder.is_dir())
    return [path for folder in folders for path in sorted(folder.glob("*.yaml"))]
