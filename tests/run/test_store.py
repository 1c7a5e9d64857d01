import json

import numpy as np
import pytest
import soundfile

from pipeline.errors import BadlineError
from pipeline.run.plan import find_job, read_plan
from pipeline.run.store import Store
from pipeline.run.unit import Done


@pytest.fixture
def plan(toys):
    return read_plan(find_job(str(toys.suite), None))


@pytest.fixture
def store(tmp_path, plan):
    store = Store(tmp_path / "run")
    store.begin(plan)
    return store


def done(plan, status="passed", number=0):
    stereo = np.arange(2000, dtype=np.int16).reshape(-1, 2)
    return Done(plan.units[number], {"status": status, "sound": "abc"}, stereo, {"seconds": 1.0})


def test_a_committed_unit_is_done_and_read_back(store, plan):
    assert not store.is_done(plan.units[0])
    assert store.commit(done(plan), {"host": "here"})
    assert store.is_done(plan.units[0])
    record = store.record(plan.units[0])
    assert record["facts"] == {"status": "passed", "sound": "abc"}
    assert record["run"] == {"host": "here", "seconds": 1.0}


def test_a_second_commit_changes_nothing(store, plan):
    store.commit(done(plan), {})
    assert not store.commit(done(plan, "failed"), {})
    assert store.record(plan.units[0])["facts"]["status"] == "passed"


def test_the_recording_is_the_very_sound(store, plan):
    one = done(plan)
    store.commit(one, {})
    read, rate = soundfile.read(store.sound(one.facts), dtype="int16")
    assert rate == 16000
    assert np.array_equal(read, one.stereo)


def test_circumstances_are_not_hashed_and_facts_are(plan):
    one, other = done(plan), done(plan, "failed")
    assert one.record({"host": "a"})["facts_sha256"] == one.record({"host": "b"})["facts_sha256"]
    assert one.record({})["facts_sha256"] != other.record({})["facts_sha256"]


def test_a_record_that_was_changed_later_is_refused(store, plan):
    store.commit(done(plan, "failed"), {})
    path = store.folder / "units" / f"{plan.units[0].name}.json"
    path.write_text(path.read_text().replace("failed", "passed"))
    with pytest.raises(BadlineError, match="was changed after it was written"):
        list(store.records(plan))


@pytest.mark.parametrize("text", ["{}", "[]", "5", '{"unit": "a", "run": {}, "facts": {}}'])
def test_what_is_no_record_is_refused_in_the_same_words(store, plan, text):
    (store.folder / "units" / f"{plan.units[0].name}.json").write_text(text)
    with pytest.raises(BadlineError, match=r"\.json: was changed after it was written; delete it"):
        store.record(plan.units[0])


def test_records_come_in_the_order_of_the_plan(store, plan):
    for number in (5, 0, 3):
        store.commit(done(plan, number=number), {})
    assert [one["unit"] for one in store.records(plan)] == [plan.units[i].name for i in (0, 3, 5)]


def test_leftovers_of_a_killed_process_do_no_harm(store, plan):
    name = plan.units[0].name
    (store.folder / "units" / f".{name}.json.99.part").write_text('{"unit": "to')
    (store.folder / "sound" / ".abc.flac.99.part").write_bytes(b"fLa")
    assert list(store.records(plan)) == []
    assert store.commit(done(plan), {})
    assert [one["unit"] for one in store.records(plan)] == [name]


def test_another_plan_is_refused_and_told_what_differs(store, toys, plan):
    store.begin(plan)
    toys.change("one.yaml", "412", "413")
    toys.change("desk/desk.py", "goodbye", "bye")
    other = read_plan(find_job(str(toys.suite), None))
    with pytest.raises(BadlineError, match="what differs: files of agent python, scenario one"):
        store.begin(other)


def test_the_manifest_is_replaced_whole(store):
    store.finish({"exit_code": 4})
    store.finish({"exit_code": 0})
    assert json.loads((store.folder / "manifest.json").read_text()) == {"exit_code": 0}
    assert not list(store.folder.glob(".*"))
