"""Finds engines: a stage is a folder, an engine is a file, and its name in YAML is the file's name.

The only place that imports by name. The file `pipeline/asr/faster_whisper.py` holds the class `FasterWhisper`
and its `Options`; a third party adds its own through the entry-point group `badline.asr`.
"""

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from pipeline.errors import BadlineError, MissingPackage, did_you_mean

STAGES: Mapping[str, str] = {
    "tts": "pipeline.tts",
    "talker": "pipeline.line.talker",
    "room": "pipeline.line.room",
    "device": "pipeline.line.device",
    "network": "pipeline.line.network",
    "vad": "pipeline.vad",
    "asr": "pipeline.asr",
    "agent": "pipeline.agent",
    "score": "pipeline.score",
}


@dataclass(frozen=True)
class Engine:
    """An engine that was found: its stage and name, the class to build, and the options it takes."""

    stage: str
    name: str
    build: type[Any]
    options: type[Any]

    @property
    def about(self) -> str:
        """The first line of the class's docstring."""
        return (self.build.__doc__ or "").strip().partition("\n")[0]


@cache
def known(stage: str) -> tuple[str, ...]:
    """The names of the engines of a stage, ours and third parties', in order."""
    folder = Path(__file__).parent.joinpath(*STAGES[stage].split(".")[1:])
    ours = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}
    return tuple(sorted(ours | {point.name for point in metadata.entry_points(group=f"badline.{stage}")}))


def noun(stage: str) -> str:
    """What people call an engine of the stage: a `vad`, but a `room effect`."""
    return f"{stage} effect" if STAGES[stage].startswith("pipeline.line.") else stage


@cache
def find(stage: str, name: str) -> Engine:
    """The engine of that name. Raises BadlineError with the nearest name, MissingPackage with what to install."""
    if name not in known(stage):
        elsewhere = next((other for other in STAGES if name in known(other)), None)
        hint = f" It is a {noun(elsewhere)}." if elsewhere else ""
        raise BadlineError(f"There is no {noun(stage)} called '{name}'.{hint} {did_you_mean(name, known(stage))}")
    try:
        module = _module(stage, name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == __package__:
            raise
        raise MissingPackage(
            f"The {noun(stage)} '{name}' needs the package '{error.name}', which is not installed. "
            f"Get it with: pip install {_that_brings(str(error.name))}"
        ) from None
    build = getattr(module, "".join(part.capitalize() for part in name.split("_")))
    return Engine(stage, name, build, module.Options)


def _that_brings(package: str) -> str:
    """What to install for a package that code imports: an extra of ours with a distribution of that name.

    Not `test` or `bench`, which bring what others are for. Its name may be longer than the package's, as in hibari and
    hibari-tts, whisper and openai-whisper.
    """
    name = re.escape(package.partition(".")[0].replace("_", "-"))
    extra = r"\bextra == ['\"](?!(?:test|bench)\b)(?P<extra>\w+)"
    asked = re.compile(rf"(openai-)?{name}(-[\w-]+)?\s*[=<>~;].*{extra}", re.IGNORECASE)
    found = (asked.match(line) for line in metadata.requires("badline") or ())
    return next((f"'badline[{line['extra']}]'" for line in found if line), package)


@dataclass(frozen=True)
class Listed:
    """An engine for people to read: its stage, name and sentence, or what it lacks."""

    stage: str
    name: str
    about: str
    installed: bool


def listed() -> list[Listed]:
    """Every engine of every stage."""
    return [_listed(stage, name) for stage in STAGES for name in known(stage)]


def _listed(stage: str, name: str) -> Listed:
    try:
        return Listed(stage, name, find(stage, name).about, installed=True)
    except BadlineError as error:
        return Listed(stage, name, str(error), installed=False)


def _module(stage: str, name: str) -> ModuleType:
    for point in metadata.entry_points(group=f"badline.{stage}", name=name):
        return importlib.import_module(point.module)
    return importlib.import_module(f"{STAGES[stage]}.{name}")
