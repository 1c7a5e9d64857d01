"""Announcements over the loudspeakers of a station: a chime and a sentence, from a horn in a large hall."""

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Floats
from pipeline.chance import stream
from pipeline.levels import scale_to
from pipeline.line.loudspeakers import loudspeaker
from pipeline.line.rooms import room_response
from pipeline.line.scene import Device, Measure, Scene
from pipeline.line.talk import NEXT_TO_NEVER, Kept, Overheard, People, Speaker, overheard
from pipeline.spec.severity import TYPICAL, louder_db
from pipeline.spec.words import Words

NAME = "room.announcement"
VOLUME_M3 = 5000.0
LOW_HZ, HIGH_HZ, POLES = 400.0, 4000.0, 4  # a horn: steep below its cut-off
SPOKEN_DBOV = -26.0
# A falling third, E5 and C5, the second begun before the first has died away.
CHIME_HZ = (659.26, 523.25)
CHIME_EVERY_S, DECAY_S, STRUCK_S, CHIME_S, PAUSE_S = 0.55, 0.3, 0.004, 1.5, 0.3


class Options(Words):
    """How loud the announcements are, how many there are, and how the hall rings."""

    sir_db: float = Field(8.0, ge=-6, le=30)
    per_min: float = Field(2.0, ge=0, le=6)
    t60_s: float = Field(2.0, ge=0.05, le=3)
    drr_db: float = Field(-5.0, ge=-20, le=40)
    room_seed: int = Field(0, ge=0)

    def settled(self, rng: Generator) -> Self:
        """The same with one voice in one hall, drawn once for the whole call."""
        return self.model_copy(update={"room_seed": int(rng.integers(2**32))})

    def at(self, severity: float) -> Self:
        """The same at another severity: amplitude, how many there are, and T60 are proportional to it."""
        times = severity / TYPICAL
        return self.model_copy(
            update={
                "sir_db": min(max(self.sir_db - louder_db(severity), -6.0), 30.0),
                "per_min": min(self.per_min * times, 6.0),
                "t60_s": min(max(self.t60_s * times, 0.05), 3.0),
            }
        )


class Announcement:
    """Somebody reads announcements, `per_min` of them, `sir_db` softer than the caller."""

    version: ClassVar[int] = 2
    order: ClassVar[int] = 60
    device: ClassVar[Device] = "cpu"
    lookahead_ms = 0
    runs_on = True
    voices: tuple[str, ...] = ("announcer",)

    def __init__(self, options: Options) -> None:
        self.options = options
        self._kept = Kept(self._horn)

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with announcements among the `others`."""
        if not self.options.per_min:
            return scene.with_got([[self._per_min(0.0, sd=None)] for _ in rngs])
        speaker = self._kept.of(scene.voices["announcer"], scene.rate)
        after, rows = overheard(speaker, scene, rngs, self.options.sir_db)
        return after.with_got([self._measures(one, scene, row) for row, one in enumerate(rows)])

    def _horn(self, people: People, rate: int) -> Speaker:
        rng = stream(self.options.room_seed, NAME)
        hall = room_response(self.options.t60_s, self.options.drr_db, VOLUME_M3, rate, rng)
        response = loudspeaker(hall, rate, LOW_HZ, HIGH_HZ, order=POLES)
        before = np.concatenate((chime(rate), np.zeros(round(PAUSE_S * rate), np.float32)))
        read = people[int(rng.integers(len(people)))]
        sentences = [np.concatenate((before, one)) for one in read]
        return Speaker(
            sentences, response, rate, round(len(sentences) * 60 * rate / max(self.options.per_min, NEXT_TO_NEVER))
        )

    def _measures(self, heard: Overheard, scene: Scene, row: int) -> list[Measure]:
        per_min = self._per_min(heard.per_min, sd=heard.per_min_sd)
        return [per_min, *heard.sir(NAME, self.options.sir_db, scene.nominal[row])]

    def _per_min(self, got: float, *, sd: float | None) -> Measure:
        return Measure(NAME, "per_min", self.options.per_min, got, "drawn", sd=sd)


def chime(rate: int) -> Floats:
    """Two struck notes with an octave in each, dying away, as loud as the speech that follows."""
    since_s = np.arange(round(CHIME_S * rate)) / rate
    notes = sum(_note(since_s - CHIME_EVERY_S * i, hz) for i, hz in enumerate(CHIME_HZ))
    ends = np.minimum(1, (since_s[-1] - since_s) / 0.1)
    return scale_to((notes * ends).astype(np.float32), rate, SPOKEN_DBOV)


def _note(since_s: np.ndarray[tuple[int], np.dtype[np.float64]], hz: float) -> Floats:
    time_s = np.maximum(since_s, 0)
    struck = np.minimum(time_s / STRUCK_S, 1) * np.exp(-time_s / DECAY_S)
    tones = np.sin(2 * np.pi * hz * time_s) + 0.25 * np.sin(4 * np.pi * hz * time_s)
    return np.asarray(struck * tones, np.float32)
