"""Did the caller get what they came for? Decided by the record alone: the same record, the same verdict."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from pipeline import values
from pipeline.agent import Action
from pipeline.call.mishaps import meant
from pipeline.call.record import Record
from pipeline.score import Criterion, Tally
from pipeline.score._hearing import played
from pipeline.score._loops import loops
from pipeline.score._tokens import contains, tokens
from pipeline.score._typed import misfits
from pipeline.spec.scenario import SLOT, Outcome, Scenario
from pipeline.spec.words import Words

Expected = tuple[str, Mapping[str, Any]]
UNSEEN = "the agent does not show its actions"


class Options(Words):
    """None: what counts as success stands in the scenario."""


class Task:
    """Whether the call came to what its scenario expects: outcome, actions, state, words said, and effort."""

    version = 3

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, scenario: Scenario, record: Record) -> Tally:
        """One criterion for each thing expected; `effort`, where the scenario limits it, comes last."""
        work = (*_did(scenario, record), *_state(scenario, record))
        outcome = outcome_of(record, got_there=_all_met(work))
        criteria = (
            _outcome(scenario.expect.outcome, outcome, record),
            *work,
            *_never(scenario.expect.never, record),
            *(_said(text, scenario, record) for text in scenario.expect.must_say),
            *(_unsaid(text, scenario, record) for text in scenario.expect.must_not_say),
            *_effort(scenario, record),
        )
        counts = {**_counts(criteria, record), **_contained(criteria, record)}
        return Tally(counts=counts, criteria=criteria, details=(_detail(outcome, record),))


def outcome_of(record: Record, *, got_there: bool | None) -> Outcome | None:
    """How the call came out. `got_there`: the expected actions and state hold (None: they cannot be seen).

    The first that applies: a person took over (handed_off); the agent, our caller or the line failed, or time
    ran out (None); the agent decided `refused` (refused); the caller gave up, or hung up before their closing line
    (abandoned); else the call ended as calls do, and it is resolved or deflected as `got_there` says.
    """
    if record.handoff or record.ended == "handed_off":
        return "handed_off"
    if record.ended in ("agent_error", "caller_invalid", "time_limit", "dropped"):
        return None
    if any(decision.name == "refused" for reply in record.replies for decision in reply.decisions):
        return "refused"
    if _abandoned(record):
        return "abandoned"
    if got_there is None:
        return None
    return "resolved" if got_there else "deflected"


def _abandoned(record: Record) -> bool:
    if record.ended == "caller_gave_up":
        return True
    said = meant(record)
    said_goodbye = bool(said) and said[-1].key == "closing"
    return record.ended == "caller_hung_up" and not said_goodbye


def _all_met(criteria: Sequence[Criterion]) -> bool | None:
    """False if one is not met, else None if one cannot be seen, else True."""
    met = [criterion.met for criterion in criteria]
    if False in met:
        return False
    return None if None in met else True


def _outcome(expected: Outcome, outcome: Outcome | None, record: Record) -> Criterion:
    if expected == "handed_off" and "handoff" not in record.shows:
        return Criterion("outcome", None, "the agent does not show when it hands over")
    if outcome is None and record.ended in ("agent_hung_up", "caller_hung_up"):
        return Criterion("outcome", None, "what was done cannot be seen, so nobody can say how it came out")
    why = outcome or f"none, the call ended with {record.ended}"
    return Criterion("outcome", outcome == expected, f"{why}; expected {expected}")


def _did(scenario: Scenario, record: Record) -> Iterator[Criterion]:
    """Each expected action against an action of its own; in any order, so that most are met, or in theirs."""
    if "actions" not in record.shows:
        yield from (Criterion(f"did {name}", None, UNSEEN) for name, _ in scenario.expect.did)
        return
    expected, done = scenario.expect.did, [action for action in record.actions if action.done]
    pairs = _in_order if scenario.expect.in_order else _in_any_order
    fits = np.array([[_fits(one, action, scenario) for action in done] for one in expected], dtype=bool)
    fits = fits.reshape(len(expected), len(done))
    met = pairs(fits)
    for i, one in enumerate(expected):
        late = "it was done, but not in the order expected" if i not in met and fits[i].any() else ""
        why = "" if i in met else late or _why_not_done(one, record, scenario)
        yield Criterion(f"did {one[0]}", i in met, why)


def _in_any_order(fits: "np.ndarray[tuple[int, int], np.dtype[np.bool_]]") -> set[int]:
    """The expected actions (rows) that have a deed (column) of their own, as many as can."""
    rows, columns = linear_sum_assignment(fits, maximize=True)
    return {int(row) for row, column in zip(rows, columns, strict=True) if fits[row, column]}


def _in_order(fits: "np.ndarray[tuple[int, int], np.dtype[np.bool_]]") -> set[int]:
    """The expected actions that were done one after the other, each by the first deed after the one before."""
    met, after = set(), 0
    for row, deeds in enumerate(fits):
        if (found := np.flatnonzero(deeds[after:])).size:
            met.add(row)
            after += int(found[0]) + 1
    return met


def _fits(expected: Expected, action: Action, scenario: Scenario) -> bool:
    name, arguments = expected
    return action.name == name and not any(misfits(arguments, action.arguments, scenario))


def _why_not_done(expected: Expected, record: Record, scenario: Scenario) -> str:
    name, arguments = expected
    tried = [action for action in record.actions if action.name == name]
    if not tried:
        return f"{name} was never used"
    wrong = ["; ".join(misfits(arguments, action.arguments, scenario)) for action in tried if action.done]
    if not wrong:
        return f"{name} was tried and did not succeed"
    return next((why for why in reversed(wrong) if why), f"{name} was done less often than expected")


def _state(scenario: Scenario, record: Record) -> Iterator[Criterion]:
    if not scenario.expect.state:
        return
    if record.state is None:
        yield Criterion("state", None, "the agent does not show its state")
        return
    wrong = "; ".join(misfits(scenario.expect.state, record.state, scenario))
    yield Criterion("state", not wrong, wrong)


def _never(names: Sequence[str], record: Record) -> Iterator[Criterion]:
    if "actions" not in record.shows:
        yield from (Criterion(f"never {name}", None, UNSEEN) for name in names)
        return
    done = {action.name for action in record.actions if action.done}
    for name in names:
        yield Criterion(f"never {name}", name not in done, f"{name} was done" if name in done else "")


def _said(text: str, scenario: Scenario, record: Record) -> Criterion:
    """Facts in any form that reads as their value, other words whole and in order; in what was played of one reply."""
    met = any(_holds(played(reply), text, scenario) for reply in record.replies)
    return Criterion(f"must_say {text}", met, "" if met else f"no reply that was played says {_shown(text, scenario)}")


def _unsaid(text: str, scenario: Scenario, record: Record) -> Criterion:
    """By the same rule."""
    said = next((one for reply in record.replies if _holds(one := played(reply), text, scenario)), None)
    return Criterion(f"must_not_say {text}", said is None, f"it was said: {said!r}" if said else "")


def _holds(reply: str, text: str, scenario: Scenario) -> bool:
    facts = [scenario.facts[slot["fact"]] for slot in SLOT.finditer(text)]
    phrases = [tokens(phrase) for phrase in SLOT.sub("\n", text).split("\n")]
    if any(values.find(fact, reply, now=scenario.now) is None for fact in facts):
        return False
    return all(contains(tokens(reply), phrase) for phrase in phrases)


def _shown(text: str, scenario: Scenario) -> str:
    return repr(values.written(text, scenario.facts))


def _effort(scenario: Scenario, record: Record) -> Iterator[Criterion]:
    """What the caller was put through; it never makes a call fail."""
    limits = scenario.expect.effort
    asked = [
        (len(meant(record)), limits.max_turns, "turns"),
        (_repeats(record), limits.max_repeats, "repeats"),
        (len(list(loops(scenario, record))), limits.max_loops, "loops"),
    ]
    limited = [(took, most, what) for took, most, what in asked if most is not None]
    if limited:
        why = "; ".join(f"{took} {what}, {most} allowed" for took, most, what in limited)
        yield Criterion("effort", all(took <= most for took, most, _ in limited), why)


def _repeats(record: Record) -> int:
    return sum(utterance.attempt > 1 for utterance in meant(record))


def _counts(criteria: Sequence[Criterion], record: Record) -> dict[str, int]:
    met = [criterion.met for criterion in criteria]
    return {
        "criteria": len(met),
        "met": met.count(True),
        "not_met": met.count(False),
        "not_seen": met.count(None),
        "caller_turns": len(meant(record)),
        "repeats": _repeats(record),
    }


def _contained(criteria: Sequence[Criterion], record: Record) -> dict[str, int]:
    """Whether no person was needed; and, where the caller did not get what they came for, only seemingly not."""
    hung_up = record.ended in ("agent_hung_up", "caller_hung_up", "caller_gave_up")
    contained = hung_up and record.handoff is None
    unresolved = contained and not all(one.met for one in criteria if one.kind != "effort")
    return {"contained": int(contained), "contained_unresolved": int(unresolved)}


def _detail(outcome: Outcome | None, record: Record) -> Mapping[str, Any]:
    return {"outcome": outcome, "ended": record.ended}
