"""A voice: a TTS engine and its options under a name that personas use."""

from pathlib import Path

from pipeline.files import Page, find_named, read_yaml
from pipeline.spec.words import Chosen, Tts, Words, words_of


class Voice(Words):
    """The one engine of a voice file, `{engine: {option: value}}`."""

    tts: Tts


def read_voice(path: Path) -> Chosen:
    """The voice in a file. Raises BadlineError."""
    page = read_yaml(path)
    lines = {("tts", *keys): line for keys, line in page.lines.items()}
    return words_of(Voice, Page(page.path, {"tts": page.words}, lines)).tts


def voice_named(name: str, near: Path | None = None) -> Chosen:
    """The voice of that name in `fixtures/voices`, here or shipped. Raises BadlineError."""
    return read_voice(find_named(name, folder="fixtures/voices", near=near))
