"""All of it slow: the engine needs torch, whose import alone takes seconds."""

import numpy as np
import pytest
from numpy.random import Generator, Philox
from pydantic import ValidationError

from pipeline import engines, values
from pipeline.asr import Transcript
from pipeline.asr.faster_whisper import FasterWhisper
from pipeline.asr.faster_whisper import Options as FasterOptions
from pipeline.audio import Sound
from pipeline.errors import InfraError
from pipeline.files import shipped
from pipeline.spec.scenario import read_scenario
from pipeline.tts.hibari import Hibari
from pipeline.tts.hibari import Options as HibariOptions

pytestmark = pytest.mark.slow

TEXT = "I would like to change my delivery address."


@pytest.fixture(scope="module")
def cache_folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("BADLINE_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def engine(cache_folder):
    return engines.find("asr", "whisper")


@pytest.fixture(scope="module")
def whisper(engine):
    return engine.build(engine.options())


@pytest.fixture(scope="module")
def voice():
    return Hibari(HibariOptions())


@pytest.fixture(scope="module")
def said(voice):
    return voice.speak(TEXT, seed=0)


def utterances():
    """What the callers of the shipped scenarios say first, each once."""
    scenarios = [read_scenario(path) for path in sorted((shipped("fixtures") / "scenarios").glob("*.yaml"))]
    said = [values.utter(line.say, scenario.facts) for scenario in scenarios for line in scenario.says.values()]
    return list(dict.fromkeys(said))


def test_it_hears_the_same_words_as_faster_whisper_in_float32(whisper, voice):
    sounds = [voice.speak(text, seed=0) for text in utterances()[:20]]
    other = FasterWhisper(FasterOptions(compute_type="float32", beam_size=1)).transcribe(sounds)
    heard = [transcript.text for transcript in whisper.transcribe(sounds)]
    assert len(heard) == 20
    assert heard == [transcript.text for transcript in other]


def test_it_hears_what_was_said_at_any_rate(whisper, said):
    assert {heard.text for heard in whisper.transcribe([said, said.at(8000)])} == {TEXT}


def test_noise_repeats_exactly_and_lowers_confidence(engine, whisper, said):
    white = Generator(Philox(2)).standard_normal(len(said.samples))
    noisy = Sound((said.samples + 0.05 * white).astype(np.float32), said.rate)
    clean, first = whisper.transcribe([said, noisy])
    assert engine.build(engine.options()).transcribe([noisy]) == [first]
    assert 0 < first.confidence < clean.confidence <= 1


def test_a_beam_hears_it_too(engine, said):
    [heard] = engine.build(engine.options(beam_size=2)).transcribe([said])
    assert heard.text == TEXT


def test_silence_and_sounds_too_short_for_a_word_are_no_words(whisper):
    silence, short = Sound(np.zeros(32000, np.float32), 16000), Sound(np.ones(799, np.float32), 8000)
    assert whisper.transcribe([silence, short]) == [Transcript(""), Transcript("")]


def test_the_number_of_threads_is_put_back(whisper):
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    whisper.transcribe([Sound(np.zeros(1600, np.float32), 16000)])
    during, _ = torch.get_num_threads(), torch.set_num_threads(before)
    assert during == 2


def test_its_identity_names_the_weights_and_the_machine(whisper):
    assert whisper.identity["weights_sha256"].startswith("1a5afae06a4db91c")
    assert set(whisper.identity) == {"weights_sha256", "openai-whisper", "torch", "cpu"}


def test_the_checkpoint_is_made_once_and_again_where_it_is_spoilt(engine, whisper, said, cache_folder):
    whisper.transcribe([said])
    [path] = cache_folder.glob("whisper/*")
    made, content = path.stat().st_mtime_ns, path.read_bytes()
    engine.build(engine.options()).transcribe([said])
    assert path.stat().st_mtime_ns == made
    path.write_bytes(content[:-1] + b"?")
    assert engine.build(engine.options()).transcribe([said]) == whisper.transcribe([said])
    assert path.read_bytes() == content


def test_a_checkpoint_by_its_path_hears_the_same(engine, whisper, said, cache_folder):
    expected = whisper.transcribe([said])
    [path] = cache_folder.glob("whisper/*")
    assert engine.build(engine.options(model=str(path))).transcribe([said]) == expected


def test_a_cache_folder_that_cannot_be_written_is_named(engine, said, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("BADLINE_CACHE", str(tmp_path / "file"))
    with pytest.raises(InfraError, match="set BADLINE_CACHE"):
        engine.build(engine.options()).transcribe([said])


def test_a_file_that_is_no_checkpoint_is_refused(engine, said, tmp_path):
    (tmp_path / "no.pt").write_text("no model", encoding="utf-8")
    with pytest.raises(InfraError, match=r"cannot load .*no\.pt"):
        engine.build(engine.options(model=str(tmp_path / "no.pt"))).transcribe([said])


def test_without_a_network_an_official_model_is_refused_with_what_to_do(engine, said, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(InfraError, match=r"'small' .* cannot be downloaded .* or a path to a checkpoint"):
        engine.build(engine.options(model="small")).transcribe([said])
    assert not list(tmp_path.glob("whisper/*"))


def test_a_gpu_that_is_not_there_is_refused(engine, said):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(InfraError, match="sees no GPU"):
        engine.build(engine.options(device="cuda")).transcribe([said])


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"model": "tinny.en"}, r"Did you mean 'tiny\.en'"),
        ({"model": "./nowhere.pt"}, r"nowhere\.pt: there is no such file"),
        ({"model": "base", "language": "xx"}, "'xx' is no language of Whisper"),
        ({"language": "fr"}, "hears only en, not 'fr'"),
        ({"beam_size": 0}, "greater than or equal to 1"),
    ],
)
def test_wrong_options_are_refused(engine, options, complaint):
    with pytest.raises(ValidationError, match=complaint):
        engine.options(**options)
