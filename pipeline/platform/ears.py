"""How a platform hears: by VAD and ASR from sound alone, or, in the oracle arm, the true words in the true turns."""

from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np
from cachetools import LRUCache

from pipeline.asr import Asr, Transcript
from pipeline.audio import Floats, Ints, Sound, from_pcm, pcm_hash
from pipeline.line.track import Track
from pipeline.line.window import HIDDEN_MS, RATE, Window
from pipeline.platform.turns import Cut, Turns
from pipeline.spec.release import Endpointing
from pipeline.vad import Vad

T = TypeVar("T")

PRE_ROLL_MS = 300
POST_ROLL_MS = 300
TRUE_FRAME_MS = 20
REMEMBERED = 4096  # windows and turns: some minutes of calls, a few MB


class Ears(Protocol):
    """Speech or not, in frames of `frame_ms` within a window; and the words of a turn."""

    frame_ms: int

    def turns(self, endpointing: Endpointing) -> Turns:
        """How a release's endpointing cuts turns for these ears."""
        ...

    def speech(self, window: Window) -> Floats:
        """One probability a frame, from the window's hidden pre-roll on."""
        ...

    def transcript(self, track: Track, cut: Cut, *, from_ms: int) -> Transcript:
        """The words of a turn; what sounded before `from_ms` was not listened to."""
        ...


class SoundEars:
    """Hears by VAD and ASR. What the same window or the same sound gave before is remembered for a while."""

    def __init__(self, vad: Vad, asr: Asr) -> None:
        self._vad = vad
        self._asr = asr
        self._probabilities: LRUCache[str, Floats] = LRUCache(REMEMBERED)
        self._transcripts: LRUCache[str, Transcript] = LRUCache(REMEMBERED)
        self.frame_ms = vad.frame_ms

    def turns(self, endpointing: Endpointing) -> Turns:
        """As the release says, and none longer than a recogniser takes."""
        return Turns(endpointing)

    def speech(self, window: Window) -> Floats:
        """The VAD's probabilities."""
        return _cached(
            self._probabilities, window.sha256, lambda: self._vad.speech(Sound(from_pcm(window.pcm), RATE)).values
        )

    def transcript(self, track: Track, cut: Cut, *, from_ms: int) -> Transcript:
        """What the recogniser makes of the turn with a little sound on either side."""
        start_ms = max(cut.start_ms - PRE_ROLL_MS, from_ms)
        pcm = track.pcm(start_ms, min(cut.end_ms + POST_ROLL_MS, cut.decided_ms))
        return _cached(self._transcripts, pcm_hash(pcm), lambda: self._recognised(pcm))

    def _recognised(self, pcm: Ints) -> Transcript:
        [transcript] = self._asr.transcribe([Sound(from_pcm(pcm), RATE)])
        return transcript


class TrueEars:
    """The oracle's: an utterance is a turn, and its words are heard as they were meant."""

    frame_ms = TRUE_FRAME_MS

    def turns(self, endpointing: Endpointing) -> Turns:
        """The silence after a turn as the release says; but no word is too short, and no turn too long."""
        return Turns(endpointing.model_copy(update={"min_speech_ms": TRUE_FRAME_MS}), max_turn_ms=None)

    def speech(self, window: Window) -> Floats:
        """1 while the caller speaks, pauses included; else 0."""
        frames = np.zeros((HIDDEN_MS + window.length_ms) // TRUE_FRAME_MS, np.float32)
        if window.speech_ms:
            start, end = (-(-(HIDDEN_MS + ms) // TRUE_FRAME_MS) for ms in window.speech_ms)
            frames[start:end] = 1
        return frames

    def transcript(self, track: Track, cut: Cut, *, from_ms: int) -> Transcript:
        """The words of the utterances that the turn touches, each as a whole."""
        spoken = [(placed.speech_ms, placed.window.words) for placed in track.placed]
        words = [words for at, words in spoken if at and at[0] < cut.end_ms and at[1] > cut.start_ms]
        return Transcript(" ".join(words), confidence=1.0)


def _cached(cache: LRUCache[str, T], key: str, make: Callable[[], T]) -> T:
    """What is remembered under `key`, made now where it is not."""
    if key not in cache:
        cache[key] = make()
    return cache[key]
