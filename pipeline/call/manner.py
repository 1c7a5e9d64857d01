"""Manner: how a caller brings out what they have to say. Fillers, pauses, slips, second thoughts, digressions.

Each habit draws from a stream of its own name, so that one more habit does not move what another drew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from numpy.random import Generator

from pipeline import values
from pipeline.call.english import Tongue, tongue_of
from pipeline.chance import Chance
from pipeline.spec.habits import Habits
from pipeline.spec.scenario import SLOT, SPECIAL_LINES, Scenario
from pipeline.values import Value

PAUSE_MS = (600, 1800)  # hesitations that a listener notices as such; many endpointers wait less
FILLED_PAUSES = 0.4  # the share of hesitations that an "um" goes before


@dataclass(frozen=True)
class Part:
    """What is said in one breath, and the silence after it."""

    spoken: str
    pause_ms: int = 0


@dataclass(frozen=True)
class Delivery:
    """One utterance: as written for people, and as spoken, in parts with pauses between; the last has none after it."""

    text: str
    parts: tuple[Part, ...]

    @property
    def spoken(self) -> str:
        """All the words."""
        return " ".join(part.spoken for part in self.parts)


@dataclass(frozen=True)
class _Draft:
    """A template and the values that stand in it."""

    template: str
    facts: Mapping[str, Value]

    @property
    def text(self) -> str:
        return values.written(self.template, self.facts)

    def spoken(self, *, slow: bool) -> str:
        return values.utter(self.template, self.facts, slow=slow)


def deliver(template: str, scenario: Scenario, habits: Habits, chance: Chance, *, slow: bool = False) -> Delivery:
    """The template in the caller's manner; without a habit, just as it stands, in one breath.

    At most one of `repairs`, `changes_mind` and `digresses` shows, in this order. `chance` is named by the utterance.
    """
    draft = _Draft(template, scenario.facts)
    return Delivery(draft.text, (Part(draft.spoken(slow=slow)),))
