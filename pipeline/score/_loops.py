"""Does the agent go round in circles? By its words, or by a state that nothing moves."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from rapidfuzz.fuzz import ratio

from pipeline.call.asked import sentences
from pipeline.call.english import tongue_of
from pipeline.call.mishaps import sounded
from pipeline.call.record import Record, Replied
from pipeline.score._hearing import played
from pipeline.score._tokens import tokens
from pipeline.spec.scenario import Scenario

# See docs/score/effort.md for what lies above and below.
ALIKE = 85
LOOP = 3  # replies that are alike make a loop,
WITHIN = 4  # if they lie among so many
STANDSTILL = 4  # replies after which nothing at all has changed


def questions(reply: Replied, scenario: Scenario) -> list[str]:
    """What the reply asks, as far as it was played, without ids and numbers."""
    question = tongue_of(scenario.language).question
    return [plain(sentence) for sentence in sentences(played(reply)) if question.search(sentence)]


def plain(text: str) -> str:
    return " ".join(word for word in tokens(text) if not re.search(r"\d", word))


def loops(scenario: Scenario, record: Record) -> Iterator[dict[str, Any]]:
    """Each loop once, when it shows: replies that are alike, or a state that nothing moves."""
    replies = sounded(record)
    looped = [_goes_round(replies[: i + 1]) or _stands_still(replies[: i + 1], scenario) for i in range(len(replies))]
    for reply, (before, now) in zip(replies, pairwise([False, *looped]), strict=True):
        if now and not before:
            yield {"loop": played(reply), "at_ms": reply.start_ms}


def _goes_round(replies: Sequence[Replied]) -> bool:
    """Whether the last reply is alike to enough of those just before it."""
    *before, last = (plain(played(reply)) for reply in replies[-WITHIN:])
    return bool(last) and sum(ratio(one, last) >= ALIKE for one in before) >= LOOP - 1


def _stands_still(replies: Sequence[Replied], scenario: Scenario) -> bool:
    """Whether the agent, spoken to, kept asking the same and neither did, decided nor remembered anything."""
    last = replies[-STANDSTILL:]
    if len(last) < STANDSTILL or any(one.turn is None or one.state is None for one in last):
        return False
    asked = [questions(one, scenario) for one in last]
    moved = any(one.actions or one.decisions or one.state != last[0].state for one in last)
    return bool(asked[0]) and all(one == asked[0] for one in asked) and not moved
