"""A voice: a TTS engine and its options under a name that personas use."""

from pathlib import Path

from pydantic import TypeAdapter

from pipeline.files import find_named, read_yaml
from pipeline.spec.words import Chosen, Tts, located

VOICE: TypeAdapter[Chosen] = TypeAdapter(Tts)


def read_voice(path: Path) -> Chosen:
    """The voice in a file, `{engine: {option: value}}`. Raises BadlineError."""
    page = read_yaml(path)
    with located(page):
        return VOICE.validate_python(page.words, context={"folder": path.parent})


def voice_named(name: str) -> Chosen:
    """The voice of that name in `fixtures/voices`, here or shipped. Raises BadlineError."""
    return read_voice(find_named(name, folder="fixtures/voices"))
