import io

from rich.console import Console

from pipeline.decide.attribute import BLAMES, Attribution, Blamed, Share
from pipeline.report.blame import SAYS, blame_table, blamed_calls


def blamed(**other):
    words = {"blame": "line", "statuses": {"oracle": "passed", "degraded": "failed"}, "lost": ("order",), **other}
    return Blamed("track.cafe.typical.heart.1.degraded", "track", "cafe", 0.5, "heart", 1, **words)


def test_the_table_has_a_row_for_each_that_is_to_blame_with_its_interval():
    told = Attribution(9, 4, (Share("line", 3, 2, 0.75, 0.301, 0.954),), (), recovered=5, harmful=2)
    file = io.StringIO()
    Console(file=file, width=120).print(blame_table(told))
    text = file.getvalue()
    assert "4 of 9 degraded calls failed" in text
    [row] = [line for line in text.splitlines() if "fails with the line only" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")][2:] == ["3", "2", "75 %", "30 to 95 %"]
    assert "5 won back, 2 lost" in text


def test_a_call_has_a_line_with_its_arms_and_lost_facts():
    [one, other] = blamed_calls(Attribution(1, 1, (), (blamed(), blamed(lost=())), 0, 1))
    assert one == "line: track.cafe.typical.heart.1.degraded: oracle passed, degraded failed; lost: order"
    assert other.endswith("degraded failed")


def test_everybody_who_may_be_to_blame_has_words():
    assert set(SAYS) == set(BLAMES)
