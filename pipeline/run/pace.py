"""How fast an agent is asked, by all the worker processes of a run together."""

import fcntl
import os
import struct
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.reduction import DupFd
from tempfile import TemporaryFile
from typing import Any

from pipeline.spec.release import Limits

MOMENT = struct.Struct("d")


class Pace:
    """At most so many requests a second, evenly spaced. Given to a process as it is started, it is shared with it.

    When the last one went stands in a file without a name. It is read and written under a lock that the system takes
    back from a process that dies.
    """

    def __init__(self, per_second: float, file: int | None = None) -> None:
        self._per_second = per_second
        self._file = _nameless_file() if file is None else file
        weakref.finalize(self, os.close, self._file)

    def turn_s(self) -> float:
        """0: a request may go now, and is counted. Otherwise how long it is until one may.

        Counted when it goes and not before: whoever wakes up late is not joined by those who are in time.
        """
        with self._alone():
            now_s, last_s = time.monotonic(), self._last_s()  # one clock for all processes of the machine
            if last_s is not None and (next_s := last_s + 1 / self._per_second) > now_s:
                return next_s - now_s
            os.pwrite(self._file, MOMENT.pack(now_s), 0)
        return 0.0

    def __reduce__(self) -> tuple[Any, ...]:
        return _shared, (self._per_second, DupFd(self._file))

    def _last_s(self) -> float | None:
        kept = os.pread(self._file, MOMENT.size, 0)
        return float(MOMENT.unpack(kept)[0]) if kept else None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Among processes: within one, a single thread talks to agents."""
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)


def _nameless_file() -> int:
    with TemporaryFile() as file:
        return os.dup(file.fileno())


def _shared(per_second: float, file: Any) -> Pace:  # noqa: ANN401  multiprocessing's own
    return Pace(per_second, file.detach())


def pace_of(limits: Limits) -> Pace | None:
    """The pace that a release's limits set, if they set one."""
    return Pace(limits.per_second) if limits.per_second else None
