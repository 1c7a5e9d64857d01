"""What does the agent want to know? Recognised by patterns first, then by meaning."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

from pipeline import values
from pipeline.audio import Floats
from pipeline.call.english import Tongue, tongue_of
from pipeline.spec.scenario import SLOT, SPECIAL_LINES, Scenario
from pipeline.values import Value, canon

MEANING_THRESHOLD = 0.7  # cosine; see docs/caller.md for what it lets through
NUMBERS = ("alnum_id", "digits", "phone")
PHONE_LONG = 9  # digits; ids tend to have fewer

Embed = Callable[[Sequence[str]], Floats]
Kind = Literal["lines", "yes", "offer", "no", "again", "closing", "open", "statement", "hold", "goodbye", "unknown"]


@dataclass(frozen=True)
class Asked:
    """What the agent's words call for: `keys` are the lines wanted, or for `no` those of the facts it got wrong.

    `sentence` is what was not understood.
    """

    kind: Kind
    keys: tuple[str, ...] = ()
    sentence: str = ""


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
        said = sentences(text)
        questions = [sentence for sentence in said if self._asks(sentence)]
        return (
            self._by_own_patterns(text)
            or self._correction(said, offered)
            or self._closing(said)
            or self._by_patterns(questions, text, offered)
            or self._by_meaning(questions)
            or self._unknown(questions)
            or self._told(text, said, offered)
        )

    def _asks(self, sentence: str) -> bool:
        """Whether the caller is to say something; "one moment, please" asks for nothing."""
        asking = self.tongue.question.search(sentence) or self.tongue.again.search(sentence)
        waits = self.tongue.hold.search(sentence) or self.tongue.courtesy.search(sentence)
        return bool(asking) and (sentence.endswith("?") or not waits)

    def _by_own_patterns(self, text: str) -> Asked | None:
        keys = tuple(
            key
            for key, line in self.scenario.says.items()
            if any(re.search(pattern, text, re.IGNORECASE) for pattern in line.asked)
        )
        return Asked("lines", keys) if keys else None

    def _closing(self, said: Sequence[str]) -> Asked | None:
        return Asked("closing") if any(self.tongue.closing.search(sentence) for sentence in said) else None

    # What was read back

    def _correction(self, said: Sequence[str], offered: frozenset[str]) -> Asked | None:
        """No, where a value was read back wrong; asked for it anew, the caller just gives it."""
        wrong = self.misread(" ".join(self._read_back(said)), offered)
        asked = self._wanted(said[-1], said[-1], offered) if said and self._asks(said[-1]) else ()
        return Asked("no", wrong) if set(wrong) - set(asked) else None

    def _read_back(self, said: Sequence[str]) -> Iterator[str]:
        """The sentences that say what was heard: also the one before "Is that right?"."""
        for sentence, following in pairwise((*said, "")):
            if self.tongue.closing.search(sentence):
                continue
            told = self.tongue.read_back.search(sentence) or self._is_yes_or_no(sentence)
            if told or self.tongue.confirm.search(following):
                yield sentence

    def _is_yes_or_no(self, sentence: str) -> bool:
        if self.tongue.confirm.search(sentence):
            return True
        if self.tongue.open_ended.search(sentence):
            return False
        return bool(self.tongue.offer.search(sentence)) or (sentence.endswith("?") and self._holds_value(sentence))

    def _holds_value(self, text: str) -> bool:
        return any(self._said(kind, text) for kind in self._types) or bool(self.tongue.named.search(text))

    def misread(self, text: str, offered: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """The lines of the facts for which the agent's words hold another value of their type."""
        wrong = [self._misread_of(kind, text, offered) for kind in self._types]
        return tuple(self._line_of[name] for name in wrong if name)

    def _misread_of(self, kind: str, text: str, offered: frozenset[str]) -> str | None:
        facts = {name: fact for name, fact in self._known.items() if fact.type == kind}
        meant = sorted(facts, key=lambda name: (_overlap(name, text), name in offered), reverse=True)
        # Where the agent names one of two ("the new postcode"), the other's value is wrong as well.
        is_named = _overlap(meant[0], text) == 1 and (len(meant) == 1 or _overlap(meant[1], text) < 1)
        right = meant[:1] if is_named else meant
        if any(values.find(facts[name], text, now=self.scenario.now) for name in right):
            return None
        mine = [values.canonical(facts[name], now=self.scenario.now) for name in right]
        said = [value for value in self._said(kind, text) if not any(_is_part(value, whole) for whole in mine)]
        return meant[0] if said else None

    def _said(self, kind: str, text: str) -> tuple[str, ...]:
        """The values of a type in a text; a phone number is no order number, and a date counts nothing.

        What is as long as a phone number was meant for one, though none begins so.
        """
        match kind:
            case "name" | "spelled_name":
                return tuple(match[0] for match in self.tongue.named.finditer(text))
            case "phone":
                long = (digits for digits in self._mentions("digits", text) if len(digits) >= PHONE_LONG)
                return self._mentions("phone", text) or tuple(long)
            case "alnum_id" | "digits":
                phones = self._mentions("phone", text)
                said = self._mentions(kind, text)
                return tuple(value for value in said if not any(phone.endswith(value[-9:]) for phone in phones))
            case "quantity":
                return self._mentions(kind, self.tongue.pronoun.sub(" ", self._without_dates(text)))
            case _:
                return self._mentions(kind, text)

    def _without_dates(self, text: str) -> str:
        for kind in ("date", "time", "money"):
            fact = Value(kind, "", self.scenario.language)
            for mention in reversed(canon.mentioned(fact, text, self.scenario.now)):
                if not mention.loose:
                    text = text[: mention.start] + " " + text[mention.end :]
        return text

    def _mentions(self, kind: str, text: str) -> tuple[str, ...]:
        return values.mentions(kind, text, language=self.scenario.language, now=self.scenario.now)

    # What is asked for

    def _by_patterns(self, questions: Sequence[str], text: str, offered: frozenset[str]) -> Asked | None:
        """The last question that is understood counts."""
        for question in reversed(questions):
            if asked := self._question(question, text, offered):
                return asked
        return None

    def _question(self, question: str, text: str, offered: frozenset[str]) -> Asked | None:
        if keys := self._wanted(question, text, offered) or self._by_name(question):
            return Asked("lines", keys)
        if self.tongue.opening.search(question):
            return Asked("open")
        if self.tongue.offer.search(question) and not self.tongue.open_ended.search(question):
            return Asked("offer")
        if self._open_claims(question, text):  # a value is wanted that this caller does not have
            return Asked("unknown", sentence=question)
        if self._is_yes_or_no(question):
            return Asked("yes")
        return Asked("again") if self.tongue.again.search(question) else None

    def _wanted(self, question: str, text: str, offered: frozenset[str]) -> tuple[str, ...]:
        """The lines of the facts that the question asks for, in its order."""
        claims = self._open_claims(question, text)
        names = [name for kind, span in claims for name in self._fitting(kind, span, question, offered)]
        return tuple(dict.fromkeys(self._line_of[name] for name in names))

    def _open_claims(self, question: str, text: str) -> list[tuple[str, str]]:
        """What is asked for, without what the text itself holds and only wants to have confirmed."""
        claims = self._claims(question)
        if self.tongue.open_ended.search(question) and not self.tongue.confirm.search(question):
            return claims
        return [(kind, span) for kind, span in claims if not self._is_said(kind, text)]

    def _is_said(self, kind: str, text: str) -> bool:
        """Whether the text holds a value of the type; of numbers, any kind will do: "the number is 07700 900642"."""
        return any(bool(self._said(other, text)) for other in (NUMBERS if kind in NUMBERS else (kind,)))

    def _claims(self, question: str) -> list[tuple[str, str]]:
        """Each type that is asked for and the words that do it; of words within others ("number") nothing is left."""
        found = [
            (match.span(), kind) for kind, pattern in self.tongue.asks.items() for match in pattern.finditer(question)
        ]
        whole = [one for one in found if not any(_is_within(one[0], other[0]) for other in found)]
        return [(kind, question[slice(*span)]) for span, kind in sorted(whole)]

    def _fitting(self, kind: str, span: str, question: str, offered: frozenset[str]) -> list[str]:
        """The facts that `span` may mean: all that the question names wholly, else the likeliest."""
        names = [name for name, fact in self._known.items() if fact.type == kind or _overlap(name, span) == 1]
        named = [name for name in names if _overlap(name, question) == 1]
        if named:
            return [name for name in named if not any(_is_longer(other, name) for other in named)]
        return names and [max(names, key=lambda name: (_overlap(name, question), name not in offered))]

    def _by_name(self, question: str) -> tuple[str, ...]:
        """The line whose key the question names with all its words; a single word wants "the" or "your" before it."""
        if self.tongue.closed.search(question) or self._is_yes_or_no(question):
            return ()
        keys = [key for key in self.scenario.says if key not in SPECIAL_LINES and self._names(key, question)]
        return tuple(sorted(keys, key=len)[-1:])

    def _names(self, key: str, question: str) -> bool:
        if "_" in key:
            return _overlap(key, question) == 1
        # What a type has patterns for needs none of this: "your order" in a question does not ask for its number.
        typed = key in self.scenario.facts and self.scenario.facts[key].type in self.tongue.asks
        return not typed and bool(re.search(rf"\b(the|your|any)\s+{re.escape(key)}\b", question, re.IGNORECASE))

    # What is only told

    def _unknown(self, questions: Sequence[str]) -> Asked | None:
        return Asked("unknown", sentence=questions[-1]) if questions else None

    def _told(self, text: str, said: Sequence[str], offered: frozenset[str]) -> Asked:
        """Nothing was asked: the agent says goodbye, asks for patience, reads a value back, or tells how it is."""
        missing = frozenset(self._known) - offered
        if self.tongue.goodbye.search(text):
            return Asked("goodbye")
        if self.tongue.hold.search(text) or all(self.tongue.courtesy.search(sentence) for sentence in said):
            return Asked("hold")
        keys = self._wanted(text, text, offered)
        if any(self._line_of[name] in keys for name in missing):
            return Asked("lines", keys)
        if said and self.tongue.read_back.search(said[-1]) and self._holds_value(said[-1]):
            return Asked("yes")
        return Asked("hold" if missing and self.tongue.promise.search(text) else "statement")

    # By meaning

    def _by_meaning(self, questions: Sequence[str]) -> Asked | None:
        if not questions:
            return None
        models = [(key, sentence) for key, meant in self._models.items() for sentence in meant]
        likeness = self.embed(questions) @ self.embed([sentence for _, sentence in models]).T
        for row in likeness[::-1]:
            if float(row.max()) >= MEANING_THRESHOLD:
                return self._named(models[int(row.argmax())][0])
        return None

    def _named(self, key: str) -> Asked:
        match key:
            case "open" | "closing" | "again" | "offer":
                return Asked(key)
            case "confirm":
                return Asked("yes")
            case _:
                return Asked("lines", (key,))

    @cached_property
    def _models(self) -> Mapping[str, tuple[str, ...]]:
        """Model questions by the line that answers them."""
        own = {
            key: self.tongue.meant_by_fact(key.replace("_", " "))
            for key in self.scenario.says
            if key not in SPECIAL_LINES
        }
        return {**own, **self.tongue.meant}

    # What the caller knows

    @cached_property
    def _line_of(self) -> Mapping[str, str]:
        """The line that gives each fact: the one of its name, else the first in which it stands."""
        lines: dict[str, str] = {}
        for key, line in self.scenario.says.items():
            if key not in SPECIAL_LINES:
                for slot in SLOT.finditer(line.say):
                    lines.setdefault(slot["fact"], key)
        return {**lines, **{name: name for name in self.scenario.facts if name in self.scenario.says}}

    @cached_property
    def _known(self) -> Mapping[str, Value]:
        """The facts that some line gives."""
        return {name: fact for name, fact in self.scenario.facts.items() if name in self._line_of}

    @property
    def _types(self) -> list[str]:
        return list(dict.fromkeys(fact.type for fact in self._known.values()))


def sentences(text: str) -> list[str]:
    """The sentences of a text, each with its mark."""
    return [part for part in re.split(r"(?<=[.!?])\s+", text.strip()) if part]


def _overlap(name: str, question: str) -> float:
    """The share of a name's words that a question holds."""
    said = set(re.findall(r"[a-z]+", question.lower()))
    words = name.lower().split("_")
    return sum(word in said for word in words) / len(words)


def _is_longer(name: str, other: str) -> bool:
    """Whether `name` says all that `other` does, and more: "new_postcode" and "postcode"."""
    return set(name.lower().split("_")) > set(other.lower().split("_"))


def _is_within(span: tuple[int, int], other: tuple[int, int]) -> bool:
    return other[0] <= span[0] and span[1] <= other[1] and other != span


def _is_part(value: str, whole: str) -> bool:
    """Whether it is a first or last half, read back by itself; a value that lacks one sign is another value."""
    return value == whole or (2 * len(value) <= len(whole) and value in whole)
