"""AMR-WB's encoder, which no wheel brings: VisualOn's library (Apache-2.0), as Debian packages it."""

import ctypes
from functools import cache

import numpy as np

from pipeline.audio import Ints
from pipeline.errors import MissingPackage

LIBRARY = "libvo-amrwbenc.so.0"
FRAME = 320
LONGEST_PACKET = 64
MODES = (6600, 8850, 12650, 14250, 15850, 18250, 19850, 23050, 23850)
BITRATES = MODES[2:]  # with the two lowest this encoder runs away on a steady buzz, to full scale


@cache
def library() -> ctypes.CDLL:
    """The encoder. Raises MissingPackage with what to install."""
    try:
        found = ctypes.CDLL(LIBRARY)
    except OSError:
        raise MissingPackage(
            f"the codec 'amr_wb' needs the system library {LIBRARY}, which is not installed. "
            "Get it with: apt-get install libvo-amrwbenc0"
        ) from None
    found.E_IF_init.restype = ctypes.c_void_p
    found.E_IF_encode.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)
    found.E_IF_exit.argtypes = (ctypes.c_void_p,)
    found.E_IF_exit.restype = None
    return found


def packets(pcm: Ints, bitrate: int) -> list[bytes]:
    """One packet for each whole frame of 320 samples at 16 kHz, without discontinuous transmission."""
    encoder, mode = library(), MODES.index(bitrate)
    state = encoder.E_IF_init()
    packet = ctypes.create_string_buffer(LONGEST_PACKET)
    made = []
    try:
        for frame in np.ascontiguousarray(pcm[: len(pcm) // FRAME * FRAME]).reshape(-1, FRAME):
            size = encoder.E_IF_encode(state, mode, frame.ctypes.data, packet, 0)
            made.append(packet.raw[:size])
    finally:
        encoder.E_IF_exit(state)
    return made
