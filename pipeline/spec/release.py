"""A release: the system under test, from endpointing to the agent's voice."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from pipeline.spec.wording import instead
from pipeline.spec.words import Agent, Asr, Tts, Vad, Words, complaint, read_words, upwards

Ms = Annotated[int, Field(ge=0, le=60_000)]


def _range(words: Any) -> Any:
    match words:
        case [int() as low, int() as high] if not isinstance(low, bool) and not isinstance(high, bool):
            return upwards(low, high)
        case int():
            return (words, words)
        case tuple():
            return words
        case _:
            raise complaint(f"wants a whole number of ms, or a range [low, high], {instead(words)}")


_MS = {"type": "integer", "minimum": 0, "maximum": 60_000}
_RANGE: dict[str, Any] = {"anyOf": [_MS, {"type": "array", "items": _MS, "minItems": 2, "maxItems": 2}]}
MsRange = Annotated[tuple[Ms, Ms], BeforeValidator(_range), WithJsonSchema(_RANGE)]


class Endpointing(Words):
    """When the platform decides that the caller has finished: after `silence_ms` without speech.

    Sound counts as a turn once `min_speech_ms` of it was speech.
    """

    vad: Vad
    silence_ms: Annotated[int, Field(ge=100, le=10_000)] = 700
    min_speech_ms: Annotated[int, Field(ge=20, le=2_000)] = 200


class Latency(Words):
    """How long each part of the platform takes: numbers of ms, or ranges that are drawn for each reply."""

    asr_ms: MsRange = (300, 300)
    agent_ms: MsRange = (400, 900)
    tts_ms: MsRange = (250, 250)


class Release(Words):
    """The system under test."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]
    about: str = ""
    endpointing: Endpointing
    asr: Asr
    agent: Agent
    agent_voice: Tts
    latency: Latency = Latency()

    def said(self) -> dict[str, Any]:
        """The release as plain words, for records and hashes."""
        engines = {key: getattr(self, key).said() for key in ("asr", "agent", "agent_voice")}
        endpointing = {**self.endpointing.model_dump(exclude={"vad"}), "vad": self.endpointing.vad.said()}
        return {
            "name": self.name,
            "endpointing": endpointing,
            **engines,
            "latency": self.latency.model_dump(),
        }


def read_release(path: Path) -> Release:
    """The release in a file. Raises BadlineError."""
    return read_words(Release, path)
