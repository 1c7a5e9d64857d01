"""Carries a scene along a line, effect by effect, to the 16-bit sound that arrives; and checks the line itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from pipeline.audio import Floats, Ints, to_pcm
from pipeline.chance import Chance
from pipeline.line.arrays import CPU, silence
from pipeline.line.draw import Line, PlacedEffect
from pipeline.line.losses import silenced
from pipeline.line.scene import Effect, Measure, Nominal, RunsOn, Scene
from pipeline.line.stems import beyond_full_scale

LINE = "line"  # in measures, what is no effect's but the whole line's


@dataclass(frozen=True, eq=False)
class Arrived:
    """What comes out of the line: int16 rows x samples, and each row's measures."""

    pcm: Ints
    got: tuple[tuple[Measure, ...], ...]


class Streams(Sequence[Generator]):
    """The generator of each row, made when it is first asked for: many effects ask for none."""

    def __init__(self, chances: Sequence[Chance]) -> None:
        self._chances = chances
        self._made: dict[int, Generator] = {}

    def __len__(self) -> int:
        return len(self._chances)

    def __getitem__(self, row: int) -> Generator:  # type: ignore[override]  # no slices of it
        if row not in self._made:
            self._made[row] = self._chances[row].stream()
        return self._made[row]


def carry(
    line: Line, scene: Scene, chances: Sequence[Chance], whole: Sequence[Chance] = (), *, device: str = CPU
) -> Arrived:
    """The scene as it arrives. `chances` holds each row's own; every effect draws by its place and name from it.

    Effects that run on draw from `whole`: each row's chance of the silence that it is a part of. Those that can run
    anywhere do so on `device` (see `arrays`).
    """
    for placed in line.effects:
        scene = carry_past(placed, scene, chances, whole, device=device)
    scene = silenced(scene.on(CPU).mix())
    scene = scene.with_got([_cut_off(row[scene.hidden :]) for row in scene.speech])
    return Arrived(to_pcm(scene.speech), scene.got)


def _cut_off(heard: Floats) -> list[Measure]:
    """The share of samples that 16 bits cut off at the very end, where any are: a filter or a codec may overshoot."""
    share = float(beyond_full_scale(heard).mean()) if len(heard) else 0.0
    return [Measure(LINE, "share", 0.0, share, "drawn")] if share else []


def carry_past(
    placed: PlacedEffect, scene: Scene, chances: Sequence[Chance], whole: Sequence[Chance] = (), *, device: str = CPU
) -> Scene:
    """The scene after one effect of the line."""
    own = whole if whole and isinstance(placed.effect, RunsOn) else chances
    rngs = Streams([chance.named(placed.place, placed.name) for chance in own])
    return placed.effect(scene.on(_where(placed.effect, device)), rngs)


def _where(effect: Effect, device: str) -> str:
    return device if device != CPU and effect.device == "any" else CPU


def scene_of(
    speech: Floats, *, rate: int, nominal: Nominal, voices: Mapping[str, Sequence[Sequence[Floats]]], hidden: int
) -> Scene:
    """A scene of one row: the caller's speech, and nothing else sounding yet."""
    row = speech[np.newaxis]
    nothing = silence(row.shape, row)
    return Scene(rate, row, nothing, nothing, nothing, (nominal,), voices, hidden)
