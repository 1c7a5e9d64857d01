"""How a platform hears: by VAD and ASR from sound alone, or, in the oracle arm, the true words in the true turns."""

from typing import Protocol

import numpy as np

from pipeline.asr import Asr, Transcript
from pipeline.audio import Floats, Sound, from_pcm
from pipeline.line.track import Track
from pipeline.line.window import HIDDEN_MS, RATE, Window
from pipeline.platform.turns import Cut
from pipeline.vad import Vad

PRE_ROLL_MS = 300
POST_ROLL_MS = 300
TRUE_FRAME_MS = 20


class Ears(Protocol):
    """Speech or not, in frames of `frame_ms` within a window; and the words of a turn."""

    frame_ms: int

    def speech(self, window: Window) -> Floats:
        """One probability a frame, from the window's hidden pre-roll on."""
        ...

    def transcript(self, track: Track, cut: Cut) -> Transcript:
        """The words of a turn."""
        ...


class SoundEars:
    """Hears by VAD and ASR. Probabilities belong to windows, so they are found once for each."""

    def __init__(self, vad: Vad, asr: Asr) -> None:
        self._vad = vad
        self._asr = asr
        self._heard: dict[str, Floats] = {}
        self.frame_ms = vad.frame_ms

    def speech(self, window: Window) -> Floats:
        """The VAD's probabilities."""
        if window.sha256 not in self._heard:
            self._heard[window.sha256] = self._vad.speech(Sound(from_pcm(window.pcm), RATE)).values
        return self._heard[window.sha256]

    def transcript(self, track: Track, cut: Cut) -> Transcript:
        """What the recogniser makes of the turn with a little sound on either side."""
        end_ms = min(cut.end_ms + POST_ROLL_MS, cut.decided_ms)
        pcm = track.pcm(cut.start_ms - PRE_ROLL_MS, end_ms)
        [transcript] = self._asr.transcribe([Sound(from_pcm(pcm), RATE)])
        return transcript


class TrueEars:
    """The oracle's: an utterance is a turn, and its words are heard as they were meant."""

    frame_ms = TRUE_FRAME_MS

    def speech(self, window: Window) -> Floats:
        """1 while the caller speaks, pauses included; else 0."""
        frames = np.zeros((HIDDEN_MS + window.length_ms) // TRUE_FRAME_MS, np.float32)
        if window.speech_ms:
            start, end = (-(-(HIDDEN_MS + ms) // TRUE_FRAME_MS) for ms in window.speech_ms)
            frames[start:end] = 1
        return frames

    def transcript(self, track: Track, cut: Cut) -> Transcript:
        """The words of the utterance."""
        return Transcript(track.at(cut.start_ms).window.words, confidence=1.0)
