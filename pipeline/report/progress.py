"""Progress of a run on stderr: a bar where somebody watches, a line now and then in a log."""

import time
from datetime import timedelta
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pipeline.report.table import last_line
from pipeline.run.local import Ended

LOG_EVERY_S = 15.0
RATE_OVER_S = 300.0  # calls end seldom: a rate over less would jump about


class Watching:
    """Told when a run begins and when each unit ends; shows rate, time left and passes so far.

    Where the run is interrupted it says by which `command` it goes on.
    """

    def __init__(self, console: Console, command: str) -> None:
        self._console, self._command = console, command
        columns = (BarColumn(20), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
        # Where nobody watches, it still keeps count.
        self._bar = Progress(
            *columns, console=console, disable=not console.is_terminal, speed_estimate_period=RATE_OVER_S
        )
        self._task = self._bar.add_task("the engines get ready", total=None)
        self._ended = self._passed = 0
        self._logged_s = time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        if kind is KeyboardInterrupt:
            self._say(f"{self._count()} calls are done and kept; the same command goes on from there: {self._command}")

    def begin(self, total: int, done: int) -> None:
        """The run has `total` units, of which `done` were committed before."""
        self._bar.update(self._task, total=total, completed=done)
        self._say(f"{done} of {total} calls were done before; going on" if done else f"{total} calls")

    def end(self, ended: Ended) -> None:
        """A unit has ended."""
        self._ended += 1
        self._passed += ended.status in ("passed", "resolved_badly")
        self._bar.advance(self._task)
        self._bar.update(self._task, description=self._line())
        if ended.why:
            self._console.print(f"{ended.unit.name}: {last_line(ended.why)}", style="red", markup=False, soft_wrap=True)
        if not self._console.is_terminal and self._is_time():
            self._say(f"{self._count()}  {self._line()}")

    def _count(self) -> str:
        task = self._bar.tasks[0]
        return f"{task.completed:.0f}/{task.total or 0:.0f}"

    def _line(self) -> str:
        task = self._bar.tasks[0]
        passed = f"{self._passed} of {self._ended} passed"
        if not task.speed or task.time_remaining is None:
            return passed
        return f"{passed}, {task.speed * 60:.3g} calls/min, {timedelta(seconds=round(task.time_remaining))} left"

    def _say(self, words: str) -> None:
        self._console.print(words, markup=False, soft_wrap=True)

    def _is_time(self) -> bool:
        """Now and then, and at the end."""
        now_s = time.monotonic()
        if now_s - self._logged_s < LOG_EVERY_S and not self._bar.finished:
            return False
        self._logged_s = now_s
        return True


class Counting:
    """Told how many of how many are done; shows the rate and the time left."""

    def __init__(self, console: Console, things: str) -> None:
        self._console, self._things = console, things
        columns = (TextColumn("{task.description}", markup=False), BarColumn(20), MofNCompleteColumn())
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task(things, total=None)
        self._logged_s = time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def at(self, done: int, total: int) -> None:
        """So many are done."""
        self._bar.update(self._task, completed=done, total=total, description=self._line())
        now_s = time.monotonic()
        if not self._console.is_terminal and (now_s - self._logged_s >= LOG_EVERY_S or done == total):
            self._logged_s = now_s
            self._console.print(f"{done}/{total} {self._line()}", markup=False, soft_wrap=True)

    def _line(self) -> str:
        task = self._bar.tasks[0]
        if not task.speed or task.time_remaining is None:
            return self._things
        left = timedelta(seconds=round(task.time_remaining))
        return f"{self._things}, {task.speed * 60:.3g} a minute, {left} left"
