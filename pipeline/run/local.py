"""Worker processes on this machine. Each runs one unit at a time and commits it itself."""

import multiprocessing
import os
import platform
import traceback
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import InfraError
from pipeline.run.crew import crew_of
from pipeline.run.plan import Job, Unit
from pipeline.run.store import Store
from pipeline.run.unit import run_unit

ATTEMPTS = 3  # only infrastructure is retried
DEATHS = 2  # an input that kills its worker as often is set aside
DIED = f"its worker process died with it {DEATHS} times"
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Ended:
    """How a unit ended: its status; `why` is set where the fault was ours and nothing was committed."""

    unit: Unit
    status: str
    why: str = ""


def work(job: Job, out: Path, unit: Unit) -> Ended:
    """Run a unit here and commit it. An engine that fails is tried three times."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            done = run_unit(crew_of(job), unit)
        except InfraError as error:
            why = str(error)
        else:
            Store(out).commit(done, {"host": platform.node(), "attempts": attempt})
            return Ended(unit, str(done.facts["status"]))
    return Ended(unit, "infra_error", why)


def run_here(job: Job, out: Path, units: Sequence[Unit]) -> Iterator[Ended]:
    """Each unit in turn in this process."""
    yield from (work(job, out, unit) for unit in units)


def run_in_processes(job: Job, out: Path, units: Sequence[Unit], workers: int) -> Iterator[Ended]:
    """The units in worker processes, as they end. A unit with which its worker dies twice is set aside by name."""
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    deaths: Counter[Unit] = Counter()
    waiting = deque(units)
    while waiting:
        # After a death, those that were in flight are tried one at a time, so that only the guilty one dies again.
        suspects = [unit for unit in waiting if deaths[unit]]
        crowd = _Crowd(job, out, deque(suspects[:1]) if suspects else waiting, 1 if suspects else workers)
        if suspects:
            waiting.remove(suspects[0])
        yield from crowd.run()
        deaths.update(crowd.dead)
        yield from (Ended(unit, "infra_error", DIED) for unit in crowd.dead if deaths[unit] >= DEATHS)
        waiting.extendleft(unit for unit in crowd.dead if deaths[unit] < DEATHS)


@dataclass(eq=False)
class _Crowd:
    """Workers that take from `waiting` until it is empty, or until one of them dies with the units in `dead`."""

    job: Job
    out: Path
    waiting: deque[Unit]
    workers: int
    dead: list[Unit] = field(default_factory=list)

    def run(self) -> Iterator[Ended]:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self.workers, mp_context=context) as pool:
            flying: dict[Future[Ended], Unit] = {}
            while (self.waiting and not self.dead) or flying:
                while self.waiting and not self.dead and len(flying) < self.workers:
                    unit = self.waiting.popleft()
                    flying[pool.submit(work, self.job, self.out, unit)] = unit
                for future in wait(flying, return_when=FIRST_COMPLETED).done:
                    yield from self._landed(flying.pop(future), future)

    def _landed(self, unit: Unit, future: Future[Ended]) -> Iterator[Ended]:
        if isinstance(future.exception(), BrokenProcessPool):
            self.dead.append(unit)
        else:
            yield _ended(unit, future)


def _ended(unit: Unit, future: Future[Ended]) -> Ended:
    """What came of a unit; a bug of ours stops that unit with its traceback, and no other."""
    error = future.exception()
    if error is None:
        return future.result()
    return Ended(unit, "infra_error", "".join(traceback.format_exception(error)))
