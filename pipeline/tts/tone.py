"""The toy voice: spells every word in pairs of tones, from which `asr/tones` reads the very words.

It needs no model and no time, and survives lines as speech does: in a bad enough one, letters go wrong.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from pipeline.audio import Floats, Sound
from pipeline.errors import Unspeakable
from pipeline.spec.words import Words

RATE = 16000
GAP_MS = 80
FADE_MS = 5
AMPLITUDE = 0.05

# The code, which asr/tones states too. A letter is one low and one high tone, a word begins with a pair that
# no letter uses. All are multiples of 100 Hz in the telephone band, so that in any 10 ms they are orthogonal.
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789'-.@+_"
LOW_HZ = (500, 600, 700, 800, 900, 1000)
HIGH_HZ = (1300, 1500, 1700, 1900, 2100, 2300, 2500)
START_HZ = (1100, 2700)


class Options(Words):
    """`char_ms` is the length of a letter; the `tones` that hear it need the same."""

    char_ms: Annotated[int, Field(ge=40, le=120, multiple_of=10)] = 60


class Tone:
    """Two tones a letter at -26 dBov, a start mark before each word, 80 ms of silence after it."""

    version: ClassVar[int] = 1
    languages: tuple[str, ...] = ("en",)

    def __init__(self, options: Options) -> None:
        self._options = options

    def speak(self, text: str, *, seed: int) -> Sound:
        """The words at 16 kHz, in lower case, without punctuation at their edges; the same for every seed.

        Raises Unspeakable for text without words, and for a letter or digit that has no tones.
        """
        return Sound(np.concatenate([self._word(word) for word in _words(text)]), RATE)

    def refuse_missing(self, texts: Iterable[str]) -> None:
        """Raises Unspeakable about the first of the texts that it cannot say."""
        for text in texts:
            _words(text)

    def _word(self, letters: str) -> Floats:
        tones = [_pair(START_HZ, self._options.char_ms)]
        tones += [_pair(pair, self._options.char_ms) for pair in _pairs(letters)]
        return np.concatenate([*tones, np.zeros(RATE * GAP_MS // 1000, np.float32)])


def _words(text: str) -> list[str]:
    words = [spelled for word in text.split() if (spelled := _spelled(word))]
    if not words:
        raise Unspeakable(f"tone: there are no words in {text!r}")
    return words


def _spelled(word: str) -> str:
    """The word in the code's letters: lower case, accents and punctuation that it lacks left out."""
    plain = unicodedata.normalize("NFKD", word.lower())
    foreign = [sign for sign in plain if sign.isalnum() and sign not in LETTERS]
    if foreign:
        raise Unspeakable(f"tone: there are no tones for '{foreign[0]}' in {word!r}")
    return "".join(sign for sign in plain if sign in LETTERS).strip("-.'")


def _pairs(letters: str) -> Iterator[tuple[int, int]]:
    for letter in letters:
        low, high = divmod(LETTERS.index(letter), len(HIGH_HZ))
        yield LOW_HZ[low], HIGH_HZ[high]


def _pair(pair_hz: tuple[int, int], length_ms: int) -> Floats:
    """Two sines of equal amplitude, faded in and out."""
    times = np.arange(RATE * length_ms // 1000) / RATE
    waves = sum(np.sin(2 * np.pi * hz * times) for hz in pair_hz)
    edge = np.minimum(times, times[-1] - times) * 1000 / FADE_MS
    return np.asarray(AMPLITUDE * waves * np.minimum(edge, 1.0), dtype=np.float32)
