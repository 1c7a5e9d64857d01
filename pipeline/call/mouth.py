"""What a caller does, as sound: words in a voice with their pauses, coughs, and keys."""

from dataclasses import dataclass

import numpy as np

from pipeline import levels
from pipeline.audio import Floats
from pipeline.call.caller import Speak
from pipeline.call.cough import cough
from pipeline.call.manner import Part
from pipeline.call.voices import LevelVoice
from pipeline.chance import Chance
from pipeline.line.window import RATE, Saying, samples_of

KEY_MS = 200  # a key and the pause after it: twice what ITU-T Q.24 wants of each at least, and as people press them
AWAY_DB = -8.0  # who turns away to speak to somebody else is quieter on the phone


@dataclass(frozen=True, eq=False)
class Mouth:
    """A voice, and the chance by which its owner coughs."""

    voice: LevelVoice
    chance: Chance

    def saying(self, act: Speak) -> Saying:
        """What is heard of it in front of the mouth. Keys are not: they go beside the sound."""
        match act.sort:
            case "cough":
                return Saying(cough(self.chance.named("cough", str(act.attempt)).stream()), sort="cough")
            case "keys":
                keys = tuple((key, i * KEY_MS) for i, key in enumerate(act.spoken))
                return Saying(np.zeros(samples_of(len(keys) * KEY_MS), np.float32), sort="keys", keys=keys)
            case "aside":
                speech, pauses_ms = self._spoken(act.delivery.parts)
                return Saying(speech * np.float32(levels.gain(AWAY_DB)), act.spoken, "aside", pauses_ms)
            case _:
                speech, pauses_ms = self._spoken(act.delivery.parts)
                return Saying(speech, act.spoken, act.sort, pauses_ms)

    def _spoken(self, parts: tuple[Part, ...]) -> tuple[Floats, tuple[tuple[int, int], ...]]:
        """The parts one after the other, and the pauses between them in ms from the beginning."""
        sounds: list[Floats] = []
        pauses_ms: list[tuple[int, int]] = []
        for part in parts:
            sounds.append(self.voice.speak(part.spoken))
            if part.pause_ms:
                start_ms = sum(len(sound) for sound in sounds) * 1000 // RATE
                pauses_ms.append((start_ms, start_ms + part.pause_ms))
                sounds.append(np.zeros(samples_of(part.pause_ms), np.float32))
        return np.concatenate(sounds), tuple(pauses_ms)
