"""One call, or one sentence, outside any run: what `badline call` and `badline listen` do."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from soundfile import LibsndfileError

from pipeline.audio import Ints, Sound, from_pcm, read_sound, to_pcm
from pipeline.call.script import refuse_unspeakable
from pipeline.chance import Chance
from pipeline.errors import BadlineError
from pipeline.files import find_named
from pipeline.line.after import After
from pipeline.line.arrays import CPU, check_device
from pipeline.line.carry import LINE
from pipeline.line.draw import Line, PlacedEffect, draw_line
from pipeline.line.scene import Measure
from pipeline.line.window import RATE, Saying, Studio, Window, calibrate
from pipeline.run.cache import Cache
from pipeline.run.crew import Crew, Voices, kept_voices
from pipeline.run.plan import Plan, Unit, severities_of
from pipeline.run.unit import Done, run_unit
from pipeline.spec.arm import checked_arm
from pipeline.spec.profile import Profile, find_profile
from pipeline.spec.release import find_releases, read_release
from pipeline.spec.scenario import Scenario, read_scenario
from pipeline.spec.severity import WORDS as SEVERITIES
from pipeline.spec.severity import severity_name, severity_named
from pipeline.spec.suite import Cast, Suite
from pipeline.spec.voice import voice_named

DEFAULT_RELEASE = "2026.11"
SOUND_ENDINGS = (".wav", ".flac")


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
    device: str = CPU,
    cache: Cache | None = None,
) -> Done:
    """Place one call by what its scenario, profile, severity, release and voice are called. Raises BadlineError.

    With the seed of a suite it is the very call of that suite's run.
    """
    checked_arm(arm)
    check_device(device)
    bad = severity_named(severity)
    spoken = read_scenario(find_named(scenario, folder="fixtures/scenarios"))
    line = find_profile(profile)
    system = read_release(*find_releases(release or DEFAULT_RELEASE))
    who = voice or spoken.persona.voice
    cast = _cast(spoken, line, who, seed)
    refuse_unspeakable(spoken, cast.voices[who], line.caller.over(spoken.persona.habits))
    [bad] = severities_of(arm, line, (bad,))
    unit = Unit(spoken.name, line.name, bad, who, trial, arm)
    return run_unit(Crew(Plan(cast, system, (unit,), sources={}, called={}, device=device), cache), unit)


def _cast(scenario: Scenario, profile: Profile, voice: str, seed: int) -> Cast:
    words = {"name": "single", "seed": seed, "scenarios": [scenario.name], "profiles": [profile.name]}
    suite = Suite.model_validate(words)
    return Cast(suite, {scenario.name: scenario}, {profile.name: profile}, {voice: voice_named(voice)})


@dataclass(frozen=True, eq=False)
class Stage:
    """What would arrive if the line ended here: `effect` was the last that did something, and `got` what it measured.

    Before the first effect it is None: there the voice is alone.
    """

    effect: PlacedEffect | None
    window: Window
    got: tuple[Measure, ...]


@dataclass(frozen=True, eq=False)
class Listened:
    """A sentence as it arrives: what the line is called, its window and its measures, and what it was made of."""

    name: str
    window: Window
    calibration: tuple[Measure, ...]
    saying: Saying
    studio: Studio

    @property
    def line(self) -> Line:
        """The line that carried it."""
        return self.studio.line

    @property
    def pcm(self) -> Ints:
        """What is heard, as int16 at 16 kHz."""
        return self.window.heard

    @property
    def sound(self) -> Sound:
        """What is heard."""
        return Sound(from_pcm(self.pcm), RATE)

    def after(self) -> After:
        """How far the words stand out by the time they arrive."""
        return self.studio.after(self.window)

    def stages(self) -> Iterator[Stage]:
        """From the voice alone to what arrives: the same window on the line's first effects, one more each time."""
        before = 0
        for count in range(len(self.line.effects) + 1):
            effects = self.line.effects[:count]
            window = _said_in(replace(self.studio, line=Line(effects)), self.saying)
            # Measured on the whole line: a shorter one looks less far ahead, which levels tell in the third digit.
            after = sum(measure.effect != LINE for measure in window.got)
            yield Stage(effects[-1] if effects else None, window, self.window.got[before:after])
            before = after


@dataclass(frozen=True, eq=False)
class Recording:
    """A sound of anybody's, as one channel at its own rate."""

    name: str
    sound: Sound

    @property
    def pcm(self) -> Ints:
        """At the rate of what it is compared with, as loud as it was."""
        return to_pcm(self.sound.at(RATE).samples)


def listen_once(
    text: str,
    profile: str,
    *,
    severity: str = "typical",
    voice: str,
    seed: int,
    device: str = CPU,
    voices: Voices | None = None,
) -> Listened:
    """Carry one sentence over a profile's line, spoken by `voices` if they are there. Raises BadlineError."""
    if not text.strip():
        raise BadlineError("TEXT: is empty; write what the caller says")
    check_device(device)
    bad, words = severity_named(severity), find_profile(profile)
    voices, language = voices or kept_voices(), "en"
    speaker = voices.voice(voice_named(voice), language)
    # Without the profile's name: a copy that is tuned under another has the luck of the one that it is compared with.
    chance = Chance(seed).named("listen", voice)
    line = draw_line(words, chance, bad)
    background = voices.bystanders(line, voice, language)
    studio = Studio(line, speaker.nominal, background, chance, device)
    measures = calibrate(studio, speaker.calibration)
    saying = Saying(speaker.speak(text), text)
    return Listened(f"{words.name} {severity_name(bad)}", _said_in(studio, saying), measures, saying, studio)


def listen_against(
    text: str, profile: str, against: str, *, severity: str = "typical", voice: str, seed: int, device: str = CPU
) -> tuple[Listened, Listened | Recording]:
    """The sentence on a profile's line, and what it is compared with. Raises BadlineError.

    That is a sound file (.wav, .flac), the same line at another severity, or another profile.
    """
    recorded = _recording(Path(against)) if against.lower().endswith(SOUND_ENDINGS) else None
    voices = kept_voices()
    listened = partial(listen_once, text, voice=voice, seed=seed, device=device, voices=voices)
    first = listened(profile, severity=severity)
    if recorded:
        return first, recorded
    other, bad = (profile, against) if _is_severity(against) else (against, severity)
    return first, listened(other, severity=bad)


def _said_in(studio: Studio, saying: Saying) -> Window:
    return studio.utterance("listen", 1, saying)


def _is_severity(text: str) -> bool:
    return text in SEVERITIES or text.replace(".", "", 1).isdigit()


def _recording(path: Path) -> Recording:
    if path.is_dir():
        raise BadlineError(f"--against: {path} is a folder; name a file")
    if not path.is_file():
        raise BadlineError(f"--against: there is no file {path}")
    try:
        sound = read_sound(path)
    except LibsndfileError as error:
        raise BadlineError(f"--against: {path}: is no sound that can be read: {error}") from None
    if not len(sound.samples):
        raise BadlineError(f"--against: {path}: is empty")
    if not np.isfinite(sound.samples).all():
        raise BadlineError(f"--against: {path}: holds NaN or infinity")
    return Recording(path.name, sound)
