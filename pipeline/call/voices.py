"""Voices as a call needs them: trimmed, at the line's rate, and at a known level."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import overload

import numpy as np
from cachetools import LRUCache

from pipeline import levels
from pipeline.audio import Floats
from pipeline.errors import InfraError
from pipeline.files import shipped
from pipeline.line.scene import Nominal
from pipeline.line.window import RATE
from pipeline.tts import Recordings, Tts

NOMINAL_DBOV = -26.0  # ITU-T P.56 active speech level of a caller at the line's input
# The sentences that set a voice's level: of the kind that callers say, with few pauses.
CALIBRATION = {
    "en": "The parcel was left in the garden last week. I would like somebody to call me back about it tomorrow. "
    "My sister bought the same thing in a shop near the old town hall."
}
TRIM_DB = 40.0  # what lies this far below the active speech level at either end is silence
FRAME_MS = 5
REMEMBERED = 256  # utterances: some 50 MB


@dataclass(eq=False)
class LevelVoice:
    """A TTS voice at the nominal level: one gain for all it says, found on the calibration sentences.

    One of recordings is calibrated on those. What it has said before is kept, since the same words give the same bytes.
    """

    tts: Tts
    language: str
    _said: LRUCache[str, Floats] = field(default_factory=lambda: LRUCache(REMEMBERED))

    def __post_init__(self) -> None:
        raw = self._raw_calibration()
        self._gain = levels.gain(NOMINAL_DBOV - levels.active_speech_level(raw, RATE).asl_dbov)
        self.calibration = raw * np.float32(self._gain)
        weighted = levels.active_speech_level(levels.a_weighted(self.calibration, RATE), RATE).asl_dbov
        self.nominal = Nominal(NOMINAL_DBOV, weighted)

    def speak(self, text: str) -> Floats:
        """The words as float32 at 16 kHz, without silence at the ends."""
        if text not in self._said:
            self._said[text] = self._raw(text) * np.float32(self._gain)
        return self._said[text]

    def _raw_calibration(self) -> Floats:
        if isinstance(self.tts, Recordings):
            return trimmed(self.tts.calibration().at(RATE).samples, "its recordings")
        return self._raw(CALIBRATION[self.language.partition("-")[0]])

    def _raw(self, text: str) -> Floats:
        sound = self.tts.speak(text, seed=0).at(RATE)
        return trimmed(sound.samples, text)


def trimmed(samples: Floats, text: str) -> Floats:
    """Without the silence at either end. Raises InfraError where nothing but silence was synthesised."""
    frame = RATE * FRAME_MS // 1000
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    power = np.mean(frames.astype(np.float64) ** 2, axis=1)
    asl = levels.active_speech_level(samples, RATE).asl_dbov
    loud = np.flatnonzero(power > 10 ** ((asl - TRIM_DB) / 10))
    if not np.isfinite(asl) or len(loud) == 0:
        raise InfraError(f"the voice made no sound of '{text}'")
    return samples[loud[0] * frame : (loud[-1] + 1) * frame].copy()


class Bystanders(Sequence[Sequence[Floats]]):
    """People, and what each of them says: spoken when somebody first listens to that one, since few effects need all.

    `speak` gives the sentences of the i-th.
    """

    def __init__(self, people: int, speak: Callable[[int], Sequence[Floats]]) -> None:
        self._people = range(people)
        self._speak = cache(speak)

    def __len__(self) -> int:
        return len(self._people)

    @overload
    def __getitem__(self, index: int) -> Sequence[Floats]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Sequence[Floats]]: ...

    def __getitem__(self, index: int | slice) -> Sequence[Floats] | Sequence[Sequence[Floats]]:
        if isinstance(index, slice):
            return [self._speak(one) for one in self._people[index]]
        return self._speak(self._people[index])


def bystanders(kind: str, voices: Sequence[Callable[[], LevelVoice]], language: str) -> Bystanders:
    """What people of a kind say in the background: the shipped sentences, dealt to the voices, each at -26 dBov."""
    path = shipped("fixtures") / "bystanders" / language.partition("-")[0] / f"{kind}.txt"
    lines = path.read_text(encoding="utf-8").splitlines()

    def speak(person: int) -> tuple[Floats, ...]:
        voice = voices[person]()
        return tuple(_said_by(voice, line) for line in lines[person :: len(voices)])

    return Bystanders(len(voices), speak)


def _said_by(voice: LevelVoice, line: str) -> Floats:
    return levels.scale_to(voice.speak(line), RATE, NOMINAL_DBOV)
