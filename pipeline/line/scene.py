"""Scene: the stems of what sounds, as one effect hands them to the next, and the measures taken on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Protocol, Self, runtime_checkable

from numpy.random import Generator

from pipeline.audio import Bools, Floats
from pipeline.line.arrays import is_finite, is_silence, on_device, silence

Device = Literal["any", "cpu"]
ANY_SOUND_S = 0.1


@dataclass(frozen=True)
class Measure:
    """What was asked of an effect and what was got.

    `set` measures hold exactly (a gain, a band edge): checked once a call on a calibration signal, where a miss of
    more than `tolerance` makes the sound invalid. `drawn` measures hold on average (a loss rate): recorded for
    each window and judged over the run by `sd`, the standard deviation that chance alone gives `got`; where `sd`
    is None they are recorded and not judged. Of some nothing is `asked` (None): they only tell what is there.
    """

    effect: str
    name: str
    asked: float | None
    got: float
    kind: Literal["set", "drawn"]
    tolerance: float | None = None
    sd: float | None = None

    @property
    def off_target(self) -> bool:
        """Whether a `set` measure missed (NaN misses)."""
        if self.kind != "set" or self.asked is None:
            return False
        return not abs(self.got - self.asked) <= (self.tolerance or 0.0)


@dataclass(frozen=True)
class Nominal:
    """The talker's level as known before the call, at the microphone: P.56 active speech level, plain and A-weighted.

    Both in dBov. It follows persona, `level`, `effort` and `distance`; mumbling, mood and chance do not move it.
    """

    asl_dbov: float
    weighted_dbov: float


@dataclass(frozen=True, eq=False)
class Scene:
    """Stems as rows x samples (float32, full scale ±1) at one `rate` in Hz; a row is one window.

    `speech` is the caller, `others` other talkers, `noise` the bed and events; `far_end` the agent's sound at the
    caller's ear. A non-linear stage (clip, adc, codec) mixes: from there on `speech` is the whole sound, the other
    stems are silent and `mixed` is True. `voices` holds clean speech for each kind of bystander ("adult", ...): the
    sentences of each person, float32 at `rate` and at an ASL of -26 dBov. `lost` marks the frames that the network
    loses (rows x frames of `frame_ms`, anchored at sample 0). The first `hidden` samples warm things up and are
    thrown away: measure what comes after. `since` says how many samples of the same silence lie before each row
    (none: 0); an effect that RunsOn heeds it. `got` is one tuple of measures a row. The three stems that are carried
    lie on one device; what an effect only looks at (`far_end`, `voices`, `lost`) is NumPy's on any.
    """

    rate: int
    speech: Floats
    others: Floats
    noise: Floats
    far_end: Floats
    nominal: tuple[Nominal, ...]
    voices: Mapping[str, Sequence[Sequence[Floats]]] = field(default_factory=dict)
    hidden: int = 0
    since: tuple[int, ...] = ()
    mixed: bool = False
    lost: Bools | None = None
    frame_ms: int = 20
    got: tuple[tuple[Measure, ...], ...] = ()
    finite: tuple[Floats, ...] = ()  # the stems of the scene that this one was made from: looked through there

    def __post_init__(self) -> None:
        stems = (self.speech, self.others, self.noise, self.far_end)
        if len({stem.shape for stem in stems}) != 1 or self.speech.ndim != 2:
            raise ValueError("stems must be rows x samples, all of one shape")
        known = {id(stem) for stem in self.finite}
        if not all(is_finite(stem) for stem in stems if id(stem) not in known and not is_silence(stem)):
            raise ValueError("a stem holds NaN or infinity")
        object.__setattr__(self, "finite", stems)

    @property
    def rows(self) -> int:
        """How many windows."""
        return int(self.speech.shape[0])

    @property
    def samples(self) -> int:
        """How long each row is."""
        return int(self.speech.shape[1])

    def mix(self) -> Self:
        """The scene after the stems end: all sound in `speech`."""
        if self.mixed:
            return self
        nothing = silence(tuple(self.noise.shape), self.noise)
        return replace(self, speech=self.whole, others=nothing, noise=nothing, mixed=True)

    @property
    def whole(self) -> Floats:
        """All that sounds on the caller's side: the sum of the stems, or the speech where nothing else sounds."""
        sounding = [stem for stem in (self.others, self.noise) if not is_silence(stem)]
        return sum(sounding, start=self.speech)

    def on(self, device: str) -> Self:
        """The scene with its stems on a device (see `arrays`); itself where they lie there."""
        stems = (self.speech, self.others, self.noise)
        there = {id(stem): on_device(stem, device) for stem in stems}  # silence may be one array in several stems
        if all(there[id(stem)] is stem for stem in stems):
            return self
        speech, others, noise = (there[id(stem)] for stem in stems)
        return replace(self, speech=speech, others=others, noise=noise)

    def with_got(self, rows: Sequence[Sequence[Measure]]) -> Self:
        """The scene with further measures, one sequence a row."""
        before = self.got or ((),) * self.rows
        return replace(self, got=tuple((*old, *new) for old, new in zip(before, rows, strict=True)))


class Effect(Protocol):
    """One thing that happens to sound on its way; built from its settled Options.

    `version` changes whenever its sound does. No output before t depends on input after t + `lookahead_ms`.
    `voices` names the kinds of bystander whose speech it needs in `scene.voices`. An effect never writes to its
    input, keeps no state, and takes all chance from `rngs`, one generator a row; a longer scene begins with the
    same samples as a shorter one (its generators are prefix-stable). `order` is where it stands in its place:
    effects of one order keep the profile's, so that no profile can put a codec before the loss. A class that says
    `single = True` stands at most once in a line: of two profiles that are combined, the later one's. Its Options
    say by `at(severity)` what is left of them at another severity than the 0.5 as which they are written. `device` is
    "any" where it takes stems of NumPy and of torch alike and makes the same sound of them: by `arrays`, and by nothing
    but arithmetic and Fourier transforms; "cpu" where it takes NumPy's only.
    """

    version: ClassVar[int]
    order: ClassVar[int]
    device: ClassVar[Device]
    lookahead_ms: int
    voices: tuple[str, ...]

    def __init__(self, options: Any) -> None: ...  # noqa: ANN401  each effect has Options of its own

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene after it, with what was measured."""
        ...


@runtime_checkable
class HearsAgent(Protocol):
    """An effect into which the agent's voice leaks: what sounded is heard in it for `reach_ms` after that."""

    reach_ms: int


@runtime_checkable
class RunsOn(Protocol):
    """An effect whose sound goes on from block to block of a silence, as talk does.

    All blocks of one silence give it the same generator, and `scene.since` says how far in a block begins.
    """

    runs_on: bool


@runtime_checkable
class Delays(Protocol):
    """An effect that takes time, each way; its sound is as it came, since the delay is on the clock."""

    delay_ms: int


@runtime_checkable
class Drops(Protocol):
    """An effect that ends calls: this one `drop_ms` after pick-up, or (None) not at all."""

    drop_ms: int | None


@runtime_checkable
class Brief(Protocol):
    """An effect whose `set` measures need less than a minute of calibration sound: `calibration_s` seconds of it.

    `ANY_SOUND_S` for those that do not follow the sound: they set nothing, or measure a signal of their own.
    """

    calibration_s: float


@runtime_checkable
class Retimes(Protocol):
    """An effect that changes how long words take: `retimed` is done to an utterance before its window is made.

    Called with a scene it leaves the sound as it is, and tells its measures.
    """

    def retimed(self, speech: Floats, rate: int) -> Floats:
        """The words (float32, one channel) in another time."""
        ...
