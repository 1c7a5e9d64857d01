"""Speech kept on disk: the same bytes as the voice makes, made once, and made anew where it was damaged."""

import numpy as np
import pytest

from pipeline import engines
from pipeline.audio import Sound
from pipeline.run.cache import Cache
from pipeline.run.kept import Kept, KeptSpeech, Shelves, pack_sound, unpack_sound
from pipeline.spec.words import Chosen


class Counting:
    """A voice that counts how often it speaks."""

    version = 1
    languages = ("en",)

    def __init__(self) -> None:
        self.spoken = 0

    def speak(self, text: str, *, seed: int) -> Sound:
        self.spoken += 1
        return Sound(np.linspace(-1, 1, 100 + len(text) + seed, dtype=np.float32), 24_000)


@pytest.fixture
def voice():
    return Counting()


def kept(voice, tmp_path, **said):
    return KeptSpeech(voice, Kept(Cache(str(tmp_path)), "speech", str(said), pack_sound, unpack_sound))


def test_it_is_the_same_sound_made_once(voice, tmp_path):
    first, again = (kept(voice, tmp_path).speak("hello", seed=0) for _ in range(2))
    assert voice.spoken == 1
    assert again.rate == first.rate == 24_000
    assert again.samples.tobytes() == first.samples.tobytes()


@pytest.mark.parametrize(("text", "seed", "said"), [("hallo", 0, {}), ("hello", 1, {}), ("hello", 0, {"speed": 1.1})])
def test_other_words_another_seed_or_another_voice_is_another_sound(voice, tmp_path, text, seed, said):
    kept(voice, tmp_path).speak("hello", seed=0)
    kept(voice, tmp_path, **said).speak(text, seed=seed)
    assert voice.spoken == 2


@pytest.mark.parametrize("damage", [lambda bytes_: bytes_[:-4], lambda bytes_: bytes_[:-1] + b"x", lambda _: b""])
def test_what_was_damaged_is_made_anew(voice, tmp_path, damage):
    first = kept(voice, tmp_path).speak("hello", seed=0)
    [file] = (tmp_path / "speech").glob("*/*")
    file.write_bytes(damage(file.read_bytes()))
    for _ in range(2):
        assert kept(voice, tmp_path).speak("hello", seed=0).samples.tobytes() == first.samples.tobytes()
    assert voice.spoken == 2


def test_what_is_kept_may_be_written_to_without_harm(voice, tmp_path):
    kept(voice, tmp_path).speak("hello", seed=0)
    sound = kept(voice, tmp_path).speak("hello", seed=0)
    sound.samples[:] = 0
    assert kept(voice, tmp_path).speak("hello", seed=0).samples.any()


def test_a_voice_of_the_package_sounds_as_it_does_without(tmp_path):
    tone = Chosen(stage="tts", name="tone", options=engines.find("tts", "tone").options())
    alone = tone.build().speak("one two", seed=3)
    for _ in range(2):
        assert (
            Shelves(Cache(str(tmp_path))).speech(tone).speak("one two", seed=3).samples.tobytes()
            == alone.samples.tobytes()
        )
