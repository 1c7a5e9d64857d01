"""One unit: placed, scored, and put into plain words for its record."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from pipeline import engines
from pipeline.audio import Ints, pcm_hash
from pipeline.call.place import Finished
from pipeline.call.record import Record
from pipeline.errors import SoundInvalid
from pipeline.files import json_hash
from pipeline.run.crew import Crew
from pipeline.run.plan import SCHEMA, Unit
from pipeline.score import Tally, caller_let_down, status_of
from pipeline.spec.release import Release
from pipeline.spec.scenario import Scenario

DECIMALS = 6  # records keep no more of a number than that


@dataclass(frozen=True, eq=False)
class Done:
    """A unit that was run: the facts of it (deterministic), its sound (None without), and how long it took.

    `clean` is what the caller said, without the line.
    """

    unit: Unit
    facts: Mapping[str, Any]
    stereo: Ints | None
    wall: Mapping[str, Any]
    clean: Ints | None = None

    def record(self, circumstances: Mapping[str, Any]) -> dict[str, Any]:
        """The unit's record: `facts`, which are hashed, apart from `run`, the circumstances, which are not."""
        facts, run = dict(self.facts), {**self.wall, **circumstances}
        return {"unit": self.unit.name, "facts": facts, "facts_sha256": json_hash(facts), "run": run}


def run_unit(crew: Crew, unit: Unit) -> Done:
    """Run one unit alone, as `place_unit` does among others."""
    return asyncio.run(place_unit(crew, unit))


async def place_unit(crew: Crew, unit: Unit) -> Done:
    """Run one unit; others go on while it waits for its agent.

    Sound that is off target is a result of its own. Raises InfraError where an engine failed.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    try:
        finished, line = await crew.place(unit)
    except SoundInvalid as error:
        facts, stereo, clean = {**_named(unit), "status": "sound_invalid", "why": str(error)}, None, None
    else:
        facts, stereo, clean = _facts(crew, unit, finished, line.said()), finished.stereo, finished.clean
    wall = {"started": started.isoformat(), "seconds": round(time.perf_counter() - clock, 3)}
    return Done(unit, facts, stereo, wall, clean)


def _named(unit: Unit) -> dict[str, Any]:
    return {"schema": SCHEMA, **asdict(unit)}


def _facts(crew: Crew, unit: Unit, finished: Finished, line: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    return {
        **_named(unit),
        **scored(crew.plan.cast.scenarios[unit.scenario], crew.plan.release, finished.record),
        "line": plain(line),
        "call": plain(asdict(finished.record)),
        "sound": pcm_hash(finished.stereo),
        "clean_sound": pcm_hash(finished.clean),
    }


def scored(scenario: Scenario, release: Release, record: Record) -> dict[str, Any]:
    """What a call counts as, why where our caller is to blame, and all scores, as the facts of its unit have them."""
    tallies = scores_of(scenario, release, record)
    status = status_of(scenario, record, [one for tally in tallies.values() for one in tally.criteria])
    return {
        "status": status,
        **({"why": caller_let_down(scenario, record)} if status == "caller_invalid" else {}),
        "scores": {name: plain(asdict(tally)) for name, tally in tallies.items()},
    }


def scores_of(scenario: Scenario, release: Release, record: Record) -> dict[str, Tally]:
    """Every score's tally of a call, by the score's name."""
    found = [engines.find("score", name) for name in engines.known("score")]
    return {score.name: score.build(_options(score.options, release))(scenario, record) for score in found}


def _options(options: Any, release: Release) -> Any:  # noqa: ANN401  each score has Options of its own
    return options.of(release) if hasattr(options, "of") else options()


def plain(value: Any) -> Any:  # noqa: ANN401  what dataclasses and JSON hold
    """The value as JSON has it: mappings, lists, and numbers rounded to six decimals."""
    match value:
        case Mapping():
            return {str(key): plain(inner) for key, inner in value.items()}
        case list() | tuple() | frozenset():
            return [plain(inner) for inner in value]
        case float() | np.floating():
            return round(float(value), DECIMALS)
        case np.integer():
            return int(value)
        case _:
            return value
