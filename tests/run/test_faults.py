"""What goes wrong in the midst of a run: nothing is lost, nothing counted twice, and the user is told in a line."""

import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.files import read_json
from pipeline.run.batch import run_batch
from pipeline.run.plan import find_job

pytestmark = pytest.mark.slow  # worker processes take seconds to start

BADLINE = [sys.executable, "-c", "from pipeline.cli import main; main()"]
LINES = [f"{line}.tone.1.{arm}" for line in ("quiet.none", "noisy.none") for arm in ("oracle", "clean")]
LINES += ["quiet.none.tone.1.degraded", "noisy.typical.tone.1.degraded"]
UNHEARD = [line for line in LINES if line.endswith("oracle")]
HEARD = [line for line in LINES if line not in UNHEARD]
# It leaves a mark when it is asked, and answers late.
SLOW = "    def reply(self, heard):\n        open({!r}, 'w').close()\n        __import__('time').sleep({})\n"
SERVE = """
import sys
from pathlib import Path
from pipeline.agent.python import load_module
from pipeline.files import shipped

desk, port = sys.argv[1:]
serve = load_module(shipped("fixtures") / "agents" / "serve.py")
serve.Server(load_module(Path(desk)).Desk, int(port), slow_ms=100).serve_forever()
"""


@pytest.fixture(scope="module")
def undisturbed(make_toys, tmp_path_factory):
    """The hashes of a run of the toys that nobody disturbed, by unit."""
    toys = make_toys(tmp_path_factory.mktemp("undisturbed") / "toys")
    again(toys)
    return units(toys)


def again(toys):
    """The run goes on to its end, in this process."""
    job, out = find_job(str(toys.suite), None), toys.folder / "run"
    return run_batch(job, out, workers=2, begin=lambda total, done: None, watch=lambda ended: None)


def start(toys, *options, **environment):
    command = [*BADLINE, "run", str(toys.suite), "--out", str(toys.folder / "run"), "--workers", "2", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = {**os.environ, **environment}
    return subprocess.Popen(command, start_new_session=True, env=environment, **pipes)


def ended(process, seconds=60):
    """Its exit code, and what it said on stderr."""
    _, said = process.communicate(timeout=seconds)
    assert "Traceback" not in said
    return process.returncode, said


def units(toys):
    return read_json(toys.folder / "run" / "manifest.json")["units"]


def records(toys):
    return [read_json(path) for path in (toys.folder / "run" / "units").glob("*.json")]


def statuses(toys):
    return {record["unit"]: record["facts"]["status"] for record in records(toys)}


def wait_until(it_is_so, seconds=60):
    deadline = time.monotonic() + seconds
    while not it_is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def workers_of(process):
    """The worker processes of a run, by their command lines."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def answers(port):
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def slow(toys, seconds):
    toys.change("desk/desk.py", "    def reply(self, heard):\n", SLOW.format(str(toys.folder / "asked"), seconds))


# Processes that die


def test_a_worker_killed_from_outside_costs_time_and_a_line(toys, undisturbed):
    process = start(toys, "--concurrency", "3")
    wait_until(lambda: len(statuses(toys)) >= 2)
    os.kill(workers_of(process)[0], signal.SIGKILL)
    code, said = ended(process)
    assert code == 0
    assert re.search(
        r"a worker process died \(SIGKILL\); what was under way in it is run again, .*: [123]$", said, re.M
    )
    assert units(toys) == undisturbed


@pytest.mark.parametrize(
    ("does", "why", "told"),
    [
        ("__import__('ctypes').string_at(0)", "its worker process died with it 2 times (SIGSEGV)", None),
        ("1 / 0", "Traceback", "ZeroDivisionError: division by zero"),
    ],
    ids=["crashes", "raises"],
)
def test_a_recogniser_that_fails_on_one_sound_stops_the_calls_with_that_sound_and_no_other(toys, does, why, told):
    """Only "seven eight three", of `two`, lasts 1.88 s. Perfect ears do not listen to it."""
    name = f"failing{len(does)}"
    site = toys.add_asr(name, f"any(1.8 < sound.seconds < 2 for sound in sounds) and {does}")
    toys.change("release.yaml", "asr: tones", f"asr: {name}")
    code, said = ended(start(toys, PYTHONPATH=str(site)))
    lost = read_json(toys.folder / "run" / "manifest.json")["summary"]["lost"]
    assert code == 4
    assert sorted(lost) == sorted(f"two.{line}" for line in HEARD)
    assert all(one.startswith(why) for one in lost.values())
    assert sorted(statuses(toys)) == sorted([f"one.{line}" for line in LINES] + [f"two.{line}" for line in UNHEARD])
    assert all(f"{unit}: {told or why}" in said for unit in lost)


# Ctrl-C


def test_ctrl_c_lets_finish_what_is_under_way_and_says_how_to_go_on(toys, undisturbed):
    process = start(toys, "--concurrency", "2")
    wait_until(lambda: len(statuses(toys)) >= 2)
    process.send_signal(signal.SIGINT)
    code, said = ended(process)
    assert code == 130
    assert "calls under way have 5 s to finish; Ctrl-C ends them at once" in said
    command = f"badline run {toys.suite} --out {toys.folder / 'run'} --workers 2 --concurrency 2"
    assert re.search(rf"\d+/12 calls are done and kept; the same command goes on from there: {command}$", said, re.M)
    again(toys)
    assert units(toys) == undisturbed


def test_a_second_ctrl_c_ends_at_once(toys):
    slow(toys, 30)
    process = start(toys)
    wait_until(lambda: (toys.folder / "run" / "units").is_dir() and len(workers_of(process)) == 2)
    wait_until((toys.folder / "asked").exists)
    pids = workers_of(process)
    process.send_signal(signal.SIGINT)
    assert any("Ctrl-C ends them at once" in line for line in process.stderr)
    began_s = time.monotonic()
    process.send_signal(signal.SIGINT)
    code, _ = ended(process)
    assert code == 130
    assert time.monotonic() - began_s < 3
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


# A disk that is full


def test_where_nothing_can_be_written_a_run_ends_with_one_line_and_goes_on_later(toys, undisturbed):
    process = start(toys)
    # Records have room, sound has none.
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (30_000, 30_000))
    code, said = ended(process)
    assert code == 2
    assert re.search(r"run: \S+ could not be kept: File too large\. What was kept before stays; mend that, and", said)
    assert not (toys.folder / "run" / "manifest.json").exists()
    assert not list((toys.folder / "run").rglob(".*"))
    again(toys)
    assert units(toys) == undisturbed


# Agents


@pytest.mark.parametrize("does", ["__import__('time').sleep(600)", "'a' * 50_000_000"], ids=["hangs", "floods"])
def test_an_agent_that_hangs_or_floods_in_one_call_fails_there_and_holds_up_no_other(toys, does):
    toys.change("suite.yaml", "seed: 3", "seed: 3\narms: [oracle]")
    toys.change("desk/desk.py", "        trap(order)\n", f"        if order == '783': return {does}\n")
    toys.change("release.yaml", 'target: "desk/desk.py:Desk"', 'target: "desk/desk.py:Desk", timeout_s: 1')
    code, _ = ended(start(toys))
    assert code == 0
    assert {(unit.partition(".")[0], status) for unit, status in statuses(toys).items()} == {
        ("one", "passed"),
        ("two", "agent_error"),
    }


@pytest.fixture
def served(toys):
    """The toys' agent as a server in a process of its own, which can be killed and started again on the same port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/reply"
    toys.change(
        "release.yaml", '{python: {target: "desk/desk.py:Desk"}}', f"{{http: {{url: '{url}', start: {{url: /start}}}}}}"
    )
    processes = []

    def serve():
        processes.append(subprocess.Popen([sys.executable, "-c", SERVE, str(toys.desk), str(port)]))
        wait_until(lambda: answers(port))
        return processes[-1]

    yield serve
    for process in processes:
        process.kill()
        process.wait()


def test_an_agents_server_that_is_killed_and_comes_back_costs_the_calls_that_were_in_it(toys, served):
    server = served()
    process = start(toys, "--concurrency", "2")
    wait_until(lambda: len(statuses(toys)) >= 2)
    server.kill()
    server.wait()
    time.sleep(1)
    served()
    code, _ = ended(process)
    told = statuses(toys)
    assert code == 0
    assert len(told) == 12 == len(units(toys))
    assert set(told.values()) <= {"passed", "agent_error"}
    assert list(told.values()).count("agent_error") <= 4


def test_an_agents_server_that_stays_away_loses_units_and_blames_nobody(toys, served):
    toys.change("suite.yaml", "seed: 3", "seed: 3\narms: [oracle]")
    served().kill()
    code, said = ended(start(toys))
    assert code == 4
    assert not statuses(toys)
    assert len(re.findall(r"ConnectError: .*; is the agent running\?", said)) == 4
    served()
    assert again(toys).exit_code == 0
    assert set(statuses(toys).values()) == {"passed"}
