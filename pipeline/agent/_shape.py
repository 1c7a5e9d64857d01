"""Where things stand in an endpoint's answer, and the reply that is read from there.

A path is steps with dots between them: a key, the number of an item (`-1`: the last), or `*` for each item.
`.` is the whole answer. A `?` at the end says that it may be missing; all else must be there.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from pipeline.agent import Action, Decision, Handoff, Reply
from pipeline.agent._kept import refuse_deep
from pipeline.files import Json, canonical_json
from pipeline.spec.words import Words, complaint

PATH = re.compile(r"(\.|[^.?]+(\.[^.?]+)*)\??")


class Misshapen(Exception):
    """An answer in which something is missing or of a wrong type; the message goes on from "the answer"."""


def _path(path: str) -> str:
    if not PATH.fullmatch(path):
        raise complaint(f"'{path}' is no path; write 'choices.0.message.content', 'items.*.text', or '.' for all of it")
    return path


Path = Annotated[str, AfterValidator(_path)]


class FlagAt(Words):
    """True where what stands at `path` equals `equals`, or, under a path with `*`, where one of them does."""

    path: Path
    equals: Any = True


def _at(words: Any) -> Any:  # noqa: ANN401  not checked yet
    return {"path": words} if isinstance(words, str) else words


Flag = Annotated[FlagAt, BeforeValidator(_at, json_schema_input_type=str | FlagAt)]


class ActionsAt(Words):
    """A list at `path`; the other paths lead from each of its items."""

    path: Path
    name: Path = "name"
    arguments: Path = "arguments?"
    result: Path = "result?"
    done: Flag = FlagAt(path="done?")


class DecisionsAt(Words):
    """A list at `path`; the other paths lead from each of its items."""

    path: Path
    name: Path = "name"
    value: Path = "value?"
    why: Path = "why?"


class HandoffAt(Words):
    """A handoff is there when `path` holds something (or `equals`, where that is given).

    `why`, `facts` and `done` lead from the whole answer.
    """

    path: Path
    equals: Any = None
    why: Path | None = None
    facts: Path | None = None
    done: Path | None = None


def _handoff(words: Any) -> Any:  # noqa: ANN401  not checked yet
    if not isinstance(words, str):
        return words
    inside = words.removesuffix("?")
    return {"path": words, "why": f"{inside}.why?", "facts": f"{inside}.facts?", "done": f"{inside}.done?"}


class Where(Words):
    """The path of each part of a reply. What has none is never given, and a score cannot judge by it."""

    text: Path
    actions: Annotated[ActionsAt | None, BeforeValidator(_at, json_schema_input_type=str | ActionsAt)] = None
    state: Path | None = None
    decisions: Annotated[DecisionsAt | None, BeforeValidator(_at, json_schema_input_type=str | DecisionsAt)] = None
    handoff: Annotated[HandoffAt | None, BeforeValidator(_handoff, json_schema_input_type=str | HandoffAt)] = None
    ends_call: Flag | None = None
    session: Path | None = None


def find(answer: Json, path: str) -> Json:
    """What stands at `path`; None where it is missing and may be. Raises Misshapen."""
    bare, lax = path.removesuffix("?"), path.endswith("?")
    try:
        return _follow(answer, [] if bare == "." else bare.split("."), lax=lax)
    except LookupError:
        if lax:
            return None
        raise Misshapen(f"has no '{bare}'") from None


def _follow(node: Json, steps: list[str], *, lax: bool) -> Json:
    match node, steps:
        case _, []:
            return node
        case Mapping(), [key, *rest]:
            return _follow(node[key], rest, lax=lax)
        case list(), ["*", *rest]:
            return list(_each(node, rest, lax=lax))
        case list(), [step, *rest] if re.fullmatch(r"-?\d+", step):
            return _follow(node[int(step)], rest, lax=lax)
    raise LookupError


def _each(items: list[Json], steps: list[str], *, lax: bool) -> Iterator[Json]:
    for item in items:
        try:
            yield _follow(item, steps, lax=lax)
        except LookupError:
            if not lax:
                raise


def reply_in(answer: Json, where: Where) -> Reply:
    """The reply in an endpoint's answer. Raises Misshapen."""
    return Reply(
        text=_text(answer, where.text),
        actions=_actions(answer, where.actions),
        state=_named(answer, where.state),
        decisions=_decisions(answer, where.decisions),
        handoff=_handoff_in(answer, where.handoff),
        ends_call=_holds(answer, where.ends_call, otherwise=False),
    )


def session_in(answer: Json, where: Where) -> str | int | None:
    """The endpoint's own name for the conversation, where it gives one. Raises Misshapen."""
    session = find(answer, where.session) if where.session else None
    if isinstance(session, bool) or not isinstance(session, str | int | None):
        raise Misshapen(f"has {_kind(session)} as '{where.session}', where a session is a text or a number")
    return session


def _text(answer: Json, path: str | None) -> str:
    """A text, or a list of texts as one; empty where it may be missing and is."""
    found = find(answer, path) if path else ""
    if found is None and path and path.endswith("?"):
        return ""
    texts = [text for text in found if text is not None] if isinstance(found, list) else [found]
    if not all(isinstance(text, str) for text in texts):
        raise Misshapen(f"has {_kind(found)} as '{path}', where a text should be")
    return " ".join(str(text) for text in texts)


def _actions(answer: Json, at: ActionsAt | None) -> tuple[Action, ...]:
    if at is None:
        return ()
    return tuple(
        Action(
            name=_text(item, at.name),
            arguments=_named(item, at.arguments) or {},
            result=find(item, at.result),
            done=_holds(item, at.done, otherwise=True),
        )
        for item in _list(answer, at.path)
    )


def _decisions(answer: Json, at: DecisionsAt | None) -> tuple[Decision, ...]:
    if at is None:
        return ()
    return tuple(
        Decision(_text(item, at.name), find(item, at.value), _text(item, at.why)) for item in _list(answer, at.path)
    )


def _handoff_in(answer: Json, at: HandoffAt | None) -> Handoff | None:
    if at is None or not _is_handed_off(find(answer, at.path), at.equals):
        return None
    done = _list(answer, at.done) if at.done else []
    return Handoff(_text(answer, at.why), _named(answer, at.facts) or {}, tuple(str(one) for one in done))


def _is_handed_off(found: Json, equals: Any) -> bool:  # noqa: ANN401  any JSON
    return found not in (None, False, []) if equals is None else _equal(found, equals)


def _holds(answer: Json, at: FlagAt | None, *, otherwise: bool) -> bool:
    """Whether the flag is up; `otherwise` where it is missing and may be."""
    found = find(answer, at.path) if at else None
    if at is None or found is None:
        return otherwise
    if at.equals is True and not isinstance(found, bool | list):
        raise Misshapen(f"has {_kind(found)} as '{at.path}', where true or false should be")
    return _equal(found, at.equals)


def _equal(found: Json, wanted: Any) -> bool:  # noqa: ANN401  any JSON
    return found == wanted or (isinstance(found, list) and wanted in found)


def _list(answer: Json, path: str) -> list[Json]:
    found = find(answer, path)
    if not isinstance(found, list | None):
        raise Misshapen(f"has {_kind(found)} as '{path}', where a list should be")
    return found or []


def _named(answer: Json, path: str | None) -> Mapping[str, Json] | None:
    """An object, which may come as a text of JSON, as the arguments of chat completions do."""
    found = find(answer, path) if path else None
    if isinstance(found, str):
        with suppress(ValueError):
            found = parsed(found)
    if not isinstance(found, Mapping | None):
        raise Misshapen(f"has {_kind(found)} as '{path}', where an object should be")
    return found


def parsed(text: str | bytes) -> Json:
    """The JSON in a text. Raises ValueError where it is none, or none that a record can keep: NaN, half a surrogate."""
    try:
        found: Json = json.loads(text)
        canonical_json(found).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    refuse_deep(found)
    return found


def _kind(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"
