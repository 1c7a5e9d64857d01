"""Calls with toys: a voice of tones, a recogniser of tones, a detector by energy; no model."""

import asyncio

import numpy as np
import pytest
import yaml

from pipeline.audio import to_pcm
from pipeline.call.asked import Listener
from pipeline.call.caller import Caller
from pipeline.call.mouth import Mouth
from pipeline.call.place import place_call
from pipeline.call.tracks import Tracks
from pipeline.call.voices import LevelVoice
from pipeline.chance import Chance
from pipeline.line.draw import draw_line
from pipeline.line.window import Studio
from pipeline.platform.cascade import Cascade
from pipeline.platform.ears import SoundEars, TrueEars
from pipeline.spec.habits import Habits
from pipeline.spec.profile import Profile
from pipeline.spec.release import read_release
from pipeline.spec.scenario import Scenario
from pipeline.spec.voice import voice_named

RELEASE = {
    "name": "toy",
    "endpointing": {"vad": "energy"},
    "asr": {"tones": {}},
    "agent_voice": {"tone": {}},
}


def no_meaning(sentences):
    """An embedding by which no sentence means anything."""
    return np.zeros((len(sentences), 1), np.float32)


@pytest.fixture
def parcel():
    """Builds a scenario about one order and one postcode; `says` replaces or adds lines."""

    def build(facts=None, persona=None, expect=None, **says):
        lines = {
            "open": {"say": "I need to change where my parcel is going."},
            "order": {"say": "It's {order}.", "correct": "The order is {order:slow}."},
            "postcode": {"say": "{postcode:spelled}", "correct": "The postcode is {postcode:slow}."},
            "closing": {"say": "No that's all thanks."},
            "otherwise": {"say": "I just want to change the address."},
        }
        return Scenario.model_validate(
            {
                "name": "parcel",
                "about": "A parcel goes elsewhere.",
                "now": "2026-11-22T10:00",
                "persona": persona or {},
                "facts": {"order": {"alnum_id": "0412-7783"}, "postcode": {"postcode": "EH1 3QR"}} | (facts or {}),
                "says": {key: line for key, line in (lines | says).items() if line},
                "expect": expect or {"outcome": "refused"},
            }
        )

    return build


@pytest.fixture
def caller():
    """Builds a caller who knows the language by its patterns alone, with these habits."""

    def build(scenario, patience=None, seed=0, **habits):
        chosen = Habits.model_validate({"patience": patience, **habits}).over(scenario.persona.habits)
        return Caller(scenario, chosen, Listener(scenario, no_meaning), Chance(seed).named("caller"))

    return build


@pytest.fixture
def place(tmp_path, caller):
    """Places a call of a scenario with a toy agent of these options. Gives Finished.

    `release` replaces parts of the toy release, `line` are the places of a profile, `habits` its caller's.
    """
    voice = LevelVoice(voice_named("tone").build(), "en-GB")

    def build(scenario, agent=None, *, engine="scripted", arm="clean", latency=None, line=None, habits=None, **release):
        path = tmp_path / "toy.yaml"
        words = {**RELEASE, "agent": {engine: agent or {}}, "latency": latency or {}, **release}
        path.write_text(yaml.safe_dump(words), encoding="utf-8")
        system, chance = read_release(path), Chance(0).named(scenario.name)
        toy = system.agent.build()
        platform = Cascade(
            release=system,
            ears=TrueEars() if arm == "oracle" else SoundEars(system.endpointing.vad.build(), system.asr.build()),
            conversation=lambda: toy.pick_up("call", scenario.given, scenario.now),
            voice=lambda text: to_pcm(voice.speak(text)),
            chance=chance.named("platform"),
        )
        profile = Profile.model_validate({"name": "mine", "about": "A line.", **(line or {})})
        voices = {"adult": ((voice.speak("zero one two three four five"),),)}
        tracks = Tracks(Studio(draw_line(profile, chance), voice.nominal, voices, chance))
        mouth = Mouth(voice, chance.named("mouth"))
        return asyncio.run(place_call("call", caller(scenario, **(habits or {})), mouth, tracks, platform))

    return build
