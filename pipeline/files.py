"""YAML and JSON in and out of files, and where the shipped and the installed files lie.

YAML is 1.2 and keeps its line numbers, so that an error can say where.
"""

import hashlib
import importlib.util
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.scalarfloat import ScalarFloat
from ruamel.yaml.scalarint import ScalarInt

from pipeline.errors import BadlineError, did_you_mean

Key = str | int
Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True)
class Page:
    """A YAML file: plain values in `words`, and the line on which each key stands."""

    path: Path
    words: Any
    lines: Mapping[tuple[Key, ...], int]

    def line(self, keys: Sequence[Key]) -> int:
        """The line (from 1) of the deepest key of `keys` that the file has."""
        for end in range(len(keys), 0, -1):
            if (found := self.lines.get(tuple(keys[:end]))) is not None:
                return found
        return 1


def read_yaml(path: Path) -> Page:
    """The file as a page. Raises BadlineError with file and line where it is missing or not YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadlineError(f"{path}: there is no such file") from None
    except UnicodeDecodeError:
        raise BadlineError(f"{path}: is not text in UTF-8") from None
    try:
        tree = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadlineError(f"{path}:{line}: is not YAML: {error.problem or error.context}") from None
    lines: dict[tuple[Key, ...], int] = {}
    return Page(path, _plain(tree, (), lines), lines)


def _plain(node: Any, keys: tuple[Key, ...], lines: dict[tuple[Key, ...], int]) -> Any:
    """Ruamel's round-trip tree as dicts, lists and scalars; notes each key's line in `lines`."""
    match node:
        case CommentedMap():
            lines.update({(*keys, key): node.lc.key(key)[0] + 1 for key in node})
            return {key: _plain(value, (*keys, key), lines) for key, value in node.items()}
        case CommentedSeq():
            lines.update({(*keys, i): node.lc.item(i)[0] + 1 for i in range(len(node))})
            return [_plain(value, (*keys, i), lines) for i, value in enumerate(node)]
        case ScalarInt():
            return int(node)
        case ScalarFloat():
            return float(node)
        case str():
            return str(node)
        case _:
            return node


def read_json(path: Path) -> Any:
    """The file's JSON. Raises BadlineError with file and line where it is missing or not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadlineError(f"{path}: there is no such file") from None
    except json.JSONDecodeError as error:
        raise BadlineError(f"{path}:{error.lineno}: is not JSON: {error.msg}") from None


def canonical_json(value: Json) -> str:
    """One spelling for equal values: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def json_hash(value: Json) -> str:
    """The SHA-256 of the value's canonical spelling, in hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def file_hash(path: Path) -> str:
    """The SHA-256 of the file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def create_file(path: Path, content: bytes) -> bool:
    """Write `path` whole or not at all, and never over what is there; False when it was there already."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(part)
    except FileExistsError:
        return False
    finally:
        part.unlink()
    return True


def shipped(folder: str) -> Path:
    """A shipped folder, `noise_profiles` or `fixtures`: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / "_shipped" / folder
    return inside if inside.is_dir() else package.parent / folder


def installed(package: str) -> Path | None:
    """The folder of an installed package, or None.

    Found without importing it: of a package that only carries a model we want the files, not the code, whose
    own imports may be missing.
    """
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def find_named(name: str, *, folder: str, ending: str = ".yaml", near: Path | None = None) -> Path:
    """The file that `name` means: a path (from `near`), or a name in `folder` here, then among the shipped ones.

    Raises BadlineError with the nearest known name.
    """
    if name.endswith(ending) or "/" in name:
        path = (near or Path()) / name
        if path.is_file():
            return path
        raise BadlineError(f"{path}: there is no such file")
    top, _, rest = folder.partition("/")
    places = [Path(folder), shipped(top) / rest]
    for place in places:
        if (path := place / f"{name}{ending}").is_file():
            return path
    known = {path.name.removesuffix(ending) for place in places for path in place.glob(f"*{ending}")}
    what = folder.rpartition("/")[2].rstrip("s").replace("_", " ")
    raise BadlineError(f"There is no {what} called '{name}'. {did_you_mean(name, known)}")
