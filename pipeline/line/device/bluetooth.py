"""Bluetooth: the link between headset and phone, with its own codec and its own dropouts."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from math import ceil, sqrt
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from pipeline.audio import Bools
from pipeline.line.codings import CODINGS, Losses, through
from pipeline.line.concealment import Conceal, g711_app1, zero
from pipeline.line.lag import humming, lag_samples
from pipeline.line.network.packet_loss import lost_frames
from pipeline.line.resampling import REACH_MS
from pipeline.line.scene import ANY_SOUND_S, Device, Measure, Scene
from pipeline.spec.severity import TYPICAL
from pipeline.spec.words import Words

NAME = "device.bluetooth"
PACKET_MS = 7.5  # an mSBC frame, and as much of CVSD: what a synchronous link sends at once
MOST_PER_MIN = 60.0
FINEST_RATE = 16_000

# A wide-band link goes on with what the last packets were like; for CVSD nothing of the kind is described.
CONCEALS: dict[str, Conceal] = {"msbc": g711_app1, "cvsd": zero}


class Options(Words):
    """The codec of the link, how often it breaks off, and for how long on average (geometric, in packets of 7.5 ms)."""

    codec: Literal["cvsd", "msbc"] = "msbc"
    dropouts_per_min: float = Field(2.0, ge=0, le=MOST_PER_MIN)
    dropout_ms: float = Field(60.0, ge=10, le=500)

    def at(self, severity: float) -> Self:
        """The same at another severity: dropouts are in proportion, and each is as long."""
        per_min = min(self.dropouts_per_min * severity / TYPICAL, MOST_PER_MIN)
        return self.model_copy(update={"dropouts_per_min": per_min})


class Bluetooth:
    """A wireless headset: its codec, narrow or wide, and moments in which the link breaks off."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 150
    device: ClassVar[Device] = "cpu"
    calibration_s: ClassVar[float] = ANY_SOUND_S
    single: ClassVar[bool] = True

    def __init__(self, options: Options) -> None:
        self.options = options
        self.coding = CODINGS[options.codec]
        self.lookahead_ms = ceil(self.coding.lookahead_ms + 2 * REACH_MS)
        self.voices: tuple[str, ...] = ()

    def __call__(self, scene: Scene, rngs: Sequence[Generator]) -> Scene:
        """The scene after the link: mixed. What the network loses is not touched."""
        mixed = scene.mix()
        speech, got = np.empty_like(mixed.speech), []
        packets = ceil(scene.samples * 1000 / (scene.rate * PACKET_MS))
        for row, (before, rng) in enumerate(zip(mixed.speech, rngs, strict=True)):
            lost = self._lost(packets, rng)
            losses = Losses(lost, PACKET_MS, CONCEALS[self.options.codec])
            speech[row] = through(before, scene.rate, self.coding, self.coding.bitrates[0], losses)
            got.append([*self._dropouts(lost, scene), _delay(self.options.codec, scene.rate)])
        return replace(mixed, speech=speech).with_got(got)

    def _lost(self, packets: int, rng: Generator) -> Bools:
        share = self.options.dropouts_per_min * self.options.dropout_ms / 60_000
        return lost_frames(packets, rate=share, mean_burst=self.options.dropout_ms / PACKET_MS, rng=rng)

    def _dropouts(self, lost: Bools, scene: Scene) -> list[Measure]:
        """How many dropouts began in what is heard, a minute."""
        visible = lost[ceil(scene.hidden * 1000 / (scene.rate * PACKET_MS)) :]
        if len(visible) < 2:
            return []
        begun = int((visible[1:] & ~visible[:-1]).sum())
        per_min, minutes = self.options.dropouts_per_min, (len(visible) - 1) * PACKET_MS / 60_000
        sd = dropouts_sd(len(visible) - 1, per_min=per_min, packets=self.options.dropout_ms / PACKET_MS) / minutes
        return [Measure(NAME, "dropouts_per_min", per_min, begun / minutes, "drawn", sd=sd or None)]


def dropouts_sd(steps: int, *, per_min: float, packets: float) -> float:
    """The standard deviation of how many dropouts begin in so many steps from packet to packet.

    A two-state chain that begins a dropout with probability a at each step, and forgets by a factor m a step: the
    variance of the count is N a (1 - a) - 2 a^2 times the sum over k < N of (N - k) m^(k - 1), for none begins
    within another.
    """
    if per_min == 0:
        return 0.0
    begin = per_min * PACKET_MS / 60_000
    good = 1 - begin * packets
    memory = 1 - begin / good - 1 / packets
    later = np.arange(1, steps)
    together = float(((steps - later) * memory ** (later - 1)).sum())
    return sqrt(max(0.0, steps * begin * (1 - begin) - 2 * begin**2 * together))


@lru_cache(maxsize=16)
def _delay(codec: str, rate: int) -> Measure:
    """By how much the link's codec delays a voice: measured once, since noise and silence tell little of it."""
    voice, coding = humming(rate), CODINGS[codec]
    heard = through(voice, rate, coding, coding.bitrates[0])
    late_ms = lag_samples(voice, heard, rate) * 1000 / rate
    return Measure(NAME, "delay_ms", 0.0, late_ms, "set", tolerance=1000 / min(rate, FINEST_RATE))
