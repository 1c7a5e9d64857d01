"""The toy recogniser: reads the tones of `tts/tone`, and errs where the line has spoilt them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.signal import find_peaks

from pipeline.asr import Transcript
from pipeline.audio import Sound, Word
from pipeline.spec.words import Words

RATE = 8000
STEP_MS = 5
# The share of the band's power that a pair must hold; white noise gives the best letter about 0.03.
HEARD = 0.15

# The code of tts/tone: a letter is one low and one high tone, a word begins with a pair that no letter uses.
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789'-.@+_"
LOW_HZ = (500, 600, 700, 800, 900, 1000)
HIGH_HZ = (1300, 1500, 1700, 1900, 2100, 2300, 2500)
START_HZ = (1100, 2700)
BAND_HZ = (300, 3400)

Shares = npt.NDArray[np.float64]


class Options(Words):
    """`char_ms` is the length of a letter of the `tone` that speaks."""

    char_ms: Annotated[int, Field(ge=40, le=120, multiple_of=10)] = 60


class Tones:
    """Looks for start marks; from each on, takes the strongest low and high tone of every letter's time."""

    version: ClassVar[int] = 1
    languages: tuple[str, ...] = ("en",)

    def __init__(self, options: Options) -> None:
        self._options = options

    def transcribe(self, sounds: Sequence[Sound]) -> list[Transcript]:
        """The words with their times; confidence is the share of the power that the letters' tones hold."""
        return [self._hear(sound) for sound in sounds]

    def _hear(self, sound: Sound) -> Transcript:
        spectrum = _spectrum(sound, self._options.char_ms)
        step = self._options.char_ms // STEP_MS
        marks = _marks(spectrum.start, step)
        spans = pairwise([*marks, len(spectrum.start)])
        heard = [(mark, _letter_places(spectrum.letter, mark, end, step)) for mark, end in spans]
        heard = [(mark, places) for mark, places in heard if places]
        words = tuple(_word(spectrum, mark, places, step) for mark, places in heard)
        shares = [spectrum.letter[place] for _, places in heard for place in places]
        confidence = round(float(np.mean(shares)), 3) if shares else None
        return Transcript(" ".join(word.text for word in words), words, confidence)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """For a letter's time from every 5 ms on: powers of the tones, shares of the best letter and of the mark.

    The share of a pair is twice the geometric mean of its two powers, over all the power in the band: 1 for
    the pair alone, and little where one of the two is missing.
    """

    low: Shares
    high: Shares
    letter: Shares
    start: Shares

    def letter_at(self, place: int) -> str:
        """The letter of the strongest low and the strongest high tone, right or wrong."""
        low, high = int(self.low[place].argmax()), int(self.high[place].argmax())
        return LETTERS[low * len(HIGH_HZ) + high]


def _spectrum(sound: Sound, char_ms: int) -> Spectrum:
    """By an FFT over the letter's time, whose bins fall on the tones: no window is needed."""
    length = RATE * char_ms // 1000
    samples = np.pad(sound.at(RATE).samples, (0, length))
    places = np.lib.stride_tricks.sliding_window_view(samples, length)[:: RATE * STEP_MS // 1000]
    power = np.abs(np.fft.rfft(places, axis=1)) ** 2
    band = np.maximum(power[:, _bin(BAND_HZ[0], length) : _bin(BAND_HZ[1], length) + 1].sum(axis=1), 1e-9)
    low, high, start = (power[:, [_bin(hz, length) for hz in group]] for group in (LOW_HZ, HIGH_HZ, START_HZ))
    letter = 2.0 * np.sqrt(low.max(axis=1) * high.max(axis=1)) / band
    return Spectrum(low, high, letter, 2.0 * np.sqrt(start[:, 0] * start[:, 1]) / band)


def _bin(hz: int, length: int) -> int:
    return hz * length // RATE


def _marks(shares: Shares, step: int) -> list[int]:
    """Where start marks begin: the peaks of their share, at least a letter apart."""
    peaks, _ = find_peaks(np.pad(shares, 1), height=HEARD, distance=step)
    return [int(peak) - 1 for peak in peaks]


def _letter_places(shares: Shares, mark: int, end: int, step: int) -> list[int]:
    """Where the letters after a mark begin: up to `end`, or until nothing is heard for two letters' time."""
    last = mark
    for place in range(mark + step, end - step + 1, step):
        if shares[place] >= HEARD:
            last = place
        elif place - last >= 2 * step:
            break
    return list(range(mark + step, last + 1, step))


def _word(spectrum: Spectrum, mark: int, places: Sequence[int], step: int) -> Word:
    text = "".join(spectrum.letter_at(place) for place in places)
    share = round(float(spectrum.letter[list(places)].mean()), 3)
    return Word(text, mark * STEP_MS, (places[-1] + step) * STEP_MS, share)
