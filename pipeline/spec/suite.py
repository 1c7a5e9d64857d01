"""A suite: scenarios x profiles x voices x trials x arms, a seed, the production mix, and floors."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from pipeline.errors import did_you_mean
from pipeline.files import find_named, read_yaml
from pipeline.spec.arm import USUAL_ARMS, Arm
from pipeline.spec.profile import JOINT, Profile, combined, parts_of, read_profile
from pipeline.spec.scenario import Scenario, read_scenario
from pipeline.spec.severity import TYPICAL, Severities
from pipeline.spec.voice import voice_named
from pipeline.spec.wording import instead
from pipeline.spec.words import Chosen, Name, Words, complaint, located, under, words_of

Rate = Annotated[float, Field(ge=0, le=1)]


def _names(words: Any) -> Any:
    if isinstance(words, tuple):
        return words
    if not isinstance(words, list):
        hint = f": write [{words}]" if isinstance(words, str) else ""
        raise complaint(f"wants a list of names, {instead(words)}{hint}")
    if not words:
        raise complaint("wants at least one name")
    for i, name in enumerate(words):
        if name in words[:i]:
            raise complaint(f"'{name}' stands here twice", i)
    return tuple(words)


def _joined(words: Any) -> Any:
    """Profiles that are combined as a list, as they are called in one word: `[cafe, mumbler]` is `cafe+mumbler`."""
    return _names([_joint(i, one) for i, one in enumerate(words)] if isinstance(words, list) else words)


def _joint(i: int, words: Any) -> Any:
    match words:
        case [str(), *_] if all(isinstance(one, str) for one in words):
            return JOINT.join(words)
        case str():
            return words
        case _:
            raise complaint(
                f"wants a profile, or a list of them to be combined as '[cafe, mumbler]', {instead(words)}", i
            )


Names = Annotated[tuple[str, ...], BeforeValidator(_names), Field(min_length=1)]
_PROFILES: dict[str, Any] = {
    "type": "array",
    "items": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]},
    "minItems": 1,
}
Profiles = Annotated[tuple[str, ...], BeforeValidator(_joined), Field(min_length=1), WithJsonSchema(_PROFILES)]


class Suite(Words):
    """What to run. `scenarios` and `profiles` are called by name or path; `voices` replaces the personas' own.

    A profile may be several in one: `cafe+mumbler`, or `[cafe, mumbler]`. `severities` say how bad the lines of the
    degraded arm are. `weights` is the production mix over profiles; `floors` are success rates by arm or profile
    that `badline run` must not fall below. Both, like records and tables, go by the `name` that a file gives
    itself, and count all severities alike.
    """

    name: Name
    about: str = ""
    seed: Annotated[int, Field(ge=0)] = 0
    release: str | None = None
    scenarios: Names
    profiles: Profiles
    severities: Severities = (TYPICAL,)
    voices: Annotated[tuple[Name, ...], BeforeValidator(_names), Field(min_length=1)] | None = None
    trials: Annotated[int, Field(ge=1, le=1000)] = 1
    arms: Annotated[tuple[Arm, ...], BeforeValidator(_names), Field(min_length=1)] = USUAL_ARMS
    weights: Mapping[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    floors: Mapping[str, Rate] = Field(default_factory=dict)


@dataclass(frozen=True)
class Cast:
    """A suite with everything it names read: scenarios, profiles and voices, by name."""

    suite: Suite
    scenarios: Mapping[str, Scenario]
    profiles: Mapping[str, Profile]
    voices: Mapping[str, Chosen]


def read_suite(path: Path) -> Cast:
    """The suite in a file and all that it names. Raises BadlineError before any work begins."""
    page = read_yaml(path)
    suite = words_of(Suite, page)
    with located(page):
        scenarios = _scenarios(suite.scenarios, path.parent)
        profiles = _profiles(suite.profiles, path.parent)
        _refuse_strangers("weights", suite.weights, profiles)
        _refuse_strangers("floors", suite.floors, (*suite.arms, *profiles))
        voices = _voices(suite, scenarios)
    return Cast(suite, scenarios, profiles, voices)


Read = TypeVar("Read", Scenario, Profile)
Keys = tuple[str, int]


def _scenarios(calls: Sequence[str], near: Path) -> dict[str, Scenario]:
    """What the suite calls, by the names that the files give themselves."""
    found: dict[str, Scenario] = {}
    for i, call in enumerate(calls):
        scenario = _called(call, read_scenario, ("scenarios", i), folder="fixtures/scenarios", near=near)
        _add(scenario, found, call, ("scenarios", i))
    return found


def _profiles(calls: Sequence[str], near: Path) -> dict[str, Profile]:
    """As `_scenarios`; those that combine under the names of all."""
    found: dict[str, Profile] = {}
    for i, call in enumerate(calls):
        keys = ("profiles", i)
        with under(*keys):
            parts = parts_of(call, near)
        ones = [_called(part, read_profile, keys, folder="noise_profiles", near=near) for part in parts]
        with under(*keys):
            profile = combined(ones)
        _add(profile, found, call, keys)
    return found


def _called(call: str, read: Callable[[Path], Read], keys: Keys, *, folder: str, near: Path) -> Read:
    with under(*keys):
        path = find_named(call, folder=folder, near=near)
    one = read(path)  # what is wrong there is said of that file
    with under(*keys):
        _refuse_another_name(call, path, one.name)
    return one


def _add(one: Read, found: dict[str, Read], call: str, keys: Keys) -> None:
    if one.name in found:
        raise complaint(f"{call} has the name '{one.name}' of another one here; names must be unique", *keys)
    found[one.name] = one


def _refuse_another_name(call: str, path: Path, name: str) -> None:
    if path.stem == call != name:
        raise complaint(f"{path} is called '{call}' but names itself '{name}'; give it one name")


def _refuse_strangers(key: str, names: Iterable[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise complaint(f"'{name}' is not run here. {did_you_mean(name, known)}", key, name)


def _voices(suite: Suite, scenarios: Mapping[str, Scenario]) -> dict[str, Chosen]:
    """The voices that are cast: the suite's, or else those of the personas."""
    for i, name in enumerate(suite.voices or ()):
        with under("voices", i):
            find_named(name, folder="fixtures/voices")
    names = suite.voices or sorted({scenario.persona.voice for scenario in scenarios.values()})
    return {name: voice_named(name) for name in names}


def find_release(path: Path) -> Path | None:
    """The file of the release that a suite names, if it names one. Raises BadlineError."""
    page = read_yaml(path)
    named = words_of(Suite, page).release
    if named is None:
        return None
    with located(page), under("release"):
        return find_named(named, folder="fixtures/releases", near=path.parent)
