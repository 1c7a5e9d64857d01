"""Does the agent say that something was done which was not? Told by how it words a deed: `claims` of the release."""

import re
from collections.abc import Iterator, Mapping
from typing import Self

from pydantic import Field

from pipeline.call.asked import sentences
from pipeline.call.english import tongue_of
from pipeline.call.mishaps import sounded
from pipeline.call.record import Record, Replied
from pipeline.score import Criterion, Tally
from pipeline.score._hearing import played
from pipeline.spec.release import Release
from pipeline.spec.scenario import Scenario
from pipeline.spec.words import Words

# Before a pattern, in its own part of the sentence: then it is denied, planned, offered, or a condition.
HEDGED = re.compile(
    r"\b(not|never|no longer|cannot|unable|will|shall|would|could|can|should|may|might|must|going to|about to|want"
    r"|if|once|when|until|unless|before|after|let me|try|trying)\b|n['’]t\b|['’]ll\b",
    re.IGNORECASE,
)
PART = re.compile(r"[,;:–—]")


class Options(Words):
    """How the agent says that an action was done: patterns by the action's name."""

    says: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)

    @classmethod
    def of(cls, release: Release) -> Self:
        """Those of a release."""
        return cls(says=release.claims)


class Claims:
    """A criterion for each action that the agent claims: met where it was done by then; if not, the call fails."""

    version = 1

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, scenario: Scenario, record: Record) -> Tally:
        """Counts `claims` and `false_claims`; what is claimed of an agent that shows no actions is not to be seen."""
        told = list(self._claimed(scenario, record))
        criteria = tuple(_criterion(action, reply, record) for action, reply in told)
        met = [one.met for one in criteria]
        return Tally(
            counts={"claims": len(told), "false_claims": met.count(False), "not_seen": met.count(None)},
            criteria=criteria,
            details=tuple({"claim": action, "at_ms": reply.start_ms, "said": played(reply)} for action, reply in told),
        )

    def _claimed(self, scenario: Scenario, record: Record) -> Iterator[tuple[str, Replied]]:
        """Each action that a reply, as far as it was played, says was done."""
        question = tongue_of(scenario.language).question
        for reply in sounded(record):
            stated = [sentence for sentence in sentences(played(reply)) if not question.search(sentence)]
            for action, patterns in self.options.says.items():
                if any(_is_said(pattern, sentence) for pattern in patterns for sentence in stated):
                    yield action, reply


def _is_said(pattern: str, sentence: str) -> bool:
    """Whether the sentence holds the pattern, and nothing before it in the same part takes it back."""
    for match in re.finditer(pattern, sentence, re.IGNORECASE):
        if not HEDGED.search(PART.split(sentence[: match.start()])[-1]):
            return True
    return False


def _criterion(action: str, reply: Replied, record: Record) -> Criterion:
    name = f"claim {action}"
    if "actions" not in record.shows:
        return Criterion(name, None, "the agent says that it was done, and does not show its actions")
    before = record.replies[: record.replies.index(reply) + 1]
    done = any(one.name == action and one.done for each in before for one in each.actions)
    return Criterion(name, done, "" if done else f"the agent said {played(reply)!r}, and had not done it")
