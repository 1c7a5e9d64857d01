"""What a recogniser took for what, over all calls of a run: words, and single letters and digits."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scipy.stats import binomtest

from pipeline.errors import BadlineError

CONFIDENCE = 0.95
LEAST_SAID = 10  # what was said less often has no rate
NOTHING = ""


@dataclass(frozen=True)
class Confusion:
    """How often `said` was heard as `heard`, of so many times that it was said.

    Empty `heard`: it was lost; empty `said`: nothing of it was said, and `of` is 0. `share` and its interval (Wilson,
    95 %) are None where it was said fewer than ten times.
    """

    said: str
    heard: str
    count: int
    of: int
    calls: int
    scenarios: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Confusions:
    """Of the calls of an arm: what was taken for what, most often first. `signs` are single letters and digits."""

    arm: str
    calls: int
    said: int
    words: tuple[Confusion, ...]
    signs: tuple[Confusion, ...]


@dataclass(eq=False)
class _Seen:
    """Where a confusion was seen; `last` in which call. The calls come one after the other."""

    count: int = 0
    calls: int = 0
    last: str = ""
    scenarios: set[str] = field(default_factory=set)

    def add(self, unit: str, scenario: str) -> None:
        """Once more."""
        self.count += 1
        self.calls += unit != self.last
        self.last = unit
        self.scenarios.add(scenario)


def confusions(records: Iterable[Mapping[str, Any]], *, arm: str = "degraded") -> Confusions:
    """All confusions in the calls of an arm, in one pass. Raises BadlineError where it has no call with words."""
    said, seen, calls = Counter[str](), defaultdict[tuple[str, str], _Seen](_Seen), 0
    for record in records:
        facts = record["facts"]
        if facts["arm"] != arm or "scores" not in facts:
            continue
        calls += 1
        for kind, ref, hyp in _ops(facts):
            said.update([ref] if ref else [])
            if kind != "equal":
                seen[ref, hyp].add(record["unit"], facts["scenario"])
    if not said:
        raise BadlineError(f"no caller said a word in a call of the arm '{arm}'; name another one: --arm")
    found = sorted((_confusion(pair, one, said) for pair, one in seen.items()), key=_by_count)
    signs = tuple(one for one in found if _is_sign(one.said or one.heard))
    words = tuple(one for one in found if not _is_sign(one.said or one.heard))
    return Confusions(arm, calls, said.total(), words, signs)


def _ops(facts: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for detail in facts["scores"]["words"]["details"]:
        yield from (tuple(op) for op in detail.get("ops", ()))


def _confusion(pair: tuple[str, str], seen: _Seen, said: Mapping[str, int]) -> Confusion:
    ref, hyp = pair
    of = said.get(ref, 0) if ref else 0
    share = low = high = None
    if of >= LEAST_SAID:
        interval = binomtest(seen.count, of).proportion_ci(CONFIDENCE, method="wilson")
        share, low, high = seen.count / of, float(interval.low), float(interval.high)
    return Confusion(ref, hyp, seen.count, of, seen.calls, len(seen.scenarios), share, low, high)


def _by_count(one: Confusion) -> tuple[int, int, str, str]:
    return -one.count, -one.scenarios, one.said, one.heard


def _is_sign(word: str) -> bool:
    return len(word) == 1
