"""A run scored anew is the run itself, until scores or expectations are others."""

import json
import shutil
from dataclasses import asdict

import pytest

from pipeline.call.record import record_of
from pipeline.errors import BadlineError
from pipeline.files import json_hash
from pipeline.run.origin import plan_behind, plan_to_score
from pipeline.run.rescore import rescore
from pipeline.run.store import finished_records
from pipeline.run.unit import plain


@pytest.fixture
def copied(finished, tmp_path):
    """A run to change: its folder, beside its suite."""
    shutil.copytree(finished.parent, tmp_path / "toys")
    return tmp_path / "toys" / "run"


def plan_of(run):
    return plan_to_score(run, suite=str(run.parent / "suite.yaml"), release=str(run.parent / "release.yaml"))


def hashes(run):
    return {record["unit"]: record["facts_sha256"] for record in finished_records(run)}


def test_a_call_read_from_its_record_is_the_call(finished):
    for record in finished_records(finished):
        assert plain(asdict(record_of(record["facts"]["call"]))) == record["facts"]["call"]


def test_scored_by_the_same_words_it_is_the_same_run(copied, tmp_path):
    told = rescore(copied, plan_of(copied), tmp_path / "again")
    assert hashes(tmp_path / "again") == hashes(copied)
    assert told.changed == ()
    sounds = [sorted(path.name for path in (run / "sound").iterdir()) for run in (copied, tmp_path / "again")]
    assert sounds[0] == sounds[1]


def test_scored_by_another_expectation_its_calls_count_as_something_else(copied, tmp_path):
    scenario = copied.parent / "one.yaml"
    scenario.write_text(scenario.read_text().replace("outcome: resolved", "outcome: refused"))
    told = rescore(copied, plan_of(copied), tmp_path / "again")
    assert {(one.before, one.now) for one in told.changed} == {("passed", "failed")}
    assert {one.unit.partition(".")[0] for one in told.changed} == {"one"}
    [record] = [one for one in finished_records(tmp_path / "again") if one["unit"] == told.changed[0].unit]
    assert record["run"]["scored_before"] == hashes(copied)[record["unit"]]


def test_what_was_lost_stays_lost(copied, tmp_path):
    manifest = json.loads((copied / "manifest.json").read_text())
    unit = next(iter(manifest["units"]))
    del manifest["units"][unit]
    manifest["summary"]["lost"] = {unit: "a bug"}
    (copied / "manifest.json").write_text(json.dumps(manifest))
    summary = rescore(copied, plan_of(copied), tmp_path / "again").summary
    assert (summary.lost, sum(row.units for row in summary.rows)) == ({unit: "a bug"}, 11)


def test_another_call_is_not_scored_as_this_one(copied):
    scenario = copied.parent / "one.yaml"
    scenario.write_text(scenario.read_text().replace("412", "413"))
    with pytest.raises(BadlineError, match="what differs: scenario one"):
        plan_of(copied)


@pytest.mark.parametrize(
    ("name", "before", "after", "differs"),
    [
        ("suite.yaml", "./one.yaml, ", "", "expectations of one, scenario one, suite|scenario one, suite"),
        ("suite.yaml", "seed: 3", "seed: 4", "suite"),
        ("release.yaml", "silence_ms: 700", "silence_ms: 800", "release toy"),
        ("release.yaml", "name: toy", "name: other", "release other, release toy"),
        ("noisy.yaml", "[5, 9]", "[25, 29]", "profile noisy"),
    ],
)
def test_a_run_of_other_words_is_not_scored_as_if_it_were_of_these(copied, name, before, after, differs):
    path = copied.parent / name
    path.write_text(path.read_text().replace(before, after))
    with pytest.raises(BadlineError, match=f"what differs: ({differs})"):
        plan_of(copied)


def test_a_run_scored_anew_keeps_the_versions_that_made_its_calls(copied, tmp_path):
    sources = json.loads((copied / "plan.json").read_text())
    (copied / "plan.json").write_text(json.dumps(sources | {"version of room noise": 0, "version of score gone": 1}))
    rescore(copied, plan_of(copied), tmp_path / "again")
    told = json.loads((tmp_path / "again" / "plan.json").read_text())
    assert (told["version of room noise"], "version of score gone" in told) == (0, False)


def test_a_run_is_never_scored_over_itself(copied):
    (copied.parent / "link").symlink_to(copied)
    for spelled in (copied, copied / ".." / copied.name, copied.parent / "link"):
        with pytest.raises(BadlineError, match="name another folder"):
            rescore(copied, plan_of(copied), spelled)


def test_the_plan_behind_a_run_is_found_by_what_its_manifest_calls_it(finished):
    assert plan_behind(finished).sha256 == json_hash(json.loads((finished / "plan.json").read_text()))


def test_the_plan_behind_a_run_is_refused_when_its_words_are_others_now(copied):
    release = copied.parent / "release.yaml"
    release.write_text(release.read_text().replace("silence_ms: 700", "silence_ms: 800"))
    with pytest.raises(BadlineError, match="made of other words; what differs: release toy"):
        plan_behind(copied, suite=str(copied.parent / "suite.yaml"), release=str(release))


def test_a_run_of_before_runs_told_their_suite_wants_it_said(copied):
    manifest = json.loads((copied / "manifest.json").read_text())
    (copied / "manifest.json").write_text(json.dumps(manifest | {"job": None}))
    with pytest.raises(BadlineError, match="--suite NAME"):
        plan_behind(copied)
