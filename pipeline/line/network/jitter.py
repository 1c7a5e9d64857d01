"""Jitter: packets wait in queues on their way, and those that come too late for the playout buffer are lost.

How long packets wait beyond the least is a first-order autoregressive process with an exponential distribution (Gaver
and Lewis 1980, EAR(1)): a burst of other traffic makes a packet wait at once, and the queue empties again.
ITU-T G.1050 describes such impulses that die away. That a wait dies away within some 100 ms is our choice.
"""

from collections.abc import Sequence
from math import ceil, exp, sqrt
from typing import ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from pydantic import Field
from scipy import signal

from pipeline.line.losses import losing
from pipeline.line.scene import Device, Measure, Scene
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words

Doubles = npt.NDArray[np.float64]

NAME = "network.jitter"
MOST_MS = 200.0
MEMORY_MS = 100.0  # until a wait has fallen to 1/e


class Options(Words):
    """How much the delay varies, and for how long the buffer waits for a packet beyond the least delay.

    `ms` is the standard deviation of the delay, and its mean beyond the least: of an exponential both are one.
    """

    ms: float = Field(10.0, ge=0, le=MOST_MS)
    buffer_ms: float = Field(40.0, ge=10, le=500)
    frame_ms: Literal[10, 20, 40, 60] = 20

    def at(self, severity: float) -> Self:
        """The same at another severity: the jitter is proportional to it, the buffer as long."""
        return self.model_copy(update={"ms": min(self.ms * severity / TYPICAL, MOST_MS)})


class Jitter:
    """Packets that come too late are lost; the sound itself is left to the codec, and the delay to the clock."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 20
    device: ClassVar[Device] = "any"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with the frames that come too late marked as lost."""
        frame_ms = self.options.frame_ms
        frames, hidden = (ceil(some * 1000 / (scene.rate * frame_ms)) for some in (scene.samples, scene.hidden))
        waits_ms = np.stack([waits(frames, mean=self.options.ms, kept=self._kept, rng=rng) for rng in rngs])
        got = [self._measured(row[hidden:]) for row in waits_ms]
        return losing(scene, waits_ms > self.options.buffer_ms, frame_ms).with_got(got)

    @property
    def _kept(self) -> float:
        """What is left of a wait by the next packet."""
        return exp(-self.options.frame_ms / MEMORY_MS)

    def _measured(self, waits_ms: Doubles) -> list[Measure]:
        """The share that came too late, the mean wait, and how much it changes from packet to packet."""
        if not len(waits_ms):
            return []
        mean, limit, frames = self.options.ms, self.options.buffer_ms, len(waits_ms)
        late = exp(-limit / mean) if mean else 0.0
        late_sd = late_share_sd(frames, limit=limit / mean, kept=self._kept) if late else None
        sd = mean * mean_sd(frames, self._kept)
        measures = [
            Measure(NAME, "late_share", late, float((waits_ms > limit).mean()), "drawn", sd=late_sd or None),
            Measure(NAME, "ms", mean, float(waits_ms.mean()), "drawn", sd=sd or None),
        ]
        if frames > 1:
            apart = float(np.abs(np.diff(waits_ms)).mean())
            measures.append(Measure(NAME, "interarrival_ms", mean * mean_change(self._kept), apart, "drawn"))
        return measures


def waits(frames: int, *, mean: float, kept: float, rng: Generator) -> Doubles:
    """How long each of `frames` packets waits: exponential with such a mean, `kept` of each left in the next.

    It starts stationary, and more frames begin with the same ones.
    """
    drawn = rng.random((frames, 2))  # in pairs, so that the first ones stay
    fresh = -np.log1p(-drawn[:, 0])
    comes = drawn[:, 1] >= kept
    comes[:1] = True
    return np.asarray(mean * signal.lfilter([1.0], [1.0, -kept], np.where(comes, fresh, 0.0)))


def mean_sd(frames: int, kept: float) -> float:
    """The standard deviation of the mean of so many waits of mean 1, whose correlation falls as `kept`^k."""
    spread = (1 + kept) / (1 - kept) - 2 * kept * (1 - kept**frames) / (frames * (1 - kept) ** 2)
    return sqrt(max(0.0, spread / frames))


def late_share_sd(frames: int, *, limit: float, kept: float) -> float:
    """The standard deviation of the share of waits of mean 1 beyond a limit b.

    Two of them k packets apart are both beyond it with probability exp(-(2 - kept^k) b).
    """
    apart = np.arange(1, frames)
    together = np.exp(-(2 - kept**apart) * limit) - np.exp(-2 * limit)
    alone = exp(-limit) * -np.expm1(-limit)
    return sqrt(max(0.0, float(alone / frames + 2 * ((frames - apart) * together).sum() / frames**2)))


def mean_change(kept: float) -> float:
    """By how much two waits of mean 1 after each other differ on average: what the jitter of RFC 3550 settles at.

    The wait falls by a share 1 - kept, and with that probability a fresh one is added: an exponential one of mean 1
    against one of mean 1 - kept.
    """
    fall = 1 - kept
    return kept * fall + fall * (1 + fall**2) / (1 + fall)
