"""Talk: what people in the background say, without end, and what the microphone hears of it in one window."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from scipy import signal

from pipeline.audio import Floats
from pipeline.levels import active_speech_level, gain
from pipeline.line.scene import Measure, Nominal, Scene

Whole = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
People = Sequence[Sequence[Floats]]  # each person's sentences
T = TypeVar("T")

# Single words and cut sentences have levels of their own; so much of whole sentences has the level asked for.
LEVEL_IS_STEADY_S = 5.0
# Between words the level dips, if only in the closure of a stop: so far below the sentence's mean, for so long.
FRAME_MS, DIP_FRAMES, DIP_DB = 10, 3, 20.0
NEXT_TO_NEVER = 1e-9  # who talks less is not heard in a lifetime, and 64 bits cannot count the samples until then
PHASES = 512  # so many points of a loop tell how much chance moves what is heard of it


class Remark(NamedTuple):
    """A sentence that is said from sample `start` of the window to `end`; it may lie partly outside.

    A `pause` follows. Its first `skipped` samples are not said.
    """

    sentence: int
    start: int
    end: int
    pause: int
    skipped: int = 0


@dataclass(frozen=True, eq=False)
class Talk:
    """Sentences and pauses that repeat for ever: sentence `order[i]` begins `begins[i]` samples into the loop."""

    order: Whole
    begins: Whole
    ends: Whole
    loop: int
    phase: int

    def remarks(self, before: int, samples: int) -> list[Remark]:
        """All that begins in the `before` samples ahead of a window of `samples`, or within it."""
        first = (self.phase - before) // self.loop
        last = (self.phase + samples) // self.loop
        rounds = (np.arange(first, last + 1) * self.loop - self.phase)[:, None]
        starts, ends = (rounds + self.begins).ravel(), (rounds + self.ends).ravel()
        there = (starts >= -before) & (starts < samples)
        sentences, pauses = np.tile(self.order, len(rounds)), np.tile(self.pauses, len(rounds))
        columns = (one[there].tolist() for one in (sentences, starts, ends, pauses))
        return [Remark(*row) for row in zip(*columns, strict=True)]

    @property
    def pauses(self) -> Whole:
        """How many samples lie between the end of each sentence and the begin of the next."""
        return np.append(self.begins[1:], self.begins[0] + self.loop) - self.ends

    def later(self, samples: int) -> "Talk":
        """The same, so many samples on."""
        return replace(self, phase=self.phase + samples)

    def share_sd(self, samples: int) -> float:
        """How much the share talked in so many samples varies, over all the points at which they could start."""
        # Ends are rounded to samples.
        return max(self._spread(self._talked, samples), 1.0) / max(samples, 1)

    def begun_sd(self, samples: int) -> float:
        """How much the number of sentences that begin in so many samples varies, likewise."""
        return self._spread(self._begun, samples)

    def _spread(self, until: Callable[[Doubles], Doubles], samples: int) -> float:
        starts = np.arange(PHASES) * self.loop / PHASES
        return float((until(starts + samples) - until(starts)).std())

    def _talked(self, until: Doubles) -> Doubles:
        """For how many samples they have talked at each point of an endless loop."""
        edges = np.concatenate(([0], np.stack((self.begins, self.ends), axis=1).ravel(), [self.loop]))
        sums = np.cumsum(self.ends - self.begins)
        totals = np.concatenate(([0, 0], np.repeat(sums, 2)))
        rounds, rest = np.divmod(until, self.loop)
        return np.asarray(rounds * sums[-1] + np.interp(rest, edges, totals))

    def _begun(self, until: Doubles) -> Doubles:
        rounds, rest = np.divmod(until, self.loop)
        return np.asarray(rounds * len(self.begins) + np.searchsorted(self.begins, rest))


def schedule(lengths: Sequence[int], loop: int, rng: Generator, rounds: int = 1) -> Talk:
    """All sentences in a random order with pauses that fill a loop of so many samples, entered anywhere.

    Each pause is 0.5 to 1.5 times as long as the others on average. Sentences that fill the loop have none. Each of
    the `rounds`, after which it all comes again, has an order and pauses of its own.
    """
    count = len(lengths)
    drawn = [(rng.permutation(count), rng.uniform(0.5, 1.5, count)) for _ in range(rounds)]
    order, pauses = (np.array(column) for column in zip(*drawn, strict=True))
    talk = np.asarray(lengths)[order]
    pauses *= max(0, loop - sum(lengths)) / pauses.sum(axis=1, keepdims=True)
    loop = max(loop, sum(lengths))
    begins = (_before(talk) + np.rint(_before(pauses)) + loop * np.arange(rounds)[:, np.newaxis]).astype(np.int64)
    whole = loop * rounds
    return Talk(order.ravel(), begins.ravel(), (begins + talk).ravel(), whole, int(rng.random() * whole))


def _before(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What all that stand before each one in its row add up to."""
    return np.cumsum(np.pad(rows[:, :-1], ((0, 0), (1, 0))), axis=1)


@dataclass(frozen=True, eq=False)
class Speaker:
    """Somebody in the background, as the microphone hears them: what they say over and over, and their way to it.

    `sentences` are dry; `response` is the way, of unit energy; a `loop` in samples holds each sentence once, and
    after so many `rounds` of it all comes again.
    """

    sentences: Sequence[Floats]
    response: Floats
    rate: int
    loop: int
    rounds: int = 1
    _heard: dict[tuple[int, int], Floats] = field(default_factory=dict)
    _gains: dict[int, float] = field(default_factory=dict)

    @property
    def lengths(self) -> list[int]:
        """How long each sentence takes to say, in samples."""
        return [len(one) for one in self.sentences]

    @property
    def share(self) -> float:
        """How much of the time they talk."""
        return sum(self.lengths) / max(self.loop, sum(self.lengths))

    @cached_property
    def edges(self) -> list[Whole]:
        """Where a word of each sentence may begin."""
        return [word_edges(one, self.rate) for one in self.sentences]

    @cached_property
    def shift_sd(self) -> float:
        """By how many samples beginning with a word moves an end of what is said: the RMS over a whole loop."""
        words = np.concatenate([np.diff(one) for one in self.edges]).astype(np.float64)
        return float(np.sqrt(np.sum(words**3) / 12 / max(self.loop, sum(self.lengths), 1)))

    @property
    def longest(self) -> int:
        """The length of the longest sentence with the room ringing on after it."""
        return max(self.lengths) + len(self.response) - 1

    def sentence(self, index: int, skipped: int = 0) -> Floats:
        """The sentence behind the response, at an active speech level of 0 dBov; silence as it is.

        Without its first `skipped` samples it is as loud as it would be with them.
        """
        if index not in self._gains:
            self._gains[index] = self._gain(self.sentences[index])
        if (index, skipped) not in self._heard:
            wet = signal.fftconvolve(self.sentences[index][skipped:], self.response)
            self._heard[index, skipped] = np.asarray(wet * np.float32(self._gains[index]), np.float32)
        return self._heard[index, skipped]

    def from_a_word(self, remark: Remark, at: int) -> Remark | None:
        """A remark, begun with the nearest word if it is under way at sample `at` of a window; None: it was over.

        Since it then ends as much later as earlier on average, the share of the time that they talk stays. Who hardly
        pauses may be in mid-word: they would be late for their next sentence.
        """
        if not remark.start < at < remark.end:
            return remark
        length, passed = self.lengths[remark.sentence], at - remark.start
        edges = self.edges[remark.sentence]
        nearest = int(edges[np.abs(edges - passed).argmin()])
        skipped = nearest if abs(nearest - passed) <= remark.pause else passed
        if skipped == length:
            return None
        return remark._replace(start=at, end=at + length - skipped, skipped=skipped)

    def _gain(self, dry: Floats) -> float:
        """The level is that of the sentence said again and again with the mean pause.

        So what rings into the next sentence counts there.
        """
        wet = signal.fftconvolve(dry, self.response)
        every = min(round(len(dry) / self.share), len(wet))
        again = np.pad(wet, (0, -len(wet) % every)).reshape(-1, every).sum(axis=0)
        asl_dbov = active_speech_level(again, self.rate).asl_dbov
        return gain(-asl_dbov) if np.isfinite(asl_dbov) else 0.0


def word_edges(dry: Floats, rate: int) -> Whole:
    """The samples of a sentence at which a word may begin: where a dip in its level ends, and its own two ends."""
    ends, frame = [0, len(dry)], rate * FRAME_MS // 1000
    if len(dry) < DIP_FRAMES * frame:
        return np.array(ends)
    power = np.square(dry[: len(dry) // frame * frame].reshape(-1, frame), dtype=np.float64).mean(axis=1)
    quiet = power <= power.mean() * 10 ** (-DIP_DB / 10)
    for_long = signal.lfilter(np.ones(DIP_FRAMES), [1.0], quiet) >= DIP_FRAMES
    dips = (np.flatnonzero(for_long[:-1] & ~quiet[1:]) + 1) * frame
    return np.concatenate((ends[:1], dips, ends[1:]))


@dataclass(frozen=True, eq=False)
class Overheard:
    """What one row of a scene holds of a speaker: the sound, and what is said in it from when to when."""

    stem: Floats
    remarks: Sequence[Remark]
    talk: Talk
    rate: int
    hidden: int
    goes_on: bool
    shift_sd: float = 0.0

    @property
    def samples(self) -> int:
        """How long the part is that is not hidden."""
        return len(self.stem) - self.hidden

    @property
    def share(self) -> float:
        """The share of that part in which they talk; a room may ring on after that."""
        ends = len(self.stem)
        talked = sum(max(0, min(one.end, ends) - max(one.start, self.hidden)) for one in self.remarks)
        return talked / max(self.samples, 1)

    @property
    def share_sd(self) -> float | None:
        """What chance alone gives it; None where a block goes on with the talk of the one before."""
        if self.goes_on:
            return None
        return float(np.hypot(self.talk.share_sd(self.samples), self.shift_sd / max(self.samples, 1)))

    @property
    def per_min(self) -> float:
        """How many sentences begin in that part, each minute."""
        return sum(one.start > self.hidden for one in self.remarks) * self._per_min

    @property
    def per_min_sd(self) -> float | None:
        """What chance alone gives it; None where a block goes on with the talk of the one before."""
        return None if self.goes_on else self.talk.begun_sd(self.samples) * self._per_min

    @property
    def _per_min(self) -> float:
        return 60 * self.rate / max(self.samples, 1)

    def sir(self, effect: str, asked: float, nominal: Nominal) -> list[Measure]:
        """How much softer they are than the caller; nothing where nobody talks."""
        ends = len(self.stem)
        whole = [one for one in self.remarks if self.hidden <= one.start and one.end <= ends and not one.skipped]
        steady = sum(one.end - one.start for one in whole) >= LEVEL_IS_STEADY_S * self.rate
        heard = slice(whole[0].start, whole[-1].end) if steady else slice(self.hidden, None)
        asl_dbov = active_speech_level(self.stem[heard], self.rate).asl_dbov
        if not self.share or not np.isfinite(asl_dbov):
            return []
        got = nominal.asl_dbov - asl_dbov
        if not steady:
            return [Measure(effect, "sir_db", asked, got, "drawn")]
        return [Measure(effect, "sir_db", asked, got, "set", tolerance=0.5)]


def overhear(
    speaker: Speaker, scene: Scene, row: int, rng: Generator, *, asl_dbov: float, by_words: bool = True
) -> Overheard:
    """What a row of a scene holds of a speaker, at an active speech level.

    A sentence that is under way where the sound begins that runs on through the row begins there with a word; if not
    `by_words`, in the middle of one.
    """
    since = since_of(scene)[row]
    talk = schedule(speaker.lengths, speaker.loop, rng, speaker.rounds).later(since)
    remarks = talk.remarks(speaker.longest, scene.samples)
    if by_words:
        entered = [speaker.from_a_word(one, scene.hidden - since) for one in remarks]
        remarks = [one for one in entered if one]
    stem = np.zeros(scene.samples, np.float32)
    for one in remarks:
        part = speaker.sentence(one.sentence, one.skipped)[max(-one.start, 0) : scene.samples - one.start]
        stem[max(one.start, 0) : max(one.start, 0) + len(part)] += part
    stem *= np.float32(gain(asl_dbov))
    shift_sd = speaker.shift_sd if by_words else 0.0
    return Overheard(stem, remarks, talk, scene.rate, scene.hidden, since > 0, shift_sd)


def overheard(
    speaker: Speaker, scene: Scene, rngs: Sequence[Generator], sir_db: float
) -> tuple[Scene, list[Overheard]]:
    """The scene with a speaker among the `others`, so much softer than the caller; and each row of it."""
    rows = [
        overhear(speaker, scene, row, rng, asl_dbov=scene.nominal[row].asl_dbov - sir_db)
        for row, rng in enumerate(rngs)
    ]
    stems = np.array([one.stem for one in rows], np.float32).reshape(scene.others.shape)
    return replace(scene, others=scene.others + stems), rows


def since_of(scene: Scene) -> tuple[int, ...]:
    """How many samples of the same silence lie before each row."""
    return scene.since or (0,) * scene.rows


@dataclass(eq=False)
class Kept(Generic[T]):
    """What `make` makes of people at a rate in Hz: made once for all windows of a call, which share their people."""

    make: Callable[[People, int], T]
    _last: tuple[People, int, T] | None = None

    def of(self, people: People, rate: int) -> T:
        """The same for the same."""
        last = self._last
        if last is None or last[0] is not people or last[1] != rate:
            last = self._last = (people, rate, self.make(people, rate))
        return last[2]
