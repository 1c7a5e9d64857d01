"""One call, or one sentence, outside any run: what `badline call` and `badline listen` do."""

from dataclasses import dataclass
from typing import get_args

from pipeline.call.script import refuse_unspeakable
from pipeline.chance import Chance
from pipeline.errors import BadlineError, did_you_mean
from pipeline.files import find_named
from pipeline.line.draw import Line, draw_line
from pipeline.line.scene import Measure
from pipeline.line.window import Saying, Studio, Window, calibrate
from pipeline.run.crew import Crew, Voices
from pipeline.run.plan import Plan, Unit, severities_of
from pipeline.run.unit import Done, run_unit
from pipeline.spec.profile import Profile, find_profile
from pipeline.spec.release import read_release
from pipeline.spec.scenario import Scenario, read_scenario
from pipeline.spec.severity import severity_named
from pipeline.spec.suite import Arm, Cast, Suite
from pipeline.spec.voice import voice_named

DEFAULT_RELEASE = "2026.11"


def place_once(
    scenario: str,
    profile: str,
    *,
    severity: str = "typical",
    release: str | None,
    voice: str | None,
    arm: str,
    seed: int,
    trial: int = 1,
) -> Done:
    """Place one call by what its scenario, profile, severity, release and voice are called. Raises BadlineError.

    With the seed of a suite it is the very call of that suite's run.
    """
    if arm not in get_args(Arm):
        raise BadlineError(f"--arm: there is no arm '{arm}'. {did_you_mean(arm, get_args(Arm))}")
    known: Arm = arm  # type: ignore[assignment]  # checked above
    bad = severity_named(severity)
    spoken = read_scenario(find_named(scenario, folder="fixtures/scenarios"))
    line = find_profile(profile)
    system = read_release(find_named(release or DEFAULT_RELEASE, folder="fixtures/releases"))
    who = voice or spoken.persona.voice
    cast = _cast(spoken, line, who, seed)
    refuse_unspeakable(spoken, cast.voices[who], line.caller.over(spoken.persona.habits))
    [bad] = severities_of(known, line, (bad,))
    unit = Unit(spoken.name, line.name, bad, who, trial, known)
    return run_unit(Crew(Plan(cast, system, (unit,), sources={}, called={})), unit)


def _cast(scenario: Scenario, profile: Profile, voice: str, seed: int) -> Cast:
    words = {"name": "single", "seed": seed, "scenarios": [scenario.name], "profiles": [profile.name]}
    suite = Suite.model_validate(words)
    return Cast(suite, {scenario.name: scenario}, {profile.name: profile}, {voice: voice_named(voice)})


@dataclass(frozen=True, eq=False)
class Listened:
    """A sentence as it arrives: its window, the line that carried it, and the line's measures."""

    window: Window
    line: Line
    calibration: tuple[Measure, ...]


def listen_once(text: str, profile: str, *, severity: str = "typical", voice: str, seed: int) -> Listened:
    """Carry one sentence over a profile's line. Raises BadlineError and SoundInvalid."""
    if not text.strip():
        raise BadlineError("TEXT: is empty; write what the caller says")
    bad, words = severity_named(severity), find_profile(profile)
    voices, language = Voices(), "en"
    speaker = voices.voice(voice_named(voice), language)
    chance = Chance(seed).named("listen", words.name, voice)
    line = draw_line(words, chance, bad)
    background = voices.bystanders(line, voice, language)
    studio = Studio(line, speaker.nominal, background, chance)
    measures = calibrate(studio, speaker.calibration)
    return Listened(studio.utterance("listen", 1, Saying(speaker.speak(text), text)), line, measures)
