"""A first suite for one's own agent: files with comments, copied to where their names are found."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import BadlineError, did_you_mean
from pipeline.files import create_file, shipped
from pipeline.spec.words import Agent

Kind = Literal["python", "http"]
ENDINGS = (".yaml", ".py")
EXAMPLE_URL = '"http://127.0.0.1:8123/reply"'


@dataclass(frozen=True)
class Started:
    """What was written, and the commands to type next."""

    written: tuple[Path, ...]
    commands: tuple[str, ...]


def write_first_suite(folder: Path, *, agent: str, url: str | None) -> Started:
    """Write a scenario, a suite and a release under `folder`, and for the agent `python` that agent, too.

    Raises BadlineError before anything is written where a file is there already, or `url` does not fit the agent.
    """
    _refuse_wrong_agent(agent, url)
    contents = {folder / "fixtures" / name: text for name, text in _templates(agent, url).items()}
    _refuse_existing([path for path in contents if path.exists()])
    for path, text in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not create_file(path, text.encode()):
            _refuse_existing([path])
    there = () if folder.resolve() == Path.cwd() else (shlex.join(["cd", str(folder)]),)
    return Started(
        tuple(contents), (*there, "badline check fixtures/suites/mine.yaml", "badline run mine --out runs/mine")
    )


def _templates(agent: str, url: str | None) -> dict[Path, str]:
    """The text of each file, by its path in `fixtures`."""
    found = {}
    for folder in (shipped("fixtures") / "templates" / name for name in ("common", agent)):
        for path in sorted(path for path in folder.rglob("*") if path.suffix in ENDINGS):
            found[path.relative_to(folder)] = path.read_text(encoding="utf-8")
    return {name: text.replace(EXAMPLE_URL, json.dumps(url)) if url else text for name, text in found.items()}


def _refuse_wrong_agent(agent: str, url: str | None) -> None:
    if agent not in get_args(Kind):
        raise BadlineError(f"--agent: there is no template for '{agent}'. {did_you_mean(agent, get_args(Kind))}")
    if agent == "http" and url is None:
        raise BadlineError("--agent http: say where it is: --url http://127.0.0.1:8123/reply")
    if agent != "http" and url is not None:
        raise BadlineError("--url: only an http agent has one: add --agent http")
    if url is not None:
        _refuse_wrong_url(url)


def _refuse_wrong_url(url: str) -> None:
    try:
        TypeAdapter(Agent).validate_python({"http": {"url": url}})
    except ValidationError as error:
        raise BadlineError(f"--url: {error.errors()[0]['msg']}") from None


def _refuse_existing(paths: list[Path]) -> None:
    if paths:
        there = ", ".join(map(str, paths))
        raise BadlineError(
            f"nothing is ever written over: {there} {'is' if len(paths) == 1 else 'are'} there already; "
            "name another folder, or move what is there"
        )
