"""What runs there are, and what goes: never one that is not finished, nor sound that a failed call needs."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pipeline.errors import BadlineError
from pipeline.run.places import place
from pipeline.run.plan import find_job, read_plan
from pipeline.run.runs import age_in, removals, remove, runs_in
from pipeline.run.store import Store
from pipeline.run.unit import Done

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def plan(toys):
    return read_plan(find_job(str(toys.suite), None))


@pytest.fixture(params=["{}/runs", "memory://{}/runs"])
def folder(request, tmp_path):
    return place(request.param.format(tmp_path))


@pytest.fixture
def begun(plan, folder):
    """A run of some calls; whether it is finished is up to the caller."""

    def make(name, statuses, *, finished=True):
        store = Store(folder / name)
        store.begin(plan)
        for k, (status, sound) in enumerate(statuses):
            facts = {"status": status, "sound": sound, "clean_sound": f"clean_{sound}"}
            store.commit(Done(plan.units[k], facts, np.zeros((9, 2), np.int16), {}, np.zeros(9, np.int16)), {})
        if finished:
            passed = sum(status != "failed" for status, _ in statuses)
            rows = [{"units": len(statuses), "passed": passed}]
            summary = {"suite": "toys", "release": "toy", "rows": rows, "lost": {"lost.call": "disk full"}}
            store.finish({"units": {plan.units[k].name: "" for k in range(len(statuses))}, "summary": summary})
        return store

    return make


def chosen(folder, *, keep=None, older_than=None, sound_of_passed=False, now=NOW):
    return removals(runs_in(folder), keep=keep, older_than=older_than, sound_of_passed=sound_of_passed, now=now)


def test_runs_are_listed_with_what_they_hold_the_unfinished_last(folder, begun):
    begun("a", [("passed", "x")], finished=False)
    begun("b", [("passed", "x"), ("failed", "y"), ("resolved_badly", "z")])
    (folder / "no_run").mkdir()
    [b, a] = runs_in(folder)
    assert (b.name, b.suite, b.release, b.units, b.passed, b.lost) == ("b", "toys", "toy", 3, 2, 1)
    assert b.ended
    assert (a.name, a.suite, a.release, a.units, a.passed, a.lost, a.ended) == ("a", None, "toy", 1, 1, None, None)
    assert b.size_bytes == sum(path.stat().st_size for path in (folder / "b").rglob("*") if path.is_file())


def test_the_latest_are_kept(folder, begun):
    for name in ("a", "b", "c"):
        begun(name, [("passed", name)])
    order = [run.name for run in runs_in(folder)]
    assert [one.run.name for one in chosen(folder, keep=2)] == order[:1]
    assert [one.run.name for one in chosen(folder, keep=0)] == order
    assert chosen(folder, keep=5) == []


def test_what_is_not_finished_is_never_removed(folder, begun, plan):
    begun("begun", [("passed", "x")], finished=False)
    going_on = begun("going_on", [("passed", "x")])
    later = Done(plan.units[3], {"status": "passed"}, None, {})
    going_on.commit(later, {})
    assert chosen(folder, keep=0) == [] == chosen(folder, sound_of_passed=True)


def test_age_counts_from_the_end(folder, begun):
    begun("a", [("passed", "x")])
    [run] = runs_in(folder)
    for hours, gone in ((47, []), (49, ["a"])):
        now = run.ended + timedelta(hours=hours)
        assert [one.run.name for one in chosen(folder, older_than=age_in("2d"), now=now)] == gone


def test_a_removed_run_is_gone_and_no_other(folder, begun):
    begun("a", [("passed", "x")])
    begun("b", [("passed", "x")])
    [removal] = chosen(folder, keep=1)
    remove(removal)
    assert [run.name for run in runs_in(folder)] == [{"a": "b", "b": "a"}[removal.run.name]]


def test_what_judges_said_and_a_closer_look_go_with_their_run(folder, begun):
    begun("a", [("passed", "x")])
    for name in ("judged/kind.0123/one.json", "closer/units/one.json", "closer/plan.json"):
        (folder / "a" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "a" / name).write_text("{}")
    [removal] = chosen(folder, keep=0)
    remove(removal)
    assert not (folder / "a").exists()


def test_sound_that_a_call_needs_which_did_not_pass_stays_and_all_records(folder, begun):
    begun("a", [("passed", "x"), ("passed", "shared"), ("failed", "shared"), ("failed", "y")])
    [removal] = chosen(folder, sound_of_passed=True)
    assert sorted(path.name for path in removal.paths) == ["clean_x.flac", "x.flac"]
    remove(removal)
    assert len(list((folder / "a" / "units").glob("*.json"))) == 4
    assert chosen(folder, sound_of_passed=True) == []


@pytest.mark.parametrize("text", ["", "d", "30", "x30d", "-1d", "1.5d", "3w"])
def test_what_is_no_age_is_refused(text):
    with pytest.raises(BadlineError, match=r"--older-than: .* as 30d or 12h"):
        age_in(text)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadlineError, match="there is no such folder"):
        runs_in(tmp_path / "nowhere")


def test_another_tools_folder_is_no_run_and_a_notebook_in_a_run_stays(folder, begun):
    other = folder / "terraform"
    other.mkdir(parents=True)
    (other / "plan.json").write_text('{"resource": 1}')
    (other / "manifest.json").write_text('{"units": {}}')
    begun("a", [("passed", "x")])
    (folder / "a" / "notes.txt").write_text("mine")
    [removal] = chosen(folder, keep=0)
    remove(removal)
    assert (folder / "a" / "notes.txt").read_text() == "mine" and (other / "plan.json").is_file()
    assert [path.name for path in (folder / "a").rglob("*") if path.is_file()] == ["notes.txt"]


def test_a_run_that_lacks_a_record_or_whose_manifest_is_torn_is_not_finished(folder, begun, plan):
    lacking = begun("lacking", [("passed", "x"), ("passed", "y")])
    (lacking.folder / "units" / f"{plan.units[1].name}.json").unlink()
    torn = begun("torn", [("passed", "x")])
    (torn.folder / "manifest.json").write_text('{"units": {')
    assert [run.ended for run in runs_in(folder)] == [None, None]
    assert chosen(folder, keep=0) == []


def test_a_record_that_was_changed_stops_no_list_and_spares_its_runs_sound(folder, begun, plan):
    changed = begun("changed", [("passed", "x"), ("passed", "y")])
    path = changed.folder / "units" / f"{plan.units[0].name}.json"
    path.write_text(path.read_text().replace("passed", "failed"))
    [run] = runs_in(folder)
    assert (run.units, run.passed) == (2, 2)  # as its manifest tells
    assert chosen(folder, sound_of_passed=True) == []
