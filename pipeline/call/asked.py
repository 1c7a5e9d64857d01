"""What does the agent want to know? Recognised by patterns first, then by meaning."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline import values
from pipeline.audio import Floats
from pipeline.call.english import Tongue, tongue_of
from pipeline.spec.scenario import SPECIAL_LINES, Scenario

MEANING_THRESHOLD = 0.6  # cosine; see docs/caller.md for what it lets through

Embed = Callable[[Sequence[str]], Floats]
Kind = Literal["lines", "yes", "no", "again", "closing", "open", "statement", "unknown"]


@dataclass(frozen=True)
class Asked:
    """What the agent's words call for: `keys` are the lines wanted, or for `no` the facts it got wrong."""

    kind: Kind
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listener:
    """A caller's understanding of what the agent says in one scenario. `embed` turns sentences into unit vectors."""

    scenario: Scenario
    embed: Embed

    @property
    def tongue(self) -> Tongue:
        """The caller's language."""
        return tongue_of(self.scenario.language)

    def asked(self, text: str, offered: frozenset[str]) -> Asked:
        """What the agent's whole reply calls for; `offered` are the facts that were given already."""
        questions = [sentence for sentence in sentences(text) if self.tongue.question.search(sentence)]
        return (
            self._by_own_patterns(text)
            or self._closing(questions)
            or self._read_back(text, questions)
            or self._facts(questions, offered)
            or self._stock(text, questions)
            or self._by_meaning(questions)
            or Asked("unknown" if questions else "statement")
        )

    def _by_own_patterns(self, text: str) -> Asked | None:
        keys = tuple(
            key
            for key, line in self.scenario.says.items()
            if any(re.search(pattern, text, re.IGNORECASE) for pattern in line.asked)
        )
        return Asked("lines", keys) if keys else None

    def _closing(self, questions: Sequence[str]) -> Asked | None:
        return Asked("closing") if any(self.tongue.closing.search(question) for question in questions) else None

    def _read_back(self, text: str, questions: Sequence[str]) -> Asked | None:
        """A question to be answered by yes or no: yes unless a value that was read back is wrong."""
        if not any(self.tongue.confirm.search(question) for question in questions):
            return None
        wrong = self.misread(text)
        return Asked("no", wrong) if wrong else Asked("yes")

    def misread(self, text: str) -> tuple[str, ...]:
        """The facts for which the agent's words hold another value of their type."""
        wrong = []
        for kind in dict.fromkeys(fact.type for fact in self.scenario.facts.values()):
            facts = {name: fact for name, fact in self.scenario.facts.items() if fact.type == kind}
            mine = {values.canonical(fact, now=self.scenario.now) for fact in facts.values()}
            said = values.mentions(kind, text, language=self.scenario.language, now=self.scenario.now)
            if said and not mine & set(said) and not any(values.find(fact, text) for fact in facts.values()):
                wrong.append(next(iter(facts)))
        return tuple(name for name in wrong if name in self.scenario.says)

    def _facts(self, questions: Sequence[str], offered: frozenset[str]) -> Asked | None:
        for question in reversed(questions):
            if keys := self._by_type(question, offered) or self._by_name(question):
                return Asked("lines", keys)
        return None

    def _by_type(self, question: str, offered: frozenset[str]) -> tuple[str, ...]:
        """Of each type that is asked for, the fact whose name fits the question best; at a tie one not given yet."""
        keys = []
        for kind, pattern in self.tongue.asks.items():
            names = [
                name for name, fact in self.scenario.facts.items() if fact.type == kind and name in self.scenario.says
            ]
            if names and pattern.search(question):
                keys.append(max(names, key=lambda name: (_overlap(name, question), name not in offered)))
        return tuple(keys)

    def _by_name(self, question: str) -> tuple[str, ...]:
        lines = [key for key in self.scenario.says if key not in SPECIAL_LINES]
        best = max(lines, key=lambda key: _overlap(key, question), default=None)
        return (best,) if best and _overlap(best, question) == 1 else ()

    def _stock(self, text: str, questions: Sequence[str]) -> Asked | None:
        if any(self.tongue.opening.search(question) for question in questions):
            return Asked("open")
        if self.tongue.again.search(text):
            return Asked("again")
        return None

    def _by_meaning(self, questions: Sequence[str]) -> Asked | None:
        models = [(key, sentence) for key, meant in self._models().items() for sentence in meant]
        if not questions:
            return None
        likeness = self.embed(questions) @ self.embed([sentence for _, sentence in models]).T
        if float(likeness.max()) < MEANING_THRESHOLD:
            return None
        _, column = np.unravel_index(int(likeness.argmax()), likeness.shape)
        return self._named(models[int(column)][0], " ".join(questions))

    def _named(self, key: str, text: str) -> Asked:
        match key:
            case "open" | "closing" | "again":
                return Asked(key)
            case "confirm":
                wrong = self.misread(text)
                return Asked("no", wrong) if wrong else Asked("yes")
            case _:
                return Asked("lines", (key,))

    def _models(self) -> Mapping[str, tuple[str, ...]]:
        """Model questions by the line that answers them."""
        own = {
            key: self.tongue.meant_by_fact(key.replace("_", " "))
            for key in self.scenario.says
            if key not in SPECIAL_LINES
        }
        return {**own, **self.tongue.meant}


def sentences(text: str) -> list[str]:
    """The sentences of a text, each with its mark."""
    return [part for part in re.split(r"(?<=[.!?])\s+", text.strip()) if part]


def _overlap(name: str, question: str) -> float:
    """The share of a name's words that a question holds."""
    said = set(re.findall(r"[a-z]+", question.lower()))
    words = name.lower().split("_")
    return sum(word in said for word in words) / len(words)
