import io

import pytest
from rich.console import Console

from pipeline.line.after import After
from pipeline.line.scene import Measure
from pipeline.report.against import Side, side_by_side
from pipeline.run.blind import Blind

BLIND = Blind(-26.0, 0.5, -10.0, -60.0, 300.0, 3400.0, 16_000)


def shown(*sides, width=100):
    file = io.StringIO()
    Console(file=file, width=width).print(side_by_side(*sides))
    return file.getvalue()


def snr(asked, got=None, effect="room.noise"):
    return Measure(effect, "snr_db", asked, asked + 0.01 if got is None else got, "drawn")


def row(text, *names):
    [line] = [line.split() for line in text.splitlines() if all(name in line for name in names)]
    return line


def test_asked_and_got_of_both_stand_in_one_row():
    text = shown(Side("cafe", (snr(12.0),), (), BLIND), Side("bar", (snr(3.0),), (), BLIND))
    assert row(text, "room.noise") == ["room.noise", "snr_db", "12", "12.01", "3", "3.01"]


def test_what_one_line_lacks_is_left_empty():
    text = shown(Side("cafe", (), (snr(12.0),), BLIND), Side("bar", (), (snr(3.0, effect="room.tv"),), BLIND))
    assert row(text, "room.noise")[2:] == ["12", "12.01"]
    assert row(text, "room.tv")[2:] == ["3", "3.01"]


def test_where_nothing_was_asked_there_is_a_dash():
    hall = Measure("room.reverb", "t60_s", None, 1.8, "drawn")
    text = shown(Side("cafe", (), (snr(12.0),), BLIND), Side("hall", (), (hall,), BLIND))
    assert row(text, "room.reverb") == ["room.reverb", "t60_s", "-", "1.8"]


def test_the_second_of_two_noises_has_a_row_of_its_own():
    text = shown(Side("cafe", (), (snr(12.0), snr(20.0)), BLIND), Side("bar", (), (snr(3.0),), BLIND))
    rows = [line.split()[2:] for line in text.splitlines() if "room.noise" in line]
    assert rows == [["12", "12.01", "3", "3.01"], ["20", "20.01"]]


def test_of_a_recording_only_the_sound_is_told():
    text = shown(
        Side("cafe", (snr(12.0),), (), BLIND), Side("real.wav", (), (), Blind(*[None, 0.0], *[None] * 4, 44_100))
    )
    assert row(text, "room.noise") == ["room.noise", "snr_db", "12", "12.01"]
    assert row(text, "P.56")[-2:] == ["-26", "-"]
    assert "drawn" not in text


def test_what_is_left_of_the_snr_stands_side_by_side():
    text = shown(Side("cafe", (), (), BLIND, After(9.8, 11.2)), Side("clean", (), (), BLIND))
    assert row(text, "all else")[-2:] == ["9.8", "-"]
    assert row(text, "beds alone")[-2:] == ["11.2", "-"]


def test_where_nobody_knows_what_is_left_nothing_is_told_of_it():
    assert "after the line" not in shown(Side("clean", (), (), BLIND), Side("real.wav", (), (), BLIND))


def test_one_line_twice_is_told_once():
    cafe = Side("cafe", (snr(12.0),), (), BLIND)
    text = shown(cafe, cafe)
    assert "both are the same line" in text
    assert row(text, "room.noise") == ["room.noise", "snr_db", "12", "12.01"]


def test_two_lines_of_one_name_are_told_apart():
    text = shown(Side("cafe", (snr(12.0),), (), BLIND), Side("cafe", (snr(3.0),), (), BLIND))
    assert row(text, "of the sound") == ["of", "the", "sound", "alone", "cafe", "cafe,", "against"]


def test_how_long_each_line_takes_and_when_it_drops_stands_side_by_side():
    text = shown(Side("cafe", (), (), BLIND, delay_ms=145, drop_ms=7500), Side("real.wav", (), (), BLIND))
    assert row(text, "one way")[-2:] == ["145", "-"]
    assert row(text, "drops after")[-2:] == ["7500", "-"]


def test_the_rate_of_each_sound_and_a_floor_of_nothing_are_told():
    silent = Blind(-26.0, 0.5, -10.0, None, 300.0, 22_050.0, 44_100)
    text = shown(Side("cafe", (), (), BLIND), Side("real.wav", (), (), silent))
    assert row(text, "rate of")[-2:] == ["16000", "44100"]
    assert row(text, "to, Hz")[-2:] == ["3400", "22050"]
    assert row(text, "quietest tenth")[-3:] == ["-60", "digital", "silence"]


def test_a_line_on_which_no_words_arrive_says_why_it_has_no_snr():
    text = shown(Side("cafe", (), (), BLIND, After(9.8, 11.2)), Side("dead", (), (), BLIND, After(too_little=True)))
    assert "dead: no figure: less than 0.4 s of words arrive" in text


@pytest.mark.parametrize("width", [80, 140])
def test_nothing_is_cut_off(width):
    text = shown(*(Side(f"{name} typical", (snr(12.0),), (snr(1.0),), BLIND) for name in "ab"), width=width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
