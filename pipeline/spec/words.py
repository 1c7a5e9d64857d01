"""What all words have in common: frozen, no unknown keys, and errors with file, line, key and what would be right."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from pipeline import engines
from pipeline.errors import BadlineError, did_you_mean
from pipeline.files import Key, Page, read_yaml

W = TypeVar("W", bound="Words")


class Words(BaseModel):
    """Base of everything read from YAML: frozen, strict, and it refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_unknown_keys(cls, words: Any) -> Any:
        if isinstance(words, Mapping):
            for key in words:
                if key not in cls.model_fields:
                    raise complaint(f"is not a key here. {did_you_mean(str(key), cls.model_fields)}", key)
        return words


def complaint(message: str, *under: Key) -> PydanticCustomError:
    """An error for a validator to raise, about the value itself or about a key `under` it."""
    return PydanticCustomError("complaint", "{message}", {"message": message, "under": under})


def folder_of(info: ValidationInfo) -> Path:
    """The folder of the file that is being read, from which its relative paths lead."""
    context = info.context or {}
    return Path(context.get("folder", "."))


def read_words(model: type[W], path: Path) -> W:
    """The file as a `model`. Raises BadlineError `file:line: key: what is wrong`."""
    return words_of(model, read_yaml(path))


def words_of(model: type[W], page: Page) -> W:
    """The page as a `model`. Raises BadlineError `file:line: key: what is wrong`."""
    try:
        return model.model_validate(page.words, context={"folder": page.path.parent})
    except ValidationError as error:
        raise BadlineError("\n".join(_located(page, detail) for detail in error.errors())) from None


def _located(page: Page, detail: Any) -> str:
    context = detail.get("ctx", {})
    keys: list[Key] = [*detail["loc"], *context.get("under", ())]
    path = ".".join(str(key) for key in keys)
    return f"{page.path}:{page.line(keys)}: {path + ': ' if path else ''}{_wording(detail)}"


def _wording(detail: Any) -> str:
    value, context = detail.get("input"), detail.get("ctx", {})
    match detail["type"]:
        case "complaint":
            return str(context["message"])
        case "missing":
            return "is missing"
        case "less_than_equal":
            return f"{value} is above {context['le']}"
        case "greater_than_equal":
            return f"{value} is below {context['ge']}"
        case "string_type" if isinstance(value, int | float):
            return f"{value} is a number here: put it in quotes, so that its digits stay as they are"
        case _:
            message = detail["msg"]
            return f"{message[:1].lower()}{message[1:]}, not {value!r}"


@contextmanager
def under(*keys: Key) -> Iterator[None]:
    """Whatever is refused inside is a complaint about what stands under `keys`."""
    try:
        yield
    except PydanticCustomError as error:
        context = error.context or {}
        raise complaint(str(context["message"]), *keys, *context["under"]) from None
    except ValidationError as error:
        first = error.errors()[0]
        inner = (*first["loc"], *first.get("ctx", {}).get("under", ()))
        raise complaint(_wording(first), *keys, *inner) from None
    except (BadlineError, ValueError) as error:
        raise complaint(str(error), *keys) from None


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
    match words:
        case str():
            return words, {}
        case Mapping() if len(words) == 1:
            [(name, options)] = words.items()
            if isinstance(options, Mapping | None):
                return str(name), options or {}
            raise complaint("wants options as '{option: value}'", name)
        case _:
            raise complaint(f"wants one {stage} as 'name: {{option: value}}'")


Tts = Annotated[Chosen, BeforeValidator(chosen_from("tts")), WithJsonSchema({"x-stage": "tts"})]
Vad = Annotated[Chosen, BeforeValidator(chosen_from("vad")), WithJsonSchema({"x-stage": "vad"})]
Asr = Annotated[Chosen, BeforeValidator(chosen_from("asr")), WithJsonSchema({"x-stage": "asr"})]
Agent = Annotated[Chosen, BeforeValidator(chosen_from("agent")), WithJsonSchema({"x-stage": "agent"})]
