import json
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from pipeline.errors import BadlineError
from pipeline.files import file_hash, read_json
from pipeline.run.plan import find_job, read_plan
from pipeline.run.rows import TABLES
from pipeline.run.tables import GROUP_ROWS, Tables, schema_of_table, table_files

# What a process says that its peak was in kB, having closed a run of so many records, all of them copies of one.
CLOSES = r"""
import json, re, sys
from pathlib import Path
from pipeline.run.batch import close_run
from pipeline.run.plan import find_job, read_plan
from pipeline.run.store import Store

class Copies(Store):
    def records(self, plan):
        text = Path(sys.argv[2]).read_text()
        for trial in range(1, int(sys.argv[3]) + 1):
            record = json.loads(text)
            record["facts"]["trial"] = trial
            record["unit"] = f"unit.{trial}"
            yield record

plan = read_plan(find_job(sys.argv[1], None))
close_run(plan, Copies(Path(sys.argv[4])), {})
print(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.fixture
def plan(toys):
    return read_plan(find_job(str(toys.suite), None))


@pytest.fixture
def copy(finished, tmp_path):
    """The finished run once more, to be spoilt."""
    for path in finished.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def records(finished):
    return [read_json(path) for path in sorted((finished / "units").iterdir())]


def manifest(folder, **changed):
    written = {**read_json(folder / "manifest.json"), **changed}
    (folder / "manifest.json").write_text(json.dumps(written))


def test_the_manifest_lists_each_table_with_its_rows_and_hash(finished):
    listed = read_json(finished / "manifest.json")["tables"]["files"]
    assert listed.keys() == TABLES.keys()
    for name, path in table_files(finished).items():
        assert listed[name]["sha256"] == file_hash(path)
        assert listed[name]["rows"] == pq.read_metadata(path).num_rows
        assert pq.read_schema(path).equals(schema_of_table(TABLES[name]))
    assert listed["calls"]["rows"] == 12
    assert listed["turns"]["rows"] == sum(len(one["facts"]["call"]["turns"]) for one in records(finished))


def test_equal_records_make_equal_files(finished, plan, tmp_path):
    ordered = {one["unit"]: one for one in records(finished)}
    with Tables(tmp_path, plan) as tables:
        for unit in plan.units:
            tables.add(ordered[unit.name])
    assert tables.listed() == read_json(finished / "manifest.json")["tables"]


def test_many_rows_lie_in_several_groups(finished, plan, tmp_path):
    [one, *_] = (record for record in records(finished) if record["facts"]["call"]["measures"])
    rows = len(one["facts"]["call"]["calibration"]) + sum(map(len, one["facts"]["call"]["measures"].values()))
    with Tables(tmp_path, plan) as tables:
        for _ in range(GROUP_ROWS // rows + 100):
            tables.add(one)
    written = pq.read_metadata(tmp_path / "measures.parquet")
    assert (written.num_rows, written.num_row_groups) == (rows * (GROUP_ROWS // rows + 100), 2)


def test_a_run_without_a_unit_has_empty_tables(plan, tmp_path):
    with Tables(tmp_path, plan):
        pass
    assert pq.read_table(tmp_path / "calls.parquet").num_rows == 0


def test_what_was_not_written_to_its_end_is_not_there(finished, plan, tmp_path):
    with pytest.raises(KeyError), Tables(tmp_path, plan) as tables:
        tables.add(records(finished)[0])
        tables.add({"unit": "no record"})
    assert not list(tmp_path.glob("*parquet*")) + list(tmp_path.glob(".*"))


def test_what_no_manifest_lists_is_no_table(copy):
    (copy / "manifest.json").unlink()
    with pytest.raises(BadlineError, match=r"has no manifest\.json, so it is no finished run"):
        table_files(copy)


def test_another_versions_tables_are_refused_by_name(copy):
    manifest(copy, tables={"version": 99, "files": {}})
    with pytest.raises(BadlineError, match=rf"{copy}: its tables are of version 99, this badline reads version 2"):
        table_files(copy)


def test_a_manifest_of_before_there_were_tables_says_how_to_get_some(copy):
    written = read_json(copy / "manifest.json")
    del written["tables"]
    (copy / "manifest.json").write_text(json.dumps(written))
    with pytest.raises(BadlineError, match=r"version none, .*give its `badline run` again"):
        table_files(copy)


@pytest.mark.parametrize("spoil", ["changed", "gone"])
def test_a_table_that_is_not_what_was_written_is_refused(copy, spoil):
    path = copy / "turns.parquet"
    path.write_bytes(path.read_bytes() + b" ") if spoil == "changed" else path.unlink()
    with pytest.raises(BadlineError, match=r"turns\.parquet: is not what the manifest lists"):
        table_files(copy)


@pytest.mark.slow
def test_three_thousand_records_take_no_more_memory_than_a_hundred(finished, toys, tmp_path):
    path = max((finished / "units").iterdir(), key=lambda path: path.stat().st_size)

    def peak_kb(count):
        (out := tmp_path / str(count)).mkdir()
        words = [sys.executable, "-c", CLOSES, str(toys.suite), str(path), str(count), str(out)]
        return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)

    few, many = peak_kb(100), peak_kb(3000)
    # The first row groups, names and hashes. The text of 2,900 records is more than that, as Python five times as much.
    allowed = 32 * 2**20
    assert path.stat().st_size * 2900 > allowed
    assert (many - few) * 2**10 < allowed
