"""Ambiences: the procedural beds by name, from spectra, what wavers in them, and strikes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from pipeline.line.beds import SPECTRA, Bed, Modulated, Together, band, coloured, power, shaped
from pipeline.line.strikes import strewn

Kind = Literal[
    "white", "pink", "brown", "hoth", "speech_shaped", "car", "hvac", "street", "crowd", "dishes", "rain", "water",
    "keyboard",
]  # fmt: skip
END_HZ = 1e6  # beyond any sound
STILL = 0.05  # of the power: the room behind single sounds is never dead


@dataclass(frozen=True)
class Wavering:
    """How the level of a bed goes up and down: in bands, each on its own, between two frequencies, so many nepers."""

    edges_hz: tuple[float, ...]
    slow_hz: float
    fast_hz: float
    depth: float


# Syllables come 2 to 8 times a second; some eight voices at once are a third as deep as one: 3 dB.
# Traffic wavers by 1 dB, lest it should jump where an utterance begins, which has chance of its own.
WAVERING: Mapping[Kind, Wavering] = {
    "crowd": Wavering((0.0, 500.0, 1000.0, 2000.0, END_HZ), 2.0, 8.0, 0.35),
    "street": Wavering((0.0, 400.0, END_HZ), 0.3, 1.0, 0.115),
    "water": Wavering((0.0, 1500.0, END_HZ), 6.0, 18.0, 0.2),
}


@lru_cache(maxsize=64)
def ambience(kind: Kind, rate: int) -> Bed:
    """The bed of a kind."""
    if kind in WAVERING:
        return _wavering("speech_shaped" if kind == "crowd" else kind, WAVERING[kind], rate)
    match kind:
        case "rain":
            drops = strewn("drop", rate, per_s=60.0, spread_db=4.0)
            return Together(((0.8, coloured("rain", rate)), (0.2, drops)))
        case "dishes":
            return _in_a_room(strewn("dish", rate, per_s=4.0, spread_db=3.0), rate)
        case "keyboard":
            # 60 words a minute are 5 keys a second (a word is 5 keys); two people type.
            return _in_a_room(strewn("key", rate, per_s=10.0, spread_db=3.0), rate)
        case _:
            return coloured(kind, rate)


def _wavering(kind: str, how: Wavering, rate: int) -> Bed:
    """A spectrum in bands whose levels waver each on its own."""
    bands = [band(SPECTRA[kind], low_hz, high_hz) for low_hz, high_hz in pairwise(how.edges_hz) if low_hz < rate / 2]
    whole = power(SPECTRA[kind], rate)
    return Together(
        tuple(
            (power(one, rate) / whole, Modulated(shaped(one, rate), rate, how.slow_hz, how.fast_hz, how.depth))
            for one in bands
        )
    )


def _in_a_room(strikes: Bed, rate: int) -> Bed:
    return Together(((1 - STILL, strikes), (STILL, coloured("hoth", rate))))
