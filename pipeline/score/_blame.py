"""Whether our caller is to blame: the agent shall not suffer for our caller, nor be excused by it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.call.asked import sentences
from pipeline.call.english import tongue_of
from pipeline.call.mishaps import meant
from pipeline.call.record import Record, Replied
from pipeline.score._hearing import played
from pipeline.spec.scenario import SLOT, Expect, Scenario


def caller_let_down(scenario: Scenario, record: Record) -> str | None:
    """What the agent asked for and our caller could not, or did not, give; None where our caller did its part.

    Any of: a question found no line; a fact that success needs was asked for, the caller spoke after that, and
    never offered it. An agent that hangs up before it asks, or goes round in circles without asking, has only
    itself to blame.
    """
    if record.ended == "caller_invalid" or record.unmatched:
        return f"our caller had no line for: {' / '.join(record.unmatched)}"
    offered = {fact for utterance in record.utterances for fact in utterance.offered}
    evaded = [fact for fact in sorted(needed_facts(scenario.expect) - offered) if _evaded(fact, scenario, record)]
    return f"our caller was asked for, and never said: {', '.join(evaded)}" if evaded else None


def needed_facts(expect: Expect) -> set[str]:
    """The facts that actions, state and words to be said are compared with."""
    texts = (*_texts([arguments for _, arguments in expect.did]), *_texts(expect.state), *expect.must_say)
    return {slot["fact"] for text in texts for slot in SLOT.finditer(text)}


def _texts(node: Any) -> Iterator[str]:  # noqa: ANN401  any JSON
    match node:
        case str():
            yield node
        case Mapping():
            yield from (str(key) for key in node)
            yield from _texts(list(node.values()))
        case list() | tuple():
            for value in node:
                yield from _texts(value)


def _evaded(fact: str, scenario: Scenario, record: Record) -> bool:
    """Whether the agent asked for `fact` and the caller, who then spoke to it, said something else.

    A cough, an "mm-hm" or a word to somebody else is no answer.
    """
    asked_ms = [reply.start_ms for reply in record.replies if asks_for(fact, reply, scenario)]
    return any(utterance.start_ms > start_ms for utterance in meant(record) for start_ms in asked_ms)


def asks_for(fact: str, reply: Replied, scenario: Scenario) -> bool:
    """By the patterns of the lines that carry the fact, or by the fact's name in a sentence that asks."""
    heard = played(reply)
    if any(re.search(pattern, heard, re.IGNORECASE) for pattern in _patterns(fact, scenario)):
        return True
    question = tongue_of(scenario.language).question
    name = re.compile(rf"\b{re.escape(fact).replace('_', '[ -]?')}\b", re.IGNORECASE)
    return any(question.search(sentence) and name.search(sentence) for sentence in sentences(heard))


def _patterns(fact: str, scenario: Scenario) -> Iterator[str]:
    for key, line in scenario.says.items():
        if key == fact or fact in {slot["fact"] for slot in SLOT.finditer(line.say)}:
            yield from line.asked
