"""Where runs lie: in folders, or wherever fsspec reaches (`s3://bucket/runs/tuesday`), under the names of pathlib."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.errors import BadlineError
from pipeline.files import create_file


def place(url: str) -> Path:
    """A folder or a file by its path or its URL. Raises BadlineError where nothing reaches it."""
    if "://" not in url:
        return Path(url)
    from upath import UPath  # noqa: PLC0415  a tenth of a second that only a URL needs

    try:
        there: Any = UPath(url)
        there.fs  # noqa: B018  the package that reaches it is imported here
    except (ImportError, ValueError) as error:
        raise BadlineError(f"{url}: cannot be reached: {error}") from None
    found: Path = there
    return found


def is_local(path: Path) -> bool:
    """Whether it lies in a folder of this machine."""
    return isinstance(path, Path)


def create(path: Path, content: bytes) -> bool:
    """Write a file whole or not at all, and never over what is there; False when it was there already."""
    if is_local(path):
        return create_file(path, content)
    there: Any = path
    try:
        there.fs.pipe_file(there.path, content, mode="create")
    except FileExistsError:
        return False
    return True


def share(source: Path, path: Path) -> None:
    """Have a file that is never written again at another place, too; without a copy where the disk allows."""
    if is_local(source) and is_local(path):
        with suppress(OSError):  # another disk, or one without links
            os.link(source, path)
    if not path.is_file():
        create(path, source.read_bytes())


def refuse_forgetful(path: Path) -> None:
    """Raises BadlineError where each process would have a memory of its own, so that nothing could be handed on."""
    if getattr(path, "protocol", "") == "memory":
        raise BadlineError(f"{path}: is forgotten with the process that writes there; name a folder or a bucket")


def replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, in the place of what is there. Object stores do so anyway."""
    if not is_local(path):
        path.write_bytes(content)
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(path)
