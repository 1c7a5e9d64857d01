"""Reads CTranslate2's model.bin: named arrays, one after another.

The format is what `ModelSpec._serialize` of CTranslate2 4 writes (python/ctranslate2/specs/model_spec.py, MIT),
binary version 6, little-endian:

    model   = version:u32  spec:text  revision:u32  n:u32 variable*n  m:u32 (alias:text name:text)*m
    variable = name:text  rank:u8  side:u32*rank  type:u8  bytes:u32  values
    text    = length:u16 with the closing NUL, then UTF-8 and the NUL
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import InfraError

VERSION = 6
# bfloat16 (5) is left out: numpy has none.
TYPES: Mapping[int, str] = {0: "<f4", 1: "|i1", 2: "<i2", 3: "<i4", 4: "<f2"}

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Model:
    """A model.bin: the name of its specification and its variables, aliases included (read-only views)."""

    spec: str
    variables: Mapping[str, Array]


def read_model(content: bytes) -> Model:
    """What the bytes of a model.bin hold. Raises InfraError where they are none, or end early or late."""
    page = _Page(content)
    version = page.number("I")
    if version != VERSION:
        raise InfraError(f"model.bin: has binary version {version}; version {VERSION} can be read")
    spec, _revision = page.text(), page.number("I")
    variables = dict(page.variable() for _ in range(page.number("I")))
    aliases = [(page.text(), page.text()) for _ in range(page.number("I"))]
    if page.left:
        raise InfraError(f"model.bin: {page.left} bytes follow its end")
    for _, name in aliases:
        if name not in variables:
            raise InfraError(f"model.bin: names {name}, which it does not hold")
    return Model(spec, variables | {alias: variables[name] for alias, name in aliases})


class _Page:
    """The bytes, and how far they have been read."""

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)
        self._place = 0

    @property
    def left(self) -> int:
        return len(self._content) - self._place

    def number(self, code: str) -> int:
        """An unsigned number; `code` is struct's."""
        return int(struct.unpack(f"<{code}", self._take(struct.calcsize(f"<{code}")))[0])

    def text(self) -> str:
        return bytes(self._take(self.number("H"))).removesuffix(b"\0").decode(errors="replace")

    def variable(self) -> tuple[str, Array]:
        name = self.text()
        shape = tuple(self.number("I") for _ in range(self.number("B")))
        kind, size = self.number("B"), self.number("I")
        if kind not in TYPES:
            raise InfraError(f"model.bin: {name} has numbers of type {kind}; known: {', '.join(map(str, TYPES))}")
        if size != math.prod(shape) * np.dtype(TYPES[kind]).itemsize:
            raise InfraError(f"model.bin: {name} has {size} bytes, which do not make {shape} of {TYPES[kind]}")
        return name, np.frombuffer(self._take(size), TYPES[kind]).reshape(shape)

    def _take(self, size: int) -> memoryview:
        if size > self.left:
            raise InfraError(f"model.bin: ends early, {size - self.left} bytes short")
        self._place += size
        return self._content[self._place - size : self._place]
