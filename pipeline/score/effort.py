"""What the call cost the caller: asked again, asked for what was said already, sent round in circles, put right."""

from collections.abc import Iterator
from typing import Any

from rapidfuzz.fuzz import ratio

from pipeline import values
from pipeline.call.mishaps import meant, sounded
from pipeline.call.record import Record
from pipeline.score import Tally
from pipeline.score._blame import asks_for
from pipeline.score._hearing import heard_of, played
from pipeline.score._loops import ALIKE, loops, questions
from pipeline.score.task import Options as TaskOptions
from pipeline.score.task import Task
from pipeline.spec.scenario import Scenario
from pipeline.spec.words import Words


class Options(Words):
    """None: what is alike, and what a loop is, belongs to the score's version."""


class Effort:
    """Counts what the caller was put through, and until when: completion is censored where it never came."""

    version = 1

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, scenario: Scenario, record: Record) -> Tally:
        """Counts, which sum over calls; the last detail says when the call came to its aim, or how long it did not."""
        reasks = list(_reasks(scenario, record))
        rounds = list(loops(scenario, record))
        aim = _aim(scenario, record)
        return Tally(
            counts={
                "replies": len(sounded(record)),
                "reprompts": sum(_is_reprompt(i, record, scenario) for i in range(len(sounded(record)))),
                "reasks": len(reasks),
                "loops": len(rounds),
                **_repairs(scenario, record),
                "completed": int(aim["completed"]),
                "censored": int(not aim["completed"]),
            },
            details=(*reasks, *rounds, aim),
        )


def _is_reprompt(number: int, record: Record, scenario: Scenario) -> bool:
    """Whether a reply asks what the one before it asked."""
    replies = sounded(record)
    if not number:
        return False
    before, now = (questions(replies[i], scenario) for i in (number - 1, number))
    return any(ratio(one, other) >= ALIKE for one in before for other in now)


def _reasks(scenario: Scenario, record: Record) -> Iterator[dict[str, Any]]:
    """Every reply that asks for a fact which was heard right before, and does not read it back."""
    for reply in sounded(record):
        for name, fact in scenario.facts.items():
            if not asks_for(name, reply, scenario) or values.find(fact, played(reply), now=scenario.now):
                continue
            if (heard_ms := _heard_right_ms(name, scenario, record)) is not None and heard_ms < reply.start_ms:
                yield {"reask": name, "at_ms": reply.start_ms}


def _heard_right_ms(name: str, scenario: Scenario, record: Record) -> int | None:
    """When the fact had first been heard right; None: never."""
    offers = [utterance for utterance in meant(record) if name in utterance.offered]
    right = (one for one in offers if values.find(scenario.facts[name], heard_of(one, record), now=scenario.now))
    return next((utterance.end_ms for utterance in right), None)


def _repairs(scenario: Scenario, record: Record) -> dict[str, int]:
    """Facts that were not heard right at first: how many were said again, and how many were heard right then."""
    tried = repaired = 0
    for name, fact in scenario.facts.items():
        offers = [utterance for utterance in meant(record) if name in utterance.offered]
        right = [values.find(fact, heard_of(one, record), now=scenario.now) is not None for one in offers]
        if right[:1] == [False] and len(right) > 1:
            tried, repaired = tried + 1, repaired + any(right)
    return {"repairs_tried": tried, "repaired": repaired}


def _aim(scenario: Scenario, record: Record) -> dict[str, Any]:
    """When everything that decides the call was there: at its end; or that until then it was not."""
    criteria = Task(TaskOptions())(scenario, record).criteria
    decisive = [criterion.met for criterion in criteria if criterion.kind != "effort"]
    return {
        "completed": bool(decisive) and all(decisive),
        "turns": len(meant(record)),
        "ms": record.ended_ms,
    }
