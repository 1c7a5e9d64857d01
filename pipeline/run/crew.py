"""The crew: the engines of a plan, built once for a worker, and all that one unit needs wired together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

from pipeline.agent import Agent, AgentError, Gate
from pipeline.audio import Floats, Ints, sound_hash, to_pcm
from pipeline.call.asked import Listener
from pipeline.call.caller import Caller
from pipeline.call.mouth import Mouth
from pipeline.call.place import Finished, place_call
from pipeline.call.tracks import Tracks
from pipeline.call.voices import Bystanders, LevelVoice, bystanders
from pipeline.chance import Chance
from pipeline.errors import Unspeakable
from pipeline.files import Json, canonical_json
from pipeline.line.draw import Line, draw_line
from pipeline.line.moods import in_mood
from pipeline.line.window import Studio, calibrate
from pipeline.meaning import sentence_model
from pipeline.platform.cascade import Cascade
from pipeline.platform.ears import Ears, SoundEars, TrueEars, TrueTurns
from pipeline.run.beside import Beside
from pipeline.run.cache import Cache, default_url
from pipeline.run.gathered import gathering
from pipeline.run.kept import Shelves, engine_scope, studio_scope, texts_hash, voice_scope
from pipeline.run.pace import Pace, pace_of
from pipeline.run.plan import BYSTANDERS, Plan, Unit
from pipeline.run.stamp import computed_on, stamp, timing
from pipeline.spec.arm import lacks, true_turn
from pipeline.spec.profile import Profile
from pipeline.spec.scenario import Scenario
from pipeline.spec.voice import voice_named
from pipeline.spec.words import Chosen
from pipeline.values import aloud


@dataclass(eq=False)
class Voices:
    """Voices and background speech, synthesised once and kept; on `shelves` for other processes, too."""

    shelves: Shelves = field(default_factory=Shelves)
    _voices: dict[tuple[str, str], LevelVoice] = field(default_factory=dict)
    _background: dict[tuple[str, str, str], Bystanders] = field(default_factory=dict)

    def voice(self, chosen: Chosen, language: str) -> LevelVoice:
        """The voice at its nominal level."""
        key = (canonical_json(chosen.said()), language)
        if key not in self._voices:
            self._voices[key] = LevelVoice(self.shelves.speech(chosen), language)
        return self._voices[key]

    def bystanders(self, line: Line, caller: str, language: str) -> Mapping[str, Sequence[Sequence[Floats]]]:
        """What each kind of bystander that the line needs has to say, in other voices than the caller's."""
        return {kind: self._spoken(kind, caller, language) for kind in sorted(line.voices)}

    def _spoken(self, kind: str, caller: str, language: str) -> Bystanders:
        if (kind, caller, language) not in self._background:
            voices = [partial(self.voice, voice, language) for voice in _others(kind, caller)]
            self._background[kind, caller, language] = bystanders(kind, voices, language)
        return self._background[kind, caller, language]


def _others(kind: str, caller: str) -> list[Chosen]:
    """Who talks in the background beside a caller."""
    return [voice_named(name) for name in BYSTANDERS[kind] if name != caller]


def who_talks(line: Line, caller: str, language: str) -> dict[str, Json]:
    """All that determines what bystanders of a line say, by their kind."""
    return {
        kind: [texts_hash(kind, language), *(voice_scope(voice) for voice in _others(kind, caller))]
        for kind in sorted(line.voices)
    }


def kept_voices() -> Voices:
    """Voices whose speech is kept in the user's cache."""
    return Voices(Shelves(Cache(default_url())))


@dataclass(eq=False)
class Crew:
    """Engines are built when they are first needed, and kept; `pace` is shared with other workers, if there are any."""

    plan: Plan
    cache: Cache | None = None
    voices: Voices = field(default_factory=Voices)
    pace: Pace | None = None
    _built: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._shelves = Shelves(self.cache)
        if self.cache:
            self.voices = Voices(self._shelves)

    async def place(self, unit: Unit) -> tuple[Finished, Line]:
        """Place the call of a unit. Raises InfraError and SoundInvalid."""
        scenario, profile = self.plan.cast.scenarios[unit.scenario], self.plan.cast.profiles[unit.profile]
        chance = Chance(self.plan.cast.suite.seed).named(unit.scenario, unit.profile, unit.voice, str(unit.trial))
        gone = lacks(unit.arm)
        line = draw_line(profile, chance, unit.severity, lacks=gone)
        if "talker" not in gone:
            line = in_mood(line, scenario.persona.mood)
        voice = self.voices.voice(self.plan.cast.voices[unit.voice], scenario.language)
        studio, scope = self._studio(line, voice, unit, chance)
        checked = self._shelves.calibrations(scope)(
            sound_hash(voice.calibration), lambda: calibrate(studio, voice.calibration)
        )
        caller, platform = self._caller(scenario, profile, chance), self._platform(unit, scenario, chance)
        mouth = Mouth(voice, chance.named("mouth"))
        finished = await place_call(unit.name, caller, mouth, Tracks(studio), platform)
        shows = tuple(sorted(self._engine(self.plan.release.agent).shows))
        return replace(finished, record=replace(finished.record, calibration=checked, shows=shows)), line

    def kept(self) -> dict[str, Any]:
        """What of the cache was found, and what was made, since this was last asked; nothing where there is none."""
        return {"cache": self.cache.counts()} if self.cache else {}

    def stamp(self, unit: Unit) -> dict[str, Any]:
        """What the unit's equal bytes are promised for: this machine, its libraries, and the engines that know more."""
        release = self.plan.release
        heard = () if unit.arm == "oracle" else (release.endpointing.vad, release.asr)
        chosen = (*heard, release.agent, release.agent_voice, self.plan.cast.voices[unit.voice])
        built = {f"{one.stage} {one.name}": self._engine(one) for one in chosen if one.stage != "tts"}
        known = {name: dict(engine.identity) for name, engine in built.items() if hasattr(engine, "identity")}
        return {**stamp(), **computed_on(self.plan.device), **timing(release.latency), **known}

    def _studio(self, line: Line, voice: LevelVoice, unit: Unit, chance: Chance) -> tuple[Studio, str]:
        """Where the call's windows are made, and the hash of all that they depend on."""
        around = self.voices.bystanders(line, unit.voice, voice.language)
        studio = Studio(line, voice.nominal, around, chance, self.plan.device)
        scope = studio_scope(studio, who_talks(line, unit.voice, voice.language))
        return self._shelves.studio(studio, scope), scope

    def _caller(self, scenario: Scenario, profile: Profile, chance: Chance) -> Caller:
        habits = profile.caller.over(scenario.persona.habits)
        listener = Listener(scenario, lambda sentences: sentence_model().embed(sentences))
        return Caller(scenario, habits, listener, chance.named("caller"))

    def _platform(self, unit: Unit, scenario: Scenario, chance: Chance) -> Cascade:
        release = self.plan.release
        agent: Agent = self._engine(release.agent)
        gate = Gate(self._pace.turn_s) if self._pace else Gate()
        return Cascade(
            release=release,
            ears=self._ears_of(unit.arm),
            conversation=lambda: self._beside.conversation(
                lambda: agent.pick_up(unit.name, scenario.given, scenario.now, gate)
            ),
            voice=lambda text: self._agent_says(text, scenario.language),
            chance=chance.named("platform"),
            gate=gate,
            true_turn=true_turn(unit.arm),
        )

    @cached_property
    def _pace(self) -> Pace | None:
        return self.pace or pace_of(self.plan.release.limits)

    @cached_property
    def _beside(self) -> Beside:
        return Beside()

    def _ears_of(self, arm: str) -> Ears:
        match arm:
            case "oracle":
                return TrueEars()
            case "clean_turns":
                return TrueTurns(self._ears)
            case _:
                return self._ears

    @cached_property
    def _ears(self) -> SoundEars:
        chosen = (self.plan.release.endpointing.vad, self.plan.release.asr)
        vad, asr = self._engine(chosen[0]), gathering(self._engine(chosen[1]), self.plan.release.latency)
        heard, words = (engine_scope(one, engine) for one, engine in zip(chosen, (vad, asr), strict=True))
        return SoundEars(vad, asr, self._shelves.probabilities(heard), self._shelves.transcripts(words))

    def _agent_says(self, text: str, language: str) -> Ints:
        voice = self.voices.voice(self.plan.release.agent_voice, language)
        try:
            return to_pcm(voice.speak(aloud(text, language=language)))
        except Unspeakable as error:
            raise AgentError(f"the agent's reply cannot be spoken by its voice: {error}") from error

    def _engine(self, chosen: Chosen) -> Any:  # noqa: ANN401  an engine of any stage
        key = canonical_json({chosen.stage: chosen.said()})
        if key not in self._built:
            self._built[key] = chosen.build()
        return self._built[key]
