"""How a platform hears: by VAD and ASR from sound alone, by ASR in the true turns, or the true words in them."""

from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

import numpy as np

from pipeline.asr import Asr, Transcript
from pipeline.audio import Floats, Ints, Sound, from_pcm, pcm_hash
from pipeline.line.track import Track
from pipeline.line.window import HIDDEN_MS, RATE, Window
from pipeline.memo import Memo, Remembered, anew
from pipeline.platform.turns import Cut, Turns
from pipeline.spec.release import Endpointing
from pipeline.vad import Vad

POST_ROLL_MS = 300
TRUE_FRAME_MS = 20
REMEMBERED = 4096  # windows and turns: some minutes of calls, a few MB


@dataclass(frozen=True)
class Recognised:
    """A transcript, and how many ms it took to recognise, alone and on this machine."""

    transcript: Transcript
    took_ms: int


class Ears(Protocol):
    """Speech or not, in frames of `frame_ms` within a window; and the words of a turn."""

    frame_ms: int

    def turns(self, endpointing: Endpointing) -> Turns:
        """How a release's endpointing cuts turns for these ears."""
        ...

    def speech(self, window: Window) -> Floats:
        """One probability a frame, from the window's hidden pre-roll on."""
        ...

    def recognised(self, track: Track, cut: Cut, *, from_ms: int) -> Recognised:
        """What is made of a turn's sound from `from_ms` on."""
        ...


class SoundEars:
    """Hears by VAD and ASR. What the same window or the same sound gave before is remembered for a while.

    Beyond that a memo may know it, by the hash of the sound.
    """

    def __init__(
        self, vad: Vad, asr: Asr, probabilities: Memo[Floats] = anew, recognised: Memo[Recognised] = anew
    ) -> None:
        self._vad = vad
        self._asr = asr
        self._probabilities = Remembered(REMEMBERED, probabilities)
        self._recognised = Remembered(REMEMBERED, recognised)
        self.frame_ms = vad.frame_ms

    def turns(self, endpointing: Endpointing) -> Turns:
        """As the release says."""
        return Turns(endpointing)

    def speech(self, window: Window) -> Floats:
        """The VAD's probabilities."""
        return self._probabilities(window.sha256, lambda: self._vad.speech(Sound(from_pcm(window.pcm), RATE)).values)

    def recognised(self, track: Track, cut: Cut, *, from_ms: int) -> Recognised:
        """What the recogniser makes of the turn, with a little sound after it."""
        pcm = track.pcm(from_ms, min(cut.end_ms + POST_ROLL_MS, cut.decided_ms))
        return self._recognised(pcm_hash(pcm), lambda: self._recognise(pcm))

    def _recognise(self, pcm: Ints) -> Recognised:
        began_s = perf_counter()
        [transcript] = self._asr.transcribe([Sound(from_pcm(pcm), RATE)])
        return Recognised(transcript, round(1000 * (perf_counter() - began_s)))


class TrueEars:
    """The oracle's: an utterance is a turn, and its words are heard as they were meant."""

    frame_ms = TRUE_FRAME_MS

    def turns(self, endpointing: Endpointing) -> Turns:
        """The silence after a turn as the release says; but no word is too short, and no turn too long."""
        return Turns(endpointing.model_copy(update={"min_speech_ms": TRUE_FRAME_MS}), is_patient=True)

    def speech(self, window: Window) -> Floats:
        """1 while the caller speaks to the agent, pauses included; else 0."""
        frames = np.zeros((HIDDEN_MS + window.length_ms) // TRUE_FRAME_MS, np.float32)
        if window.speech_ms and window.saying.sort == "words":
            start, end = (-(-(HIDDEN_MS + ms) // TRUE_FRAME_MS) for ms in window.speech_ms)
            frames[start:end] = 1
        return frames

    def recognised(self, track: Track, cut: Cut, *, from_ms: int) -> Recognised:
        """The words of the utterances that the turn touches, each as a whole, in no time."""
        spoken = [(placed.speech_ms, placed.window.saying) for placed in track.placed]
        words = [
            saying.words
            for at, saying in spoken
            if at and saying.sort == "words" and at[0] < cut.end_ms and at[1] > cut.start_ms
        ]
        return Recognised(Transcript(" ".join(words), confidence=1.0), 0)


class TrueTurns(TrueEars):
    """Hears by ASR in the true turns: what then still goes wrong is not endpointing's fault."""

    def __init__(self, asr: SoundEars) -> None:
        self._asr = asr

    def recognised(self, track: Track, cut: Cut, *, from_ms: int) -> Recognised:
        """What the recogniser makes of the turn, with a little sound after it."""
        return self._asr.recognised(track, cut, from_ms=from_ms)
