import numpy as np
import pytest
from numpy.random import Generator, Philox
from pydantic import ValidationError

from pipeline.asr import Transcript
from pipeline.asr.faster_whisper import FasterWhisper, Options
from pipeline.audio import Sound
from pipeline.errors import InfraError
from pipeline.tts.hibari import Hibari
from pipeline.tts.hibari import Options as HibariOptions

TEXT = "I would like to change my delivery address."


@pytest.fixture(scope="module")
def whisper():
    return FasterWhisper(Options())


@pytest.fixture(scope="module")
def said():
    return Hibari(HibariOptions()).speak(TEXT, seed=0)


@pytest.mark.slow
def test_it_hears_what_was_said_at_any_rate(whisper, said):
    texts = {heard.text for heard in whisper.transcribe([said, said.at(16000), said.at(8000)])}
    assert texts == {TEXT}


@pytest.mark.slow
def test_words_come_in_order_and_inside_the_sound(whisper, said):
    [heard] = whisper.transcribe([said])
    times = [time for word in heard.words for time in (word.start_ms, word.end_ms)]
    assert [word.text for word in heard.words] == TEXT.split()
    assert times == sorted(times)
    assert all(type(word.confidence) is float and 0 < word.confidence <= 1 for word in heard.words)
    assert 0 <= times[0] < times[-1] <= said.seconds * 1000


@pytest.mark.slow
def test_noise_repeats_exactly_and_lowers_confidence(whisper, said):
    white = Generator(Philox(2)).standard_normal(len(said.samples))
    noisy = Sound((said.samples + 0.05 * white).astype(np.float32), said.rate)
    clean, first = whisper.transcribe([said, noisy])
    [again] = FasterWhisper(Options()).transcribe([noisy])
    assert first == again
    assert first.confidence < clean.confidence <= 1.0


@pytest.mark.slow
def test_what_it_hears_does_not_depend_on_the_batch(whisper, said):
    other = Sound(said.samples[::-1].copy(), said.rate)
    assert whisper.transcribe([other, said])[1] == whisper.transcribe([said])[0]


@pytest.mark.slow
def test_silence_is_no_words(whisper):
    assert whisper.transcribe([Sound(np.zeros(32000, np.float32), 16000)]) == [Transcript("")]


@pytest.mark.slow
def test_its_identity_names_the_weights_and_the_machine(whisper):
    identity = whisper.identity
    assert identity["weights_sha256"].startswith("1a5afae06a4db91c")
    assert set(identity) == {"weights_sha256", "faster-whisper", "ctranslate2", "cpu"}


def test_a_sound_too_short_for_a_word_does_not_reach_the_model(tmp_path):
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_text("no model", encoding="utf-8")
    broken = FasterWhisper(Options(model=str(tmp_path)))
    short = [Sound(np.zeros(0, np.float32), 8000), Sound(np.ones(799, np.float32), 8000)]
    assert broken.transcribe(short) == [Transcript(""), Transcript("")]
    with pytest.raises(InfraError, match="cannot load"):
        broken.transcribe([Sound(np.ones(800, np.float32), 8000)])


def test_an_unknown_model_is_refused_with_the_nearest_name():
    with pytest.raises(ValidationError, match=r"Did you mean 'tiny\.en'"):
        Options(model="tinny.en")


def test_a_folder_without_a_model_is_refused_by_what_it_lacks(tmp_path):
    (tmp_path / "model.bin").touch()
    with pytest.raises(ValidationError, match=r"holds no config\.json"):
        Options(model=str(tmp_path))


def test_an_english_model_is_refused_another_language():
    with pytest.raises(ValidationError, match="hears only en, not 'fr'"):
        Options(language="fr")
    assert FasterWhisper(Options(model="tiny", language="fr")).languages == ("fr",)
