"""Codecs: what is left of samples once they are coded and decoded, how late it comes, and at which bit rates."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import soundfile

from pipeline.audio import Bools, Floats, Ints, from_pcm
from pipeline.line import amr_wb
from pipeline.line.companding import a_law, mu_law
from pipeline.line.concealment import AHEAD_MS, Conceal, concealed
from pipeline.line.cvsd import cvsd
from pipeline.line.packets import Coder, decoded, encoded
from pipeline.line.resampling import fitted, pcm_resampled, resampled

Coded = Callable[[Ints, int], Ints]
CodedWithLosses = Callable[[Ints, int, Bools], Ints]

OPUS_FRAME_MS = 20
OPUS_RATE = 48_000  # what its decoder gives, whatever went in
# Its decoder drops the first 312 of them. With one more the wide band comes as much too early as the narrow too late.
OPUS_HEAD = 313


@dataclass(frozen=True)
class Coding:
    """A codec at its rate in Hz: what comes back of int16 samples, late by `delay` samples.

    The first of the `bitrates` (bit/s) is the default. An encoder waits for a frame of `frame_ms` to be whole (0:
    for no more than a sample), and `reach_ms` is what filters of ours in it look ahead. `in_band` is what comes back
    where packets of 20 ms are lost and the decoder itself conceals them; None: it cannot.
    """

    rate: int
    coded: Coded
    bitrates: tuple[int, ...]
    delay: int = 0
    frame_ms: float = 0
    reach_ms: int = 0
    in_band: CodedWithLosses | None = None
    lacks: Callable[[], object] = tuple

    @property
    def lookahead_ms(self) -> float:
        """How far what comes back, its delay taken away, depends on what comes later, concealed or not."""
        return self.delay * 1000 / self.rate + max(self.frame_ms, AHEAD_MS) + self.reach_ms


@dataclass(frozen=True)
class Losses:
    """Which frames (of `frame_ms`, the first begins at sample 0) are lost, and what the decoder does; None: in band."""

    lost: Bools
    frame_ms: float
    conceal: Conceal | None


def through(samples: Floats, rate: int, coding: Coding, bitrate: int, losses: Losses | None = None) -> Floats:
    """The samples after a codec, without its delay and as long as before.

    What is lost is what the decoder would have made of the lost packets: its own delay earlier than they were sent.
    """
    pcm = pcm_resampled(samples, rate, coding.rate)
    if not len(pcm):  # a sample or two at a higher rate
        return np.zeros_like(samples)
    late = np.pad(pcm, (0, coding.delay)) if coding.delay else pcm
    heard = _heard(late, coding, bitrate, losses)[coding.delay : len(late)]
    return fitted(resampled(from_pcm(heard), coding.rate, rate), len(samples))


def _heard(pcm: Ints, coding: Coding, bitrate: int, losses: Losses | None) -> Ints:
    if losses is None or not losses.lost.any():
        return coding.coded(pcm, bitrate)
    if losses.conceal is None and coding.in_band:
        return coding.in_band(pcm, bitrate, packets_lost(losses.lost, losses.frame_ms))
    if losses.conceal is None:
        raise ValueError("this codec's decoder conceals nothing")
    frame = round(losses.frame_ms * coding.rate / 1000)
    heard = coding.coded(pcm, bitrate)
    return concealed(heard, losses.lost, losses.conceal, frame=frame, rate=coding.rate)


def packets_lost(lost: Bools, frame_ms: float) -> Bools:
    """Which packets of 20 ms are lost: each with the frame of the network in which it begins."""
    packets = int(len(lost) * frame_ms) // OPUS_FRAME_MS
    return lost[(np.arange(packets) * OPUS_FRAME_MS / frame_ms).astype(np.int64)]


def _sample_by_sample(law: Callable[[Ints], Ints]) -> Coded:
    return lambda pcm, _bitrate: law(pcm)


def gsm_fr(pcm: Ints, _bitrate: int) -> Ints:
    """GSM 06.10 full rate, by libsndfile."""
    file = io.BytesIO()
    soundfile.write(file, pcm, 8_000, format="WAV", subtype="GSM610")
    file.seek(0)
    heard, _ = soundfile.read(file, dtype="int16")
    return np.asarray(heard, dtype=np.int16)


def _in_frames(pcm: Ints, bitrate: int, *, coder: Coder, frame: int) -> Ints:
    """Frame by frame; a row's end is filled up to a whole one."""
    packets, header = encoded(_filled(pcm, frame), coder, bitrate)
    return decoded(packets, coder, header)


def amr_wb_coded(pcm: Ints, bitrate: int) -> Ints:
    """AMR-WB: VisualOn's encoder, opencore's decoder."""
    packets = amr_wb.packets(_filled(pcm, amr_wb.FRAME), bitrate)
    return decoded(packets, Coder(16_000, "", "libopencore_amrwb"))


def g722(pcm: Ints, bitrate: int) -> Ints:
    """G.722, which at 56 and 48 kbit/s drops the lowest bits of the lower band."""
    coder = Coder(16_000, "g722", "g722", told_decoder={"bits_per_codeword": str(bitrate // 8000)})
    packets, _ = encoded(_filled(pcm, 320), coder, 64_000)
    return decoded([b"".join(packets)], coder)


def g726(pcm: Ints, bitrate: int) -> Ints:
    """G.726 with 2 to 5 bits a sample."""
    coder = Coder(8_000, "g726", "g726", told_decoder={"bits_per_coded_sample": str(bitrate // 8000)})
    packets, _ = encoded(pcm, coder, bitrate)
    return decoded([b"".join(packets)], coder)


def opus(pcm: Ints, bitrate: int, lost: Bools | None = None) -> Ints:
    """Opus for speech at a constant bit rate, in packets of 20 ms; lost ones are concealed by its decoder.

    A packet that holds its first byte only, with no frame in it, is how Opus says that nothing came (RFC 6716,
    section 3.2.1): libopus conceals it.
    """
    packets, header = encoded(_filled(pcm, 320), OPUS, bitrate)
    for k in np.flatnonzero(lost[: len(packets)]) if lost is not None else ():
        packets[k] = bytes([packets[k][0] & 0xFC])
    heard = decoded(packets, OPUS, header)
    whole = np.concatenate((np.zeros(OPUS_HEAD, np.int16), heard))
    return pcm_resampled(from_pcm(whole), OPUS_RATE, 16_000)


def _filled(pcm: Ints, frame: int) -> Ints:
    return np.pad(pcm, (0, -len(pcm) % frame))


# The least complexity: the greatest takes more than twice as long.
OPUS = Coder(
    16_000,
    "libopus",
    "libopus",
    told_encoder={"application": "voip", "vbr": "off", "compression_level": "0"},
)
AMR_NB = Coder(8_000, "libopencore_amrnb", "libopencore_amrnb")
MSBC = Coder(16_000, "sbc", "sbc", told_encoder={"msbc": "1"})

CODINGS: Mapping[str, Coding] = {
    "g711u": Coding(8_000, _sample_by_sample(mu_law), (64_000,)),
    "g711a": Coding(8_000, _sample_by_sample(a_law), (64_000,)),
    "gsm_fr": Coding(8_000, gsm_fr, (13_000,), frame_ms=20),
    "amr_nb": Coding(
        8_000,
        partial(_in_frames, coder=AMR_NB, frame=160),
        (12_200, 4_750, 5_150, 5_900, 6_700, 7_400, 7_950, 10_200),
        delay=40,
        frame_ms=20,
    ),
    "amr_wb": Coding(
        16_000,
        amr_wb_coded,
        amr_wb.BITRATES,
        delay=95,
        frame_ms=20,
        lacks=amr_wb.library,
    ),
    "g722": Coding(16_000, g722, (64_000, 56_000, 48_000), delay=22),
    "g726": Coding(8_000, g726, (32_000, 16_000, 24_000, 40_000)),
    "opus": Coding(
        16_000,
        opus,
        (24_000, 8_000, 12_000, 16_000, 20_000, 32_000, 48_000, 64_000),
        delay=104,
        frame_ms=OPUS_FRAME_MS,
        reach_ms=10,
        in_band=opus,
    ),
    "msbc": Coding(16_000, partial(_in_frames, coder=MSBC, frame=120), (60_800,), delay=73, frame_ms=7.5),
    "cvsd": Coding(8_000, _sample_by_sample(cvsd), (64_000,), reach_ms=10),
}
