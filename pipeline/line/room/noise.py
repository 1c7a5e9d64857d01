"""Noise: a steady bed around the talker, at an SNR that holds at the microphone for the whole call."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field, ValidationInfo, field_validator, model_validator

from pipeline.audio import Floats
from pipeline.files import file_hash, json_hash
from pipeline.levels import a_weighted_leq_dbov, gain, leq_dbov
from pipeline.line import beds
from pipeline.line.scene import Measure, Nominal, Scene
from pipeline.spec.words import Words, complaint, folder_of

ENDINGS = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".au"})


class Options(Words):
    """What sounds, and how far below the talker: a `kind`, a `file` or a `folder`, else speech-shaped noise.

    `file` and `folder` lead from the profile's folder.
    """

    kind: Literal["white", "pink", "speech_shaped"] | None = None
    snr_db: float = Field(default=15.0, ge=-10.0, le=50.0)
    weighting: beds.Weighting = "A"
    file: Path | None = None
    folder: Path | None = None

    @field_validator("file", "folder", mode="before")
    @classmethod
    def _from_the_profile(cls, value: object, info: ValidationInfo) -> object:
        return (folder_of(info) / value).absolute() if isinstance(value, str | Path) else value

    @field_validator("file")
    @classmethod
    def _can_be_read(cls, file: Path | None) -> Path | None:
        if file is not None and (wrong := beds.fault(file)) is not None:
            raise complaint(f"{file}: {wrong}")
        return file

    @field_validator("folder")
    @classmethod
    def _holds_sound(cls, folder: Path | None) -> Path | None:
        if folder is not None and not folder.is_dir():
            raise complaint(f"{folder}: there is no such folder")
        if folder is not None and not sound_files(folder):
            raise complaint(f"{folder}: no sound file lies in it or below it ({', '.join(sorted(ENDINGS))})")
        return folder

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        said = [key for key in ("file", "folder", "kind") if getattr(self, key) is not None]
        if len(said) > 1:
            raise complaint(f"wants one of kind, file and folder, not {' and '.join(said)}", said[0])
        return self

    def content(self) -> str:
        """The hash of the recordings, in order, so that a run notices when one changes; nothing for a `kind`."""
        files = sound_files(self.folder) if self.folder else [self.file] if self.file else []
        return json_hash([file_hash(file) for file in files]) if files else ""

    def settled(self, rng: Generator) -> Self:
        """The same with one recording of the folder picked, the same for the whole call."""
        if self.folder is None:
            return self
        files = sound_files(self.folder)
        return self.model_copy(update={"file": files[int(rng.integers(len(files)))], "folder": None})


class Noise:
    """A steady bed of noise: white, pink, speech-shaped, or a recording, at an A-weighted SNR."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 20
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        if options.folder is not None:
            raise ValueError("a folder is not settled: call options.settled(rng) first")
        self._options = options

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with a bed added to all samples of its noise."""
        bed = self._bed(scene.rate)
        level_dbov = bed.leq_dbov(self._options.weighting)
        noise = scene.noise.copy()
        got: list[list[Measure]] = []
        for row, (nominal, rng) in enumerate(zip(scene.nominal, rngs, strict=True)):
            sound = bed.draw(scene.samples, rng)
            sound *= np.float32(gain(self._speech_dbov(nominal) - self._options.snr_db - level_dbov))
            noise[row] += sound
            got.append(self._measured(sound[scene.hidden :], scene.rate, nominal))
        return replace(scene, noise=noise).with_got(got)

    def _bed(self, rate: int) -> beds.Bed:
        if self._options.file is not None:
            return beds.looped(self._options.file, rate)
        return beds.coloured(self._options.kind or "speech_shaped", rate)

    def _speech_dbov(self, nominal: Nominal) -> float:
        return nominal.weighted_dbov if self._options.weighting == "A" else nominal.asl_dbov

    def _measured(self, sound: Floats, rate: int, nominal: Nominal) -> list[Measure]:
        """The SNR got; none where the bed is silent, as a recording may be for a while."""
        weighted = self._options.weighting == "A"
        level_dbov = a_weighted_leq_dbov(sound, rate) if weighted else leq_dbov(sound)
        if level_dbov == -np.inf:
            return []
        got = self._speech_dbov(nominal) - level_dbov
        return [Measure("room.noise", "snr_db", self._options.snr_db, got, "set", tolerance=0.5)]


def sound_files(folder: Path) -> list[Path]:
    """All recordings in a folder and below it, in order; of channels in files of their own only the first."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    return sorted(path for path in found if path.name[0] != "." and not _is_further_channel(path))


def _is_further_channel(path: Path) -> bool:
    """Whether it is `ch02.wav` to `ch16.wav` beside a `ch01.wav`, as in DEMAND."""
    number = path.stem.removeprefix("ch")
    is_channel = path.stem.startswith("ch") and len(number) == 2 and number.isdigit()
    return is_channel and number != "01" and path.with_stem("ch01").is_file()
