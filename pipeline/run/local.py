"""Worker processes on this machine. Each runs one unit at a time and commits it itself."""

import multiprocessing
import os
import platform
import signal
import sys
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from pipeline.errors import BadlineError, InfraError
from pipeline.run.crew import Crew
from pipeline.run.plan import Plan, Unit
from pipeline.run.store import Store
from pipeline.run.unit import run_unit

ATTEMPTS = 3  # only infrastructure is retried
DEATHS = 2  # an input that kills its worker as often is set aside
DIED = f"its worker process died with it {DEATHS} times"
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
GRACE_S = 5.0
SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Ended:
    """How a unit ended: its status; `why` is set where the fault was ours and nothing was committed."""

    unit: Unit
    status: str
    why: str = ""


def run_in_processes(plan: Plan, out: Path, units: Sequence[Unit], workers: int) -> Generator[Ended, None, None]:
    """The units as they end. One with which its worker dies twice is set aside by name, and only that one.

    Close the iterator to stop. Raises BadlineError where words turn out wrong.
    """
    waiting, deaths = deque(units), Counter[Unit]()
    crowd = _Crowd(plan, out, min(workers, len(units)))
    try:
        while crowd.employ(waiting):
            for unit, ended in crowd.finished():
                deaths[unit] += ended is None
                if ended is None and deaths[unit] < DEATHS:
                    waiting.appendleft(unit)
                else:
                    yield ended or Ended(unit, "infra_error", DIED)
    finally:
        crowd.dismiss()


@dataclass(eq=False)
class _Crowd:
    """The workers, each with one unit. As each has its own pipe, it is known with which unit one dies."""

    plan: Plan
    out: Path
    size: int
    workers: list["_Worker"] = field(default_factory=list)

    def employ(self, waiting: deque[Unit]) -> bool:
        """Give everybody a unit, as long as there are some; whether anybody is at work."""
        while waiting and len(self.workers) < self.size:
            self.workers.append(_Worker.hired(self.plan, self.out))
        for worker in self.workers:
            if waiting and worker.unit is None:
                worker.begin(waiting.popleft())
        return any(worker.unit for worker in self.workers)

    def finished(self) -> Iterator[tuple[Unit, Ended | None]]:
        """Wait for somebody; the units that came back, and how they ended: None where the worker died."""
        ready = wait([worker.pipe for worker in self.workers if worker.unit])
        for worker, unit in [(one, one.unit) for one in self.workers if one.unit and one.pipe in ready]:
            ended = worker.finish()
            if ended is None:
                self.workers.remove(worker)
                worker.pipe.close()
                worker.leave(time.monotonic())
            yield unit, ended

    def dismiss(self) -> None:
        """End all work: calls under way may still finish within a short time, and are kept."""
        for worker in self.workers:
            worker.pipe.close()
        until_s = time.monotonic() + GRACE_S
        for worker in self.workers:
            worker.leave(until_s)


@dataclass(eq=False)
class _Worker:
    """A process that is sent units through a pipe, and sends back how each ended."""

    process: BaseProcess
    pipe: "Connection[Unit, Ended | BadlineError]"
    unit: Unit | None = None

    @classmethod
    def hired(cls, plan: Plan, out: Path) -> "_Worker":
        """A new process with an engine to each core: their own threads would only get in each other's way."""
        for name in ONE_THREAD:
            os.environ.setdefault(name, "1")
        ours, theirs = SPAWN.Pipe()
        process = SPAWN.Process(target=serve, args=(theirs, plan, out))
        with _deaf_to_interrupts():
            process.start()
        theirs.close()
        return cls(process, ours)

    def begin(self, unit: Unit) -> None:
        """Give it a unit. That it has died meanwhile shows when the unit is awaited."""
        self.unit = unit
        with suppress(OSError):
            self.pipe.send(unit)

    def finish(self) -> Ended | None:
        """How its unit ended: None where the process died. Raises BadlineError."""
        self.unit = None
        try:
            ended = self.pipe.recv()
        except (EOFError, OSError):
            return None
        if isinstance(ended, BadlineError):
            raise ended
        return ended

    def leave(self, until_s: float) -> None:
        """Wait until it has gone, which it does once its pipe is closed; then end it, whatever it does."""
        self.process.join(max(0.0, until_s - time.monotonic()))
        self.process.kill()
        self.process.join()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started inside never see Ctrl-C: it is for the one that started them, which then ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def serve(pipe: "Connection[Ended | BadlineError, Unit]", plan: Plan, out: Path) -> None:
    """What a worker process does until nobody sends units any more."""
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # an agent may print; stdout is for results
    crew, store = Crew(plan), Store(out)
    with suppress(EOFError, OSError):
        while True:
            pipe.send(_told(crew, store, pipe.recv()))


def _told(crew: Crew, store: Store, unit: Unit) -> Ended | BadlineError:
    """How a unit ended. A bug of ours stops that unit with its traceback, and no other."""
    try:
        return work(crew, store, unit)
    except BadlineError as error:
        return error
    except Exception:  # noqa: BLE001  nothing is swallowed: the traceback goes into the manifest
        return Ended(unit, "infra_error", traceback.format_exc())


def work(crew: Crew, store: Store, unit: Unit) -> Ended:
    """Run a unit here and commit it, unless that was done meanwhile. An engine that fails is tried three times."""
    why = ""
    for attempt in range(1, ATTEMPTS + 1):
        if store.is_done(unit):
            break
        try:
            done = run_unit(crew, unit)
            store.commit(done, {"host": platform.node(), "attempts": attempt, "stamp": crew.stamp(unit)})
        except InfraError as error:
            why = str(error)
    else:
        return Ended(unit, "infra_error", why)
    return Ended(unit, str(store.record(unit)["facts"]["status"]))
