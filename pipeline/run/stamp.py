"""The stamp: what equal bytes are promised for. The CPU's instruction set and the versions of the libraries."""

import platform
from functools import cache
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

from pipeline.line.arrays import CPU, hardware
from pipeline.spec.release import Latency

LIBRARIES = (
    "badline",
    "numpy",
    "scipy",
    "soxr",
    "soundfile",
    "onnxruntime",
    "hibari-tts",
    "faster-whisper",
    "ctranslate2",
    "jiwer",
)
# The widest vectors of these that a CPU has decide how int8 recognisers and BLAS round.
WIDEST_FIRST = ("avx512_vnni", "avx512f", "avx_vnni", "avx2", "avx", "asimddp", "asimd", "sse4_2")


@cache
def stamp() -> MappingProxyType[str, str]:
    """The stamp of this machine and installation."""
    python = {"machine": platform.machine(), "vectors": _vectors(), "python": platform.python_version()}
    return MappingProxyType(python | {name: version for name in LIBRARIES if (version := _version(name))})


def computed_on(device: str) -> dict[str, str]:
    """Where the line is computed, for a stamp: elsewhere than on the CPU, torch and the GPU's model count, too."""
    if device == CPU:
        return {"device": CPU}
    return {"device": device, "hardware": hardware(device), "torch": _version("torch") or "unknown"}


def is_measured(latency: Latency) -> bool:
    """Whether a part of a reply takes as long as it really took, so that no bytes can be promised."""
    return "measured" in (latency.asr_ms, latency.agent_ms)


def timing(latency: Latency) -> dict[str, str]:
    """What a stamp says of a release's latency: nothing where it is drawn by name."""
    return {"timing": "measured"} if is_measured(latency) else {}


def _vectors() -> str:
    """The widest known vector instructions, where Linux tells them."""
    cpu = Path("/proc/cpuinfo")
    flags = set(cpu.read_text(encoding="utf-8").split()) if cpu.is_file() else set()
    return next((name for name in WIDEST_FIRST if name in flags), "unknown")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
