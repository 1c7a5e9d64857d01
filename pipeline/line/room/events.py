"""Events: a door, a cough, dishes; they come by chance, each a sound of its own, at a level against the talker's."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, get_args

from numpy.random import Generator
from pydantic import BeforeValidator, Field, WithJsonSchema

from pipeline.audio import Floats
from pipeline.chance import stream
from pipeline.line.happenings import LONGEST_S, Kind, happening
from pipeline.line.scene import Device, Scene
from pipeline.line.sudden import Process, SuddenWords

NAME = "room.events"


def _listed(words: Any) -> Any:  # noqa: ANN401  what YAML holds
    """One kind or a list of them, as a tuple."""
    match words:
        case str():
            return (words,)
        case list():
            return tuple(words)
        case _:
            return words


_ONE: dict[str, Any] = {"enum": list(get_args(Kind))}
_ONE_OR_MORE = WithJsonSchema({"anyOf": [_ONE, {"type": "array", "items": _ONE, "minItems": 1}]})


class Options(SuddenWords):
    """Which kinds of event come, one as likely as another, how many a minute, and how loud their peaks are."""

    kinds: Annotated[tuple[Kind, ...], BeforeValidator(_listed), Field(min_length=1), _ONE_OR_MORE] = (
        "door",
        "cough",
        "footsteps",
    )


class Events:
    """Things happen around the talker, by chance and each in its own way: a door, a cough, footsteps."""

    version: ClassVar[int] = 2
    order: ClassVar[int] = 90
    device: ClassVar[Device] = "any"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()
    runs_on = True

    def __init__(self, options: Options) -> None:
        self.options = options
        self._process = Process(NAME, options, LONGEST_S, self._event)

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with events among its noise."""
        return self._process.strewn_on(scene, rngs)

    def _event(self, which: float, rate: int) -> Floats:
        """What picks the kind is also its seed: a number of its own for each event."""
        kind = self.options.kinds[int(which * len(self.options.kinds))]
        return happening(kind, rate, stream(int(which * 2**53), "happening"))
