import multiprocessing
import os
import signal
import time
from collections import Counter
from contextlib import contextmanager
from threading import Lock, Thread

import pytest

from pipeline.agent.python import load_module
from pipeline.files import shipped
from pipeline.run.crew import Crew
from pipeline.run.local import run_in_processes
from pipeline.run.pace import Pace, pace_of
from pipeline.run.plan import find_job, read_plan
from pipeline.run.store import Store
from pipeline.run.unit import run_unit
from pipeline.spec.release import Limits

SPAWN = multiprocessing.get_context("spawn")


def taking(pace, pipe, until_killed):
    """In another process: takes thirty turns and tells the moments, or takes the lock and keeps it."""
    if until_killed:
        with pace._alone():
            pipe.send("mine")
            time.sleep(60)
    pipe.send([taken(pace) for _ in range(30)])


def taken(pace):
    """The moment at which a request may go, once it may."""
    while wait_s := pace.turn_s():
        time.sleep(wait_s)
    return time.monotonic()


def lasted_s(moments):
    return max(moments) - min(moments)


def started(pace, *, until_killed=False):
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=taking, args=(pace, theirs, until_killed))
    process.start()
    return process, ours


@pytest.mark.parametrize("per_second", [5, 1.25, 0.5])
def test_one_may_go_and_the_next_after_its_share_of_a_second(per_second):
    pace = Pace(per_second)
    assert pace.turn_s() == 0
    assert [pace.turn_s() for _ in range(3)] == pytest.approx([1 / per_second] * 3, abs=0.05)


def test_a_pause_earns_nothing():
    pace = Pace(20)
    taken(pace)
    time.sleep(0.3)
    moments = [taken(pace) for _ in range(5)]
    assert lasted_s(moments) > 0.95 * 4 / 20


def test_without_a_limit_there_is_no_pace():
    assert pace_of(Limits()) is None
    assert pace_of(Limits(max_concurrent=1)) is None
    assert isinstance(pace_of(Limits(per_second=0.5)), Pace)


@pytest.mark.slow
def test_processes_share_one_pace():
    pace = Pace(40)
    pipes = [started(pace) for _ in range(3)]
    moments = [moment for _, pipe in pipes for moment in pipe.recv()]
    for process, _ in pipes:
        process.join()
    assert len(moments) == 90
    assert lasted_s(moments) > 0.95 * 89 / 40


@pytest.mark.slow
def test_a_process_killed_in_the_midst_of_taking_its_turn_holds_up_nobody():
    pace = Pace(1000)
    process, pipe = started(pace, until_killed=True)
    assert pipe.recv() == "mine"
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    began_s = time.monotonic()
    assert pace.turn_s() < 0.01
    assert time.monotonic() - began_s < 1


class Log:
    """When requests came, and how many conversations were open at most."""

    def __init__(self):
        self.moments, self.open, self.most, self.lock = [], 0, 0, Lock()

    def note(self, opened):
        with self.lock:
            self.moments.append(time.monotonic())
            self.open += opened
            self.most = max(self.most, self.open)


@contextmanager
def desk(toys, limits, **how):
    """The toys' agent behind a port, the release's limits set; each conversation is opened and ended by a request."""
    serve = load_module(shipped("fixtures") / "agents" / "serve.py")
    log = Log()

    class Server(serve.Server):
        def start(self, asked, key):
            log.note(1)
            return super().start(asked, key)

        def reply(self, asked, key):
            log.note(0)
            return super().reply(asked, key)

        def end(self, asked, key):
            log.note(-1)
            return super().end(asked, key)

    server = Server(load_module(toys.desk).Desk, 0, **how)
    toys.change("suite.yaml", "seed: 3", "seed: 3\narms: [oracle]\ntrials: 3")
    http = f"{{http: {{url: '{server.url}', start: {{url: /start}}, end: {{url: /end}}}}}}"
    toys.change("release.yaml", '{python: {target: "desk/desk.py:Desk"}}', f"{http}\nlimits: {limits}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield log
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def run(toys, workers, concurrency):
    plan, out = read_plan(find_job(str(toys.suite), None)), toys.folder / "run"
    Store(out).begin(plan)
    ended = list(run_in_processes(plan, out, plan.units, workers, concurrency))
    return Counter(one.status for one in ended)


@pytest.mark.slow
def test_never_more_conversations_than_the_release_allows_over_all_workers(toys):
    with desk(toys, "{max_concurrent: 3}", slow_ms=300) as log:
        assert run(toys, workers=2, concurrency=8) == {"passed": 12}
    assert log.most == 3
    assert log.open == 0


@pytest.mark.slow
def test_never_more_requests_a_second_than_the_release_allows_over_all_workers(toys):
    with desk(toys, "{per_second: 20}") as log:
        assert run(toys, workers=2, concurrency=8) == {"passed": 12}
    assert len(log.moments) == 12 * 3
    assert lasted_s(log.moments) > 0.95 * 35 / 20


def test_a_call_alone_keeps_the_pace_too(toys):
    with desk(toys, "{per_second: 4}") as log:
        crew = Crew(read_plan(find_job(str(toys.suite), None)))
        assert run_unit(crew, crew.plan.units[0]).facts["status"] == "passed"
    assert lasted_s(log.moments) > 0.95 * 2 / 4


def test_limits_change_no_plan(toys):
    before = read_plan(find_job(str(toys.suite), None))
    toys.change("release.yaml", "agent_voice:", "limits: {max_concurrent: 2, per_second: 1.5}\nagent_voice:")
    after = read_plan(find_job(str(toys.suite), None))
    assert after.release.limits == Limits(max_concurrent=2, per_second=1.5)
    assert before.sha256 == after.sha256
