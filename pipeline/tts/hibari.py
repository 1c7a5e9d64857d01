"""A natural American voice, small and fast, whose weights travel in its package (hibari-tts, Apache-2.0)."""

import textwrap
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import soxr
from hibari import SAMPLE_RATE
from hibari import Hibari as Voice
from hibari.tts import MAX_PHONEMES
from pydantic import Field

from pipeline.audio import Floats, Sound
from pipeline.errors import InfraError, Unspeakable
from pipeline.files import file_hash
from pipeline.spec.words import Words
from pipeline.values import has_words

WEIGHTS_SHA256 = "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8"


class Options(Words):
    """`speaker` is a factor on pitch and formants (below 1: lower, a larger person), `speed` one on the pace.

    From 1.25 on it is a child: a vocal tract of 14 cm becomes one of 11 or 10. Below 0.75 it is nobody.
    """

    speaker: Annotated[float, Field(ge=0.75, le=1.45)] = 1.0
    speed: Annotated[float, Field(ge=0.6, le=1.6)] = 1.0


class Hibari:
    """The voice "heart", and as many more speakers as `speaker` has values: same words, another person."""

    version: ClassVar[int] = 1
    languages: tuple[str, ...] = ("en",)

    def __init__(self, options: Options) -> None:
        self._options = options

    def speak(self, text: str, *, seed: int) -> Sound:
        """The words at 24 kHz, with the pauses of about 0.3 s before and 0.45 s after that the model gives.

        Raises Unspeakable for text without words or in another script than Latin.
        """
        self.refuse_missing([text])
        factor = self._options.speaker
        # Played faster or slower by `factor` afterwards, so spoken slower or faster by it now.
        samples = self._spoken(text, self._options.speed / factor, seed)
        if factor != 1.0:
            samples = soxr.resample(samples, SAMPLE_RATE * factor, SAMPLE_RATE, quality="HQ")
        return Sound(np.ascontiguousarray(samples, dtype=np.float32), SAMPLE_RATE)

    def refuse_missing(self, texts: Iterable[str]) -> None:
        """Raises Unspeakable about the first of the texts that it cannot say."""
        for text in texts:
            _refuse_unspeakable(text)

    def _spoken(self, text: str, speed: float, seed: int) -> Floats:
        """Piece after piece, as the model's own call has them, but none so long that memory runs out."""
        voice, rng = _model(), np.random.default_rng(seed)
        said = [piece for clause in voice.phonemize(text) for piece in pieces(clause)]
        sounds = [voice.from_ids(voice.ids(piece), speed, rng) for piece in said]
        return np.concatenate(sounds or [np.zeros(0, np.float32)])


@cache
def _model() -> Voice:
    """The model that all speakers share, loaded (0.5 s, 0.3 GB) when first spoken with; one thread: its bits repeat."""
    voice = Voice(threads=1)
    if file_hash(Path(voice.model_path)) != WEIGHTS_SHA256:
        raise InfraError(f"{voice.model_path}: is not the model of hibari-tts 0.2.1: its SHA-256 differs")
    return voice


def pieces(clause: str) -> list[str]:
    """Phonemes in runs of whole words: hibari cuts at sentences and commas only, however far apart they are."""
    return [clause] if len(clause) <= MAX_PHONEMES else textwrap.wrap(clause, MAX_PHONEMES, break_on_hyphens=False)


def _refuse_unspeakable(text: str) -> None:
    letters = [sign for sign in text if sign.isalpha()]
    foreign = [sign for sign in letters if not unicodedata.name(sign, "").startswith("LATIN ")]
    if foreign:
        raise Unspeakable(f"hibari: cannot say '{foreign[0]}' in {text!r}: it reads English in Latin letters")
    if not has_words(text):
        raise Unspeakable(f"hibari: there are no words in {text!r}")
