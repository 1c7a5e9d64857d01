"""Babble: many people talk at once, each with a voice, words and a place of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

import numpy as np
import soxr
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.chance import stream
from pipeline.levels import a_weighted_leq_dbov, gain, leq_dbov
from pipeline.line.rooms import room_response
from pipeline.line.scene import Device, Measure, Nominal, Scene
from pipeline.line.talk import Kept, People, Speaker, overhear
from pipeline.spec.severity import TYPICAL, louder_db
from pipeline.spec.words import Words

NAME = "room.babble"
VOLUME_M3 = 40.0
DRR_DB = -3.0  # beyond the critical distance
SHARE = 0.85  # of the time each of them talks
SPREAD_DB = 3.0  # one is nearer, another louder: the standard deviation of their levels; never more than twice that
SIZES = (0.94, 1.06)  # pitch and formants: people of one voice, but not one person
FEWEST = 3  # sentences
ROUNDS = 16  # in which each says them in another order: minutes until anything comes again


class Options(Words):
    """How many talk at once, how far below the caller all of them are together, and the room around each."""

    talkers: int = Field(6, ge=2, le=32)
    snr_db: float = Field(15.0, ge=-10, le=50)
    weighting: Literal["A", "none"] = "A"
    t60_s: float = Field(0.4, ge=0.05, le=3)
    room_seed: int = Field(0, ge=0)

    def settled(self, rng: Generator) -> Self:
        """The same with the same people for the whole call."""
        return self.model_copy(update={"room_seed": int(rng.integers(2**32))})

    def at(self, severity: float) -> Self:
        """The same at another severity: amplitude and T60 are proportional to it; there are as many people."""
        t60_s = min(max(self.t60_s * severity / TYPICAL, 0.05), 3.0)
        return self.model_copy(
            update={"snr_db": min(max(self.snr_db - louder_db(severity), -10.0), 50.0), "t60_s": t60_s}
        )


@dataclass(frozen=True, eq=False)
class Crowd:
    """All who talk, each with the level they talk at; together they have `leq_dbov` in the long run, weighted."""

    talkers: Sequence[Speaker]
    asls_dbov: Sequence[float]
    leq_dbov: float


class Babble:
    """People talk at the tables around, at an SNR that holds for the whole call."""

    version: ClassVar[int] = 2
    order: ClassVar[int] = 30
    device: ClassVar[Device] = "cpu"
    lookahead_ms = 0
    runs_on = True
    voices: tuple[str, ...] = ("adult",)

    def __init__(self, options: Options) -> None:
        self.options = options
        self._kept = Kept(self._crowd)

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with the crowd among the `others`."""
        crowd = self._kept.of(scene.voices["adult"], scene.rate)
        others, got = scene.others.copy(), []
        for row, (nominal, rng) in enumerate(zip(scene.nominal, rngs, strict=True)):
            stem = self._heard(crowd, scene, row, rng)
            others[row] += stem
            got.append(self._measured(stem[scene.hidden :], scene.rate, nominal))
        return replace(scene, others=others).with_got(got)

    def _heard(self, crowd: Crowd, scene: Scene, row: int, rng: Generator) -> Floats:
        by_db = self._speech_dbov(scene.nominal[row]) - self.options.snr_db - crowd.leq_dbov
        stem = np.zeros(scene.samples, np.float32)
        for talker, asl_dbov in zip(crowd.talkers, crowd.asls_dbov, strict=True):
            # In a crowd nobody hears one word cut; all of them between words at once would be a hole.
            stem += overhear(talker, scene, row, rng, asl_dbov=asl_dbov + by_db, by_words=False).stem
        return stem

    def _crowd(self, people: People, rate: int) -> Crowd:
        rng = stream(self.options.room_seed, NAME)
        talkers = [self._talker(number, people, rate, rng) for number in range(self.options.talkers)]
        asls_dbov = [float(np.clip(rng.normal(0, SPREAD_DB), -2 * SPREAD_DB, 2 * SPREAD_DB)) for _ in talkers]
        power = sum(self._power(one) * gain(asl) ** 2 for one, asl in zip(talkers, asls_dbov, strict=True))
        return Crowd(talkers, asls_dbov, float(10 * np.log10(power)))

    def _talker(self, number: int, people: People, rate: int, rng: Generator) -> Speaker:
        """Those who must share a voice differ in size, and share out its sentences as far as they go."""
        person = people[number % len(people)]
        turn, sharing = number // len(people), -(-(self.options.talkers - number % len(people)) // len(people))
        count = min(len(person), max(FEWEST, len(person) // sharing))
        mine = [person[(turn * count + i) % len(person)] for i in range(count)]
        size = rng.uniform(*SIZES)
        sentences = [soxr.resample(one, rate * size, rate, quality="HQ") for one in mine]
        response = room_response(self.options.t60_s, DRR_DB, VOLUME_M3, rate, rng)
        return Speaker(sentences, response, rate, round(sum(len(one) for one in sentences) / SHARE), ROUNDS)

    def _power(self, talker: Speaker) -> float:
        """Of a talker at an active speech level of 0 dBov, over a whole loop."""
        heard = [talker.sentence(index) for index in range(len(talker.sentences))]
        return sum(10 ** (self._level_dbov(one, talker.rate) / 10) * len(one) for one in heard) / talker.loop

    def _speech_dbov(self, nominal: Nominal) -> float:
        return nominal.weighted_dbov if self.options.weighting == "A" else nominal.asl_dbov

    def _level_dbov(self, samples: Floats, rate: int) -> float:
        return a_weighted_leq_dbov(samples, rate) if self.options.weighting == "A" else leq_dbov(samples)

    def _measured(self, stem: Floats, rate: int, nominal: Nominal) -> list[Measure]:
        level_dbov = self._level_dbov(stem, rate)
        if not np.isfinite(level_dbov):
            return []
        got = self._speech_dbov(nominal) - level_dbov
        return [Measure(NAME, "snr_db", self.options.snr_db, got, "set", tolerance=0.5)]
