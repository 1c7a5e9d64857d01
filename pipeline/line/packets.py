"""Coders of the PyAV wheel: a row of samples to packets, and packets to samples; a fresh coder for each row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from pipeline.audio import Ints


@dataclass(frozen=True)
class Coder:
    """An encoder and a decoder by their names in FFmpeg's libavcodec, with what they are told."""

    rate: int
    encoder: str
    decoder: str
    told_encoder: Mapping[str, str] = field(default_factory=dict)
    told_decoder: Mapping[str, str] = field(default_factory=dict)


def encoded(pcm: Ints, coder: Coder, bitrate: int) -> tuple[list[bytes], bytes]:
    """The packets of int16 samples, and what the decoder has to know before the first."""
    context = _opened(coder.encoder, "w", coder.rate, coder.told_encoder, bitrate=bitrate)
    frame = av.AudioFrame.from_ndarray(pcm[np.newaxis], format="s16", layout="mono")
    frame.sample_rate, frame.pts = coder.rate, 0
    packets = [*context.encode(frame), *context.encode(None)]
    return [bytes(packet) for packet in packets], context.extradata or b""


def decoded(packets: Iterable[bytes], coder: Coder, header: bytes = b"") -> Ints:
    """The samples in the packets, of decoders that give int16."""
    context = _opened(coder.decoder, "r", coder.rate, coder.told_decoder, header=header)
    frames = [frame.to_ndarray() for packet in packets for frame in context.decode(av.Packet(packet))]
    frames += [frame.to_ndarray() for frame in context.decode(None)]
    return np.concatenate(frames, axis=1)[0].astype(np.int16, casting="safe") if frames else np.zeros(0, np.int16)


def _opened(
    name: str, mode: Literal["r", "w"], rate: int, told: Mapping[str, str], *, bitrate: int = 0, header: bytes = b""
) -> AudioCodecContext:
    context = av.CodecContext.create(name, mode)
    assert isinstance(context, AudioCodecContext)
    context.sample_rate, context.layout, context.options = rate, "mono", dict(told)
    context.thread_count = 1
    if mode == "w":
        context.format, context.time_base, context.bit_rate = "s16", Fraction(1, rate), bitrate
    if header:
        context.extradata = header
    context.open()
    return context
