"""What of a call is kept in the cache, under which keys, and as which bytes.

A key names everything that determines the value: the engine with its options, version and weights, the files that it
reads, the program's own source, the machine's stamp, and the hash of what went in.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from pipeline.asr import Transcript
from pipeline.audio import Floats, Ints, Sound, Word
from pipeline.files import Json, file_hash, json_hash, shipped
from pipeline.line.scene import Measure
from pipeline.line.window import Rendered, Studio
from pipeline.memo import Memo, anew
from pipeline.platform.ears import Recognised
from pipeline.run.cache import Cache
from pipeline.run.stamp import computed_on, stamp
from pipeline.spec.words import Chosen
from pipeline.tts import Recordings, Tts

T = TypeVar("T")
RATE_BYTES = 4
PACKAGE = Path(__file__).parent.parent
# Whose source the line's sound depends on, besides its own folder.
LINE = ("line", "audio.py", "chance.py", "levels.py")


@dataclass(frozen=True)
class Kept(Generic[T]):
    """A memo in the cache: values of one kind, all made in the same way, which `scope` names."""

    cache: Cache
    kind: str
    scope: str
    pack: Callable[[T], bytes]
    unpack: Callable[[bytes], T]

    def __call__(self, key: str, make: Callable[[], T]) -> T:
        """As it was made before, or made now and kept."""
        name = json_hash([self.scope, key])
        if (content := self.cache.content(self.kind, name)) is not None:
            return self.unpack(content)
        value = make()
        self.cache.keep(self.kind, name, self.pack(value))
        return value


@dataclass(frozen=True)
class Shelves:
    """The memos of a cache, one for each kind of thing; without a cache they keep nothing."""

    cache: Cache | None = None

    def speech(self, chosen: Chosen) -> Tts:
        """The voice, its sounds kept; one of recordings as it is, since those lie on disk already."""
        tts: Tts = chosen.build()
        if self.cache is None or isinstance(tts, Recordings):
            return tts
        return KeptSpeech(tts, Kept(self.cache, "speech", engine_scope(chosen, tts), pack_sound, unpack_sound))

    def studio(self, studio: Studio, scope: str) -> Studio:
        """The studio, its windows kept."""
        return replace(
            studio,
            windows=self._memo("windows", scope, pack_window, unpack_window),
            paces=self._memo("paces", scope, pack_floats, unpack_floats),
        )

    def calibrations(self, scope: str) -> Memo[tuple[Measure, ...]]:
        """What a studio's line measures on calibration speech."""
        return self._memo("calibrations", scope, pack_measures, unpack_measures)

    def probabilities(self, scope: str) -> Memo[Floats]:
        """What a VAD makes of windows."""
        return self._memo("probabilities", scope, pack_floats, unpack_floats)

    def transcripts(self, scope: str) -> Memo[Recognised]:
        """What a recogniser makes of turns, and how long that took it."""
        return self._memo("transcripts", scope, pack_recognised, unpack_recognised)

    def _memo(self, kind: str, scope: str, pack: Callable[[T], bytes], unpack: Callable[[bytes], T]) -> Memo[T]:
        return Kept(self.cache, kind, scope, pack, unpack) if self.cache else anew


@dataclass(eq=False)
class KeptSpeech:
    """A voice whose sounds may be known already."""

    version: ClassVar[int] = 1

    tts: Tts
    sounds: Memo[Sound]

    def __post_init__(self) -> None:
        self.languages = self.tts.languages

    def speak(self, text: str, *, seed: int) -> Sound:
        """The words at the voice's own rate, to the bit as it makes them."""
        return self.sounds(json_hash([text, seed]), lambda: self.tts.speak(text, seed=seed))


def studio_scope(studio: Studio, around: Json) -> str:
    """All that a studio's windows depend on but their names and words; `around` names who else is heard in them."""
    contents = [_content(placed.options) for placed in studio.line.effects]
    chance: list[Json] = [studio.chance.seed, *studio.chance.names]
    call: dict[str, Json] = {"line": studio.line.said(), "level": asdict(studio.nominal), "chance": chance}
    return json_hash(
        {**call, "files": contents, "around": around, "source": sources(*LINE), **stamp(), **computed_on(studio.device)}
    )


def engine_scope(chosen: Chosen, engine: Any) -> str:  # noqa: ANN401  of any stage
    """All that an engine's output depends on but its input."""
    identity = dict(engine.identity) if hasattr(engine, "identity") else {}
    source = sources(chosen.stage, "audio.py")
    return json_hash(
        [chosen.stage, chosen.said(), engine.version, _content(chosen.options), identity, source, dict(stamp())]
    )


def voice_scope(chosen: Chosen) -> Json:
    """What a bystander's voice depends on."""
    return [chosen.said(), _content(chosen.options), sources("tts", "call")]


def texts_hash(kind: str, language: str) -> str:
    """What bystanders of a kind say."""
    return file_hash(shipped("fixtures") / "bystanders" / language.partition("-")[0] / f"{kind}.txt")


@cache
def sources(*names: str) -> str:
    """The hash of our own source: of files and folders in the package."""
    files = [file for name in names for file in sorted(PACKAGE.glob(f"{name}/**/*.py")) or [PACKAGE / name]]
    return json_hash([[str(path.relative_to(PACKAGE)), file_hash(path)] for path in files])


def _content(options: Any) -> str:  # noqa: ANN401  each engine has Options of its own
    return options.content() if hasattr(options, "content") else ""


def pack_floats(samples: Floats) -> bytes:
    """Float32, little-endian."""
    return np.asarray(samples, "<f4").tobytes()


def unpack_floats(content: bytes) -> Floats:
    """What `pack_floats` packs; it may be written to."""
    return np.frombuffer(content, "<f4").astype(np.float32)


def pack_sound(sound: Sound) -> bytes:
    """Its rate in Hz, and the samples."""
    return sound.rate.to_bytes(RATE_BYTES, "little") + pack_floats(sound.samples)


def unpack_sound(content: bytes) -> Sound:
    """What `pack_sound` packs."""
    return Sound(unpack_floats(content[RATE_BYTES:]), int.from_bytes(content[:RATE_BYTES], "little"))


def pack_window(made: Rendered) -> bytes:
    """The measures in one line, then the samples."""
    return pack_measures(made.got) + b"\n" + np.asarray(made.pcm, "<i2").tobytes()


def unpack_window(content: bytes) -> Rendered:
    """What `pack_window` packs."""
    head, _, body = content.partition(b"\n")
    pcm: Ints = np.frombuffer(body, "<i2").astype(np.int16)
    return Rendered(pcm, unpack_measures(head))


def pack_measures(measures: Sequence[Measure]) -> bytes:
    """As JSON, which has every digit of a float."""
    return json.dumps([asdict(one) for one in measures], default=_plain_number).encode()


def unpack_measures(content: bytes) -> tuple[Measure, ...]:
    """What `pack_measures` packs."""
    return tuple(Measure(**one) for one in json.loads(content))


def _plain_number(number: np.generic) -> Any:  # noqa: ANN401  of Python's own kinds
    return number.item()


def pack_recognised(heard: Recognised) -> bytes:
    """As JSON."""
    return json.dumps(asdict(heard), default=_plain_number).encode()


def unpack_recognised(content: bytes) -> Recognised:
    """What `pack_recognised` packs."""
    heard: Mapping[str, Any] = json.loads(content)
    told = heard["transcript"]
    words = tuple(Word(**word) for word in told["words"])
    return Recognised(Transcript(told["text"], words, told["confidence"]), heard["took_ms"])
