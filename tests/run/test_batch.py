import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import BadlineError
from pipeline.files import read_json
from pipeline.run.batch import run_batch
from pipeline.run.plan import find_job, read_plan
from pipeline.run.single import place_once

pytestmark = pytest.mark.slow  # worker processes take seconds to start

BADLINE = [sys.executable, "-c", "from pipeline.cli import main; main()"]


@pytest.fixture(scope="module")
def undisturbed(make_toys, tmp_path_factory):
    """The toys of a run that nobody disturbed; its folder is `run`."""
    toys = make_toys(tmp_path_factory.mktemp("undisturbed") / "toys")
    quietly(toys, toys.folder / "run")
    return toys


def quietly(toys, out):
    job = find_job(str(toys.suite), None)
    return run_batch(job, out, workers=2, begin=lambda total, done: None, watch=lambda ended: None)


def manifest(out):
    return json.loads((out / "manifest.json").read_text())


def start(toys, out, **environment):
    command = [*BADLINE, "run", str(toys.suite), "--out", str(out), "--workers", "2", "--concurrency", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, start_new_session=True, env={**os.environ, **environment}, **pipes)


def wait_until(it_is_so, seconds=60):
    deadline = time.monotonic() + seconds
    while not it_is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def stopped_by(number, toys, out, *, group):
    """A run that gets a signal once two units are committed: its exit code, stdout and stderr; nobody lingers."""
    process = start(toys, out)
    wait_until(lambda: len(list((out / "units").glob("*.json"))) >= 2)
    (os.killpg if group else os.kill)(process.pid, number)
    said = process.communicate(timeout=30)
    wait_until(lambda: not any(is_of(process.pid, path) for path in Path("/proc").glob("[0-9]*")), seconds=15)
    assert not (out / "manifest.json").exists()
    return process.returncode, *said


def is_of(group, process):
    """Whether a process in /proc lives and is of the group."""
    try:
        state, _, its_group = (process / "stat").read_text().rpartition(")")[2].split()[:3]
    except OSError:
        return False
    return its_group == str(group) and state != "Z"


@pytest.mark.parametrize("group", [True, False], ids=["all its processes", "only the one that was started"])
def test_killed_and_run_again_it_is_the_same_run(toys, undisturbed, group):
    out = toys.folder / "run"
    stopped_by(signal.SIGKILL, toys, out, group=group)
    kept = {path: path.read_bytes() for path in (out / "units").glob("*.json")}
    assert 2 <= len(kept) < 12
    assert quietly(toys, out).exit_code == 0
    assert manifest(out)["units"] == manifest(undisturbed.folder / "run")["units"]
    assert all(path.read_bytes() == record for path, record in kept.items())


def test_interrupted_it_says_what_is_kept_and_goes_on_later(toys, undisturbed):
    out = toys.folder / "run"
    code, results, progress = stopped_by(signal.SIGINT, toys, out, group=True)
    assert (code, results) == (130, "")
    assert "calls are done and kept; the same command goes on from there" in progress
    assert "Traceback" not in progress
    quietly(toys, out)
    assert manifest(out)["units"] == manifest(undisturbed.folder / "run")["units"]


def test_two_processes_may_run_the_same_run_at_once(toys, undisturbed):
    out = toys.folder / "run"
    both = [start(toys, out), start(toys, out)]
    assert [(process.communicate(timeout=120), process.returncode)[1] for process in both] == [0, 0]
    assert manifest(out)["units"] == manifest(undisturbed.folder / "run")["units"]
    assert len(list((out / "units").iterdir())) == 12
    assert not list(out.rglob(".*"))


def test_a_changed_plan_is_refused_before_any_work(toys):
    out = toys.folder / "run"
    toys.change("suite.yaml", "[./one.yaml, ./two.yaml]", "[./one.yaml]")
    toys.change("suite.yaml", "[./quiet.yaml, ./noisy.yaml]", "[./quiet.yaml]")
    toys.change("suite.yaml", "weights: {quiet: 3, noisy: 1}", "arms: [oracle]")
    quietly(toys, out)
    toys.change("quiet.yaml", "about: Nothing.", "about: Nothing.\ncaller: {patience: 1}")
    with pytest.raises(BadlineError, match="what differs: profile quiet"):
        quietly(toys, out)
    toys.change("quiet.yaml", "\ncaller: {patience: 1}", "")
    assert quietly(toys, out).exit_code == 0


def test_the_manifest_names_every_record_and_what_it_depends_on(undisturbed):
    records = [read_json(path) for path in (undisturbed.folder / "run" / "units").iterdir()]
    written = manifest(undisturbed.folder / "run")
    assert written["units"] == {record["unit"]: record["facts_sha256"] for record in records}
    assert written["plan_sha256"] == read_plan(find_job(str(undisturbed.suite), None)).sha256
    assert [set(stamp) >= {"badline", "numpy", "vectors", "python"} for stamp in written["stamps"]] == [True]
    assert all("timing" not in stamp for stamp in written["stamps"])
    assert written["exit_code"] == 0
    assert [row["units"] for row in written["summary"]["rows"]] == [2] * 6


def test_a_run_that_measures_says_so_and_has_one_call_under_way_in_a_worker(toys):
    log = toys.folder / "log"
    note = f"open({str(log)!r}, 'a').write"
    toys.spring(f"import time; {note}('('); time.sleep(0.05); {note}(')')")
    toys.change("release.yaml", "agent_ms: [100, 300]", "agent_ms: measured")
    toys.change("suite.yaml", "seed: 3", "seed: 3\narms: [oracle]")
    job = find_job(str(toys.suite), None)
    run_batch(job, toys.folder / "run", workers=1, concurrency=8, begin=lambda *_: None, watch=lambda ended: None)
    assert log.read_text() == "()" * 4
    assert [stamp["timing"] for stamp in manifest(toys.folder / "run")["stamps"]] == ["measured"]


def test_a_bug_of_ours_stops_its_unit_and_no_other(toys):
    site = toys.add_effect("broken", after="scene.samples / 0")
    toys.write("noisy.yaml", "name: noisy\nabout: Broken.\nroom: [broken]")
    process = start(toys, toys.folder / "run", PYTHONPATH=str(site))
    results, progress = process.communicate(timeout=120)
    assert process.returncode == 4
    written = manifest(toys.folder / "run")
    lost = written["summary"]["lost"]
    assert sorted(lost) == ["one.noisy.typical.tone.1.degraded", "two.noisy.typical.tone.1.degraded"]
    assert all("Traceback" in why and "other_broken.py" in why for why in lost.values())
    assert len(written["units"]) == 10
    assert "one.noisy.typical.tone.1.degraded: ZeroDivisionError: division by zero" in progress
    assert "Traceback" not in progress + results


@pytest.mark.slow
def test_with_real_engines_a_call_alone_is_the_runs_and_its_stamp_knows_the_weights(tmp_path):
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        'name: small\nseed: 7\nrelease: "2026.11"\nscenarios: [track_parcel]\nprofiles: [bad_cellular]\n'
        "arms: [degraded]\n"
    )
    job = find_job(str(suite), None)
    run_batch(job, tmp_path / "run", workers=1, begin=lambda total, done: None, watch=lambda ended: None)
    alone = place_once("track_parcel", "bad_cellular", release=None, voice=None, arm="degraded", seed=7)
    written = manifest(tmp_path / "run")
    assert written["units"] == {alone.unit.name: alone.record({})["facts_sha256"]}
    assert len(written["stamps"][0]["asr faster_whisper"]["weights_sha256"]) == 64


def test_a_run_on_another_device_says_so_and_is_continued_on_no_other(toys):
    pytest.importorskip("torch")
    job, out = find_job(str(toys.suite), None), toys.folder / "run"
    run_batch(job, out, workers=2, device="torch:cpu", begin=lambda *_: None, watch=lambda ended: None)
    assert [stamp["device"] for stamp in manifest(out)["stamps"]] == ["torch:cpu"]
    with pytest.raises(BadlineError, match="device"):
        quietly(toys, out)
