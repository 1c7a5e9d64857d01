import io
from datetime import datetime
from decimal import Decimal

from rich.console import Console

from pipeline.report.answer import answer_table, json_rows, write_csv
from pipeline.run.query import Answer

WHEN = datetime(2026, 11, 22, 10, 30)
ANSWER = Answer(("profile", "rate", "when"), (("[cafe]", 1 / 3, WHEN), ("bar", None, None)))


def shown(answer):
    console = Console(file=io.StringIO(), width=80)
    console.print(answer_table(answer))
    return console.file.getvalue()


def test_rows_are_shown_as_they_are():
    text = shown(ANSWER)
    assert all(part in text for part in ("[cafe]", " 0.333333 ", "2026-11-22 10:30:00"))
    assert "None" not in text


def test_an_answer_without_rows_shows_its_columns():
    assert "profile" in shown(Answer(("profile",), ()))


def test_csv_has_a_head_and_leaves_empty_what_has_no_value():
    file = io.StringIO()
    write_csv(ANSWER, file)
    assert file.getvalue() == "profile,rate,when\n[cafe],0.3333333333333333,2026-11-22 10:30:00\nbar,,\n"


def test_json_has_no_type_that_json_has_not():
    values = (WHEN, Decimal("1.5"), float("nan"), [1, None], {"a": WHEN}, True)
    [row] = json_rows(Answer(tuple("abcdef"), (values,)))
    assert [*row.values()] == ["2026-11-22T10:30:00", 1.5, None, [1, None], {"a": "2026-11-22T10:30:00"}, True]
