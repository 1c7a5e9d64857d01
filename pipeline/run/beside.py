"""Conversations with agents, on an event loop of their own beside that of the calls.

Rendering and recognition hold the calls' loop for tenths of a second at a time. An agent's answer would lie in its
socket meanwhile: until its timeout had passed, or until what was measured was our time and not the agent's.
"""

import asyncio
import threading
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

from pipeline.agent import AgentError, Conversation, Heard, Reply

T = TypeVar("T")
PickUp = Callable[[], AbstractAsyncContextManager[Conversation]]


class Beside:
    """An event loop in a daemon thread, which ends with this object."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=_turn, args=(self.loop,), name="agents", daemon=True).start()
        weakref.finalize(self, self.loop.call_soon_threadsafe, self.loop.stop).atexit = False

    def conversation(self, pick_up: PickUp) -> "Talk":
        """What `pick_up` gives, entered, asked and left there."""
        return Talk(self, pick_up)


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    loop.close()


@dataclass(eq=False)
class _Step:
    """Something to be done beside, and what came of it."""

    work: Callable[[], Awaitable[Any]]
    result: Future[Any] = field(default_factory=Future)


class Talk:
    """A conversation as the calls see it: each of its steps is taken beside, and all of them by one task.

    By one, since what an agent holds open (a timeout, a task group) belongs to the task that has opened it.
    """

    def __init__(self, beside: Beside, pick_up: PickUp) -> None:
        self._beside = beside  # its loop shall not end before
        self._loop = beside.loop
        self._pick_up = pick_up
        self._due: asyncio.Queue[_Step | None] = asyncio.Queue()
        self._now: _Step | None = None
        self._is_broken = False
        self.opening: Reply | None = None

    async def __aenter__(self) -> Self:
        """Pick up. Raises what the agent does."""
        asyncio.run_coroutine_threadsafe(self._work(), self._loop)
        try:
            await self._taken(self._enter)
        except BaseException:
            self._end()
            raise
        return self

    async def reply(self, heard: Heard) -> Reply:
        """Its answer. Raises AgentError."""
        return await self._taken(lambda: self._conversation.reply(heard))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Hang up. Raises what the agent does."""
        self._is_broken = False  # what is broken has to be left, too
        try:
            return await self._taken(lambda: self._context.__aexit__(kind, error, trace))
        finally:
            self._end()

    # On the loop of the calls

    async def _taken(self, work: Callable[[], Awaitable[T]]) -> T:
        """What a step returns or raises beside. When this is cancelled the step is too, and is over before this is."""
        step = _Step(work)
        self._loop.call_soon_threadsafe(self._due.put_nowait, step)
        ended: asyncio.Future[T] = asyncio.wrap_future(step.result)
        try:
            return await asyncio.shield(ended)
        except asyncio.CancelledError:
            if ended.cancelled():
                raise AgentError("the agent has cancelled its own conversation") from None
            self._loop.call_soon_threadsafe(self._cancel, step)
            await asyncio.wait([ended])
            raise

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._due.put_nowait, None)

    # Beside

    async def _work(self) -> None:
        """The task: one step after the other, whatever comes of each."""
        self._task = asyncio.current_task()
        while step := await self._next():
            self._now = step
            try:
                if self._is_broken:
                    raise asyncio.CancelledError
                said = await step.work()
            except asyncio.CancelledError:
                step.result.cancel()
            except BaseException as error:  # noqa: BLE001  it is raised where the step is awaited
                step.result.set_exception(error)
            else:
                step.result.set_result(said)

    async def _next(self) -> _Step | None:
        """The next step. Cancelled between two, as a task group does when it fails, the agent has no more to say."""
        while True:
            try:
                return await self._due.get()
            except asyncio.CancelledError:
                self._is_broken = True

    def _cancel(self, step: _Step) -> None:
        """Cancel a step unless it is over: once it has begun, or else nothing of it would know."""
        if step.result.done():
            return
        if self._now is step and self._task:
            self._task.cancel()
        else:
            self._loop.call_soon(self._cancel, step)

    async def _enter(self) -> None:
        self._context = self._pick_up()
        self._conversation = await self._context.__aenter__()
        self.opening = self._conversation.opening
