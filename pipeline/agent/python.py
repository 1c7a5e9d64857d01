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
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager, closing, contextmanager
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType, TracebackType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from pipeline.agent import AgentError, Gate, Given, Heard, Reply
from pipeline.agent._reply import checked
from pipeline.errors import BadlineError, did_you_mean
from pipeline.files import file_hash, json_hash
from pipeline.spec.words import Words, complaint, folder_of


class Options(Words):
    """`target` is `file.py:Class`, relative to the file it stands in; `options` go to the class by name.

    `timeout_s` is for each answer, and for the constructor.
    """

    target: str
    options: Mapping[str, Any] = Field(default_factory=dict)
    timeout_s: Annotated[float, Field(ge=0.1, le=600)] = 30.0
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
        self._timeout_s = options.timeout_s

    @asynccontextmanager
    async def pick_up(
        self, call: str, given: Given, now: datetime, gate: Gate | None = None
    ) -> AsyncIterator["_Conversation"]:
        """A new object of the class in a deep copy of `given`. Raises AgentError.

        Making it and each reply is a request.
        """
        thread, gate = _Thread(self._folder, self._timeout_s), gate or Gate()
        try:
            await gate.passed()
            yield await _Conversation.begin(self._made(given, now), thread, gate)
        finally:
            thread.end()

    def _made(self, given: Given, now: datetime) -> Callable[[], Any]:
        return lambda: self._build(given=deepcopy(dict(given)), now=now, **deepcopy(dict(self._options)))


class _Conversation:
    """One object of the user's class, and what it says first."""

    def __init__(self, agent: Any, opening: Reply | None, thread: "_Thread", gate: Gate) -> None:  # noqa: ANN401
        self._agent = agent
        self._thread = thread
        self._gate = gate
        self.opening = opening

    @classmethod
    async def begin(cls, make: Callable[[], Any], thread: "_Thread", gate: Gate) -> "_Conversation":
        def place() -> str:
            return f"{_place(type(agent), thread.folder)}: opening"

        agent = await thread.run(make, lambda: "the agent's constructor")
        said = await thread.run(lambda: getattr(agent, "opening", None), place)
        return cls(agent, None if said is None else _checked(said, place), thread, gate)

    async def reply(self, heard: Heard) -> Reply:
        """What the user's `reply` answers, checked and copied. Raises AgentError."""
        reply, folder = getattr(self._agent, "reply", None), self._thread.folder
        if not callable(reply):
            raise AgentError(f"{_place(type(self._agent), folder)}: the class has no method reply(heard)")

        def place() -> str:
            return f"{_place(reply, folder)}: reply"

        await self._gate.passed()
        return _checked(await self._thread.run(lambda: reply(heard), place), place)


class _Thread:
    """Where the agent's code runs in a call: one thread, as SQLite wants it, with an event loop of its own.

    Nobody can stop code that never returns, so it is a daemon: the process does not wait for it at its end.
    """

    def __init__(self, folder: Path, timeout_s: float) -> None:
        self.folder = folder
        self._timeout_s = timeout_s
        self._due: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        threading.Thread(target=self._work, daemon=True).start()

    async def run(self, code: Callable[[], Any], where: Callable[[], str]) -> Any:  # noqa: ANN401
        """What the code returns, awaited where it is async. Raises AgentError."""
        result: Future[Any] = Future()
        self._due.put((result, code))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(result), self._timeout_s)
        except TimeoutError:
            raise AgentError(f"{where()} did not answer within {self._timeout_s:g} s") from None

    def end(self) -> None:
        """Let the thread end once it is idle."""
        self._due.put(None)

    def _work(self) -> None:
        with closing(asyncio.Runner()) as runner:
            while due := self._due.get():
                result, code = due
                if not result.set_running_or_notify_cancel():
                    continue
                try:
                    result.set_result(self._said(runner, code))
                except AgentError as error:
                    result.set_exception(error)

    def _said(self, runner: asyncio.Runner, code: Callable[[], Any]) -> Any:  # noqa: ANN401  the user's code
        with _faults(self.folder):
            said = code()
            return runner.run(_awaited(said)) if inspect.isawaitable(said) else said


async def _awaited(said: Awaitable[Any]) -> Any:  # noqa: ANN401  whatever the user's code returns
    return await said


@contextmanager
def _faults(folder: Path) -> Iterator[None]:
    """What the agent raises is a result and no fault of ours: it becomes an AgentError that says where.

    Also what looks like Ctrl-C or a cancelled task: in the agent's own thread, neither can be meant for us.
    """
    try:
        yield
    except BaseException as error:
        told = f"{_where(error.__traceback__, folder)}: {type(error).__name__}: {error}"
        raise AgentError(told.encode(errors="backslashreplace").decode()) from error


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
    try:
        return checked(reply)
    except ValueError as error:
        raise AgentError(f"{where()} gave a Reply whose {error}") from None


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
