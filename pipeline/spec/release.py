"""A release: the system under test, from endpointing to the agent's voice."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from pipeline.errors import BadlineError
from pipeline.files import find_named
from pipeline.spec.profile import JOINT
from pipeline.spec.ranges import MsLatency, MsRange
from pipeline.spec.wording import instead
from pipeline.spec.words import Agent, Asr, Tts, Vad, Words, complaint, folder_of, read_words

DOCUMENTS = (".txt", ".md", ".json")


class Endpointing(Words):
    """When the platform decides that the caller has finished: after `silence_ms` without speech.

    Sound counts as a turn once `min_speech_ms` of it was speech. A turn is cut at `max_turn_s` at the latest (a
    recogniser's window is 30 s), and is given to the recogniser with `pre_roll_ms` of what sounded before it.
    """

    vad: Vad
    silence_ms: Annotated[int, Field(ge=100, le=10_000)] = 700
    min_speech_ms: Annotated[int, Field(ge=20, le=2_000)] = 200
    max_turn_s: Annotated[float, Field(ge=1, le=28)] = 28.0
    pre_roll_ms: Annotated[int, Field(ge=0, le=1_000)] = 300

    @model_validator(mode="after")
    def _turns_can_end(self) -> Self:
        for key in ("min_speech_ms", "silence_ms"):
            if getattr(self, key) > 1000 * self.max_turn_s:
                raise complaint(
                    f"{getattr(self, key)} ms is longer than any turn: max_turn_s is {self.max_turn_s:g}", key
                )
        return self


class BargeIn(Words):
    """Whether the agent falls silent when the caller speaks while it does; if not, nobody listens meanwhile.

    It takes `min_speech_ms` of speech, and if `min_words` is not 0 as many recognised words, counted at most every
    500 ms. Playback then stops `stop_ms` later.
    """

    enabled: bool = True
    min_speech_ms: Annotated[int, Field(ge=20, le=5_000)] = 300
    min_words: Annotated[int, Field(ge=0, le=10)] = 0
    stop_ms: Annotated[int, Field(ge=0, le=2_000)] = 100


class Dtmf(Words):
    """How keys become a turn: by the key `end`, or when none follows for `between_ms`."""

    between_ms: Annotated[int, Field(ge=200, le=10_000)] = 2_000
    end: Literal["#", "*", ""] = "#"


class Latency(Words):
    """How long each part of the platform takes: numbers of ms, or ranges that are drawn for each reply.

    `measured` takes the time that the recogniser or the agent really took on this machine. Such a run is stamped
    `timing: measured`: it makes no promise of equal bytes.
    """

    asr_ms: MsLatency = (300, 300)
    agent_ms: MsLatency = (400, 900)
    tts_ms: MsRange = (250, 250)


class Limits(Words):
    """How much a run asks of the agent, all its workers together; null: as much as comes.

    Never more than `max_concurrent` conversations at once, and never more than `per_second` requests a second, evenly
    spaced. No call comes out otherwise for it, so a run may be continued under other limits.
    """

    max_concurrent: Annotated[int, Field(ge=1, le=10_000)] | None = None
    per_second: Annotated[float, Field(ge=0.01, le=10_000)] | None = None


def _patterns(words: Any) -> Any:
    """Regular expressions, which are looked for without regard to case."""
    if isinstance(words, tuple):
        return words
    if not isinstance(words, list) or not all(isinstance(one, str) for one in words):
        raise complaint(f"wants a list of patterns as '[\"have changed\"]', {instead(words)}")
    for i, pattern in enumerate(words):
        try:
            re.compile(pattern)
        except re.error as error:
            raise complaint(f"is not a regular expression: {error}", i) from None
    return tuple(words)


def _documents(words: Any, info: ValidationInfo) -> Any:
    """The texts of files (`DOCUMENTS`), and of all such in folders, seen from where the words stand."""
    if isinstance(words, tuple):
        return words
    names = [words] if isinstance(words, str) else words
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise complaint(f"wants a folder of texts, or a list of files, {instead(words)}")
    return tuple(text for i, name in enumerate(names) for text in _texts(folder_of(info) / name, i))


_NAMES = {"type": "array", "items": {"type": "string"}}
_DOCUMENTS = WithJsonSchema({"anyOf": [{"type": "string"}, _NAMES]})


def _texts(path: Path, i: int) -> list[str]:
    files = sorted(one for one in path.rglob("*") if one.suffix in DOCUMENTS) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        lacking = "holds no text" if path.is_dir() else "is not there"
        raise complaint(f"{path}: {lacking}; wants {' or '.join(DOCUMENTS)}", i)
    try:
        return [file.read_text(encoding="utf-8") for file in files]
    except UnicodeDecodeError as error:
        raise complaint(f"{path}: is no text in UTF-8: {error.reason}", i) from None


class Release(Words):
    """The system under test.

    After `no_input_ms` without a sound from the caller the agent is told so, and may ask again; null: it never is.
    `claims` are patterns of how its agent says that an action was done, by the action's name; `knowledge` are files,
    or folders of files, with all that it may know, kept as their texts. Both are for scores and change no call.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]
    about: str = ""
    endpointing: Endpointing
    barge_in: BargeIn = BargeIn()
    no_input_ms: Annotated[int, Field(ge=1_000, le=60_000)] | None = 7_000
    dtmf: Dtmf = Dtmf()
    asr: Asr
    agent: Agent
    agent_voice: Tts
    latency: Latency = Latency()
    limits: Limits = Limits()
    claims: Mapping[str, Annotated[tuple[str, ...], BeforeValidator(_patterns)]] = Field(default_factory=dict)
    knowledge: Annotated[tuple[str, ...], BeforeValidator(_documents), _DOCUMENTS] = ()

    def said(self) -> dict[str, Any]:
        """What of the release determines a call, as plain words for records and hashes."""
        engines = {key: getattr(self, key).said() for key in ("asr", "agent", "agent_voice")}
        endpointing = {**self.endpointing.model_dump(exclude={"vad"}), "vad": self.endpointing.vad.said()}
        return {
            "name": self.name,
            "endpointing": endpointing,
            "barge_in": self.barge_in.model_dump(),
            "no_input_ms": self.no_input_ms,
            "dtmf": self.dtmf.model_dump(),
            **engines,
            "latency": self.latency.model_dump(),
        }


def read_release(path: Path, answering: Path | None = None) -> Release:
    """The release in a file; with another one `answering`, two that are crossed. Raises BadlineError."""
    release = read_words(Release, path)
    return crossed(release, read_words(Release, answering)) if answering else release


def crossed(hearing: Release, answering: Release) -> Release:
    """Hears as one release does, with its platform, and answers as another: its agent, and the agent's voice."""
    theirs = {key: getattr(answering, key) for key in ("agent", "agent_voice", "limits", "claims", "knowledge")}
    slow = {key: getattr(answering.latency, key) for key in ("agent_ms", "tts_ms")}
    return hearing.model_copy(
        update={
            "name": f"{hearing.name}{JOINT}{answering.name}",
            "about": f"{hearing.about} Crossed: {answering.about}",
            "latency": hearing.latency.model_copy(update=slow),
            **theirs,
        }
    )


def find_releases(call: str) -> tuple[Path, ...]:
    """The file of a release, or of two with a `+` between: the one that hears, and the one that answers.

    Raises BadlineError.
    """
    parts = [call] if JOINT not in call or Path(call).is_file() else call.split(JOINT)
    if len(parts) > 2 or not all(parts):
        raise BadlineError(f"'{call}': write one release, or hearing{JOINT}answering")
    return tuple(find_named(part, folder="fixtures/releases") for part in parts)
