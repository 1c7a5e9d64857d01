import io

from rich.console import Console

from pipeline.report.pairing import pairing_table, refusals
from pipeline.run.pair import PAIRINGS, Pairs, Row, UnitPair, WindowPair


def shown(pairs, width=100):
    file = io.StringIO()
    Console(file=file, width=width).print(pairing_table(pairs))
    return file.getvalue()


def unit(*windows, reasons=()):
    pairs = tuple(WindowPair(name, "words", "sound_differs", None, None) for name in windows)
    return UnitPair("move.cafe.none.heart.1.clean", "cafe", 0.0, "clean", pairs, reasons)


def test_each_profile_and_arm_has_its_counts():
    counts = {pairing: number for number, pairing in enumerate(PAIRINGS, 40)}
    text = shown(Pairs((Row("cafe", 0.0, "clean", 7, counts),), (), (), (), ()))
    assert ["cafe", "clean", "7", "40", "41", "42", "43", "44", "45"] in [line.split() for line in text.splitlines()]
    assert "echo differs" in text


def test_of_units_in_one_run_only_the_first_ten_are_named_and_all_are_counted():
    text = shown(Pairs((), (), tuple(f"unit{i}." for i in range(12)), (), ()))
    assert "units only in A: 12" in text
    assert "unit9." in text
    assert "unit10." not in text
    assert "and 2 more" in text
    assert "only in B" not in text


def test_a_refusal_names_the_unit_the_window_and_what_differs():
    [line] = refusals([unit("open/1", "order/1", reasons=("numpy: 2.1 and 2.2",))])
    assert line.startswith("move.cafe.none.heart.1.clean: ")
    assert line.endswith("open/1 and 1 more; what differs: numpy: 2.1 and 2.2")


def test_severities_are_told_where_not_all_lines_are_typical():
    counts = dict.fromkeys(PAIRINGS, 1)
    rows = tuple(Row("cafe", severity, "degraded", 7, counts) for severity in (0.5, 1.0))
    lines = [line.split()[:4] for line in shown(Pairs(rows, (), (), (), ())).splitlines()]
    assert ["cafe", "degraded", "harsh", "7"] in lines
    assert "severity" not in shown(Pairs(rows[:1], (), (), (), ()))
