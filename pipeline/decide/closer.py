"""A closer look at calls that failed: which part of the line was too much, and with which turn it went wrong.

Each such call is placed again without each part of its line, one at a time, and with the true words of each of its
turns, one at a time. All that comes before is the same, call for call.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.decide.attribute import Attribution, Blame, Blamed
from pipeline.run.cache import Cache
from pipeline.run.local import CONCURRENCY, Ended, run_in_processes
from pipeline.run.plan import Plan, Unit
from pipeline.run.stamp import is_measured
from pipeline.run.store import CLOSER, Store, read_record
from pipeline.score import SUCCESS
from pipeline.spec.arm import TRUE_TURN, WITHOUT
from pipeline.spec.profile import Place

LOOKED_AT: tuple[Blame, ...] = ("turn_taking", "recogniser", "hearing", "line")


@dataclass(frozen=True)
class Heard:
    """A turn, by its number, and what the recogniser made of it."""

    turn: int
    text: str


@dataclass(frozen=True)
class Closer:
    """A closer look at a call: what alone would have saved it.

    `tried` are the parts of its line that were looked at, `parts` those without which it succeeds; `harmful` is the
    first turn whose true words save it. `lost` names the arms that faults of ours stopped: of them nothing is known.
    """

    unit: str
    tried: tuple[Place, ...]
    parts: tuple[Place, ...]
    harmful: Heard | None
    lost: tuple[str, ...]


def look_closer(
    run: Path,
    plan: Plan,
    told: Attribution,
    *,
    workers: int,
    cache: Cache | None,
    begin: Callable[[int, int], None],
    watch: Callable[[Ended], None],
) -> tuple[Closer, ...]:
    """A closer look at each call that was blamed on what was heard; its calls are kept in the run's folder `closer`."""
    store = Store(run / CLOSER)
    store.begin(plan)
    looks = [_Look.at(one, plan, run) for one in told.blamed if one.blame in LOOKED_AT]
    units = [unit for look in looks for unit in look.units]
    left = [unit for unit in units if not store.is_done(unit)]
    at_once = 1 if is_measured(plan.release.latency) else CONCURRENCY
    begin(len(units), len(units) - len(left))
    with closing(run_in_processes(plan, store.folder, left, workers, at_once, cache=cache)) as ends:
        for ended in ends:
            watch(ended)
    return tuple(look.told(store) for look in looks)


@dataclass(frozen=True)
class _Look:
    """A failed call, what was heard in its turns, and the calls that are to be placed for it."""

    unit: Unit
    heard: tuple[Heard, ...]
    places: tuple[Place, ...]

    @classmethod
    def at(cls, one: Blamed, plan: Plan, run: Path) -> "_Look":
        facts = read_record(run / "units" / f"{one.unit}.json")["facts"]
        unit = Unit(one.scenario, one.profile, one.severity, one.voice, one.trial, "degraded")
        there = {effect.place for effect in plan.cast.profiles[one.profile].effects}
        if plan.cast.scenarios[one.scenario].persona.mood != "calm":
            there.add("talker")  # a mood is the talker's
        places = [place for place in WITHOUT if place in there] if one.blame == "line" else []
        return cls(unit, tuple(_spoken(facts["call"]["turns"])), tuple(places))

    @property
    def units(self) -> list[Unit]:
        return [replace(self.unit, arm=arm) for arm in (*self._without.values(), *self._told_truly.values())]

    @property
    def _without(self) -> Mapping[Place, str]:
        return {place: WITHOUT[place] for place in self.places}

    @property
    def _told_truly(self) -> Mapping[Heard, str]:
        return {heard: f"{TRUE_TURN}{heard.turn}" for heard in self.heard}

    def told(self, store: Store) -> Closer:
        return Closer(
            self.unit.name,
            tried=tuple(place for place, arm in self._without.items() if self._is_known(arm, store)),
            parts=tuple(place for place, arm in self._without.items() if self._succeeds(arm, store)),
            harmful=next((heard for heard, arm in self._told_truly.items() if self._succeeds(arm, store)), None),
            lost=tuple(unit.arm for unit in self.units if not store.is_done(unit)),
        )

    def _is_known(self, arm: str, store: Store) -> bool:
        return store.is_done(replace(self.unit, arm=arm))

    def _succeeds(self, arm: str, store: Store) -> bool:
        unit = replace(self.unit, arm=arm)
        return store.is_done(unit) and bool(SUCCESS[store.record(unit)["facts"]["status"]])


def _spoken(turns: Sequence[Mapping[str, Any]]) -> Iterator[Heard]:
    """The turns of speech: keys are heard as they are pressed."""
    for number, turn in enumerate(turns):
        if turn["kind"] == "speech":
            yield Heard(number, turn["text"])
