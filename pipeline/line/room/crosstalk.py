"""Another person in the room who says other words, with a voice of their own and their own way to the microphone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from pydantic import Field
from scipy import signal

from pipeline.audio import Floats
from pipeline.chance import stream
from pipeline.levels import active_speech_level, gain
from pipeline.line.rooms import room_response
from pipeline.line.scene import Measure, Nominal, Scene
from pipeline.spec.words import Words

NAME = "room.crosstalk"
VOLUME_M3 = 40.0
# Single words and cut sentences have levels of their own; so much of whole sentences has the level asked for.
LEVEL_IS_STEADY_S = 5.0


class Options(Words):
    """How loud the other person is, how much of the time they talk, and how far away they stand."""

    sir_db: float = Field(6.0, ge=-6, le=30)
    overlap: float = Field(0.15, ge=0, le=1)
    kind: Literal["adult"] = "adult"
    # Further from the telephone than the caller: as much reverberation as direct sound.
    t60_s: float = Field(0.4, ge=0.05, le=3)
    drr_db: float = Field(0.0, ge=-20, le=40)
    room_seed: int = Field(0, ge=0)

    def settled(self, rng: Generator) -> Self:
        """The same, in a room drawn once for the whole call."""
        return self.model_copy(update={"room_seed": int(rng.integers(2**32))})


class Remark(NamedTuple):
    """A sentence that is said from sample `start` of the window to `end`; it may lie partly outside."""

    sentence: int
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Talk:
    """Sentences and pauses that repeat for ever: sentence `order[i]` begins `begins[i]` samples into the loop."""

    order: npt.NDArray[np.int64]
    begins: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    loop: int
    phase: int

    def remarks(self, before: int, samples: int) -> list[Remark]:
        """All that begins in the `before` samples ahead of a window of `samples`, or within it."""
        first = (self.phase - before) // self.loop
        last = (self.phase + samples) // self.loop
        rounds = (np.arange(first, last + 1) * self.loop - self.phase)[:, None]
        starts, ends = (rounds + self.begins).ravel(), (rounds + self.ends).ravel()
        there = (starts >= -before) & (starts < samples)
        sentences = np.tile(self.order, len(rounds))
        columns = (sentences[there].tolist(), starts[there].tolist(), ends[there].tolist())
        return [Remark(*row) for row in zip(*columns, strict=True)]

    def share_sd(self, samples: int) -> float:
        """How much the share talked in so many samples varies, over all the points at which they could start."""
        starts = np.arange(512) * self.loop / 512
        share = (self._talked(starts + samples) - self._talked(starts)) / max(samples, 1)
        # Ends are rounded to samples.
        return float(max(share.std(), 1 / max(samples, 1)))

    def _talked(self, until: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """For how many samples they have talked at each point of an endless loop."""
        edges = np.concatenate(([0], np.stack((self.begins, self.ends), axis=1).ravel(), [self.loop]))
        sums = np.cumsum(self.ends - self.begins)
        totals = np.concatenate(([0, 0], np.repeat(sums, 2)))
        rounds, rest = np.divmod(until, self.loop)
        return np.asarray(rounds * sums[-1] + np.interp(rest, edges, totals))


@dataclass(frozen=True, eq=False)
class Heard:
    """Sentences as the microphone hears them; the room is applied on demand."""

    sentences: Sequence[Floats]
    response: Floats
    rate: int
    overlap: float

    @property
    def longest(self) -> int:
        """The length of the longest sentence with the room ringing on after it."""
        return max(len(one) for one in self.sentences) + len(self.response) - 1

    def sentence(self, index: int) -> Floats:
        """The sentence with the room, at an active speech level of 0 dBov; silence as it is.

        The level is that of the sentence said again and again with the mean pause, so that what rings into the
        next sentence counts there.
        """
        dry = self.sentences[index]
        wet = signal.fftconvolve(dry, self.response)
        every = min(round(len(dry) / self.overlap), len(wet))
        again = np.pad(wet, (0, -len(wet) % every)).reshape(-1, every).sum(axis=0)
        asl_dbov = active_speech_level(again, self.rate).asl_dbov
        return wet * np.float32(gain(-asl_dbov) if np.isfinite(asl_dbov) else 0.0)


class Crosstalk:
    """Another person talks, whatever the caller does: `overlap` is the share of the time, `sir_db` how much softer."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 50

    def __init__(self, options: Options) -> None:
        self.options = options
        self.lookahead_ms = 0
        self.voices: tuple[str, ...] = (options.kind,)

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with the other person among the `others`."""
        if not self.options.overlap:
            return scene.with_got([[self._overlap(0.0, sd=None)] for _ in rngs])
        heard = self._heard(scene)
        others = scene.others.copy()
        got = []
        for row, (nominal, rng) in enumerate(zip(scene.nominal, rngs, strict=True)):
            talk = schedule([len(one) for one in heard.sentences], self.options.overlap, rng)
            remarks = talk.remarks(heard.longest, scene.samples)
            stem = _spoken(remarks, heard, scene.samples)
            stem *= np.float32(gain(nominal.asl_dbov - self.options.sir_db))
            others[row] += stem
            sd = talk.share_sd(scene.samples - scene.hidden)
            measures = (self._overlap(_share(remarks, scene), sd=sd), self._sir(stem, remarks, nominal, scene))
            got.append([measure for measure in measures if measure])
        return replace(scene, others=others).with_got(got)

    def _heard(self, scene: Scene) -> Heard:
        sentences = scene.voices[self.options.kind]
        room = stream(self.options.room_seed, NAME)
        response = room_response(self.options.t60_s, self.options.drr_db, VOLUME_M3, scene.rate, room)
        return Heard(sentences, response, scene.rate, self.options.overlap)

    def _sir(self, stem: Floats, remarks: Sequence[Remark], nominal: Nominal, scene: Scene) -> Measure | None:
        """How much softer they are than the caller; None where nobody talks in the visible part."""
        whole = [remark for remark in remarks if scene.hidden <= remark.start and remark.end <= scene.samples]
        steady = sum(remark.end - remark.start for remark in whole) >= LEVEL_IS_STEADY_S * scene.rate
        heard = slice(whole[0].start, whole[-1].end) if steady else slice(scene.hidden, None)
        level = active_speech_level(stem[heard], scene.rate)
        if not _share(remarks, scene) or not np.isfinite(level.asl_dbov):
            return None
        asked, got = self.options.sir_db, nominal.asl_dbov - level.asl_dbov
        if not steady:
            return Measure(NAME, "sir_db", asked, got, "drawn")
        return Measure(NAME, "sir_db", asked, got, "set", tolerance=0.5)

    def _overlap(self, got: float, *, sd: float | None) -> Measure:
        return Measure(NAME, "overlap", self.options.overlap, got, "drawn", sd=sd)


def schedule(lengths: Sequence[int], overlap: float, rng: Generator) -> Talk:
    """All sentences in a random order with pauses between them, `overlap` of the loop being talk; entered anywhere."""
    order = rng.permutation(len(lengths))
    talk = np.asarray(lengths)[order]
    pauses = rng.uniform(0.5, 1.5, len(order))
    pauses *= talk.sum() * (1 / overlap - 1) / pauses.sum()
    begins = np.concatenate(([0], np.cumsum(talk)[:-1])) + np.rint(np.concatenate(([0], np.cumsum(pauses)[:-1])))
    begins = begins.astype(np.int64)
    loop = int(talk.sum() + np.rint(pauses.sum()))
    return Talk(order, begins, begins + talk, loop, int(rng.random() * loop))


def _spoken(remarks: Sequence[Remark], heard: Heard, samples: int) -> Floats:
    """What the microphone hears of the remarks in a window; what was said before it still rings."""
    stem = np.zeros(samples, np.float32)
    sentence = cache(heard.sentence)
    for remark in remarks:
        part = sentence(remark.sentence)[max(-remark.start, 0) : samples - remark.start]
        stem[max(remark.start, 0) : max(remark.start, 0) + len(part)] += part
    return stem


def _share(remarks: Sequence[Remark], scene: Scene) -> float:
    """The share of the visible part in which they talk; the room rings on after that."""
    talked = sum(max(0, min(remark.end, scene.samples) - max(remark.start, scene.hidden)) for remark in remarks)
    return talked / max(scene.samples - scene.hidden, 1)
