import pytest

from pipeline.errors import BadlineError
from pipeline.files import shipped
from pipeline.spec.voice import read_voice, voice_named

SHIPPED = sorted((shipped("fixtures") / "voices").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_shipped_voices_are_read(path):
    assert read_voice(path) == voice_named(path.stem)


def test_an_engine_alone_has_its_defaults(tmp_path):
    for text in ("tone", "tone:", "tone: {}", "tone: {char_ms: 60}"):
        (tmp_path / "voice.yaml").write_text(text)
        assert read_voice(tmp_path / "voice.yaml").said() == {"tone": {"char_ms": 60}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tnoe: {}", "There is no tts called 'tnoe'. Did you mean 'tone'?"),
        ("tone: {char: 60}", "tone.char: is not a key here. Did you mean 'char_ms'? Known: char_ms."),
        ("tone: {char_ms: 600}", "tone.char_ms: 600 is above 120 ms"),
        ("tone: {}\ntones: {}", "wants one tts as 'name: {option: value}'. Known: "),
        ("- tone", "wants one tts as"),
        ("", "wants one tts as"),
    ],
)
def test_a_voice_is_refused_where_it_is_wrong(refusal, text, message):
    assert refusal(read_voice, text).startswith(f"words.yaml:1: {message}")


def test_an_unknown_voice_is_refused_with_the_nearest_name():
    with pytest.raises(BadlineError, match=r"There is no voice called 'haert'\. Did you mean 'heart'"):
        voice_named("haert")
