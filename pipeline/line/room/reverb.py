"""Reverb: the room answers the talker, in reflections and a tail; made up, or a recorded impulse response."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import isfinite, log10
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field, ValidationInfo, field_validator, model_validator

from pipeline.audio import Floats
from pipeline.chance import stream
from pipeline.files import file_hash, json_hash
from pipeline.levels import leq_dbov
from pipeline.line import rooms
from pipeline.line.arrays import to_numpy
from pipeline.line.filters import fir_filter
from pipeline.line.recordings import ENDINGS, sound_files
from pipeline.line.scene import Device, Measure, Scene
from pipeline.spec.words import Words, complaint, folder_of

NAME = "room.reverb"
MADE_UP = ("t60_s", "drr_db", "volume_m3", "hf_damping")
DRR_DB = (-20.0, 40.0)
T60_S = (0.05, 3.0)
# A tenth; but octave filters ring themselves, so nobody measures a car that well.
T60_OFF, T60_OFF_S = 0.1, 0.02
DRR_OFF_DB = 1.0


class Options(Words):
    """How long the room rings and how loud, or a recording of it; `rir` leads from the profile's folder.

    Without words: a telephone at the ear (0.12 m) in a furnished room.
    """

    t60_s: float = Field(0.4, ge=T60_S[0], le=T60_S[1])
    drr_db: float = Field(13.0, ge=DRR_DB[0], le=DRR_DB[1])
    volume_m3: float = Field(40.0, ge=1, le=20_000)
    hf_damping: float = Field(0.8, ge=0.3, le=1)
    rir: Path | None = None
    room_seed: int = Field(0, ge=0)

    @field_validator("rir", mode="before")
    @classmethod
    def _from_the_profile(cls, value: object, info: ValidationInfo) -> object:
        return (folder_of(info) / value).absolute() if isinstance(value, str | Path) else value

    @field_validator("rir")
    @classmethod
    def _can_be_read(cls, rir: Path | None) -> Path | None:
        if rir is None:
            return None
        if rir.is_dir() and not sound_files(rir):
            raise complaint(f"{rir}: no sound file lies in it or below it ({', '.join(sorted(ENDINGS))})")
        if not rir.is_dir() and (wrong := rooms.response_fault(rir)) is not None:
            raise complaint(f"{rir}: {wrong}")
        return rir

    @model_validator(mode="after")
    def _one_room(self) -> Self:
        fields = type(self).model_fields
        said = [key for key in MADE_UP if getattr(self, key) != fields[key].default]
        if self.rir is not None and said:
            raise complaint(f"is what a recorded room has of its own: leave it out, or 'rir: {self.rir.name}'", said[0])
        return self

    def content(self) -> str:
        """The hash of the recordings, in order, so that a run notices when one changes; nothing for a made-up room."""
        return json_hash([file_hash(file) for file in self._files()]) if self.rir else ""

    def settled(self, rng: Generator) -> Self:
        """The same in one room for the whole call: drawn, or picked from the folder."""
        seed, files = int(rng.integers(2**32)), self._files()
        rir = files[seed % len(files)] if files else None
        return self.model_copy(update={"room_seed": seed, "rir": rir})

    def at(self, severity: float) -> Self:
        """T60 in proportion; the same talker is as far away, so the DRR falls as T60 rises. A recording stays."""
        if self.rir is not None:
            return self
        t60_s = float(np.clip(self.t60_s * severity / 0.5, *T60_S))
        drr_db = float(np.clip(self.drr_db - 10 * log10(t60_s / self.t60_s), *DRR_DB))
        return self.model_copy(update={"t60_s": t60_s, "drr_db": drr_db})

    def _files(self) -> list[Path]:
        if self.rir is None:
            return []
        return sound_files(self.rir) if self.rir.is_dir() else [self.rir]


@dataclass(frozen=True, eq=False)
class Room:
    """An impulse response whose direct sound has energy 1, and what holds of it whatever is said."""

    response: Floats
    measures: tuple[Measure, ...]

    @property
    def gain_db(self) -> float:
        """How much louder the room makes white noise."""
        return 10 * log10(np.sum(self.response.astype(np.float64) ** 2))


class Reverb:
    """The room rings: reflections and a tail follow what the caller says. The direct sound stays as it is."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 10
    device: ClassVar[Device] = "any"
    single: ClassVar[bool] = True
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        if options.rir is not None and options.rir.is_dir():
            raise ValueError("a folder is not settled: call options.settled(rng) first")
        self.options = options

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with `speech` as the microphone hears it in the room; others and noise have ways of their own."""
        room = self._room(scene.rate)
        speech = fir_filter(scene.speech, room.response, lag=0)
        rows = zip(*(to_numpy(sound[:, scene.hidden :]) for sound in (scene.speech, speech)), strict=True)
        return replace(scene, speech=speech).with_got([(*room.measures, *_louder(room, *row)) for row in rows])

    def _room(self, rate: int) -> Room:
        if self.options.rir is None:
            return _made_up(self.options, rate)
        return _recorded(self.options.rir, self.options.rir.stat().st_mtime_ns, rate)


@lru_cache(maxsize=16)
def _made_up(options: Options, rate: int) -> Room:
    asked = (options.t60_s, options.drr_db, options.volume_m3)
    rng = stream(options.room_seed, NAME)
    whole = rooms.room_response(*asked, rate, rng, hf_damping=options.hf_damping)
    response = whole / whole[0]  # so the room adds to a level and never rescales it
    t60_s = rooms.response_t60_s(response, rate) or 0.0
    drr_db = rooms.direct_to_reverberant_db(response, rate)
    off_s = max(T60_OFF * options.t60_s, T60_OFF_S)
    measures = (
        Measure(NAME, "t60_s", options.t60_s, t60_s, "set", tolerance=off_s),
        Measure(NAME, "drr_db", options.drr_db, drr_db, "set", tolerance=DRR_OFF_DB),
    )
    return Room(response, measures)


@lru_cache(maxsize=16)
def _recorded(rir: Path, _changed_ns: int, rate: int) -> Room:
    """Nothing was asked of a recording but itself: what it has is recorded, and not judged."""
    response = rooms.recorded_response(rir, rate)
    has = {"t60_s": rooms.response_t60_s(response, rate), "drr_db": rooms.direct_to_reverberant_db(response, rate)}
    there = {name: got for name, got in has.items() if got is not None and isfinite(got)}
    return Room(response, tuple(Measure(NAME, name, None, got, "drawn") for name, got in there.items()))


def _louder(room: Room, before: Floats, after: Floats) -> tuple[Measure, ...]:
    """How much louder the room made what was said in a row; nothing in silence."""
    levels = [leq_dbov(sound) for sound in (before, after)]
    return (
        (Measure(NAME, "gain_db", room.gain_db, levels[1] - levels[0], "drawn"),) if all(map(isfinite, levels)) else ()
    )
