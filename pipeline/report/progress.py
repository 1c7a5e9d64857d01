"""Progress of a run on stderr: a bar where somebody watches, a line now and then in a log."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from pipeline.run.local import Ended

LOG_EVERY_S = 15.0


class Watching:
    """Told when a run begins and when each unit ends; shows rate, time left and passes so far."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("starting", total=None)
        self._total = self._before = self._ended = self._passed = 0
        self._began_s = self._logged_s = time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def begin(self, total: int, done: int) -> None:
        """The run has `total` units, of which `done` were committed before."""
        self._total, self._before = total, done
        self._bar.update(self._task, total=total, completed=done)
        if done:
            self._console.print(f"{done} of {total} units were done before; going on")

    def end(self, ended: Ended) -> None:
        """A unit has ended."""
        self._ended += 1
        self._passed += ended.status in ("passed", "resolved_badly")
        self._bar.update(self._task, advance=1, description=self._line())
        if ended.why:
            last = ended.why.strip().splitlines()[-1]
            self._console.print(f"{ended.unit.name}: {last}", style="red", markup=False)
        if not self._console.is_terminal and self._is_time():
            self._console.print(f"{self._before + self._ended}/{self._total}, {self._line()}, {self._left()}")

    def _rate(self) -> float:
        return self._ended / max(time.monotonic() - self._began_s, 1e-3)

    def _line(self) -> str:
        return f"{self._passed} of {self._ended} passed, {self._rate():.2f} calls/s"

    def _left(self) -> str:
        return f"{(self._total - self._before - self._ended) / self._rate():.0f} s left"

    def _is_time(self) -> bool:
        now_s = time.monotonic()
        if now_s - self._logged_s < LOG_EVERY_S:
            return False
        self._logged_s = now_s
        return True
