import multiprocessing
import os
import signal
import threading
from datetime import datetime

import pytest

from pipeline import engines
from pipeline.errors import BadlineError
from pipeline.run.local import run_in_processes
from pipeline.run.plan import find_job, read_plan
from pipeline.run.store import Store

pytestmark = pytest.mark.slow  # worker processes take seconds to start


def run(toys, workers=2, concurrency=1, units=None, out=None):
    """How the units ended, by name, and what was committed."""
    plan = read_plan(find_job(str(toys.suite), None))
    out = out or toys.folder / f"run{workers}x{concurrency}"
    Store(out).begin(plan)
    chosen = plan.units if units is None else [plan.units[i] for i in units]
    ends = {one.unit.name: one for one in run_in_processes(plan, out, chosen, workers, concurrency)}
    return ends, {one["unit"]: one for one in Store(out).records(plan)}


def slow(toys, seconds, trap="pass"):
    """An agent that sleeps before it answers."""
    toys.spring(trap)
    asked = "def reply(self, heard):\n"
    toys.change("desk/desk.py", asked, f"{asked}        __import__('time').sleep({seconds})\n")


def facts(records):
    return {name: record["facts_sha256"] for name, record in records.items()}


def test_facts_do_not_depend_on_how_many_work_nor_in_which_order(toys):
    _, first = run(toys, workers=1, units=range(6))
    _, second = run(toys, workers=2, units=range(5, -1, -1))
    _, third = run(toys, workers=1, concurrency=8, units=range(6))
    assert len(first) == 6
    assert facts(first) == facts(second) == facts(third)


def test_a_unit_that_kills_its_worker_is_set_aside_and_no_other(toys):
    toys.spring("if order == '783': import os; os._exit(9)")
    ends, records = run(toys, units=[0, 6, 1, 2])
    dead = ends["two.quiet.none.tone.1.oracle"]
    assert (dead.status, dead.why) == ("infra_error", "its worker process died with it 2 times (exit code 9)")
    assert [name.split(".")[-1] for name in records] == ["oracle", "clean", "degraded"]
    assert all(name.startswith("one.quiet") for name in records)


def test_of_many_at_once_only_the_one_that_kills_twice_is_set_aside(toys, tmp_path):
    """Three are under way when it kills. The other two are run again, and nobody is beside it the second time."""
    log = tmp_path / "log"
    note = f"open({str(log)!r}, 'a').write(order + ' ')"
    toys.spring(f"import os, time; {note}; time.sleep(0.3); order == '783' and os._exit(9)")
    ends, records = run(toys, workers=1, concurrency=3, units=[6, 0, 1, 2, 3, 4, 5])
    died = "its worker process died with it 2 times (exit code 9)"
    assert {name: end.why for name, end in ends.items() if end.why} == {"two.quiet.none.tone.1.oracle": died}
    assert len(records) == 6
    asked = log.read_text().split()
    assert asked.count("783") == 2
    assert 6 <= asked.count("412") <= 6 + 2


def test_what_was_done_when_its_worker_died_is_not_run_again(toys, tmp_path):
    """The one that kills waits until the others are committed."""
    log, units = tmp_path / "log", toys.folder / "run1x8" / "units"
    toys.spring(
        f"import os, pathlib, time; open({str(log)!r}, 'a').write(order + ' ')\n"
        f"    while order == '783' and len(list(pathlib.Path({str(units)!r}).glob('*.json'))) < 2: time.sleep(0.01)\n"
        "    order == '783' and os._exit(9)"
    )
    _, records = run(toys, workers=1, concurrency=8, units=[6, 0, 3])
    assert sorted(records) == ["one.noisy.none.tone.1.oracle", "one.quiet.none.tone.1.oracle"]
    assert sorted(log.read_text().split()) == ["412"] * 2 + ["783"] * 2


def test_while_one_call_waits_for_its_agent_the_others_go_on(toys):
    slow(toys, 0.3)
    toys.change("suite.yaml", "seed: 3", "seed: 3\ntrials: 40\narms: [oracle]")
    _, records = run(toys, workers=1, concurrency=40, units=range(40))
    begun = [datetime.fromisoformat(record["run"]["started"]).timestamp() for record in records.values()]
    ended = [start + record["run"]["seconds"] for start, record in zip(begun, records.values(), strict=True)]
    turns = [len(record["facts"]["call"]["turns"]) for record in records.values()]
    assert len(turns) == 40
    assert max(ended) - min(begun) < 0.5 * 0.3 * sum(turns)


def test_units_are_shared_out_evenly(toys, tmp_path):
    log = tmp_path / "log"
    slow(toys, 0.5, f"import os; open({str(log)!r}, 'a').write(f'{{os.getpid()}} ')")
    run(toys, workers=2, concurrency=8, units=range(4))
    pids = log.read_text().split()
    assert sorted(pids.count(pid) for pid in set(pids)) == [2, 2]


def test_a_worker_that_dies_once_costs_nothing(toys, tmp_path):
    mark = tmp_path / "died"
    toys.spring(f"import os, pathlib; p = pathlib.Path({str(mark)!r}); p.exists() or (p.touch(), os._exit(9))")
    ends, records = run(toys, workers=1, units=[0, 1])
    assert mark.exists()
    assert len(records) == 2
    assert not any(one.why for one in ends.values())


def test_an_agent_that_raises_is_a_result(toys):
    toys.spring("raise KeyError(order)")
    ends, records = run(toys, units=[0])
    [record] = records.values()
    assert [one.status for one in ends.values()] == ["agent_error"] == [record["facts"]["status"]]
    assert record["facts"]["call"]["error"] == "desk.py:22: KeyError: '412'"


def test_an_engine_that_fails_is_tried_three_times(toys, monkeypatch):
    fails = "(_ for _ in ()).throw(__import__('pipeline.errors').errors.InfraError('worn out'))"
    site = toys.add_effect("worn", after=f"open(__file__ + '.log', 'a').write('call ') and {fails}")
    monkeypatch.syspath_prepend(site)
    engines.known.cache_clear()
    toys.write("noisy.yaml", "name: noisy\nabout: It fails.\nroom: [worn]")
    plan = read_plan(find_job(str(toys.suite), None))
    arms = [(one.profile, one.arm) for one in plan.units]
    ends, records = run(toys, units=[arms.index(("noisy", "degraded"))])
    engines.known.cache_clear()
    assert [(end.status, end.why) for end in ends.values()] == [("infra_error", "worn out")]
    assert not records
    assert (site / "other_worn.py.log").read_text() == "call " * 3


def test_what_was_committed_meanwhile_is_not_run_again(toys):
    _, before = run(toys, units=[0, 1])
    ends, after = run(toys, units=[0, 1])
    assert before == after
    assert [one.status for one in ends.values()] == ["passed", "passed"]


def test_an_agent_that_cannot_be_loaded_is_its_owners_to_mend(toys):
    toys.change("desk/desk.py", "class Desk:", "class Desk(:")
    with pytest.raises(BadlineError, match=r"desk\.py:7: is not Python"):
        run(toys, units=[0])


def test_a_record_says_who_made_it(toys):
    _, records = run(toys, units=[0])
    [record] = records.values()
    assert record["run"]["attempts"] == 1
    assert record["run"]["seconds"] > 0
    assert record["run"]["stamp"]["badline"]
    assert record["run"]["stamp"]["vectors"]


def test_closing_ends_all_work(toys):
    ends = begun(toys)
    next(ends)
    before = children()
    ends.close()
    assert len(before) >= 2
    assert not before & children()


def test_interrupts_reach_the_one_who_started_the_workers_and_not_them(toys):
    ends = begun(toys)
    next(ends)
    for pid in children():
        os.kill(pid, signal.SIGINT)
    assert len([one for one in ends if not one.why]) == 5
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_runs_beside_the_main_thread_too(toys):
    ran = []
    thread = threading.Thread(target=lambda: ran.append(run(toys, units=[0])))
    thread.start()
    thread.join()
    assert len(ran[0][1]) == 1


def begun(toys):
    plan = read_plan(find_job(str(toys.suite), None))
    Store(toys.folder / "run").begin(plan)
    return run_in_processes(plan, toys.folder / "run", plan.units[:6], 2)


def children():
    """The worker processes that this process has now."""
    return {process.pid for process in multiprocessing.active_children()}
