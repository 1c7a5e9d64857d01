"""An agent behind an endpoint that takes and gives JSON over HTTP; an existing one is reached by templates alone.

`_template.py` says what is sent and `_shape.py` where things stand in what comes back; this file is the connection.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import httpx
from pydantic import Field, field_serializer, model_validator

from pipeline.agent import AgentError, Gate, Given, Heard, Reply
from pipeline.agent._reply import bounded
from pipeline.agent._shape import Misshapen, Where, parsed, reply_in, session_in
from pipeline.agent._template import check_gaps, fill, fill_url, gaps
from pipeline.errors import BadlineError, InfraError
from pipeline.files import Json
from pipeline.spec.words import Words, complaint, under

Values = Mapping[str, Json]

PER_CALL = ("call", "session", "now", "given")
PER_TURN = (*PER_CALL, "turn", "kind", "text", "words", "confidence", "played_ms", "history")
HEARD = ("text", "words", "history")
TURN = {name: f"{{{name}}}" for name in PER_TURN if name not in ("given", "history")}
START = {name: f"{{{name}}}" for name in PER_CALL}
END = {name: f"{{{name}}}" for name in ("call", "session")}
OURS = Where.model_validate(
    {
        "text": "text",
        "actions": "actions",
        "state": "state",
        "decisions": "decisions?",
        "handoff": "handoff",
        "ends_call": "ends_call?",
        "session": "session?",
    }
)
OPENING = Where(text="text?", state="state?", session="session?")

# Nobody took the turn: it was turned away at the door. A 504 says that the agent was too slow, and that is a result.
TURNED_AWAY = (429, 502, 503)
CONNECT_S = 5.0
PAUSE_S = 0.2  # doubles with each try
SHOWN = 200  # characters of a body in a message
MOST_BYTES = 5_000_000  # of an answer: one without end would fill the memory before its time is over
VARIABLE = re.compile(r"\$\{(\w+)\}")


class Request(Words):
    """One request: `url` and `request` may have gaps such as `{session}`; `request` null sends no body."""

    known: ClassVar[tuple[str, ...]] = PER_CALL

    url: str
    method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST"
    request: Any

    @model_validator(mode="after")
    def _gaps_are_known(self) -> "Request":
        check_gaps(self.url, self.known, "url")
        check_gaps(self.request, self.known, "request")
        return self


class Start(Request):
    """What is sent when the phone is picked up; its `url` leads on from the agent's own. `reply` null: not read."""

    request: Any = START
    reply: Where | None = OPENING


class End(Request):
    """What is sent when the call is over; the answer is not read. Its `url` leads on from the agent's own."""

    request: Any = END


class Options(Request):
    """The endpoint, and what it takes and gives for a turn; `timeout_s` is for each whole answer.

    `${NAME}` in a header stands for an environment variable. Records keep the names of headers, never what is in them.
    """

    known: ClassVar[tuple[str, ...]] = PER_TURN

    headers: Mapping[str, str] = Field(default_factory=dict)
    timeout_s: Annotated[float, Field(ge=0.1, le=600)] = 30.0
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    request: Any = TURN
    reply: Where = OURS
    opening: str | None = None
    start: Start | None = None
    end: End | None = None

    @model_validator(mode="after")
    def _urls_lead_somewhere(self) -> "Options":
        _check_url(self.url, "url")
        for name, request in (("start", self.start), ("end", self.end)):
            if request:
                _check_url(urljoin(self.url, request.url), name, "url")
        return self

    @model_validator(mode="after")
    def _tells_what_was_heard(self) -> "Options":
        if gaps(self.url, self.request).isdisjoint(HEARD):
            raise complaint("never tells the agent what the caller said: put {text} or {history} in it", "request")
        return self

    @field_serializer("headers")
    def _names_only(self, headers: Mapping[str, str]) -> list[str]:
        return sorted(headers)


def _check_url(url: str, *keys: str) -> None:
    with under(*keys):
        try:
            httpx.URL(url)
        except httpx.InvalidURL as error:
            raise complaint(f"'{url}' is no URL: {error}") from None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise complaint(f"'{url}' is no URL as 'http://127.0.0.1:8123/reply'")
        if "@" in parts.netloc:
            raise complaint("a URL is kept in records: give a password as a header, 'Authorization: Basic ${NAME}'")


class Http:
    """Your agent behind a URL: JSON out, JSON in, in our shape or, by templates, in that of an existing endpoint."""

    version: ClassVar[int] = 1

    def __init__(self, options: Options) -> None:
        self._options = options
        self._secrets = _variables(options.headers)
        self._tls = httpx.create_ssl_context()
        self.shows: frozenset[Literal["actions", "state", "handoff"]] = _shown(options.reply)

    @asynccontextmanager
    async def pick_up(
        self, call: str, given: Given, now: datetime, gate: Gate | None = None
    ) -> AsyncIterator["_Conversation"]:
        """A conversation over a connection of its own. Raises AgentError, and InfraError where nobody can be reached.

        A call that breaks off is not ended at the endpoint: it should forget old sessions by itself.
        """
        values: dict[str, Json] = {"call": call, "session": uuid4().hex, "now": now.isoformat(), "given": given}
        async with httpx.AsyncClient(headers=self._headers(), verify=self._tls, timeout=None) as client:
            wire = _Wire(client, self._options, self._secrets, gate or Gate())
            conversation = _Conversation(wire, self._options, values)
            await conversation.start()
            yield conversation
            await conversation.end()

    def _headers(self) -> dict[str, str]:
        return {
            name: VARIABLE.sub(lambda variable: self._secrets[variable[1]], value)
            for name, value in self._options.headers.items()
        }


def _variables(headers: Mapping[str, str]) -> dict[str, str]:
    """The environment variables that the headers name. Raises BadlineError about one that is not set."""
    named = {variable: header for header, value in headers.items() for variable in VARIABLE.findall(value)}
    for variable, header in named.items():
        if not os.environ.get(variable):
            raise BadlineError(f"agent http: headers.{header}: the environment variable {variable} is not set")
    return {variable: os.environ[variable] for variable in named}


def _shown(where: Where) -> frozenset[Literal["actions", "state", "handoff"]]:
    """What can be observed: that of which it is said where it stands."""
    paths: dict[Literal["actions", "state", "handoff"], object] = {
        "actions": where.actions,
        "state": where.state,
        "handoff": where.handoff,
    }
    return frozenset(name for name, path in paths.items() if path is not None)


@dataclass
class _Conversation:
    """One call: what it is called at the endpoint, and what was said so far."""

    wire: "_Wire"
    options: Options
    values: dict[str, Json]
    opening: Reply | None = None
    turns: int = 0
    history: list[Json] = field(default_factory=list)

    async def start(self) -> None:
        """Tell the endpoint of the call, where it wants to know, and hear what it says first."""
        opening = Reply(self.options.opening or "")
        if start := self.options.start:
            said = await self._ask(start, start.reply, self.values)
            opening = said if said and said.text else opening
        if opening.text:
            self.opening = opening
            self._note("assistant", opening.text)

    async def reply(self, heard: Heard) -> Reply:
        """Its answer. Raises AgentError."""
        self.turns += 1
        self._note("user", heard.text)
        turn = {"turn": self.turns, "history": list(self.history), **_plain(heard)}
        said = await self._ask(self.options, self.options.reply, {**self.values, **turn})
        reply = said or Reply("")
        self._note("assistant", reply.text)
        return reply

    async def end(self) -> None:
        """Tell the endpoint that the call is over, where it wants to know."""
        if end := self.options.end:
            await self._ask(end, None, self.values)

    def _note(self, role: str, text: str) -> None:
        """History as chat completions have it."""
        self.history.append({"role": role, "content": text})

    async def _ask(self, request: Request, where: Where | None, values: Values) -> Reply | None:
        url = urljoin(self.options.url, fill_url(request.url, values))
        answer = await self.wire.send(request.method, url, fill(request.request, values))
        if where is None:
            return None
        try:
            found = answer.json()
            if (session := session_in(found, where)) is not None:
                self.values["session"] = session
            return bounded(reply_in(found, where))
        except Misshapen as error:
            raise AgentError(answer.told(str(error))) from None
        except ValueError as error:
            raise AgentError(answer.told(f"is too much: its {error}")) from None


def _plain(heard: Heard) -> dict[str, Json]:
    words: list[Json] = [asdict(word) for word in heard.words]
    return {
        "kind": heard.kind,
        "text": heard.text,
        "words": words,
        "confidence": heard.confidence,
        "played_ms": heard.played_ms,
    }


@dataclass(frozen=True)
class _Answer:
    """What came back, and from where."""

    where: str
    response: httpx.Response
    masked: "_Mask"

    def json(self) -> Json:
        """Its JSON. Raises Misshapen."""
        try:
            return parsed(self.response.content)
        except ValueError as error:
            raise Misshapen(f"is not JSON ({error})") from None

    def told(self, what: str) -> str:
        """A message about it: where it came from, its status, what is wrong, and how it begins."""
        body = " ".join(self.response.content.decode("utf-8", "replace").split())
        shown = f"{body[:SHOWN]}..." if len(body) > SHOWN else body
        return self.masked(f"{self.where}: the answer (status {self.response.status_code}) {what}: {shown or 'empty'}")


@dataclass(frozen=True)
class _Mask:
    """Puts the names of environment variables where an endpoint repeats what is in them."""

    secrets: Mapping[str, str]

    def __call__(self, text: str) -> str:
        for name, secret in self.secrets.items():
            text = text.replace(secret, f"${{{name}}}")
        return text


class _Wire:
    """The connection of one call. Only what nobody took is sent again, under the same idempotency key."""

    def __init__(self, client: httpx.AsyncClient, options: Options, secrets: Mapping[str, str], gate: Gate) -> None:
        self._client = client
        self._gate = gate
        self._timeout_s = options.timeout_s
        self._tries = options.retries + 1
        self._masked = _Mask(secrets)
        self._answered = False

    async def send(self, method: str, url: str, body: Json) -> _Answer:
        """The answer, of a status that means success. Raises AgentError, and InfraError before any was given."""
        request = self._client.build_request(method, url, json=body, headers={"Idempotency-Key": uuid4().hex})
        where = f"{method} {url}"
        for nth in range(self._tries):
            await asyncio.sleep(PAUSE_S * 2 ** (nth - 1) if nth else 0)
            await self._gate.passed()
            came = await self._try(request, where)
            if isinstance(came, httpx.Response) and came.status_code not in TURNED_AWAY:
                break
        if not isinstance(came, httpx.Response):
            raise self._lost(where, came)
        self._answered = True
        answer = _Answer(where, came, self._masked)
        if not came.is_success:
            raise AgentError(answer.told("is no success"))
        return answer

    async def _try(self, request: httpx.Request, where: str) -> httpx.Response | httpx.TransportError:
        connect_s = min(CONNECT_S, self._timeout_s / 2)
        request.extensions["timeout"] = httpx.Timeout(None, connect=connect_s).as_dict()
        try:
            # httpx limits each read; an endpoint that drips would go on for ever.
            async with asyncio.timeout(self._timeout_s):
                return await self._received(request, where)
        except TimeoutError:
            raise AgentError(f"{where}: there was no answer within {self._timeout_s:g} s") from None
        except httpx.TransportError as error:
            return error
        except httpx.DecodingError as error:
            raise AgentError(f"{where}: the answer cannot be read: {error}") from None

    async def _received(self, request: httpx.Request, where: str) -> httpx.Response:
        """The whole answer: its status and its body. Raises AgentError where it does not come to an end."""
        came, body = await self._client.send(request, stream=True), bytearray()
        try:
            async for piece in came.aiter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    raise AgentError(
                        f"{where}: the answer (status {came.status_code}) is longer than {MOST_BYTES} bytes"
                    )
        finally:
            await came.aclose()
        return httpx.Response(came.status_code, content=bytes(body))

    def _lost(self, where: str, error: httpx.TransportError) -> Exception:
        """Whose fault a lost connection is: with nobody there at pick-up, no agent was tested."""
        what = self._masked(f"{where}: {type(error).__name__}: {error}")
        unreached = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError)
        if unreached and not self._answered:
            return InfraError(f"{what}; is the agent running?")
        return AgentError(what)
