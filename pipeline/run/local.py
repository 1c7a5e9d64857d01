"""Worker processes on this machine. Each has some units under way at once, and commits them itself."""

import asyncio
import multiprocessing
import os
import platform
import signal
import sys
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from pipeline.errors import BadlineError, InfraError
from pipeline.files import Json
from pipeline.run.cache import Cache
from pipeline.run.crew import Crew
from pipeline.run.pace import Pace, pace_of
from pipeline.run.plan import Plan, Unit
from pipeline.run.store import Store
from pipeline.run.unit import Done, place_unit

ATTEMPTS = 3  # only infrastructure is retried
# Before the second and the third: a server that is started anew is back by then.
PAUSES_S = (1.0, 4.0)
DEATHS = 2  # an input that kills its worker as often is set aside
# Enough for a worker to be busy while agents take seven times as long for a turn as it does; few enough that, should
# one of them kill it, the rest are soon run again, and that an agent's endpoint is not stormed.
CONCURRENCY = 8
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


def run_in_processes(
    plan: Plan,
    out: Path,
    units: Sequence[Unit],
    workers: int,
    concurrency: int = CONCURRENCY,
    *,
    cache: Cache | None = None,
) -> Generator[Ended, None, None]:
    """The units as they end, up to `concurrency` of them under way in each worker, and no more than the release allows.

    All that were when a worker died are run alone; one with which it dies again is set aside by name, and only it.
    Close the iterator to stop. Raises BadlineError where words turn out wrong.
    """
    limits = plan.release.limits
    at_once = limits.max_concurrent or workers * concurrency
    size = min(workers, len(units), at_once)
    crowd = _Crowd(plan, out, cache, pace_of(limits), size, concurrency, at_once, deque(units))
    try:
        while crowd.employ():
            yield from crowd.ended()
    finally:
        crowd.dismiss()


@dataclass(eq=False)
class _Crowd:
    """The workers, and who still waits for one. As each has its own pipe, it is known with which units one dies."""

    plan: Plan
    out: Path
    cache: Cache | None
    pace: Pace | None
    size: int
    concurrency: int
    at_once: int  # a unit under way has one conversation at most
    waiting: deque[Unit]
    suspects: deque[Unit] = field(default_factory=deque)
    deaths: Counter[Unit] = field(default_factory=Counter)
    workers: list["_Worker"] = field(default_factory=list)

    def employ(self) -> bool:
        """Give out units, as long as there are some and anybody has room; whether anybody is at work."""
        while (self.waiting or self.suspects) and len(self.workers) < self.size:
            self.workers.append(_Worker.hired(self.plan, self.out, self.cache, self.pace))
        for worker in self.workers:
            if self.suspects and not worker.units and self._has_room:
                worker.begin(self.suspects.popleft())
        while self.waiting and (free := self._least_busy()):
            free.begin(self.waiting.popleft())
        return any(worker.units for worker in self.workers)

    def ended(self) -> Iterator[Ended]:
        """Wait for somebody; the units that ended. With a worker that has died, only those set aside for it have."""
        ready = wait([worker.pipe for worker in self.workers if worker.units])
        for worker in [one for one in self.workers if one.pipe in ready]:
            if ended := worker.told():
                yield ended
            else:
                self.workers.remove(worker)
                yield from self._bury(worker)

    def dismiss(self) -> None:
        """End all work: calls under way may still finish within a short time, and are kept. Ctrl-C ends that, too."""
        try:
            if busy := sum(len(worker.units) for worker in self.workers):
                _tell(f"{busy} calls under way have {GRACE_S:g} s to finish; Ctrl-C ends them at once")
            for worker in self.workers:
                worker.pipe.close()
            until_s = time.monotonic() + GRACE_S
            for worker in self.workers:
                worker.process.join(max(0.0, until_s - time.monotonic()))
        finally:
            for worker in self.workers:
                worker.end()

    @property
    def _has_room(self) -> bool:
        return sum(len(worker.units) for worker in self.workers) < self.at_once

    def _least_busy(self) -> "_Worker | None":
        """Who has the fewest units, if there is room for one more. Nothing runs beside a suspect."""
        free = [
            one
            for one in self.workers
            if self._has_room and len(one.units) < self.concurrency and self.deaths.keys().isdisjoint(one.units)
        ]
        return min(free, key=lambda worker: len(worker.units), default=None)

    def _bury(self, worker: "_Worker") -> Iterator[Ended]:
        """Any unit of a dead worker's may have killed it: they become suspects, or, dead twice, have ended."""
        worker.pipe.close()
        # It may have sent its last words and not be gone yet.
        worker.process.join(GRACE_S)
        worker.end()
        how = _how_it_died(worker.process)
        self.deaths.update(worker.units)
        if again := [unit for unit in worker.units if self.deaths[unit] < DEATHS]:
            _tell(
                f"a worker process died ({how}); what was under way in it is run again, each call alone: {len(again)}"
            )
            self.suspects.extend(again)
        for unit in worker.units:
            if unit not in again:
                yield Ended(unit, "infra_error", f"{DIED} ({how})")


@dataclass(eq=False)
class _Worker:
    """A process that is sent units through a pipe, and sends back how each ended."""

    process: BaseProcess
    pipe: "Connection[Unit, Ended | BadlineError]"
    units: list[Unit] = field(default_factory=list)

    @classmethod
    def hired(cls, plan: Plan, out: Path, cache: Cache | None, pace: Pace | None) -> "_Worker":
        """A new process with an engine to each core: their own threads would only get in each other's way."""
        threads = os.environ.get(ONE_THREAD[0]) or "1"
        for name in ONE_THREAD:
            os.environ.setdefault(name, threads)
        ours, theirs = SPAWN.Pipe()
        process = SPAWN.Process(target=serve, args=(theirs, plan, out, cache, pace))
        with _deaf_to_interrupts():
            process.start()
        theirs.close()
        return cls(process, ours)

    def begin(self, unit: Unit) -> None:
        """Give it a unit. That it has died meanwhile shows when the unit is awaited."""
        self.units.append(unit)
        with suppress(OSError):
            self.pipe.send(unit)

    def told(self) -> Ended | None:
        """How one of its units ended: None where the process died. Raises BadlineError."""
        try:
            ended = self.pipe.recv()
        except (EOFError, OSError):
            return None
        if isinstance(ended, BadlineError):
            raise ended
        self.units.remove(ended.unit)
        return ended

    def end(self) -> None:
        """End it, whatever it does; one that has gone by itself, since its pipe was closed, is only buried."""
        self.process.kill()
        self.process.join()


def _how_it_died(process: BaseProcess) -> str:
    """By which signal, or with which exit code."""
    code = process.exitcode or 0
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _tell(what: str) -> None:
    sys.stderr.write(f"{what}\n")


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


def serve(
    pipe: "Connection[Ended | BadlineError, Unit]", plan: Plan, out: Path, cache: Cache | None, pace: Pace | None
) -> None:
    """What a worker process does until nobody sends units any more."""
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # an agent may print; stdout is for results
    asyncio.run(_Desk(pipe, Crew(plan, cache, pace=pace), Store(out)).serve())


class _Desk:
    """A worker's end of the pipe. It begins each unit as it comes: how many are under way is the sender's choice."""

    def __init__(self, pipe: "Connection[Ended | BadlineError, Unit]", crew: Crew, store: Store) -> None:
        self._pipe = pipe
        self._crew = crew
        self._store = store
        self._under_way: set[asyncio.Task[None]] = set()
        self._closed = asyncio.Event()

    async def serve(self) -> None:
        """Until the pipe is closed; what is under way then may still finish within a short time."""
        asyncio.get_running_loop().add_reader(self._pipe.fileno(), self._take)
        await self._closed.wait()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=GRACE_S)

    def _take(self) -> None:
        try:
            unit = self._pipe.recv()
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(self._pipe.fileno())
            self._closed.set()
            return
        task = asyncio.create_task(self._run(unit))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _run(self, unit: Unit) -> None:
        told = await _told(self._crew, self._store, unit)
        with suppress(OSError):
            self._pipe.send(told)


async def _told(crew: Crew, store: Store, unit: Unit) -> Ended | BadlineError:
    """How a unit ended. A bug of ours stops that unit with its traceback, and no other."""
    try:
        return await work(crew, store, unit)
    except BadlineError as error:
        return error
    except Exception:  # noqa: BLE001  nothing is swallowed: the traceback goes into the manifest
        return Ended(unit, "infra_error", traceback.format_exc())


async def work(crew: Crew, store: Store, unit: Unit) -> Ended:
    """Run a unit here and commit it, unless that was done meanwhile. An engine that fails is tried three times."""
    why = ""
    for attempt in range(1, ATTEMPTS + 1):
        if store.is_done(unit):
            break
        try:
            done = await place_unit(crew, unit)
            known: dict[str, Json] = {"host": platform.node(), "attempts": attempt, "stamp": crew.stamp(unit)}
            _commit(store, done, {**known, **crew.kept()})
        except InfraError as error:
            why = str(error)
            await asyncio.sleep(PAUSES_S[attempt - 1] if attempt < ATTEMPTS else 0)
    else:
        return Ended(unit, "infra_error", why)
    return Ended(unit, str(store.record(unit)["facts"]["status"]))


def _commit(store: Store, done: Done, circumstances: Mapping[str, Json]) -> None:
    """Keep a unit. Raises BadlineError where nothing can be written, as on a full disk: no other would fare better."""
    try:
        store.commit(done, circumstances)
    except OSError as error:
        raise BadlineError(
            f"{store.folder}: {done.unit.name} could not be kept: {error.strerror or error}. What was kept before "
            "stays; mend that, and the same command goes on"
        ) from error
