"""What all words have in common: frozen, no unknown keys, and errors with file, line, key and what would be right."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from pipeline import engines
from pipeline.errors import BadlineError, MissingPackage, did_you_mean
from pipeline.files import Key, Page, read_yaml
from pipeline.spec.wording import shown, wording

W = TypeVar("W", bound="Words")


class Words(BaseModel):
    """Base of everything read from YAML: frozen, strict, and it refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_unknown_keys(cls, words: Any) -> Any:
        if isinstance(words, cls):
            return words
        if not isinstance(words, Mapping):
            what = "is empty" if words is None else f"wants 'key: value' pairs, not {shown(words)}"
            raise complaint(f"{what}. {did_you_mean('', cls.model_fields)}")
        for key in words:
            if key not in cls.model_fields:
                raise complaint(f"is not a key here. {did_you_mean(str(key), cls.model_fields)}", key)
        return words


def _can_name_a_file(name: str) -> str:
    if not re.fullmatch(NAME, name):
        raise complaint(f"is '{name}', but wants only letters, digits, '_' and '-': files are named after it")
    if len(name) > LONGEST_NAME:
        raise complaint(f"is {len(name)} letters long, more than {LONGEST_NAME}: files are named after it")
    return name


def _not_blank(text: str) -> str:
    if not text.strip():
        raise complaint("is empty: write a text")
    return text


NAME = "^[A-Za-z0-9_-]+$"
LONGEST_NAME = 64  # a record's file is named after three of them, and file systems end at 255
_NAME = {"pattern": NAME, "maxLength": LONGEST_NAME}
Name = Annotated[str, AfterValidator(_can_name_a_file), WithJsonSchema({"type": "string", **_NAME})]
Text = Annotated[str, AfterValidator(_not_blank), Field(json_schema_extra={"pattern": r"\S"})]


Refusal = Literal["complaint", "missing_package"]


def complaint(message: str, *under: Key, kind: Refusal = "complaint") -> PydanticCustomError:
    """An error for a validator to raise, about the value itself or about a key `under` it."""
    return PydanticCustomError(kind, "{message}", {"message": message, "under": under})


def folder_of(info: ValidationInfo) -> Path:
    """The folder of the file that is being read, from which its relative paths lead."""
    context = info.context or {}
    return Path(context.get("folder", "."))


def read_words(model: type[W], path: Path) -> W:
    """The file as a `model`. Raises BadlineError `file:line: key: what is wrong`."""
    return words_of(model, read_yaml(path))


def words_of(model: type[W], page: Page) -> W:
    """The page as a `model`. Raises BadlineError `file:line: key: what is wrong`."""
    with located(page):
        return model.model_validate(page.words, context={"folder": page.path.parent})


@contextmanager
def located(page: Page) -> Iterator[None]:
    """Whatever is refused inside is a BadlineError that says file, line and key, one line a fault."""
    try:
        yield
    except ValidationError as error:
        raise _refusal(page, error.errors()) from None
    except PydanticCustomError as error:
        detail = {"type": error.type, "loc": (), "input": None, "ctx": error.context or {}}
        raise _refusal(page, [detail]) from None


def _refusal(page: Page, details: Sequence[Any]) -> BadlineError:
    """All faults in one; a MissingPackage only where nothing else is wrong."""
    faults = dict.fromkeys(_located(page, _keys_of(detail), detail) for detail in details)
    only_missing = all(detail["type"] == "missing_package" for detail in details)
    return (MissingPackage if only_missing else BadlineError)("\n".join(faults))


def _keys_of(detail: Any) -> list[Key]:
    loc = [key for key in detail["loc"] if key != "[key]"]
    return [*loc, *detail.get("ctx", {}).get("under", ())]


def _located(page: Page, keys: list[Key], detail: Any) -> str:
    while keys and isinstance(keys[-1], int) and tuple(keys) not in page.lines:
        keys = keys[:-1]
    return f"{page.where(keys)}{wording(detail, keys)}"


@contextmanager
def under(*keys: Key) -> Iterator[None]:
    """Whatever is refused inside is a complaint about what stands under `keys`."""
    try:
        yield
    except PydanticCustomError as error:
        context = error.context or {}
        raise complaint(str(context["message"]), *keys, *context["under"], kind=_kind(error.type)) from None
    except ValidationError as error:
        first = error.errors()[0]
        whole = (*keys, *_keys_of(first))
        raise complaint(wording(first, whole), *whole, kind=_kind(first["type"])) from None
    except MissingPackage as error:
        raise complaint(str(error), *keys, kind="missing_package") from None
    except (BadlineError, ValueError) as error:
        raise complaint(str(error), *keys) from None


def _kind(kind: str) -> Refusal:
    return "missing_package" if kind == "missing_package" else "complaint"


def upwards(low: float, high: float) -> tuple[float, float]:
    """The ends of a range. Raises a complaint where it runs downwards."""
    if low > high:
        raise complaint(f"[{low}, {high}] runs downwards; write [{high}, {low}]")
    return low, high


class Chosen(BaseModel):
    """An engine and its options, written `{name: {option: value}}` (or `name` alone)."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    stage: str
    name: str
    options: Any

    def build(self) -> Any:
        """The engine itself."""
        return engines.find(self.stage, self.name).build(self.options)

    def said(self) -> dict[str, Any]:
        """The choice as plain words, for records and hashes."""
        return {self.name: self.options.model_dump(mode="json")}


def chosen_from(stage: str) -> Callable[[Any, ValidationInfo], Any]:
    """A validator that reads `{name: {options}}` as an engine of `stage`."""

    def read(words: Any, info: ValidationInfo) -> Any:
        if isinstance(words, Chosen):
            return words
        name, options = name_and_options(stage, words)
        with under():
            model = engines.find(stage, name).options
        with under(name):
            return Chosen(stage=stage, name=name, options=model.model_validate(options, context=info.context))

    return read


def name_and_options(stage: str, words: Any) -> tuple[str, Mapping[str, Any]]:
    """Take `name`, or `{name: {option: value}}`, apart."""
    wanted = f"wants one {engines.noun(stage)} as 'name: {{option: value}}'. {did_you_mean('', engines.known(stage))}"
    match words:
        case str():
            return words, {}
        case Mapping() if len(words) == 1:
            [(name, options)] = words.items()
            if isinstance(options, Mapping | None):
                return str(name), options or {}
            raise complaint(f"wants options as '{{option: value}}', not {shown(options)}", name)
        case _:
            raise complaint(wanted)


Tts = Annotated[Chosen, BeforeValidator(chosen_from("tts")), WithJsonSchema({"x-stage": "tts"})]
Vad = Annotated[Chosen, BeforeValidator(chosen_from("vad")), WithJsonSchema({"x-stage": "vad"})]
Asr = Annotated[Chosen, BeforeValidator(chosen_from("asr")), WithJsonSchema({"x-stage": "asr"})]
Agent = Annotated[Chosen, BeforeValidator(chosen_from("agent")), WithJsonSchema({"x-stage": "agent"})]
