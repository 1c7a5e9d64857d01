"""All randomness. Chance belongs to names: the same names give the same numbers, whatever ran before or beside."""

import hashlib
from dataclasses import dataclass
from typing import Self

from numpy.random import Generator, Philox


def stream(seed: int, *names: str) -> Generator:
    """A generator that depends on `seed` and `names` and on nothing else (SHA-256 into a Philox key)."""
    spelled = "\x1f".join((str(seed), *names))
    digest = hashlib.sha256(spelled.encode()).digest()
    return Generator(Philox(key=int.from_bytes(digest[:16], "little")))


@dataclass(frozen=True)
class Chance:
    """A seed and the names said so far; `named` says more of them, `stream` draws."""

    seed: int
    names: tuple[str, ...] = ()

    def named(self, *names: str) -> Self:
        """The same chance, one or more names deeper."""
        return type(self)(self.seed, (*self.names, *names))

    def stream(self) -> Generator:
        """The generator that belongs to these names, from its beginning."""
        return stream(self.seed, *self.names)
