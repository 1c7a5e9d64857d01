"""Speech that was made before, kept on disk: whoever tunes a line by ear hears the same words again and again."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from pipeline.audio import Sound
from pipeline.files import json_hash
from pipeline.run.stamp import stamp
from pipeline.spec.words import Chosen
from pipeline.tts import Recordings, Tts

HEAD = 32  # bytes of the hash before what it is of
RATE_BYTES = 4


@dataclass(eq=False)
class KeptSpeech:
    """A voice whose sounds are looked up in a folder before they are made; `said` is its name and options."""

    version: ClassVar[int] = 1

    tts: Tts
    said: Mapping[str, Any]
    folder: Path

    def __post_init__(self) -> None:
        self.languages = self.tts.languages

    def speak(self, text: str, *, seed: int) -> Sound:
        """The words at the voice's own rate, to the bit as it makes them. What was damaged is made anew."""
        path = self.folder / self._name(text, seed)
        if (kept := _read(path)) is not None:
            return kept
        sound = self.tts.speak(text, seed=seed)
        _write(path, sound)
        return sound

    def _name(self, text: str, seed: int) -> str:
        """All that determines the sound; the stamp has the versions of the voices' packages."""
        return json_hash([self.said, type(self.tts).version, dict(stamp()), text, seed])


def kept_in(folder: Path, chosen: Chosen) -> Tts:
    """The voice with its speech kept; one of recordings as it is, since those lie on disk already."""
    tts: Tts = chosen.build()
    return tts if isinstance(tts, Recordings) else KeptSpeech(tts, chosen.said(), folder)


def _read(path: Path) -> Sound | None:
    """The sound in a file; None where there is none, or it is not what was written."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    head, body = content[:HEAD], content[HEAD:]
    if hashlib.sha256(body).digest() != head:
        return None
    rate = int.from_bytes(body[:RATE_BYTES], "little")
    return Sound(np.frombuffer(body[RATE_BYTES:], "<f4").astype(np.float32), rate)


def _write(path: Path, sound: Sound) -> None:
    """Whole or not at all, whoever else writes it at this moment."""
    body = sound.rate.to_bytes(RATE_BYTES, "little") + np.asarray(sound.samples, "<f4").tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(hashlib.sha256(body).digest() + body)
    part.replace(path)
