"""Hum: the mains in a wire or a charger, with its harmonics.

The wave is a saw, as of supplies that draw their current once a period: the harmonic of number k is k times softer than
the first (6 dB an octave). Its edge is round: above 1 kHz they fall by up to 12 dB an octave more. Both are our choice.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field
from scipy import fft, signal

from pipeline.audio import Floats
from pipeline.levels import gain, leq_dbov
from pipeline.line.arrays import beside
from pipeline.line.scene import Device, Measure, Scene
from pipeline.spec.severity import louder_db
from pipeline.spec.words import Words

NAME = "device.hum"
SOFTEST_DBOV, LOUDEST_DBOV = -100.0, -20.0
EDGE_HZ = 1000
HIGHEST_HZ = 3500  # by then they are nearly 60 dB down
SHORTEST_S = 0.1  # in less the fundamental cannot be told from the next harmonic


class Options(Words):
    """The mains, how loud the hum is in all, and where in its period the call begins (null: by chance)."""

    hz: Literal[50, 60] = 50
    dbov: float = Field(-60.0, ge=SOFTEST_DBOV, le=LOUDEST_DBOV)
    phase_deg: float | None = Field(None, ge=0, le=360)

    def settled(self, rng: Generator) -> Self:
        """The same with a phase, drawn once for the call."""
        phase_deg = float(rng.uniform(0, 360))  # drawn even where it is not used: chance belongs to names
        return self if self.phase_deg is not None else self.model_copy(update={"phase_deg": phase_deg})

    def at(self, severity: float) -> Self:
        """The same with an amplitude in proportion: 6 dB louder at 1."""
        dbov = self.dbov + louder_db(severity)
        return self.model_copy(update={"dbov": min(max(dbov, SOFTEST_DBOV), LOUDEST_DBOV)})


class Hum:
    """A hum that lasts as long as the call; from block to block of a silence it runs on."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 70
    single: ClassVar[bool] = True
    device: ClassVar[Device] = "any"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()
    runs_on = True

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with hum in the noise, or in the whole sound where the stems have ended; level and pitch got."""
        since = scene.since or (0,) * scene.rows
        hum = np.stack([hummed(self.options, scene.rate, begun, scene.samples) for begun in since])
        stem = "speech" if scene.mixed else "noise"
        got = [self._measured(row[scene.hidden :], scene.rate) for row in hum]
        return replace(scene, **{stem: getattr(scene, stem) + beside(hum, scene.speech)}).with_got(got)

    def _measured(self, heard: Floats, rate: int) -> list[Measure]:
        """Nothing where too little is heard to be measured."""
        if len(heard) < SHORTEST_S * rate:
            return []
        return [
            Measure(NAME, "dbov", self.options.dbov, leq_dbov(heard), "set", 0.1),
            Measure(NAME, "hz", self.options.hz, strongest_hz(heard, rate), "set", 0.5),
        ]


def hummed(options: Options, rate: int, since: int, samples: int) -> Floats:
    """So many samples of it, `since` samples in."""
    wave = _wave(options, rate)
    start = since % len(wave)
    return np.resize(np.roll(wave, -start), samples)


@lru_cache(maxsize=64)
def _wave(options: Options, rate: int) -> Floats:
    """The shortest whole number of periods that is a whole number of samples: it joins its own beginning."""
    t = np.arange(rate // math.gcd(rate, options.hz)) / rate
    numbers = np.arange(1, HIGHEST_HZ // options.hz + 1)
    turns = np.multiply.outer(numbers, options.hz * t + (options.phase_deg or 0.0) / 360)
    amplitudes = 1 / (numbers * (1 + np.square(numbers * options.hz / EDGE_HZ)))
    amplitudes *= gain(options.dbov) / math.sqrt(0.5 * np.square(amplitudes).sum())
    return np.asarray(amplitudes @ np.sin(2 * np.pi * turns), np.float32)


def strongest_hz(sound: Floats, rate: int) -> float:
    """The frequency of the strongest tone in the first second: the peak of its spectrum, between lines 1 Hz apart.

    Under a Gaussian window a spectrum's peak is a parabola in dB.
    """
    heard = sound[:rate]
    levels = np.log(np.abs(fft.rfft(heard * signal.windows.gaussian(len(heard), len(heard) / 6), rate)) + 1e-12)
    peak = int(levels[1:-1].argmax()) + 1
    before, top, after = (float(level) for level in levels[peak - 1 : peak + 2])
    return peak + (before - after) / (2 * (before - 2 * top + after))
