"""What the agent states, and whether anything it was given says so: sums, days, times, amounts, phone numbers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Self

from pipeline import values
from pipeline.call.mishaps import sounded
from pipeline.call.record import Record
from pipeline.files import Json
from pipeline.score import Tally
from pipeline.score._hearing import heard_of, played
from pipeline.spec.release import Release
from pipeline.spec.scenario import Scenario
from pipeline.spec.words import Words
from pipeline.values import Value, canon
from pipeline.values.value import Mention

MEASURED = ("money", "date", "time")
Stated = tuple[str, str]  # the type, and the canonical value


class Options(Words):
    """The documents that the agent may know: their texts."""

    documents: tuple[str, ...] = ()

    @classmethod
    def of(cls, release: Release) -> Self:
        """Those of a release."""
        return cls(documents=release.knowledge)


class Knowledge:
    """Counts what the agent states, and what of it stands in nothing that it could know it from. It never gates."""

    version = 1

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, scenario: Scenario, record: Record) -> Tally:
        """Counts `stated` and `unsupported`, with a detail for each of these; nothing where there are no documents."""
        if not self.options.documents:
            return Tally()
        stated = list(_stated(scenario, record))
        strange = list(self._unsupported(stated, scenario, record))
        return Tally(
            counts={"stated": len(stated), "unsupported": len(strange)},
            details=tuple({"unsupported": value, "type": kind, "said": said} for said, (kind, value) in strange),
        )

    def _unsupported(
        self, stated: Sequence[tuple[str, Stated]], scenario: Scenario, record: Record
    ) -> Iterator[tuple[str, Stated]]:
        """What stands neither in a document nor in the world, and then nowhere in the call."""
        documented = _documented(self.options.documents, scenario.language, scenario.now)
        world = set(_leaves(scenario.given))
        left = [one for one in stated if one[1] not in documented and not _is_in(world, one[1][1])]
        if left:
            told = _in_texts(_told(scenario, record), scenario.language, scenario.now)
            yield from (one for one in left if one[1] not in told)


def _stated(scenario: Scenario, record: Record) -> Iterator[tuple[str, Stated]]:
    """Each value in what was played of each reply, with the reply; once a reply."""
    for reply in sounded(record):
        said = played(reply)
        for one in sorted(_in_texts((said,), scenario.language, scenario.now)):  # a set has another order each time
            yield said, one


def _told(scenario: Scenario, record: Record) -> Iterator[str]:
    """What was said in the call, what is true of the caller, and what the agent's tools were told and said."""
    yield from (fact.text for fact in scenario.facts.values())
    for utterance in record.utterances:
        yield utterance.text
        yield heard_of(utterance, record)
    for action in record.actions:
        yield from _leaves([action.arguments, action.result])
    yield from _leaves(record.state)


@lru_cache(16)  # releases have few sets of documents
def _documented(texts: tuple[str, ...], language: str, now: datetime) -> frozenset[Stated]:
    return _in_texts(texts, language, now)


def _in_texts(texts: Iterable[str], language: str, now: datetime) -> frozenset[Stated]:
    """Every value that the texts state."""
    return frozenset(one for text in texts for one in _in_text(text, language, now))


def _in_text(text: str, language: str, now: datetime) -> Iterator[Stated]:
    """Sums, days, times and phone numbers; of amounts those with a unit that are none of these."""
    taken: list[Mention] = []
    for kind in MEASURED:
        found = [one for one in canon.mentioned(Value(kind, "", language), text, now) if not one.loose]
        taken += found
        yield from ((kind, canon.next_year(o, now) if o.startswith("--") else o) for one in found for o in one.options)
    yield from (("phone", phone) for phone in values.mentions("phone", text, language=language, now=now))
    for amount in canon.mentioned(Value("quantity", "", language), text, now):
        is_other = any(amount.start < one.end and one.start < amount.end for one in taken)
        if not (is_other or amount.loose) and _counts_something(amount.options[-1]):
            yield "quantity", amount.options[-1]


def _counts_something(amount: str) -> bool:
    """ "4 day" does; "2 of" does not, and "1 number" may be an article as well."""
    number, _, unit = amount.partition(" ")
    return number != "1" and len(unit) > 2


def _is_in(world: set[str], value: str) -> bool:
    """Whether the world holds the value as it stands, or a sum without its currency."""
    return value in world or value.partition(" ")[2] in world or value.partition(" ")[0] in world


def _leaves(node: Json | Any) -> Iterator[str]:  # noqa: ANN401  any JSON
    match node:
        case Mapping():
            for key, value in node.items():
                yield str(key)
                yield from _leaves(value)
        case Sequence() if not isinstance(node, str):
            for value in node:
                yield from _leaves(value)
        case None | bool():
            return
        case _:
            yield str(node)
