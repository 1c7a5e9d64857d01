"""A suite: scenarios x profiles x voices x trials x arms, a seed, the production mix, and floors."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from pipeline.errors import did_you_mean
from pipeline.files import find_named
from pipeline.spec.profile import Profile, read_profile
from pipeline.spec.scenario import Scenario, read_scenario
from pipeline.spec.voice import voice_named
from pipeline.spec.words import Chosen, Words, complaint, read_words

Arm = Literal["oracle", "clean", "degraded"]
ARMS: tuple[Arm, ...] = ("oracle", "clean", "degraded")
Rate = Annotated[float, Field(ge=0, le=1)]


def _names(words: Any) -> Any:
    if not isinstance(words, list) or not words:
        raise complaint("wants a list of at least one name")
    for i, name in enumerate(words):
        if name in words[:i]:
            raise complaint(f"'{name}' stands here twice", i)
    return tuple(words)


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class Suite(Words):
    """What to run. `voices` replaces the personas' own; `weights` is the production mix over profiles.

    `floors` are success rates by arm or profile that `badline run` must not fall below.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
    about: str = ""
    seed: Annotated[int, Field(ge=0)] = 0
    release: str | None = None
    scenarios: Names
    profiles: Names
    voices: Names | None = None
    trials: Annotated[int, Field(ge=1, le=1000)] = 1
    arms: Annotated[tuple[Arm, ...], BeforeValidator(_names)] = ARMS
    weights: Mapping[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    floors: Mapping[str, Rate] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_names(self) -> "Suite":
        for key, names, known in (
            ("weights", self.weights, self.profiles),
            ("floors", self.floors, (*self.arms, *self.profiles)),
        ):
            for name in names:
                if name not in known:
                    raise complaint(f"'{name}' is not run here. {did_you_mean(name, known)}", key, name)
        return self


@dataclass(frozen=True)
class Cast:
    """A suite with everything it names read: scenarios, profiles and voices, by name."""

    suite: Suite
    scenarios: Mapping[str, Scenario]
    profiles: Mapping[str, Profile]
    voices: Mapping[str, Chosen]


def read_suite(path: Path) -> Cast:
    """The suite in a file and all that it names. Raises BadlineError before any work begins."""
    suite, near = read_words(Suite, path), path.parent
    scenarios = [read_scenario(find_named(n, folder="fixtures/scenarios", near=near)) for n in suite.scenarios]
    profiles = [read_profile(find_named(n, folder="noise_profiles", near=near)) for n in suite.profiles]
    voices = suite.voices or sorted({scenario.persona.voice for scenario in scenarios})
    return Cast(
        suite,
        {scenario.name: scenario for scenario in scenarios},
        {profile.name: profile for profile in profiles},
        {name: voice_named(name, near) for name in voices},
    )
