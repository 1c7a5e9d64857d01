"""A television that is on: people who take turns, through a small loudspeaker, across the room."""

from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field
from scipy import signal

from pipeline.audio import Floats
from pipeline.chance import stream
from pipeline.line.loudspeakers import loudspeaker
from pipeline.line.rooms import room_response
from pipeline.line.scene import Device, Measure, Scene
from pipeline.line.talk import NEXT_TO_NEVER, Kept, Overheard, People, Speaker, overheard
from pipeline.spec.severity import TYPICAL, louder_db
from pipeline.spec.words import Words

NAME = "room.tv"
VOLUME_M3 = 40.0
LOW_HZ, HIGH_HZ, POLES = 150.0, 7000.0, 2  # a flat set's closed box
# Broadcast speech is compressed: what lies above 10 dB below the active speech level comes closer, 3 dB to one.
RATIO = 3.0
THRESHOLD_DBOV = -36.0
RISE_S = 0.02


class Options(Words):
    """How loud the television is, how much of the time somebody speaks on it, and where it stands."""

    sir_db: float = Field(12.0, ge=-6, le=30)
    overlap: float = Field(0.8, ge=0, le=1)
    t60_s: float = Field(0.45, ge=0.05, le=3)
    drr_db: float = Field(0.0, ge=-20, le=40)
    room_seed: int = Field(0, ge=0)

    def settled(self, rng: Generator) -> Self:
        """The same in one room, drawn once for the whole call."""
        return self.model_copy(update={"room_seed": int(rng.integers(2**32))})

    def at(self, severity: float) -> Self:
        """The same at another severity: amplitude and T60 are proportional to it; it is on as much as ever."""
        t60_s = min(max(self.t60_s * severity / TYPICAL, 0.05), 3.0)
        return self.model_copy(
            update={"sir_db": min(max(self.sir_db - louder_db(severity), -6.0), 30.0), "t60_s": t60_s}
        )


class Tv:
    """News, a match and a detective, one after the other: `overlap` is the share of the time that somebody speaks."""

    version: ClassVar[int] = 2
    order: ClassVar[int] = 50
    device: ClassVar[Device] = "cpu"
    lookahead_ms = 0
    runs_on = True
    voices: tuple[str, ...] = ("tv",)

    def __init__(self, options: Options) -> None:
        self.options = options
        self._kept = Kept(self._set)

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with the television among the `others`."""
        if not self.options.overlap:
            return scene.with_got([[self._overlap(0.0, sd=None)] for _ in rngs])
        after, rows = overheard(self._kept.of(scene.voices["tv"], scene.rate), scene, rngs, self.options.sir_db)
        return after.with_got([self._measures(one, scene, row) for row, one in enumerate(rows)])

    def _set(self, people: People, rate: int) -> Speaker:
        rng = stream(self.options.room_seed, NAME)
        room = room_response(self.options.t60_s, self.options.drr_db, VOLUME_M3, rate, rng)
        response = loudspeaker(room, rate, LOW_HZ, HIGH_HZ, order=POLES)
        in_turn = [one for one in chain.from_iterable(zip_longest(*people)) if one is not None]
        sentences = [compressed(one, rate) for one in in_turn]
        loop = round(sum(len(one) for one in sentences) / max(self.options.overlap, NEXT_TO_NEVER))
        return Speaker(sentences, response, rate, loop)

    def _measures(self, heard: Overheard, scene: Scene, row: int) -> list[Measure]:
        overlap = self._overlap(heard.share, sd=heard.share_sd)
        return [overlap, *heard.sir(NAME, self.options.sir_db, scene.nominal[row])]

    def _overlap(self, got: float, *, sd: float | None) -> Measure:
        return Measure(NAME, "overlap", self.options.overlap, got, "drawn", sd=sd)


def compressed(samples: Floats, rate: int) -> Floats:
    """Speech of -26 dBov whose level over 20 ms rises by 1 dB for 3, from 10 dB below that on.

    The static curve of a compressor without knee (Giannoulis, Massberg and Reiss, JAES 60(6), 2012).
    """
    pole = np.exp(-1 / (RISE_S * rate))
    power = signal.lfilter([1 - pole], [1, -pole], np.square(samples, dtype=np.float64))
    over_db = np.maximum(10 * np.log10(np.maximum(power, 1e-12)) - THRESHOLD_DBOV, 0)
    return (samples * 10 ** (-(1 - 1 / RATIO) * over_db / 20)).astype(np.float32)
