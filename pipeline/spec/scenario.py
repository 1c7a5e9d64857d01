"""A scenario: who calls, what they want and know, what they say, and what must come of it."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from pipeline import values
from pipeline.errors import did_you_mean
from pipeline.files import Json, find_named, read_json
from pipeline.spec.habits import Habits
from pipeline.spec.wording import no_text, shown
from pipeline.spec.words import Name, Text, Words, complaint, folder_of, read_words, under
from pipeline.values import Value

Outcome = Literal["resolved", "handed_off", "refused", "deflected", "abandoned"]
Language = Literal["en", "en-GB", "en-US"]
Mood = Literal["calm", "hurried", "angry", "confused", "stressed"]
SLOT = re.compile(r"\{(?P<fact>\w+)(?::(?P<style>\w+))?\}")
SPECIAL_LINES = ("open", "closing", "otherwise", "digression")


class Persona(Words):
    """Who calls. `voice` names a file in `fixtures/voices`; `mood` sets how they sound and how fast they answer.

    `habits` are what they do on the phone, where the profile's `caller` does not say otherwise.
    """

    voice: Name = "heart"
    mood: Mood = "calm"
    age: Literal["adult"] = "adult"
    patience: Annotated[int, Field(ge=1, le=10)] = 3
    habits: Habits = Habits()

    @field_validator("voice")
    @classmethod
    def _known_voice(cls, voice: str) -> str:
        with under():
            find_named(voice, folder="fixtures/voices")
        return voice


def _sayable(text: str) -> str:
    if not values.has_words(text):
        raise complaint(f"{shown(text)} has no letter and no digit: nothing of it can be said")
    return text


Say = Annotated[Text, AfterValidator(_sayable)]


class Line(Words):
    """One thing the caller can say. `asked` adds patterns by which they know that it is wanted.

    `say` is their first try, `correct` what they say when it was not understood (default: each fact spelled slowly).
    `keys` is what they press instead, asked for it on the keypad: 0 to 9, *, #, and facts as `{fact}`.
    """

    say: Say
    correct: Say | None = None
    keys: str | None = None
    asked: tuple[str, ...] = ()

    @field_validator("asked", mode="before")
    @classmethod
    def _patterns(cls, words: Any) -> Any:
        for i, pattern in enumerate(words if isinstance(words, list) else ()):
            try:
                re.compile(str(pattern))
            except re.error as error:
                raise complaint(f"is not a regular expression: {error}", i) from None
        return _tuple(words)


class Effort(Words):
    """What the caller may be put through; more makes a call `resolved_badly`."""

    max_turns: Annotated[int, Field(ge=1)] | None = None
    max_repeats: Annotated[int, Field(ge=0)] | None = None
    max_loops: Annotated[int, Field(ge=0)] | None = None


def _one_each(words: Any) -> Any:
    """`did:` as a tuple of (action, arguments): each item is an action's name, or one `{name: {argument: value}}`."""
    if isinstance(words, tuple):
        return words
    if not isinstance(words, list):
        raise complaint(f"wants a list as '[{{action: {{argument: value}}}}]', not {shown(words)}")
    pairs: list[tuple[str, dict[str, Any]]] = []
    for i, item in enumerate(words):
        match item:
            case str():
                pairs.append((item, {}))
            case dict() if len(item) == 1 and isinstance(next(iter(item.values())) or {}, dict):
                [(name, arguments)] = item.items()
                pairs.append((name, arguments or {}))
            case _:
                raise complaint(f"wants one action as 'name: {{argument: value}}', not {shown(item)}", i)
    return tuple(pairs)


def _tuple(words: Any) -> Any:
    return tuple(words) if isinstance(words, list) else words


def _clock(words: Any) -> Any:
    """A time of day on a day, by the caller's own clock: without a zone, so that "tomorrow" is theirs."""
    if isinstance(words, datetime):
        return words
    if not isinstance(words, str) or not re.fullmatch(CLOCK, words):
        raise complaint(f'wants the caller\'s own date and time as "2026-11-22T10:00", not {shown(words)}')
    try:
        return datetime.fromisoformat(words)
    except ValueError as error:
        raise complaint(f"'{words}' is no time that there is: {error}") from None


CLOCK = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?$"
_CLOCK = WithJsonSchema({"type": "string", "pattern": CLOCK})
_ACTION = {
    "type": "object",
    "additionalProperties": {"type": "object"},
    "minProperties": 1,
    "maxProperties": 1,
}
_DID: dict[str, Any] = {"type": "array", "items": {"anyOf": [{"type": "string"}, _ACTION]}}
_ACCEPT = {"accept": {"type": "array", "items": {"type": "string"}}}
_FACT: dict[str, Any] = {
    "type": "object",
    "properties": {kind: {"type": "string"} for kind in values.TYPES} | _ACCEPT,
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 2,
}


class Expect(Words):
    """What must come of the call. `{fact}` stands for a fact's value, compared by its type.

    With `in_order` the actions under `did` must come in their order.
    """

    outcome: Outcome
    did: Annotated[tuple[tuple[str, Mapping[str, Any]], ...], BeforeValidator(_one_each), WithJsonSchema(_DID)] = ()
    state: Mapping[str, Any] = Field(default_factory=dict)
    never: Annotated[tuple[str, ...], BeforeValidator(_tuple)] = ()
    in_order: bool = False
    must_say: Annotated[tuple[str, ...], BeforeValidator(_tuple)] = ()
    must_not_say: Annotated[tuple[str, ...], BeforeValidator(_tuple)] = ()
    effort: Effort = Effort()

    @model_validator(mode="after")
    def _possible(self) -> "Expect":
        if self.outcome == "resolved" and not (self.did or self.state or self.must_say):
            raise complaint("'resolved' needs did, state or must_say; else a call that did nothing would pass")
        for i, action in enumerate(self.never):
            if action in dict(self.did):
                raise complaint(f"'{action}' stands under did, too; no call can pass", "never", i)
        for i, text in enumerate(self.must_not_say):
            if text in self.must_say:
                raise complaint(f"'{text}' stands under must_say, too; no call can pass", "must_not_say", i)
        if self.in_order and len(self.did) < 2:
            raise complaint("wants two actions or more under did", "in_order")
        return self


class Scenario(Words):
    """A call as it should go, from the caller's side."""

    name: Name
    about: str
    owner: str | None = None
    language: Language = "en-GB"
    tags: Annotated[tuple[str, ...], BeforeValidator(_tuple)] = ()
    persona: Persona = Persona()
    given: Mapping[str, Any] = Field(default_factory=dict)
    now: Annotated[datetime, BeforeValidator(_clock), _CLOCK]
    facts: Mapping[str, Annotated[Value, WithJsonSchema(_FACT)]] = Field(default_factory=dict)
    says: Mapping[str, Line]
    expect: Expect

    @field_validator("given", mode="before")
    @classmethod
    def _worlds(cls, words: Any, info: ValidationInfo) -> Any:
        if not isinstance(words, Mapping):
            return words
        return {key: _world(key, value, folder_of(info)) for key, value in words.items()}

    @model_validator(mode="before")
    @classmethod
    def _typed_facts(cls, words: Any) -> Any:
        if not isinstance(words, dict) or not isinstance(words.get("facts"), dict):
            return words
        language = words.get("language", "en-GB")
        if language not in get_args(Language):
            return {**words, "facts": {}}  # what is said of the language says all
        facts = {}
        for name, fact in words["facts"].items():
            with under("facts", name):
                if not re.fullmatch(r"\w+", str(name)):
                    raise complaint("wants one word as its name (letters, digits, _), so that {name} can stand for it")
                facts[name] = fact if isinstance(fact, Value) else _fact(fact, language)
        return {**words, "facts": facts}

    @model_validator(mode="after")
    def _whole(self) -> "Scenario":
        if "open" not in self.says:
            raise complaint("has no 'open': the line with which the caller begins", "says")
        for keys, text in _texts(self):
            with under(*keys):
                _check_slots(text, self.facts)
        for key, line in self.says.items():
            if line.keys is not None:
                with under("says", key, "keys"):
                    values.keyed(line.keys, self.facts)
        return self


def _check_slots(text: str, facts: Mapping[str, Value]) -> None:
    """Refuse a `{fact:style}` of which there is no fact or no style, and braces around anything else."""
    for slot in SLOT.finditer(text):
        if slot["fact"] not in facts:
            raise complaint(f"there is no fact '{slot['fact']}'. {did_you_mean(slot['fact'], facts)}")
        if slot["style"] and slot["style"] not in values.STYLES:
            raise complaint(f"'{slot['style']}' is no way to speak. {did_you_mean(slot['style'], values.STYLES)}")
    if re.search("[{}]", SLOT.sub("", text)):
        raise complaint(f"a brace in {shown(text)} belongs to no fact; write {{fact}} or {{fact:style}}")


def _world(key: str, value: Json, folder: Path) -> Any:
    if not isinstance(value, str):
        return value
    with under(key):
        return read_json(find_named(value, folder="fixtures/worlds", ending=".json", near=folder))


def _fact(fact: Any, language: str) -> Value:
    """`{type: value}`, or `{type: value, accept: [...]}`, as a typed value."""
    types = [key for key in fact if key != "accept"] if isinstance(fact, dict) else []
    if len(types) != 1:
        raise complaint(f"wants one value as '{{type: \"value\"}}'. {did_you_mean('', values.TYPES)}")
    [kind] = types
    if kind not in values.TYPES:
        raise complaint(f"there is no type '{kind}'. {did_you_mean(kind, values.TYPES)}", kind)
    text, accept = fact[kind], fact.get("accept", [])
    if not isinstance(text, str):
        raise complaint(no_text(text), kind)
    if not isinstance(accept, list) or not all(isinstance(reading, str) for reading in accept):
        raise complaint("wants a list of further texts to accept, in quotes", "accept")
    with under(kind):
        return values.checked(kind, text, language=language, accept=tuple(accept))


def _texts(scenario: Scenario) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text in which a fact may stand, with the keys that lead to it."""
    for key, line in scenario.says.items():
        yield ("says", key, "say"), line.say
        if line.correct is not None:
            yield ("says", key, "correct"), line.correct
        if line.keys is not None:
            yield ("says", key, "keys"), line.keys
    for key in ("must_say", "must_not_say"):
        for i, text in enumerate(getattr(scenario.expect, key)):
            yield ("expect", key, i), text
    for i, (action, arguments) in enumerate(scenario.expect.did):
        yield from _leaves(("expect", "did", i, action), arguments)
    yield from _leaves(("expect", "state"), scenario.expect.state)


def _leaves(keys: tuple[str | int, ...], node: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    match node:
        case str():
            yield keys, node
        case Mapping():
            for key, value in node.items():
                yield (*keys, key), str(key)
                yield from _leaves((*keys, key), value)
        case list():
            for i, value in enumerate(node):
                yield from _leaves((*keys, i), value)


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file. Raises BadlineError."""
    return read_words(Scenario, path)
