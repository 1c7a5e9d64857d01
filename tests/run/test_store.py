import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from pipeline.errors import BadlineError
from pipeline.run.places import place
from pipeline.run.plan import find_job, read_plan
from pipeline.run.store import Store, finished_records, kept_call, read_manifest
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
    facts = {"status": status, "sound": "abc", "clean_sound": "def"}
    return Done(plan.units[number], facts, stereo, {"seconds": 1.0}, stereo[:, 0])


def test_a_committed_unit_is_done_and_read_back(store, plan):
    assert not store.is_done(plan.units[0])
    assert store.commit(done(plan), {"host": "here"})
    assert store.is_done(plan.units[0])
    record = store.record(plan.units[0])
    assert record["facts"] == {"status": "passed", "sound": "abc", "clean_sound": "def"}
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


def test_the_clean_words_are_kept_beside_it_in_one_channel(store, plan):
    one = done(plan)
    store.commit(one, {})
    read, rate = soundfile.read(store.clean_sound(one.facts), dtype="int16")
    assert rate == 16000
    assert np.array_equal(read, one.clean)


def test_a_kept_call_is_found_from_its_record(store, plan):
    one = done(plan)
    store.commit(one, {})
    facts, stereo = kept_call(store.folder / "units" / f"{plan.units[0].name}.json")
    assert facts == one.facts
    assert np.array_equal(stereo, one.stereo)


def test_a_call_whose_sound_was_taken_away_is_refused(store, plan):
    one = done(plan)
    store.commit(one, {})
    store.sound(one.facts).unlink()
    with pytest.raises(BadlineError, match=r"its sound is not there: .*abc\.flac"):
        kept_call(store.folder / "units" / f"{plan.units[0].name}.json")


def test_a_unit_without_a_call_has_no_sound(store, plan):
    store.commit(Done(plan.units[0], {"status": "sound_invalid", "why": "too loud"}, None, {}), {})
    with pytest.raises(BadlineError, match="there was no call: too loud"):
        kept_call(store.folder / "units" / f"{plan.units[0].name}.json")


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


ANYWHERE = ["memory://runs/{}", "file://{}/run"]


@pytest.fixture(params=ANYWHERE)
def elsewhere(request, tmp_path, plan):
    store = Store(place(request.param.format(tmp_path)))
    store.begin(plan)
    return store


def test_a_run_may_lie_wherever_fsspec_reaches(elsewhere, plan):
    one = done(plan)
    assert elsewhere.commit(one, {}) and not elsewhere.commit(done(plan, "failed"), {})
    again = Store(place(str(elsewhere.folder)))
    assert [record["facts"]["status"] for record in again.records(plan)] == ["passed"]
    again.finish({"units": {}})
    again.finish({"units": {"a": "b"}})
    assert json.loads((again.folder / "manifest.json").read_bytes()) == {"units": {"a": "b"}}


def test_its_sound_is_heard_from_there(elsewhere, plan):
    elsewhere.commit(done(plan), {})
    _, pcm = kept_call(elsewhere.folder / "units" / f"{plan.units[0].name}.json")
    assert np.array_equal(pcm, done(plan).stereo)


def test_another_plan_is_refused_there_too(elsewhere, plan):
    other = replace(plan, sources={**plan.sources, "suite": "changed"})
    with pytest.raises(BadlineError, match="holds a run of another plan; what differs: suite"):
        elsewhere.begin(other)


@pytest.mark.parametrize("url", ["nowhere://bucket/run", "dropbox://bucket/run"])
def test_what_nothing_reaches_is_refused(url):
    with pytest.raises(BadlineError, match=f"{url}: cannot be reached"):
        place(url)


def test_a_finished_run_gives_the_records_its_manifest_lists_and_no_other(store, plan):
    store.commit(done(plan), {})
    with pytest.raises(BadlineError, match=r"has no manifest\.json, so it is no finished run"):
        list(finished_records(store.folder))
    listed = store.record(plan.units[0])
    store.finish({"units": {plan.units[0].name: listed["facts_sha256"]}})
    assert list(finished_records(store.folder)) == [listed]
    (store.folder / "units" / f"{plan.units[0].name}.json").unlink()
    store.commit(done(plan, "failed"), {})
    with pytest.raises(BadlineError, match=r"is another record than manifest\.json lists"):
        list(finished_records(store.folder))


def test_a_run_that_is_not_there_is_told_from_one_that_is_not_finished(tmp_path):
    with pytest.raises(BadlineError, match="there is no such folder"):
        read_manifest(tmp_path / "nowhere")
    with pytest.raises(BadlineError, match="is no finished run"):
        read_manifest(tmp_path)
