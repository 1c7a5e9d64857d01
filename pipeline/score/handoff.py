"""What a person who takes over is given: which facts, which deeds, and what they have to ask and do again."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.agent import Handoff as Packet
from pipeline.call.record import Record
from pipeline.score import Tally
from pipeline.score._typed import is_fact
from pipeline.spec.scenario import Scenario
from pipeline.spec.words import Words


class Options(Words):
    """None."""


class Handoff:
    """Counts whether the call was handed off when it should be, and whether what was handed over is right and whole."""

    version = 1

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, scenario: Scenario, record: Record) -> Tally:
        """Counts of one call; details name each fact and deed that the packet lacks or has wrong.

        Nothing is counted where the agent does not show when it hands over.
        """
        if "handoff" not in record.shows:
            return Tally(counts={"not_seen": 1})
        details = tuple(_details(scenario, record))
        kinds = [detail["packet"] for detail in details]
        return Tally(
            counts={
                **_should(scenario, record),
                **{kind: kinds.count(kind) for kind in ("carried", "wrong", "missing")},
                "would_reask": kinds.count("wrong") + kinds.count("missing"),
                "would_redo": kinds.count("would_redo"),
            },
            details=details,
        )


def _should(scenario: Scenario, record: Record) -> dict[str, int]:
    wanted, done = scenario.expect.outcome == "handed_off", record.handoff is not None
    return {
        "should": int(wanted),
        "rightly": int(wanted and done),
        "wrongly": int(done and not wanted),
        "should_have": int(wanted and not done),
    }


def _details(scenario: Scenario, record: Record) -> Iterator[dict[str, Any]]:
    """What became in the packet of each fact that the caller gave, and each deed that it does not tell of."""
    if (packet := record.handoff) is None:
        return
    offered = {fact for utterance in record.utterances for fact in utterance.offered}
    for name in (name for name in scenario.facts if name in offered):
        yield {"fact": name, "packet": _carried(name, packet, scenario)}
    told = list(packet.done)
    for action in (action for action in record.actions if action.done):
        if action.name in told:
            told.remove(action.name)
        else:
            yield {"action": action.name, "packet": "would_redo"}


def _carried(name: str, packet: Packet, scenario: Scenario) -> str:
    """Right under whatever name; wrong where its own name has something else."""
    if any(is_fact(name, value, scenario) for value in _values(packet.facts)):
        return "carried"
    return "wrong" if name in packet.facts else "missing"


def _values(facts: Any) -> Iterator[Any]:  # noqa: ANN401  any JSON
    match facts:
        case Mapping():
            for value in facts.values():
                yield from _values(value)
        case list() | tuple():
            for value in facts:
                yield from _values(value)
        case _:
            yield facts
