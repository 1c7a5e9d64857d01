"""An agent that is a Python class of the user's, called in this process.

The one place that imports code by a string from YAML. `parcels.py` is loaded as a module of a package made up
for its folder and what stands in it (`badline_agent_<hash>.parcels`): nothing else is shadowed, no path is
put on `sys.path`, and a neighbour is imported with a leading dot (`from .desk import Desk`).
"""

import asyncio
import hashlib
import importlib
import inspect
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, ClassVar, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from pipeline.agent import Action, AgentError, Decision, Given, Handoff, Heard, Reply
from pipeline.errors import BadlineError, did_you_mean
from pipeline.files import canonical_json, file_hash, json_hash
from pipeline.spec.words import Words, complaint, folder_of


class Options(Words):
    """`target` is `file.py:Class`, relative to the file it stands in; `options` go to the class by name."""

    target: str
    options: Mapping[str, Any] = Field(default_factory=dict)
    _path: Path = PrivateAttr(default=Path())

    @model_validator(mode="after")
    def _file_is_there(self, info: ValidationInfo) -> "Options":
        file, colon, name = self.target.rpartition(":")
        if not colon or not file.endswith(".py") or not name.isidentifier():
            raise complaint(f"'{self.target}' wants a file and a class as \"agents/desk.py:Desk\"", "target")
        path = folder_of(info) / file
        if not path.is_file():
            raise complaint(f"there is no file {path}", "target")
        self._path = path.resolve()
        return self

    @property
    def path(self) -> Path:
        """The file, absolute: kept out of the words, so that records do not name the machine's folders."""
        return self._path

    @property
    def class_name(self) -> str:
        """What stands behind the colon."""
        return self.target.rpartition(":")[2]

    def content(self) -> str:
        """The hash of the agent's code, so that a run notices when it changes."""
        return code_hash(self.path.parent)


class Python:
    """Your own class, made anew for each call: `Desk(given=..., now=..., **options)`, then `reply(heard)`."""

    version: ClassVar[int] = 1
    shows: frozenset[Literal["actions", "state", "handoff"]] = frozenset({"actions", "state", "handoff"})

    def __init__(self, options: Options) -> None:
        self._folder = options.path.parent
        self._build = load_class(options.path, options.class_name)
        self._options = options.options

    @asynccontextmanager
    async def pick_up(self, call: str, given: Given, now: datetime) -> AsyncIterator["_Conversation"]:
        """A new object of the class in a deep copy of `given`. Raises AgentError."""
        yield await _Conversation.begin(self._made(given, now), self._folder)

    def _made(self, given: Given, now: datetime) -> Callable[[], Any]:
        return lambda: self._build(given=deepcopy(dict(given)), now=now, **deepcopy(dict(self._options)))


class _Conversation:
    """One object of the user's class, and what it says first."""

    def __init__(self, agent: Any, opening: Reply | None, folder: Path) -> None:  # noqa: ANN401  the user's class
        self._agent = agent
        self._folder = folder
        self.opening = opening

    @classmethod
    async def begin(cls, make: Callable[[], Any], folder: Path) -> "_Conversation":
        agent = await _run(make, folder)
        said = await _run(lambda: getattr(agent, "opening", None), folder)
        opening = None if said is None else _checked(said, lambda: f"{_place(type(agent), folder)}: opening")
        return cls(agent, opening, folder)

    async def reply(self, heard: Heard) -> Reply:
        """What the user's `reply` answers, checked and copied. Raises AgentError."""
        reply = getattr(self._agent, "reply", None)
        if not callable(reply):
            raise AgentError(f"{_place(type(self._agent), self._folder)}: the class has no method reply(heard)")
        said = await _run(lambda: reply(heard), self._folder, is_async=inspect.iscoroutinefunction(reply))
        return _checked(said, lambda: f"{_place(reply, self._folder)}: reply")


async def _run(code: Callable[[], Any], folder: Path, *, is_async: bool = False) -> Any:  # noqa: ANN401
    """What the user's code returns; in a thread unless it is async, so that a slow one blocks no other."""
    said = _call(code, folder) if is_async else await asyncio.to_thread(_call, code, folder)
    if not inspect.isawaitable(said):
        return said
    with _faults(folder):
        return await said


def _call(code: Callable[[], Any], folder: Path) -> Any:  # noqa: ANN401  whatever the user's code returns
    with _faults(folder):
        return code()


@contextmanager
def _faults(folder: Path) -> Iterator[None]:
    """What the agent raises is a result and no fault of ours: it becomes an AgentError that says where."""
    try:
        yield
    except (Exception, SystemExit) as error:
        where = _where(error.__traceback__, folder)
        raise AgentError(f"{where}: {type(error).__name__}: {error}") from error


def _where(trace: TracebackType | None, folder: Path) -> str:
    """`file:line` of the deepest step inside `folder`: the user's line, not that of the library it called."""
    steps = [(Path(step.filename), step.lineno) for step in traceback.extract_tb(trace)]
    theirs = [(path, line) for path, line in steps if path.is_relative_to(folder)]
    if not theirs:
        return "the agent"
    path, line = theirs[-1]
    return f"{path.relative_to(folder)}:{line}"


def _place(code: Callable[..., Any], folder: Path) -> str:
    """`file:line` where a function or class is written."""
    try:
        path, (_, line) = Path(inspect.getfile(code)), inspect.getsourcelines(code)
    except (OSError, TypeError):
        return "the agent"
    return f"{path.relative_to(folder) if path.is_relative_to(folder) else path.name}:{line}"


def _checked(said: Any, where: Callable[[], str]) -> Reply:  # noqa: ANN401  whatever the user's code returned
    """`said` as a reply of its own, which the agent cannot change later. Raises AgentError that says `where`.

    To find out where takes longer than a reply, so it is asked for only when it is needed.
    """
    reply = Reply(said) if isinstance(said, str) else said
    if not isinstance(reply, Reply):
        raise AgentError(f"{where()} gave {type(said).__name__}, not a Reply or a str")
    if wrong := _wrong(reply):
        raise AgentError(f"{where()} gave a Reply whose {wrong}")
    return replace(deepcopy(reply), actions=tuple(reply.actions), decisions=tuple(reply.decisions))


def _wrong(reply: Reply) -> str:
    """What in the reply is of a wrong type, or nothing."""
    if not isinstance(reply.text, str):
        return f"text is {type(reply.text).__name__}, not str"
    if not _all_are(Action, reply.actions):
        return "actions are not a tuple of Action"
    if not _all_are(Decision, reply.decisions):
        return "decisions are not a tuple of Decision"
    if not isinstance(reply.handoff, Handoff | None):
        return f"handoff is {type(reply.handoff).__name__}, not Handoff or None"
    return _not_json(reply)


def _all_are(kind: type[Any], items: Any) -> bool:  # noqa: ANN401  whatever the user's code returned
    return isinstance(items, tuple | list) and all(isinstance(item, kind) for item in items)


def _not_json(reply: Reply) -> str:
    """Which part of the reply cannot be kept as JSON, or nothing."""
    parts: dict[str, Any] = {
        "state": reply.state,
        "actions": [[action.name, action.arguments, action.result] for action in reply.actions],
        "decisions": [[decision.name, decision.value, decision.why] for decision in reply.decisions],
        "handoff": reply.handoff and [reply.handoff.why, reply.handoff.facts, list(reply.handoff.done)],
    }
    for name, part in parts.items():
        try:
            canonical_json(part)
        except (TypeError, ValueError) as error:
            return f"{name} cannot be kept as JSON: {error}"
    return ""


def load_class(path: Path, name: str) -> type[Any]:
    """The class `name` of the file. Raises BadlineError with file and line where it cannot be loaded."""
    module = load_module(path)
    found = getattr(module, name, None)
    if inspect.isclass(found):
        return found
    classes = [key for key, value in vars(module).items() if inspect.isclass(value)]
    raise BadlineError(f"{path}: there is no class '{name}'. {did_you_mean(name, classes)}")


def load_module(path: Path) -> ModuleType:
    """The file as a module of its folder's own package. Raises BadlineError with file and line."""
    package = _package(path.parent)
    try:
        return importlib.import_module(f"{package}.{path.stem}")
    except SyntaxError as error:
        raise BadlineError(f"{error.filename}:{error.lineno}: is not Python: {error.msg}") from error
    except (Exception, SystemExit) as error:  # the user's file may raise anything
        where = path.parent / _where(error.__traceback__, path.parent)
        raise BadlineError(f"{where}: cannot be loaded: {type(error).__name__}: {error}") from error


def _package(folder: Path) -> str:
    """The name of the made-up package of `folder`: another one as soon as a file in it changes."""
    digest = hashlib.sha256(f"{folder}\0{code_hash(folder)}".encode())
    name = f"badline_agent_{digest.hexdigest()[:16]}"
    if name not in sys.modules:
        package = ModuleType(name, f"The agent's files in {folder}.")
        package.__path__ = [str(folder)]
        sys.modules[name] = package
        importlib.invalidate_caches()
    return name


def code_hash(folder: Path) -> str:
    """The hash of the names and bytes of the target's folder: its Python files and what they know, kept as JSON."""
    return json_hash({path.name: file_hash(path) for kind in ("*.py", "*.json") for path in folder.glob(kind)})
