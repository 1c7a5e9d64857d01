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
from pipeline.spec.scenario import SLOT, Scenario
from pipeline.spec.words import Words

Scalar = None | bool | int | float | str
Path = tuple[str | int, ...]


class Options(Words):
    """None: types and their readings belong to `pipeline.values`."""


STEPS = ("offered", "first_try", "heard", "in_the_end")
ERRORS = ("expected", "hits", "substitutions", "deletions", "insertions")


class Slots:
    """Counts, by type, the facts that were offered, heard (at the first try, at all), and right in what was done."""

    version = 4

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, scenario: Scenario, record: Record) -> Tally:
        """`<type>.<count>` for every count of a fact's fate; one detail a fact.

        All count offered facts only. `in_the_end` may exceed `first_try`: asking again won that back.
        """
        used = list(_used(scenario, record))
        facts = tuple(_fate(name, scenario, record, used) for name in scenario.facts)
        counts = Counter[str]()
        for fact in facts:
            steps = (*STEPS, *ERRORS, "characters", "character_edits")
            counts.update({f"{fact['type']}.{step}": int(fact[step]) for step in steps})
        return Tally(counts=dict(counts), details=facts)


def _fate(name: str, scenario: Scenario, record: Record, used: Sequence[Scalar]) -> Mapping[str, Any]:
    fact = scenario.facts[name]
    heard = [heard_of(utterance, record) for utterance in record.utterances if name in utterance.offered]
    found = [values.find(fact, text, now=scenario.now) is not None for text in heard]
    return {
        "fact": name,
        "type": fact.type,
        "offered": bool(heard),
        "heard_first": heard[0] if heard else "",
        "first_try": found[:1] == [True],
        "heard": any(found),
        "in_the_end": bool(heard) and any(_shows(name, value, scenario) for value in used),
        **_characters(fact, heard, scenario),
        **_errors(name, scenario, record, offered=bool(heard)),
    }


def _shows(name: str, value: Scalar, scenario: Scenario) -> bool:
    """Whether a value that was put to use is the fact's; free text need only hold its words."""
    fact = scenario.facts[name]
    if fact.type == "text" and isinstance(value, str):
        return values.find(fact, value) is not None
    return is_fact(name, value, scenario)


def _characters(fact: values.Value, heard: Sequence[str], scenario: Scenario) -> Mapping[str, int]:
    """How many canonical characters were offered, and how many of them the first try changed."""
    if not heard:
        return {"characters": 0, "character_edits": 0}
    length = len(values.canonical(fact, now=scenario.now))
    nearest = values.nearest(fact, heard[0], now=scenario.now)
    return {"characters": length, "character_edits": min(nearest.edits, length) if nearest else length}


def _errors(name: str, scenario: Scenario, record: Record, *, offered: bool) -> Mapping[str, int]:
    """What was done where the scenario expects the fact in an action: right, wrong, nothing, or wrong besides.

    Facts that no expected action holds are in none of these counts, nor those that were neither offered nor acted on.
    """
    places, done = set(_places(name, scenario)), [action for action in record.actions if action.done]
    given = {leaf for action in done for path, leaf in _leaves(action.arguments) if (action.name, path) in places}
    if not (offered or given):
        return dict.fromkeys(ERRORS, 0)
    right = {leaf for leaf in given if is_fact(name, leaf, scenario)}
    wrong = len(given - right)
    return {
        "expected": int(bool(places)),
        "hits": int(bool(right)),
        "substitutions": int(not right and wrong > 0),
        "deletions": int(bool(places) and not given),
        "insertions": wrong if right else max(wrong - 1, 0),
    }


def _places(name: str, scenario: Scenario) -> Iterator[tuple[str, Path]]:
    """The actions and arguments in which the scenario expects the fact."""
    for action, arguments in scenario.expect.did:
        for path, leaf in _leaves(arguments):
            slot = SLOT.fullmatch(leaf.strip()) if isinstance(leaf, str) else None
            if slot and slot["fact"] == name:
                yield action, path


def _used(scenario: Scenario, record: Record) -> Iterator[Scalar]:
    """Every text and number that the agent put to use: in arguments, a refusal, a handoff, and what it changed."""
    for action in record.actions:
        yield from (leaf for _, leaf in _leaves(action.arguments))
    # What was refused was decided on these values; other decisions are only thoughts.
    refusals = (one for reply in record.replies for one in reply.decisions if one.name == "refused")
    yield from (leaf for refusal in refusals for _, leaf in _leaves(refusal.value))
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
