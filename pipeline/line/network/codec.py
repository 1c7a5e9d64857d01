"""What a codec makes of the sound: coded frame by frame, some of them lost and concealed, and decoded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from numpy.random import Generator
from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from pipeline.audio import Bools, Floats
from pipeline.errors import MissingPackage
from pipeline.line.arrays import stacked
from pipeline.line.codings import CODINGS, Coding, Losses, through
from pipeline.line.concealment import CONCEALMENTS
from pipeline.line.lag import humming, lag_samples
from pipeline.line.resampling import REACH_MS
from pipeline.line.scene import ANY_SOUND_S, Device, Measure, Scene
from pipeline.spec.words import Words, complaint

NAME = "network.codec"
MOST_HOPS = 4
FINEST_RATE = 16_000  # delays are compensated to a sample at this rate

Codecs = Literal["g711u", "g711a", "gsm_fr", "amr_nb", "amr_wb", "g722", "g726", "opus", "msbc"]
Bps = Annotated[int, Field(ge=1)]


def _listed(words: Any) -> Any:  # noqa: ANN401  what YAML holds
    """One or a list of them, as a tuple."""
    match words:
        case list() | tuple():
            return tuple(words)
        case None:
            return ()
        case _:
            return (words,)


def _hops_listed(words: Any) -> Any:  # noqa: ANN401  what YAML holds
    """The codecs of a tandem."""
    listed = _listed(words)
    if not 1 <= len(listed) <= MOST_HOPS:
        raise complaint(f"wants one to four codecs, not {len(listed)}")
    return listed


def _one_or_more(one: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_HOPS}]})


class Options(Words):
    """Which codec, or which ones after each other; their bit rates; and what the last decoder does about lost frames.

    `bitrate` is in bit/s, one for each codec; left out, each codec has its default.
    """

    name: Annotated[
        tuple[Codecs, ...],
        BeforeValidator(_hops_listed),
        _one_or_more({"enum": list(get_args(Codecs))}),
    ] = ("g711u",)
    bitrate: Annotated[
        tuple[Bps, ...],
        BeforeValidator(_listed),
        _one_or_more({"type": "integer"}),
    ] = ()
    conceal: Literal["zero", "repeat", "g711_app1", "codec"] = "g711_app1"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.bitrate and len(self.bitrate) != len(self.name):
            hint = "" if len(self.name) > 1 else "; a range it cannot have: write {any_of: [one, another]}"
            raise complaint(f"wants one for each codec: {len(self.name)}, not {len(self.bitrate)}{hint}", "bitrate")
        for codec, bps in zip(self.name, self.bitrate, strict=False):
            if bps not in CODINGS[codec].bitrates:
                known = ", ".join(map(str, sorted(CODINGS[codec].bitrates)))
                raise complaint(f"is {bps}, but {codec} has {known} bit/s", "bitrate")
        if self.conceal == "codec" and not CODINGS[self.name[-1]].in_band:
            offered = ", ".join(codec for codec in get_args(Codecs) if CODINGS[codec].in_band)
            raise complaint(
                f"is 'codec', but {self.name[-1]}'s decoder conceals nothing; these do: {offered}", "conceal"
            )
        return self

    @model_validator(mode="after")
    def _is_installed(self) -> Self:
        for codec in self.name:
            try:
                CODINGS[codec].lacks()
            except MissingPackage as error:
                raise complaint(str(error), "name", kind="missing_package") from None
        return self

    def at(self, severity: float) -> Self:
        """The same at any severity: a codec is what it is."""
        return self


@dataclass(frozen=True)
class Hop:
    """One codec of a tandem at its bit rate."""

    coding: Coding
    bitrate: int


class Codec:
    """The sound is coded and decoded; frames that were lost are concealed from what came before them."""

    version: ClassVar[int] = 2
    order: ClassVar[int] = 50
    device: ClassVar[Device] = "cpu"
    calibration_s: ClassVar[float] = ANY_SOUND_S

    def __init__(self, options: Options) -> None:
        self.options = options
        self.hops = _hops(options)
        self.lookahead_ms = ceil(sum(hop.coding.lookahead_ms + 2 * REACH_MS for hop in self.hops))
        self.voices: tuple[str, ...] = ()

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene after the codec: mixed, and with no frame lost any more."""
        mixed = scene.mix()
        heard, got = [], []
        for row, before in enumerate(mixed.speech):
            lost = None if scene.lost is None else scene.lost[row]
            heard.append(self._carried(before, scene.rate, lost, scene.frame_ms))
            got.append([*self._concealed(lost, scene), _delay(self.options, scene.rate)])
        return replace(mixed, speech=stacked(heard), lost=None).with_got(got)

    def _carried(self, row: Floats, rate: int, lost: Bools | None, frame_ms: int) -> Floats:
        """One row after all codecs; what is lost is lost on the last."""
        losses = None if lost is None else Losses(lost, frame_ms, CONCEALMENTS.get(self.options.conceal))
        for hop in self.hops[:-1]:
            row = through(row, rate, hop.coding, hop.bitrate)
        return through(row, rate, self.hops[-1].coding, self.hops[-1].bitrate, losses)

    def _concealed(self, lost: Bools | None, scene: Scene) -> list[Measure]:
        """The share of visible frames that were concealed, and by whom."""
        frame = scene.rate * scene.frame_ms / 1000
        hidden, frames = ceil(scene.hidden / frame), ceil(scene.samples / frame)
        if hidden >= frames:
            return []
        share = 0.0 if lost is None else float(lost[hidden:].mean())
        by = "decoder" if self.options.conceal == "codec" else "pcm"
        return [Measure(NAME, f"concealed_by_{by}", None, share, "drawn")]


def _hops(options: Options) -> list[Hop]:
    codings = [CODINGS[name] for name in options.name]
    bitrates = options.bitrate or [coding.bitrates[0] for coding in codings]
    return [Hop(coding, bitrate) for coding, bitrate in zip(codings, bitrates, strict=True)]


@lru_cache(maxsize=64)
def _delay(options: Options, rate: int) -> Measure:
    """By how much all codecs together delay a voice: measured once, since noise and silence tell little of it."""
    voice = humming(rate)
    heard = voice
    for hop in _hops(options):
        heard = through(heard, rate, hop.coding, hop.bitrate)
    late_ms = lag_samples(voice, heard, rate) * 1000 / rate
    return Measure(NAME, "delay_ms", 0.0, late_ms, "set", tolerance=len(options.name) * 1000 / min(rate, FINEST_RATE))
