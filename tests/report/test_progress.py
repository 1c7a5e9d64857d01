import io

import pytest
from rich.console import Console

from pipeline.report.progress import Watching
from pipeline.run.local import Ended
from pipeline.run.plan import Unit

UNIT = Unit("one", "cafe", 0.0, "tone", 1, "clean")


def watched(*ends, total=4, done=0, terminal=False, error=None):
    file = io.StringIO()
    console = Console(file=file, width=100, force_terminal=terminal, color_system=None)
    try:
        with Watching(console, "badline run toys") as watching:
            watching.begin(total, done)
            for status, why in ends:
                watching.end(Ended(UNIT, status, why))
            if error:
                raise error
    except KeyboardInterrupt:
        pass
    return file.getvalue()


PASSED, FAILED = ("passed", ""), ("failed", "")


@pytest.mark.parametrize("terminal", [False, True])
def test_passes_and_rate_are_shown_at_the_end(terminal):
    text = watched(PASSED, FAILED, ("resolved_badly", ""), PASSED, terminal=terminal)
    assert "4/4" in text
    assert "3 of 4 passed" in text
    assert "calls/min" in text
    assert "left" in text


def test_a_log_has_a_line_now_and_then_and_no_control_characters():
    text = watched(*[PASSED] * 4)
    assert len(text.splitlines()) == 2
    assert "\x1b" not in text
    assert "\r" not in text


def test_what_was_done_before_is_said():
    assert "3 of 4 calls were done before; going on" in watched(PASSED, done=3)


def test_a_fault_of_ours_is_told_at_once_by_its_last_line():
    text = watched(("infra_error", "Traceback (most recent call last):\n  File x\nKeyError: 'order'\n"))
    assert "one.cafe.none.tone.1.clean: KeyError: 'order'" in text
    assert "Traceback" not in text


def test_an_interrupted_run_says_what_is_kept():
    text = watched(PASSED, total=9, done=3, error=KeyboardInterrupt())
    assert "4/9 calls are done and kept; the same command goes on from there" in text
