"""Echo: what the handset's echo canceller leaves of the agent's voice on the caller's side of the line."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from math import isfinite
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field
from scipy import fft, signal

from pipeline.audio import Floats
from pipeline.levels import gain, leq_dbov
from pipeline.line.beds import SPECTRA, Doubles
from pipeline.line.scene import Device, Measure, Scene
from pipeline.spec.severity import louder_db
from pipeline.spec.words import Words

NAME = "device.echo"
# A loudspeaker in a closed box is a high-pass of second order (Small, "Closed-Box Loudspeaker Systems", JAES 20,
# 1972). Flattest alignment; so high a resonance is that of a box as small as a telephone.
RESONANCE_HZ = 400
WORST_DB, BEST_DB = 5.0, 60.0
COLOURING_MS = 8  # by then the box has rung down by more than 100 dB


class Options(Words):
    """How far the residual lies below the agent's sound at the caller's ear, and how much later it comes."""

    erle_db: float = Field(30.0, ge=WORST_DB, le=BEST_DB)
    delay_ms: int = Field(120, ge=10, le=600)

    def at(self, severity: float) -> Self:
        """The same at another severity: the residual's amplitude is proportional to it, and it comes as late."""
        erle_db = self.erle_db - louder_db(severity)
        return self.model_copy(update={"erle_db": min(max(erle_db, WORST_DB), BEST_DB)})


class Echo:
    """The agent's voice comes back, late, thin and as soft as the echo canceller leaves it."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 110
    device: ClassVar[Device] = "cpu"
    single: ClassVar[bool] = True

    # No attribute `delay_ms`: an effect that has one delays the whole line.
    def __init__(self, options: Options) -> None:
        self.options = options
        self.lookahead_ms = 0
        self.voices: tuple[str, ...] = ()
        self.reach_ms = options.delay_ms + COLOURING_MS

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with the residual in the noise, or in the whole sound where the stems have ended."""
        stem = "speech" if scene.mixed else "noise"
        sound = getattr(scene, stem).copy()
        got = []
        for row, far_end in enumerate(scene.far_end):
            residual = returned(far_end, scene.rate, self.options)
            if residual.any():
                sound[row] += residual
            late = delayed(far_end, scene.rate, self.options.delay_ms)
            level = self._level(residual[scene.hidden :], late[scene.hidden :])
            got.append((*_path_measures(self.options, scene.rate), *level))
        return replace(scene, **{stem: sound}).with_got(got)

    def _level(self, residual: Floats, far_end: Floats) -> tuple[Measure, ...]:
        """How far the residual lies below the agent's sound that it comes of; nothing where neither sounds.

        Each voice loses more or less in a small box than average speech does: recorded, and not judged.
        """
        got = leq_dbov(residual) - leq_dbov(far_end) if residual.any() and far_end.any() else np.nan
        return (Measure(NAME, "residual_db", -self.options.erle_db, got, "drawn"),) if isfinite(got) else ()


def returned(far_end: Floats, rate: int, options: Options) -> Floats:
    """What comes back of one row of the agent's sound, as long as it is.

    Convolved directly: a transform would let what comes later move the rounding of what came before, and the last
    bit of a sample with it.
    """
    late = delayed(far_end, rate, options.delay_ms)
    if not late.any():
        return late
    taps = colouring(rate) * np.float32(gain(-options.erle_db))
    return np.convolve(late, taps)[: len(late)]


def delayed(row: Floats, rate: int, delay_ms: int) -> Floats:
    """The row so much later, as long as before."""
    samples = min(round(delay_ms * rate / 1000), len(row))
    return np.concatenate((np.zeros(samples, np.float32), row[: len(row) - samples]))


@lru_cache(maxsize=8)
def colouring(rate: int) -> Floats:
    """The click response of a small loudspeaker, beginning at once; it leaves average speech its level."""
    click = np.zeros(COLOURING_MS * rate // 1000)
    click[0] = 1.0
    low, high = signal.butter(2, RESONANCE_HZ, "highpass", fs=rate)
    taps = signal.lfilter(low, high, click)
    return np.asarray(taps * gain(-speech_gain_db(taps, rate)), np.float32)


def speech_gain_db(response: Doubles | Floats, rate: int) -> float:
    """How much louder a click response makes speech of the long-term average spectrum."""
    size = fft.next_fast_len(max(rate, len(response)), real=True)
    speech = SPECTRA["speech_shaped"](fft.rfftfreq(size, 1 / rate))
    passed = speech * np.square(np.abs(fft.rfft(response.astype(np.float64), size)))
    return float(10 * np.log10(passed.sum() / speech.sum()))


@lru_cache(maxsize=64)
def _path_measures(options: Options, rate: int) -> tuple[Measure, ...]:
    """What the path does to a click: no agent speaks on the calibration signal, so it is calibrated on its own."""
    click = np.zeros((options.delay_ms + 2 * COLOURING_MS) * rate // 1000, np.float32)
    click[0] = 1.0
    response = returned(click, rate, options)
    delay_ms = float(np.argmax(np.abs(response))) * 1000 / rate
    return (
        Measure(NAME, "erle_db", options.erle_db, -speech_gain_db(response, rate), "set", tolerance=0.1),
        Measure(NAME, "delay_ms", float(options.delay_ms), delay_ms, "set", tolerance=1000 / rate),
    )
