"""Tunes: a minute of made-up music, composed and played by a seed, that returns to its beginning without a seam."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.fft
from numpy.random import Generator

from pipeline.audio import Floats, Sound
from pipeline.chance import stream

Doubles = npt.NDArray[np.float64]

# A step is the grid on which windows start, so that the pulse goes on where one window ends and another begins.
STEP_S = 0.16
PROGRESSIONS = ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 0, 4), (5, 3, 0, 4), (1, 4, 0, 0), (0, 2, 3, 4))  # degrees
MAJOR = (0, 2, 4, 5, 7, 9, 11)  # semitones
PENTATONIC = (0, 1, 2, 4, 5)  # degrees of the scale that go with any chord of it
LENGTH_S = 60
HIGHEST = 0.45  # of the rate
SMALL_SPEAKER_HZ = (250.0, 9000.0)


class Note(NamedTuple):
    """What is played from a step on, for so many; `pitch` is a MIDI number (69 is 440 Hz)."""

    step: int
    steps: int
    pitch: int
    instrument: str
    loudness: float


@lru_cache(maxsize=16)
def tune(seed: int, rate: int) -> Sound:
    """About a minute of a tune, from a small loudspeaker if need be; a whole number of bars."""
    rng = stream(seed, "tune")
    beat = int(rng.choice((3, 4)))  # steps: a shuffle of 125 beats a minute, or 94 straight ones
    bars = round(LENGTH_S / (4 * beat * STEP_S) / 4) * 4
    samples = np.zeros(round(bars * 4 * beat * STEP_S * rate), np.float32)
    for note in composed(bars, beat, rng):
        play(note, rate, samples)
    return Sound(samples, rate)


def composed(bars: int, beat: int, rng: Generator) -> list[Note]:
    """Chords, a bass, drums and a melody over four bars of harmony that come again and again."""
    key = int(rng.integers(55, 67))
    degrees = PROGRESSIONS[int(rng.integers(len(PROGRESSIONS)))]
    rhythm = rng.random((4, 4 * beat)) < _weights(beat)
    notes: list[Note] = []
    for bar in range(bars):
        degree, first = degrees[bar % 4], bar * 4 * beat
        notes += _chord(key, degree, first, beat)
        notes += _bass(key, degree, first, beat)
        notes += _drums(first, beat)
        notes += _melody(key, rhythm[bar % 4], first, rng)
    return notes


def _weights(beat: int) -> Doubles:
    """How likely a note of the melody begins on each step of a bar: beats more than what lies between."""
    return np.where(np.arange(4 * beat) % beat == 0, 0.7, 0.3)


def _pitch(key: int, degree: int) -> int:
    return key + 12 * (degree // 7) + MAJOR[degree % 7]


def _chord(key: int, degree: int, first: int, beat: int) -> list[Note]:
    triad = [_pitch(key, degree + third) for third in (0, 2, 4)]
    return [Note(first + at, 2 * beat, pitch, "keys", 0.35) for at in (0, 2 * beat) for pitch in triad]


def _bass(key: int, degree: int, first: int, beat: int) -> list[Note]:
    low = _pitch(key, degree) - 24
    return [Note(first + i * beat, beat, low + 7 * (i == 2), "bass", 0.6) for i in range(4)]


def _drums(first: int, beat: int) -> list[Note]:
    hats = [Note(first + step, 1, 0, "hat", 0.12) for step in range(0, 4 * beat, max(1, beat // 2))]
    snares = [Note(first + i * beat, 1, 0, "snare", 0.35) for i in (1, 3)]
    return [*hats, *snares, *(Note(first + i * beat, 1, 0, "drum", 0.7) for i in (0, 2))]


def _melody(key: int, begins: npt.NDArray[np.bool_], first: int, rng: Generator) -> list[Note]:
    """A walk over five tones of the scale, in the rhythm of its bar."""
    steps = np.flatnonzero(begins)
    walk = np.abs(np.cumsum(rng.integers(-2, 3, len(steps))) + int(rng.integers(0, 6)))
    lengths = np.diff(steps, append=len(begins))
    return [
        Note(first + int(step), int(length), _pitch(key + 12, 7 * (at // 5) + PENTATONIC[at % 5]), "lead", 0.4)
        for step, length, at in zip(steps, lengths, (walk % 10).tolist(), strict=True)
    ]


def play(note: Note, rate: int, loop: Floats) -> None:
    """Add a note; what reaches beyond the end of the loop sounds at its beginning."""
    sound = np.float32(note.loudness) * _sound(note.instrument, note.pitch, note.steps, rate)
    start = round(note.step * STEP_S * rate)
    whole = len(sound[: len(loop) - start])
    loop[start : start + whole] += sound[:whole]
    loop[: len(sound) - whole] += sound[whole:]


@lru_cache(maxsize=1024)
def _sound(instrument: str, pitch: int, steps: int, rate: int) -> Floats:
    """One note: harmonics that die away, or the noise of a drum."""
    length_s = steps * STEP_S
    t = np.arange(round((length_s + 0.25) * rate)) / rate
    let_go = np.clip((length_s + 0.2 - t) / 0.2, 0, 1) * np.minimum(t / 0.004, 1)
    match instrument:
        case "hat" | "snare" | "drum":
            return _drum(instrument, t, rate)
        case "bass":
            return _harmonics(pitch, (1, 0.5, 0.25, 0.12), 1.2, t, rate) * let_go.astype(np.float32)
        case "keys":
            return _harmonics(pitch, (1, 0.4, 0.25, 0.1, 0.05), 1.5, t, rate) * let_go.astype(np.float32)
        case _:
            return _harmonics(pitch, (1, 0.15, 0.35, 0.1, 0.15, 0.05), 0.9, t, rate) * let_go.astype(np.float32)


def _harmonics(pitch: int, gains: Sequence[float], t60_s: float, t: Doubles, rate: int) -> Floats:
    """High ones die away sooner."""
    ground_hz = 440 * 2 ** ((pitch - 69) / 12)
    sound = np.zeros(len(t))
    for number, gain in enumerate(gains, 1):
        if number * ground_hz < HIGHEST * rate:
            fading = np.exp(-np.log(1000) * t * number**0.5 / (2 * t60_s))
            sound += gain * np.sin(2 * np.pi * number * ground_hz * t) * fading
    return sound.astype(np.float32)


def _drum(instrument: str, t: Doubles, rate: int) -> Floats:
    hiss = stream(0, "tune", instrument).standard_normal(len(t))
    if instrument == "hat":
        return (np.diff(hiss, prepend=0.0) * np.exp(-t / 0.015)).astype(np.float32)
    if instrument == "snare":
        return (0.5 * (hiss + np.sin(2 * np.pi * 190 * t)) * np.exp(-t / 0.04)).astype(np.float32)
    falling = 50 * t + 2.2 * (1 - np.exp(-t / 0.03))  # turns: from 120 Hz down to 50 Hz
    return (np.sin(2 * np.pi * falling) * np.exp(-t / 0.09)).astype(np.float32)


def from_small_speaker(loop: Sound) -> Sound:
    """A loop as a small loudspeaker plays it: 12 dB an octave less below 250 Hz and above 9 kHz; still without seam."""
    low_hz, high_hz = SMALL_SPEAKER_HZ
    hz = scipy.fft.rfftfreq(len(loop.samples), 1 / loop.rate)
    low, high = np.square(hz / low_hz) ** 2, np.square(hz / high_hz) ** 2
    curve = np.sqrt(low / (1 + low) / (1 + high)).astype(np.float32)
    played = scipy.fft.irfft(scipy.fft.rfft(loop.samples) * curve, len(loop.samples))
    return Sound(np.asarray(played, dtype=np.float32), loop.rate)
