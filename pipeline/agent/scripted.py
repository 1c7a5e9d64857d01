"""A toy agent: a short list of rules in the release file, for tests and to try a line without an agent."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from pipeline.agent import Action, Decision, Gate, Given, Handoff, Heard, Reply
from pipeline.spec.words import Words, complaint

SLOT = re.compile(r"\{(\w+)\}")


class Did(Words):
    """An action that a rule takes."""

    name: str
    arguments: Mapping[str, Any] = Field(default_factory=dict)
    result: Any = None
    done: bool = True


class Decided(Words):
    """A decision that a rule notes."""

    name: str
    value: Any = None
    why: str = ""


class Passed(Words):
    """What a rule gives to a person who takes over."""

    why: str
    facts: Mapping[str, Any] = Field(default_factory=dict)
    done: Annotated[tuple[str, ...], Field(strict=False)] = ()


class Rule(Words):
    """What to answer when the pattern `when` is found in what was heard (letter case does not matter).

    `{name}` in its other texts stands for the group `(?P<name>...)` of the pattern. `state` is laid over the
    state so far.
    """

    when: str
    reply: str
    once: bool = False
    actions: Annotated[tuple[Did, ...], Field(strict=False)] = ()
    state: Mapping[str, Any] = Field(default_factory=dict)
    decisions: Annotated[tuple[Decided, ...], Field(strict=False)] = ()
    handoff: Passed | None = None
    ends_call: bool = False

    @field_validator("when")
    @classmethod
    def _pattern(cls, when: str) -> str:
        try:
            re.compile(when)
        except re.error as error:
            raise complaint(f"is not a regular expression: {error}") from None
        return when


class Options(Words):
    """`rules` are tried in order; `otherwise` answers what fits none of them, `silence` where no one spoke."""

    opening: str | None = None
    rules: Annotated[tuple[Rule, ...], Field(strict=False)] = ()
    otherwise: str = "Sorry, I did not understand that."
    silence: str = "Sorry, I did not hear anything."


class Scripted:
    """A toy: answers by the first rule whose pattern is found in what it heard."""

    version: ClassVar[int] = 1
    shows: frozenset[Literal["actions", "state", "handoff"]] = frozenset({"actions", "state", "handoff"})

    def __init__(self, options: Options) -> None:
        self._options = options

    @asynccontextmanager
    async def pick_up(
        self, call: str, given: Given, now: datetime, gate: Gate | None = None
    ) -> AsyncIterator["_Conversation"]:
        """A conversation with all the rules and an empty state; the world is not looked at."""
        yield _Conversation(self._options, gate or Gate())


class _Conversation:
    """The rules that are left, and the state so far."""

    def __init__(self, options: Options, gate: Gate) -> None:
        self._options = options
        self._gate = gate
        self._rules = list(options.rules)
        self._state: dict[str, Any] = {}

    @property
    def opening(self) -> Reply | None:
        """The release's opening, if it has one."""
        return None if self._options.opening is None else Reply(self._options.opening, state={})

    async def reply(self, heard: Heard) -> Reply:
        """The answer of the first rule that fits."""
        await self._gate.passed()
        if heard.kind == "silence":
            return Reply(self._options.silence, state=dict(self._state))
        for rule in self._rules:
            if found := re.search(rule.when, heard.text, re.IGNORECASE):
                return self._answer(rule, found.groupdict(default=""))
        return Reply(self._options.otherwise, state=dict(self._state))

    def _answer(self, rule: Rule, groups: Mapping[str, str]) -> Reply:
        if rule.once:
            self._rules.remove(rule)
        filled = Rule.model_validate({**rule.model_dump(), **_filled(_texts(rule), groups)})
        self._state = {**self._state, **filled.state}
        return Reply(
            text=filled.reply,
            actions=tuple(Action(**dict(did)) for did in filled.actions),
            state=dict(self._state),
            decisions=tuple(Decision(**dict(decided)) for decided in filled.decisions),
            handoff=Handoff(**dict(filled.handoff)) if filled.handoff else None,
            ends_call=rule.ends_call,
        )


def _texts(rule: Rule) -> dict[str, Any]:
    """All of the rule in which groups may stand, as plain words."""
    return rule.model_dump(include={"reply", "actions", "state", "decisions", "handoff"})


def _filled(node: Any, groups: Mapping[str, str]) -> Any:  # noqa: ANN401  anything YAML holds
    """The same words with `{name}` replaced by the group of that name; other braces stay."""
    match node:
        case str():
            return SLOT.sub(lambda slot: groups.get(slot[1], slot[0]), node)
        case Mapping():
            return {_filled(key, groups): _filled(value, groups) for key, value in node.items()}
        case list() | tuple():
            return [_filled(item, groups) for item in node]
        case _:
            return node
