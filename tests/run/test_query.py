import re
import shutil
from pathlib import Path

import pytest

from pipeline.errors import BadlineError
from pipeline.run.places import place
from pipeline.run.query import finished_in, query_runs
from pipeline.run.rows import TABLES

PAGE = (Path(__file__).parents[2] / "docs" / "store.md").read_text(encoding="utf-8")


@pytest.fixture
def two(finished, tmp_path):
    """The same run in two folders, whose names a glob and a quote would trip over."""
    folders = [tmp_path / "runs" / name for name in ("a*", "a*'s")]
    for folder in folders:
        shutil.copytree(finished, folder)
    return folders


def test_a_query_goes_over_all_runs_and_tells_them_apart(two):
    answer = query_runs("select run, count(*) as calls from calls group by run order by run", two)
    assert answer.columns == ("run", "calls")
    assert answer.rows == tuple((str(folder), 12) for folder in two)


def test_runs_at_urls_are_asked_beside_those_in_folders(finished):
    there = place("memory://runs/query")
    there.mkdir(parents=True)
    for path in (*finished.glob("*.parquet"), finished / "manifest.json"):
        (there / path.name).write_bytes(path.read_bytes())
    answer = query_runs("select run, count(*) from calls group by run order by run", [there, finished])
    assert answer.rows == ((str(finished), 12), ("memory://runs/query", 12))


def test_tables_can_be_joined(finished):
    sql = """
        select c.arm, count(*) from calls c join turns t using (run, unit)
        join measures m on m.unit = c.unit and list_contains(t.windows, m.window)
        where m.name = 'loss_rate' group by all
    """
    # Two noisy degraded calls, in each of which the one thing that was said was heard in one turn.
    assert query_runs(sql, [finished]).rows == (("degraded", 2),)


def test_only_what_the_manifest_lists_is_read(two):
    shutil.copy(two[0] / "calls.parquet", two[0] / "calls2.parquet")
    assert query_runs("select count(*) from calls", two[:1]).rows == ((12,),)


def test_a_wrong_query_gives_the_databases_own_words(finished):
    with pytest.raises(BadlineError, match=r'(?s)query: Binder Error: Referenced column "profil" not found.*profile'):
        query_runs("select profil from calls", [finished])


def test_no_variable_of_ours_is_a_table(finished):
    files = [1]
    with pytest.raises(BadlineError, match="Table with name files does not exist"):
        query_runs("select * from files", [finished])
    assert files


def test_a_run_that_is_not_finished_is_named(two):
    (two[1] / "manifest.json").unlink()
    with pytest.raises(BadlineError, match=r"a\*'s: has no manifest"):
        query_runs("select 1", two)


def test_the_finished_runs_of_a_folder_are_found_and_the_others_named(two):
    (two[1] / "manifest.json").unlink()
    (two[0].parent / "notes").mkdir()
    assert finished_in(two[0].parent) == (two[:1], two[1:])


def test_without_a_run_there_is_nothing_to_ask(tmp_path):
    with pytest.raises(BadlineError, match="no finished run"):
        query_runs("select 1", [])
    with pytest.raises(BadlineError, match="there is no such folder"):
        finished_in(tmp_path / "runs")


@pytest.mark.parametrize("sql", re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL))
def test_a_question_of_the_docs_has_an_answer(finished, sql):
    assert query_runs(sql, [finished]).columns


@pytest.mark.parametrize("name", TABLES)
def test_the_docs_tell_all_columns(name):
    section = PAGE.split(f"### {name}\n")[1].split("#")[0]
    told = [
        column for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for column in re.findall("`(.*?)`", row)
    ]
    assert sorted(told) == sorted(TABLES[name])
