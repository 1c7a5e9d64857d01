"""YAML and JSON in and out of files, and where the shipped and the installed files lie.

YAML is 1.2 and keeps its line numbers, so that an error can say where.
"""

import hashlib
import importlib.util
import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarbool import ScalarBoolean

from pipeline.errors import BadlineError, did_you_mean, nearest

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

    def where(self, keys: Sequence[Key]) -> str:
        """`file:line: path.to.key: `; which of a list it is, the line says, unless the path ends there."""
        path = ".".join(str(key) for i, key in enumerate(keys) if isinstance(key, str) or i == len(keys) - 1)
        return f"{self.path}:{self.line(keys)}: {path + ': ' if path else ''}"


def read_yaml(path: Path) -> Page:
    """The file as a page. Raises BadlineError with file and line where it is missing or not YAML."""
    yaml = YAML(typ="rt", pure=True)
    yaml.Constructor = _Plain
    try:
        tree = yaml.load(_text(path))
    except MarkedYAMLError as error:
        raise BadlineError(f"{path}:{_line_of(error)}: {_slip(error.problem or '')}") from None
    except YAMLError:
        raise BadlineError(f"{path}: holds characters that no text has; is it a text file?") from None
    page = _Page(path, {})
    return Page(path, page.plain(tree, ()), page.lines)


def _text(path: Path) -> str:
    """The file's text. Raises BadlineError where there is none."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise BadlineError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise BadlineError(f"{path}: is a folder; name a file in it") from None
    except OSError as error:
        raise BadlineError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BadlineError(f"{path}:{line}: is not text in UTF-8; save it as UTF-8") from None


class _Plain(RoundTripConstructor):
    """YAML 1.2 knows no dates: they stay the texts that people wrote."""


_Plain.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_yaml_str)

# What the parser says, and what has most often happened.
_SLIPS = {
    r"duplicate key \"(.+?)\" with": "'{}' stands here twice; keep one",
    r"character '\\t'": "a tab stands where spaces should; indent with spaces",
    r"found character '(.)' that cannot start": "a text that begins with '{}' needs quotes",
    r"undefined alias": "a text that begins with '*' needs quotes",
    r"mapping values are not allowed": "a ':' where no key can stand; indent the line like its neighbours, "
    "or put a text that holds ': ' in quotes",
    r"another document": "a second '---'; write one document a file",
    r"end of stream": "a quote is opened and not closed",
    r"expected ',' or '(.)'": "a '{}' is missing, or a text that holds ',' or ': ' needs quotes",
    r"<stream end>": "a bracket is opened and not closed",
    r"<block end>": "does not fit the lines above; indent it like its neighbours, and close all quotes",
    r"sequence entries are not allowed": "a list begins on a line of its own",
}


def _slip(problem: str) -> str:
    for pattern, wording in _SLIPS.items():
        if found := re.search(pattern, problem):
            return f"is not YAML: {wording.format(*found.groups())}"
    return f"is not YAML: {problem}"


def _line_of(error: MarkedYAMLError) -> int:
    """Where something went wrong; for a bracket or a quote, where it was opened."""
    opened = re.search("flow|quoted", error.context or "")
    mark = (error.context_mark if opened else None) or error.problem_mark
    return mark.line + 1 if mark else 1


@dataclass(frozen=True)
class _Page:
    """Turns ruamel's round-trip tree into dicts, lists and scalars, and notes each key's line on the way."""

    path: Path
    lines: dict[tuple[Key, ...], int]

    def plain(self, node: Any, keys: tuple[Key, ...]) -> Any:
        match node:
            case CommentedMap() | CommentedSeq() | TaggedScalar() if node.tag.value:
                tag = node.tag.value.replace("tag:yaml.org,2002:", "!!")
                raise self._refusal(keys, f"has the tag '{tag}', which words do not know: remove it, or write quotes")
            case CommentedMap():
                # What '<<' merges in stands on the lines of another key.
                self.lines.update({(*keys, key): at[0] + 1 for key, at in (node.lc.data or {}).items()})
                return {self._key(key, value, keys): self.plain(value, (*keys, key)) for key, value in node.items()}
            case CommentedSeq():
                self.lines.update({(*keys, i): node.lc.item(i)[0] + 1 for i in range(len(node))})
                return [self.plain(value, (*keys, i)) for i, value in enumerate(node)]
            case _:
                return self._scalar(node, keys)

    def _key(self, key: Any, value: Any, keys: tuple[Key, ...]) -> str:
        if isinstance(key, str):
            return str(key)
        if value is None and isinstance(key, int):
            raise self._refusal((*keys, key), "is a number without a key; is it a decimal comma? Write a point")
        raise self._refusal((*keys, key), "is no text; put the key in quotes, so that it stays as it is written")

    def _scalar(self, node: Any, keys: tuple[Key, ...]) -> Any:
        match node:
            case None | bool():
                return node
            case ScalarBoolean():
                return bool(node)
            case int():
                return int(node)
            case float() if math.isfinite(node):
                return float(node)
            case float():
                raise self._refusal(keys, f"wants a finite number, not {float(node)}")
            case str():
                return str(node)
        raise self._refusal(keys, "wants a text, a number, a list or keys")

    def _refusal(self, keys: tuple[Key, ...], message: str) -> BadlineError:
        return BadlineError(f"{Page(self.path, None, self.lines).where(keys)}{message}")


def read_json(path: Path) -> Any:
    """The file's JSON. Raises BadlineError with file and line where it is missing or not JSON."""

    def refuse(constant: str) -> NoReturn:
        raise BadlineError(f"{path}: is not JSON: {constant} is no number there")

    try:
        return json.loads(_text(path), parse_constant=refuse)
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
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(part)
    except FileExistsError:
        return False
    finally:
        part.unlink(missing_ok=True)
    return True


def cache_folder() -> Path:
    """Where what was made once is kept: $BADLINE_CACHE, or `badline` in the user's cache folder."""
    chosen = os.environ.get("BADLINE_CACHE")
    return Path(chosen) if chosen else user_cache() / "badline"


def user_cache() -> Path:
    """The user's cache folder (XDG base directories)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


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
        if path.is_dir():
            raise BadlineError(f"{path}: is a folder; name a file in it that ends in {ending}")
        near_it = nearest(path.stem, (other.stem for other in path.parent.glob(f"*{ending}")))
        hint = f". Did you mean '{near_it}{ending}'?" if near_it else ""
        raise BadlineError(f"{path}: there is no such file{hint}")
    top, _, rest = folder.partition("/")
    places = [Path(folder), shipped(top) / rest]
    for place in places:
        if (path := place / f"{name}{ending}").is_file():
            return path
    if Path(name).is_dir():
        raise BadlineError(f"{name}: is a folder; name a file in it that ends in {ending}")
    known = {path.name.removesuffix(ending) for place in places for path in place.glob(f"*{ending}")}
    what = folder.rpartition("/")[2].rstrip("s").replace("_", " ")
    raise BadlineError(f"There is no {what} called '{name}'. {did_you_mean(name, known)}")
