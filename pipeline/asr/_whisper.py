"""What the engines that run Whisper agree on: its rate, how much it may write, and how sure it was."""

import math
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

RATE = 16000
SHORTEST_S = 0.1
# Whisper decodes in windows of 30 s and 448 tokens, half of them for the prompt.
MOST_TOKENS = 224

# SHA-256 of CTranslate2's model.bin, for the models that travel in packages.
PACKAGED_SHA256: Mapping[str, str] = {
    "tiny.en": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    "base": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
}


def most_tokens(seconds: float) -> int:
    """How many tokens a sound may become, so that a loop in noise ends: 12 a second and 8.

    Fast speech needs at most 11 (digits at 1.6 times the usual pace).
    """
    return min(MOST_TOKENS, 8 + math.ceil(12 * seconds))


def confidence(segments: Iterable[tuple[float, int]]) -> float:
    """Exp(mean log probability) over segments, each given as its mean and its number of tokens."""
    means, tokens = zip(*segments, strict=True)
    mean = sum(mean * count for mean, count in zip(means, tokens, strict=True)) / sum(tokens)
    return round(min(1.0, math.exp(mean)), 4)


def cpu(switches: Sequence[str]) -> str:
    """The machine, its vector instructions, and which environment `switches` override the choice among them.

    The libraries pick their kernels by these, and the words may differ between kernels.
    """
    forced = [f"{name}={os.environ[name]}" for name in switches if name in os.environ]
    return " ".join([platform.machine(), *_vector_instructions(), *forced])


def _vector_instructions() -> list[str]:
    """What Linux says of the first CPU: its maker and its avx, fma and amx flags; elsewhere nothing."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    said = {key.strip(): value.split() for key, _, value in (line.partition(":") for line in lines)}
    flags = [flag for flag in said.get("flags", []) if flag.startswith(("avx", "fma", "amx"))]
    return [*said.get("vendor_id", []), *sorted(flags)]
