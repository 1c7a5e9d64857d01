"""Memo: what was made under a key before, or is made now. Those who make things need not know where they are kept."""

from collections.abc import Callable
from typing import Generic, TypeVar

from cachetools import LRUCache

T = TypeVar("T")
# Gives what belongs to a key, which names all that it depends on, and makes it where it is not there.
Memo = Callable[[str, Callable[[], T]], T]


def anew(_key: str, make: Callable[[], T]) -> T:
    """A memo that keeps nothing."""
    return make()


class Remembered(Generic[T]):
    """The last so many, in this process; those that are not among them are asked of another memo."""

    def __init__(self, count: int, beyond: Memo[T]) -> None:
        self._known: LRUCache[str, T] = LRUCache(count)
        self._beyond = beyond

    def __call__(self, key: str, make: Callable[[], T]) -> T:
        """As it was, or as the other memo has it."""
        if key not in self._known:
            self._known[key] = self._beyond(key, make)
        return self._known[key]
