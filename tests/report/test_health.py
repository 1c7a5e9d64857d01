import pytest
from rich.console import Console

from pipeline.report.health import health
from pipeline.run.doctor import Finding

VOICE = Finding("tts hibari", "missing", "needs the package 'hibari'", True, 0.1, "pip install 'badline[offline]'")
ASR = Finding("asr faster_whisper", "missing", "needs 'faster_whisper'", True, 0.1, "pip install 'badline[offline]'")
TOY = Finding("tts tone", "works", "said [something]", False, 0.0)


@pytest.fixture
def printed():
    def print_it(*findings, width=80):
        console = Console(width=width)
        with console.capture() as captured:
            console.print(health(findings))
        return captured.get()

    return print_it


def test_a_command_stands_there_once_with_all_that_it_gets(printed):
    assert "to get tts hibari, asr faster_whisper: pip install 'badline[offline]'" in printed(
        VOICE, ASR, TOY, width=120
    )


def test_the_verdict_names_what_stands_in_the_way(printed):
    assert "cannot be placed: tts hibari" in printed(VOICE, TOY)
    assert "works" in printed(TOY).splitlines()[-1]


def test_what_was_tried_is_printed_as_it_is_and_folds(printed):
    lines = printed(TOY, VOICE, width=60).splitlines()
    assert any("said [something]" in line for line in lines)
    assert max(map(len, lines)) <= 60
