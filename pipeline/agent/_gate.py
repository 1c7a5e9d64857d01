"""Where requests to an agent wait until the release's limits let them through."""

import asyncio
from collections.abc import Callable
from time import perf_counter


def at_once() -> float:
    """Nobody waits."""
    return 0.0


class Gate:
    """What each request of a call to its agent passes once `turn_s` is 0; else it is in how long to ask again.

    `waited_s` is the waiting so far, which is no time of the agent's.
    """

    def __init__(self, turn_s: Callable[[], float] = at_once) -> None:
        self._turn_s = turn_s
        self.waited_s = 0.0

    async def passed(self) -> None:
        """Wait for one's turn."""
        began_s = perf_counter()
        while (turn_s := self._turn_s()) > 0:
            await asyncio.sleep(turn_s)
        self.waited_s += perf_counter() - began_s
