"""Arms: the same call made easier in some way, so that one can tell what was too hard.

A suite has some of `ARMS`. Others are for a closer look at a call that failed: `without_room` and its like lack a
part of the line, and in `true_turn_3` the agent is told the true words of turn 3, counted from 0.
"""

import re
from collections.abc import Mapping
from typing import Literal, get_args

from pipeline.errors import BadlineError, did_you_mean
from pipeline.spec.profile import PLACES, Place

# The words, straight to the agent; sound without the line, cut where utterances begin and end; the same, cut by the
# platform; the line.
Arm = Literal["oracle", "clean_turns", "clean", "degraded"]
ARMS: tuple[Arm, ...] = get_args(Arm)
USUAL_ARMS: tuple[Arm, ...] = ("oracle", "clean", "degraded")
WITHOUT: Mapping[Place, str] = {place: f"without_{place}" for place in PLACES}
TRUE_TURN = "true_turn_"


def lacks(arm: str) -> tuple[Place, ...]:
    """The parts of the line that an arm does not have."""
    if arm in ("oracle", "clean_turns", "clean"):
        return PLACES
    return tuple(place for place, name in WITHOUT.items() if name == arm)


def true_turn(arm: str) -> int | None:
    """The number of the turn whose true words the agent is told; None: it is told what the recogniser heard."""
    found = re.fullmatch(rf"{TRUE_TURN}(\d{{1,4}})", arm)
    return int(found[1]) if found else None


def checked_arm(name: str) -> str:
    """The arm of that name, a suite's or a closer look's. Raises BadlineError."""
    known = (*ARMS, *WITHOUT.values())
    if name in known or true_turn(name) is not None:
        return name
    raise BadlineError(f"--arm: there is no arm '{name}'. {did_you_mean(name, (*known, f'{TRUE_TURN}0'))}")
