"""The robotic voices of espeak-ng, by pyttsx3: some hundred languages and accents, small, no network.

What espeak-ng says depends on what it said before, and it is GPL: each utterance is spoken by a program of its own
(`_espeak.py`), and nothing of it is loaded here. Its voices are known from its files.
"""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, field_validator

from pipeline.audio import Sound, from_pcm
from pipeline.errors import InfraError, Unspeakable, did_you_mean
from pipeline.files import installed
from pipeline.spec.words import Words, complaint
from pipeline.values import has_words

PROGRAM = Path(__file__).with_name("_espeak.py")
RATE = 22050
TIME_LIMIT_S = 60  # a minute of speech takes half a second


def _package(name: str) -> Path:
    if folder := installed(name):
        return folder
    raise ModuleNotFoundError(f"No module named '{name}'", name=name)


_package("pyttsx3")
LANGUAGES = _package("espeakng_loader") / "espeak-ng-data" / "lang"


@cache
def offered() -> frozenset[str]:
    """The voices that espeak-ng has: the first language of each of its voice files."""
    texts = (path.read_text(encoding="utf-8") for path in LANGUAGES.rglob("*") if path.is_file())
    return frozenset(first[1] for text in texts if (first := re.search(r"^language\s+(\S+)", text, re.MULTILINE)))


class Options(Words):
    """`voice` is a language as espeak-ng writes it (`en-gb`, `en-us`, `de`); `pitch` is on its scale of 0 to 100."""

    voice: str = "en-gb"
    rate_wpm: Annotated[int, Field(ge=80, le=450)] = 170
    pitch: Annotated[int, Field(ge=0, le=100)] = 50

    @field_validator("voice")
    @classmethod
    def _is_offered(cls, voice: str) -> str:
        if voice not in offered():
            raise complaint(f"espeak-ng has no voice '{voice}'. {did_you_mean(voice, offered())}")
        return voice


class Pyttsx3:
    """Robotic voices of many languages: right for an agent or as the hard case, wrong as the usual caller."""

    version: ClassVar[int] = 1

    def __init__(self, options: Options) -> None:
        self._options = options
        self.languages = (options.voice.partition("-")[0],)

    def speak(self, text: str, *, seed: int) -> Sound:
        """The words at 22.05 kHz; the same for every seed. Raises Unspeakable for text without words.

        Raises InfraError with what espeak-ng said went wrong.
        """
        if not has_words(text):
            raise Unspeakable(f"pyttsx3: there are no words in {text!r}")
        arguments = [self._options.voice, str(self._options.rate_wpm), str(self._options.pitch)]
        return Sound(from_pcm(np.frombuffer(_run(text, arguments), "<i2")), RATE)


def _run(text: str, arguments: list[str]) -> bytes:
    """What the program makes of the text. By -P it does not see this file, which is called as the package it needs."""
    command = [sys.executable, "-P", str(PROGRAM), *arguments]
    try:
        ran = subprocess.run(command, input=text.encode(), capture_output=True, check=True, timeout=TIME_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise InfraError(f"pyttsx3: did not say {text!r} within {TIME_LIMIT_S} s") from None
    except subprocess.CalledProcessError as error:
        why = error.stderr.decode(errors="replace").strip() or f"it ended with {error.returncode}"
        raise InfraError(f"pyttsx3: could not say {text!r}: {why}") from None
    return ran.stdout
