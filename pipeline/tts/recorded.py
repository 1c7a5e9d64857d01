"""One's own recordings as a voice: a folder of sound files, found by what they say.

A file says its name ("yes-please.wav"), what the folder's `index.yaml` says of it, or, where the voice is that of one
scenario's caller, the line whose key it is named by ("order.wav", said again "order.2.wav"). Case, punctuation and
spaces do not count. A text that is several recordings in a row is spoken as those.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import soundfile
from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, computed_field, model_validator

from pipeline.audio import Floats, Sound, read_sound
from pipeline.errors import BadlineError, Unspeakable
from pipeline.files import file_hash, find_named, json_hash, read_yaml
from pipeline.spec.scenario import Scenario, read_scenario
from pipeline.spec.words import Words, folder_of, under
from pipeline.values import utter

ENDINGS = (".wav", ".flac", ".ogg", ".mp3")
INDEX = "index.yaml"
SILENT = 0.001  # no sample beyond -60 dB of full scale
CALIBRATION_S = 20.0
LONGEST_NAME = 120  # letters; file systems take 255 bytes


def words_of(text: str) -> str:
    """What counts of a text: its letters and digits in lower case, one space between words, no apostrophes."""
    plain = re.sub(r"['\u2019]", "", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(re.findall(r"[^\W_]+", plain))


def recordings(folder: Path, lines: Mapping[str, str]) -> Mapping[str, Path]:
    """The folder's files by their words, in order; `lines` are the texts of files that are named by a line's key.

    Raises BadlineError for a file that is no recording of its own.
    """
    if not folder.is_dir():
        raise BadlineError(f"{folder}: there is no such folder")
    indexed = _indexed(folder / INDEX) if (folder / INDEX).is_file() else []
    named = {path for _, path in indexed}
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS and path not in named)
    found: dict[str, Path] = {}
    for text, path in [*indexed, *((lines.get(path.stem, path.stem), path) for path in files)]:
        words = words_of(text)
        if not words:
            raise BadlineError(f"{path}: there are no words in {text!r}")
        if words in found:
            raise BadlineError(f"{path}: says '{words}', and so does {found[words].name}: keep one of them")
        _sound(path)
        found[words] = path
    if not found:
        raise BadlineError(f"{folder}: has no recordings ({', '.join(ENDINGS)})")
    return dict(sorted(found.items()))


def _indexed(index: Path) -> Iterable[tuple[str, Path]]:
    page = read_yaml(index)
    if not isinstance(page.words, Mapping):
        raise BadlineError(f"{index}:1: wants 'text: file', one a line")
    for text, file in page.words.items():
        if not (isinstance(text, str) and isinstance(file, str)):
            raise BadlineError(f"{index}:{page.line([text])}: {text}: wants a text and a file's name, in quotes")
        if not (index.parent / file).is_file():
            raise BadlineError(f"{index}:{page.line([text])}: there is no file '{file}'")
    return [(text, index.parent / file) for text, file in page.words.items()]


def _sound(path: Path) -> Sound:
    """The recording, its channels averaged. Raises BadlineError where there is nothing to hear."""
    try:
        sound = read_sound(path)
    except soundfile.LibsndfileError:
        raise BadlineError(f"{path}: is not a sound file") from None
    if not np.abs(sound.samples).max(initial=0.0) > SILENT:
        raise BadlineError(f"{path}: is {'silent' if len(sound.samples) else 'empty'}")
    return sound


def lines_by_key(scenario: Scenario) -> Mapping[str, str]:
    """What a caller says by the names of files: `order` as first said, `order.2` as said again."""
    first = {key: utter(line.say, scenario.facts) for key, line in scenario.says.items()}
    again = {
        f"{key}.2": utter(line.correct or line.say, scenario.facts, slow=True) for key, line in scenario.says.items()
    }
    return {**first, **again}


def _from_here(words: Any, info: ValidationInfo) -> Any:  # noqa: ANN401  what words hold
    return folder_of(info) / words if isinstance(words, str | Path) else words


def _named(words: Any, info: ValidationInfo) -> Any:  # noqa: ANN401  what words hold
    if not isinstance(words, str):
        return words
    with under():
        return find_named(words, folder="fixtures/scenarios", near=folder_of(info))


_TEXT = WithJsonSchema({"type": "string"})
Folder = Annotated[Path, BeforeValidator(_from_here), _TEXT]
Named = Annotated[Path, BeforeValidator(_named), _TEXT]


class Options(Words):
    """`folder` is a path from the file that names it; `pause_ms` stands between recordings that are joined.

    `scenario` is the name or path of one whose lines' keys name files.
    """

    folder: Annotated[Folder, Field(exclude=True)]
    scenario: Annotated[Named | None, Field(exclude=True)] = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "en"
    pause_ms: Annotated[int, Field(ge=0, le=2000)] = 200

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @cached_property
    def sha256(self) -> str:
        """The hash of what the files say and hold, which stands for the folder wherever it lies."""
        return json_hash({words: file_hash(path) for words, path in self.files.items()})

    @cached_property
    def files(self) -> Mapping[str, Path]:
        """The recordings by their words."""
        return recordings(self.folder, self.lines)

    @cached_property
    def lines(self) -> Mapping[str, str]:
        """The texts of files that are named by a line's key."""
        return lines_by_key(read_scenario(self.scenario)) if self.scenario else {}

    @model_validator(mode="after")
    def _can_be_heard(self) -> Self:
        with under("scenario"):
            lines = self.lines
        with under("folder"):
            recordings(self.folder, lines)
        return self


class Recorded:
    """One's own recordings, found by what they say, and joined where a text is several of them."""

    version: ClassVar[int] = 1

    def __init__(self, options: Options) -> None:
        self._options = options
        self._files = options.files
        self.languages = (options.language,)

    def speak(self, text: str, *, seed: int) -> Sound:
        """The recording of the text, or those it is made of; the same for every seed. Raises Unspeakable."""
        return _joined([_sound(path) for path in self._pieces(text)], self._options.pause_ms)

    def calibration(self) -> Sound:
        """The longest recordings, 20 s of them or all there are, without pauses, which would count as quiet speech."""
        sounds = sorted((_sound(path) for path in self._files.values()), key=lambda sound: -sound.seconds)
        ends_s = np.cumsum([sound.seconds for sound in sounds])
        return _joined(sounds[: int(np.searchsorted(ends_s, CALIBRATION_S)) + 1], pause_ms=0)

    def refuse_missing(self, texts: Iterable[str]) -> None:
        """Raises Unspeakable for texts without a recording, one a line."""
        missing = [text for text in texts if not self._cut(words_of(text))]
        if missing:
            raise Unspeakable("\n".join(self._lacks(text) for text in missing))

    def _pieces(self, text: str) -> tuple[Path, ...]:
        self.refuse_missing([text])
        return tuple(self._files[words] for words in self._cut(words_of(text)))

    def _cut(self, words: str) -> tuple[str, ...]:
        """The fewest recordings that are the words in a row, longer ones first; none if there are no such."""
        said = words.split()
        best: dict[int, tuple[str, ...]] = {len(said): ()}
        for start in reversed(range(len(said))):
            cuts = [(piece, *best[end]) for piece, end in self._from(said, start) if end in best]
            if cuts:
                best[start] = min(cuts, key=len)
        return best.get(0, ())

    def _from(self, said: list[str], start: int) -> Iterator[tuple[str, int]]:
        """The recordings that say what stands at `start`, with where they end, the longest first."""
        for end in range(len(said), start, -1):
            if (piece := " ".join(said[start:end])) in self._files:
                yield piece, end

    def _lacks(self, text: str) -> str:
        words = words_of(text)
        near = get_close_matches(words, self._files, n=1)
        hint = f"The nearest is '{near[0]}' ({self._files[near[0]].name}). " if near else ""
        keys = (key for key, line in self._options.lines.items() if words_of(line) == words)
        name = f"{next(keys, words.replace(' ', '-'))}.wav"
        place = f"'{name}'" if len(name) <= LONGEST_NAME else f"any name and enter that in {INDEX}"
        return f"{self._options.folder}: no recording says {text!r}. {hint}Record it as {place}"


def _joined(sounds: Sequence[Sound], pause_ms: int) -> Sound:
    """One after the other, at the highest of their rates."""
    rate = max(sound.rate for sound in sounds)
    pause = np.zeros(rate * pause_ms // 1000, np.float32)
    parts: list[Floats] = [sounds[0].at(rate).samples]
    for sound in sounds[1:]:
        parts += [pause, sound.at(rate).samples]
    return Sound(np.concatenate(parts), rate)
