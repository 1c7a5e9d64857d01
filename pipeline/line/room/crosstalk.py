"""Another person in the room who says other words, with a voice of their own and their own way to the microphone."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.chance import stream
from pipeline.line.filters import curve_taps
from pipeline.line.rooms import room_response
from pipeline.line.scene import Device, Measure, Scene
from pipeline.line.talk import NEXT_TO_NEVER, Kept, Overheard, People, Speaker, overheard
from pipeline.spec.severity import TYPICAL, louder_db
from pipeline.spec.words import Words

NAME = "room.crosstalk"
VOLUME_M3 = 40.0
# Further from the telephone than the caller, there is as much reverberation as direct sound. Who turns away sends
# less of the latter: some 6 dB over the bands of speech.
DRR_DB: Mapping[str, float] = {"adult": 0.0, "child": 0.0, "aside": -6.0}
# What a talker radiates to the back, against the front: Chu and Warnock, "Detailed directivity of sound fields around
# human talkers", NRC Canada RR-104 (2002); rounded, as recalled.
BEHIND_DB: Mapping[int, float] = {125: -1, 250: -4, 500: -6, 1000: -7, 2000: -12, 4000: -17, 8000: -21}
TURNED_MS = 4.0


class Options(Words):
    """How loud the other person is, how much of the time they talk, who they are, and how far away they stand.

    Without a `drr_db` an aside has -6 dB, and others have 0.
    """

    sir_db: float = Field(6.0, ge=-6, le=30)
    overlap: float = Field(0.15, ge=0, le=1)
    kind: Literal["adult", "child", "aside"] = "adult"
    t60_s: float = Field(0.4, ge=0.05, le=3)
    drr_db: float | None = Field(None, ge=-20, le=40)
    room_seed: int = Field(0, ge=0)

    def settled(self, rng: Generator) -> Self:
        """The same with one person in one room, drawn once for the whole call."""
        return self.model_copy(update={"room_seed": int(rng.integers(2**32))})

    def at(self, severity: float) -> Self:
        """The same at another severity: amplitude, share of the time and T60 are proportional to it."""
        times = severity / TYPICAL
        return self.model_copy(
            update={
                "sir_db": min(max(self.sir_db - louder_db(severity), -6.0), 30.0),
                "overlap": min(self.overlap * times, 1.0),
                "t60_s": min(max(self.t60_s * times, 0.05), 3.0),
            }
        )


class Crosstalk:
    """Another person talks, whatever the caller does: `overlap` is the share of the time, `sir_db` how much softer."""

    version: ClassVar[int] = 3
    order: ClassVar[int] = 40
    device: ClassVar[Device] = "cpu"
    lookahead_ms = 0
    runs_on = True

    def __init__(self, options: Options) -> None:
        self.options = options
        self.voices: tuple[str, ...] = (options.kind,)
        self._kept = Kept(self._speaker)

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with the other person among the `others`."""
        if not self.options.overlap:
            return scene.with_got([[self._overlap(0.0, sd=None)] for _ in rngs])
        speaker = self._kept.of(scene.voices[self.options.kind], scene.rate)
        after, rows = overheard(speaker, scene, rngs, self.options.sir_db)
        return after.with_got([self._measures(one, scene, row) for row, one in enumerate(rows)])

    def _speaker(self, people: People, rate: int) -> Speaker:
        rng = stream(self.options.room_seed, NAME)
        response = self._way(rate, rng)
        sentences = people[int(rng.integers(len(people)))]
        loop = round(sum(len(one) for one in sentences) / max(self.options.overlap, NEXT_TO_NEVER))
        return Speaker(sentences, response, rate, loop)

    def _way(self, rate: int, rng: Generator) -> Floats:
        """From their mouth to the microphone."""
        drr_db = DRR_DB[self.options.kind] if self.options.drr_db is None else self.options.drr_db
        response = room_response(self.options.t60_s, drr_db, VOLUME_M3, rate, rng)
        return turned_away(response, rate) if self.options.kind == "aside" else response

    def _measures(self, heard: Overheard, scene: Scene, row: int) -> list[Measure]:
        overlap = self._overlap(heard.share, sd=heard.share_sd)
        return [overlap, *heard.sir(NAME, self.options.sir_db, scene.nominal[row])]

    def _overlap(self, got: float, *, sd: float | None) -> Measure:
        return Measure(NAME, "overlap", self.options.overlap, got, "drawn", sd=sd)


def turned_away(response: Floats, rate: int) -> Floats:
    """The room's response to a mouth that points elsewhere: the direct sound (lag 0) is as loud as before, but dull."""
    taps = curve_taps(BEHIND_DB, rate, half_ms=TURNED_MS)
    direct = taps * (response[0] / np.sqrt(np.sum(taps**2)))
    half = len(taps) // 2
    turned = np.zeros(max(len(response) + half, len(taps)), np.float32)
    turned[half : half + len(response)] = response
    turned[half] = 0.0
    turned[: len(taps)] += direct.astype(np.float32)
    return turned
