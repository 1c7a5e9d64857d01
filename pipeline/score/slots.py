"""What became of each fact: offered by the caller, heard at the first try, right in what the agent used."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline import values
from pipeline.call.record import Record
from pipeline.files import Json
from pipeline.score import Tally
from pipeline.score._hearing import heard_of
from pipeline.score._typed import is_fact
from pipeline.spec.scenario import Scenario
from pipeline.spec.words import Words

Scalar = None | bool | int | float | str
Path = tuple[str | int, ...]


class Options(Words):
    """None: types and their readings belong to `pipeline.values`."""


class Slots:
    """Counts, by type, the facts that were offered, heard at the first try, and right in the end."""

    version = 1

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, scenario: Scenario, record: Record) -> Tally:
        """`<type>.offered`, `<type>.first_try` and `<type>.in_the_end`; one detail a fact.

        All three count offered facts only. `in_the_end` may exceed `first_try`: asking again won that back.
        """
        used = list(_used(scenario, record))
        facts = tuple(_fate(name, scenario, record, used) for name in scenario.facts)
        counts = Counter[str]()
        for fact in facts:
            counts.update(
                {f"{fact['type']}.{step}": int(fact[step]) for step in ("offered", "first_try", "in_the_end")}
            )
        return Tally(counts=dict(counts), details=facts)


def _fate(name: str, scenario: Scenario, record: Record, used: Sequence[Scalar]) -> Mapping[str, Any]:
    first = next((utterance for utterance in record.utterances if name in utterance.offered), None)
    heard = heard_of(first, record) if first else ""
    found = values.find(scenario.facts[name], heard, now=scenario.now)
    return {
        "fact": name,
        "type": scenario.facts[name].type,
        "offered": first is not None,
        "heard": heard,
        "first_try": first is not None and found is not None,
        "in_the_end": first is not None and any(is_fact(name, value, scenario) for value in used),
    }


def _used(scenario: Scenario, record: Record) -> Iterator[Scalar]:
    """Every text and number that the agent put to use: in arguments, decisions, a handoff, and what it changed."""
    for action in record.actions:
        yield from (leaf for _, leaf in _leaves(action.arguments))
    for reply in record.replies:
        yield from (leaf for decision in reply.decisions for _, leaf in _leaves(decision.value))
    if record.handoff:
        yield from (leaf for _, leaf in _leaves(record.handoff.facts))
    # The world it was given holds most facts already; only what differs from that world was understood.
    for path, leaf in set(_leaves(record.state)) - set(_leaves(scenario.given)):
        yield from (key for key in path if isinstance(key, str))
        yield leaf


def _leaves(node: Json, path: Path = ()) -> Iterator[tuple[Path, Scalar]]:
    """Each scalar under `node`, with the keys and places that lead to it."""
    match node:
        case Mapping():
            for key, value in node.items():
                yield from _leaves(value, (*path, str(key)))
        case list() | tuple():
            for i, value in enumerate(node):
                yield from _leaves(value, (*path, i))
        case None | bool() | int() | float() | str():
            yield path, node
