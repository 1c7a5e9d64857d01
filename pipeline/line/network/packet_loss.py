"""Which frames the network loses, in bursts; the codec after it conceals them."""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Bools
from pipeline.line.losses import losing
from pipeline.line.scene import Device, Measure, Scene
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words

NAME = "network.packet_loss"
HIGHEST_RATE = 0.5
RUNS_AT_ONCE = 64


class Options(Words):
    """The share of frames lost in the long run, and how many are lost in a row.

    A `mean_burst` of 1 never loses two in a row; losses that know nothing of each other have 1 / (1 - rate).
    """

    rate: float = Field(0.02, ge=0, le=HIGHEST_RATE)
    mean_burst: float = Field(1.5, ge=1, le=50)
    frame_ms: Literal[10, 20, 40, 60] = 20

    def at(self, severity: float) -> Self:
        """The same at another severity: the rate is proportional to it, and bursts are as long."""
        return self.model_copy(update={"rate": min(self.rate * severity / TYPICAL, HIGHEST_RATE)})


class PacketLoss:
    """Frames are lost in bursts, as a two-state Gilbert chain draws them; the sound itself is left to the codec."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 40
    device: ClassVar[Device] = "any"

    def __init__(self, options: Options) -> None:
        self.options = options
        self.lookahead_ms = 0
        self.voices: tuple[str, ...] = ()

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene with further frames marked as lost."""
        frame_ms = self.options.frame_ms
        frames = ceil(scene.samples * 1000 / (scene.rate * frame_ms))
        hidden = ceil(scene.hidden * 1000 / (scene.rate * frame_ms))
        # The chain runs on behind the window, so that a burst that begins in it can be counted whole.
        longer = [self._lost(frames + 50 * ceil(self.options.mean_burst), rng) for rng in rngs]
        lost = np.stack(longer)[:, :frames]
        got = [self._measures(chain[hidden:], frames - hidden) for chain in longer]
        return losing(scene, lost, frame_ms).with_got(got)

    def _lost(self, frames: int, rng: Generator) -> Bools:
        return lost_frames(frames, rate=self.options.rate, mean_burst=self.options.mean_burst, rng=rng)

    def _measures(self, chain: Bools, frames: int) -> list[Measure]:
        """What the first `frames` of the chain got.

        The burst that counts is the first to begin among them, for its length owes nothing to where the window
        ends. A mean over all of them is too short: many fit into a window only where they are short.
        """
        if frames < 1:
            return []
        rate, mean_burst = self.options.rate, self.options.mean_burst
        sd = loss_rate_sd(frames, rate=rate, mean_burst=mean_burst)
        measures = [Measure(NAME, "loss_rate", rate, float(chain[:frames].mean()), "drawn", sd=sd or None)]
        begins = np.flatnonzero(chain[1:frames] & ~chain[: frames - 1])
        if len(begins):
            burst = float(np.argmin(chain[begins[0] + 1 :]))
            # A geometric run of mean m has the variance m (m - 1).
            sd = sqrt(mean_burst * (mean_burst - 1))
            measures.append(Measure(NAME, "mean_burst", mean_burst, burst, "drawn", sd=sd or None))
        return measures


def lost_frames(frames: int, *, rate: float, mean_burst: float, rng: Generator) -> Bools:
    """Which of `frames` are lost: a two-state Gilbert chain that starts stationary, drawn by run lengths.

    `rate` is the share lost in the long run, `mean_burst` the mean run in frames (ITU-T G.1050 uses the same two).
    More frames begin with the same ones. Raises ValueError where runs between losses would be shorter than 1.
    """
    if rate == 0:
        return np.zeros(frames, np.bool_)
    ends = [rate / (mean_burst * (1 - rate)), 1 / mean_burst]
    lost_first = rng.random() < rate
    runs = np.zeros((0, 2), np.int64)
    while runs.sum() <= frames:
        # No run needs to be longer than what is asked for; endless ones would overflow the sum.
        more = np.minimum(rng.geometric(ends, (RUNS_AT_ONCE, 2)), frames + 1)
        if lost_first and not len(runs):
            more[0, 0] = 0
        runs = np.concatenate((runs, more))
    return np.repeat(np.tile([False, True], len(runs)), runs.ravel())[:frames]


def loss_rate_sd(frames: int, *, rate: float, mean_burst: float) -> float:
    """The standard deviation of the share lost among `frames`: a Gilbert chain's correlation falls as lambda^k.

    The variance of the mean is p (1 - p) / N times 1 + 2 sum over k < N of (1 - k/N) lambda^k.
    """
    if rate == 0:
        return 0.0
    memory = 1 - rate / (mean_burst * (1 - rate)) - 1 / mean_burst
    spread = (1 + memory) / (1 - memory) - 2 * memory * (1 - memory**frames) / (frames * (1 - memory) ** 2)
    return sqrt(max(0.0, rate * (1 - rate) * spread / frames))
