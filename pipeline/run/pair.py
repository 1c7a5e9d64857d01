"""Did two runs hear the same sound? Each utterance of a call that both placed, by the hash of its window.

Never by the bytes of a turn: where a turn begins and ends is the release's own doing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from pipeline.errors import BadlineError
from pipeline.files import Json
from pipeline.run.plan import Unit
from pipeline.run.store import Store
from pipeline.spec.arm import ARMS, Arm
from pipeline.spec.severity import of_file_names

Pairing = Literal["same", "echo_differs", "words_differ", "only_in_a", "only_in_b", "sound_differs"]
PAIRINGS: tuple[Pairing, ...] = get_args(Pairing)


@dataclass(frozen=True)
class Sounded:
    """A window of one call: the words or keys in it, and the hashes of its bytes and of the agent's echo in it.

    A gap has no words. No `sha256`: it has no window of its own. No `echo_sha256`: nothing leaked into it.
    """

    words: str
    sha256: str | None
    echo_sha256: str | None


@dataclass(frozen=True)
class WindowPair:
    """A window in two calls, or in one of them. `kind` is that of its utterance, or `gap`."""

    window: str
    kind: str
    pairing: Pairing
    a: Sounded | None
    b: Sounded | None


@dataclass(frozen=True)
class UnitPair:
    """A unit in two runs. `reasons` say what may have made its sound differ; empty where it does not."""

    unit: str
    profile: str
    severity: float
    arm: str
    windows: tuple[WindowPair, ...]
    reasons: tuple[str, ...] = ()

    @property
    def refused(self) -> tuple[str, ...]:
        """The windows that must have sounded the same and did not."""
        return tuple(one.window for one in self.windows if one.pairing == "sound_differs")


@dataclass(frozen=True)
class Row:
    """One line of the table: a profile, severity and arm, its pairs of calls, and how their windows pair."""

    profile: str
    severity: float
    arm: Arm
    units: int
    counts: Mapping[Pairing, int]


@dataclass(frozen=True)
class Pairs:
    """Two runs side by side. `without_call` names units that both have but of which one has no sound at all."""

    rows: tuple[Row, ...]
    units: tuple[UnitPair, ...]
    only_in_a: tuple[str, ...]
    only_in_b: tuple[str, ...]
    without_call: tuple[str, ...]

    @property
    def refused(self) -> tuple[UnitPair, ...]:
        """The units that prove nothing about the releases: the same words sounded otherwise."""
        return tuple(unit for unit in self.units if unit.refused)

    @property
    def exit_code(self) -> int:
        """4 where a pair is refused."""
        return 4 if self.refused else 0


def pair_runs(a: Path, b: Path) -> Pairs:
    """Two runs' folders, or two units' files, side by side. Raises BadlineError where nothing can be paired."""
    in_a, in_b = _stores(a), _stores(b)
    common = sorted(in_a.keys() & in_b.keys())
    if not common:
        raise BadlineError(
            f"{a} and {b} have no unit in common, so nothing can be paired: "
            f"one has {min(in_a).name}, the other {min(in_b).name}"
        )
    units, silent = [], set()
    for unit in common:
        records = in_a[unit].record(unit), in_b[unit].record(unit)
        if all("call" in one["facts"] for one in records):
            units.append(_unit_pair(unit, *records))
        else:
            silent.add(unit)
    if not any(unit.windows for unit in units):
        raise BadlineError(f"{a} and {b}: no caller said a word in the {len(common)} units that both have")
    return Pairs(
        rows=tuple(_rows(units)),
        units=tuple(units),
        only_in_a=_names(in_a.keys() - in_b.keys()),
        only_in_b=_names(in_b.keys() - in_a.keys()),
        without_call=_names(silent),
    )


def paired(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[WindowPair, ...]:
    """The utterances of two calls, by the `facts` of their records; and gaps that should sound the same and do not."""
    a, b = _utterances(one["call"]), _utterances(other["call"])
    kinds = {name: kind for utterances in (b, a) for name, (kind, _) in utterances.items()}
    said = [_window_pair(name, kinds[name], _sounded(a, name), _sounded(b, name)) for name in dict.fromkeys((*a, *b))]
    gaps_a, gaps_b = _gaps(one["call"], a), _gaps(other["call"], b)
    gaps = [_window_pair(name, "gap", gaps_a[name], gaps_b[name]) for name in gaps_a if name in gaps_b]
    return (*said, *(gap for gap in gaps if gap.pairing == "sound_differs"))


def _window_pair(name: str, kind: str, a: Sounded | None, b: Sounded | None) -> WindowPair:
    return WindowPair(name, kind, _pairing(a, b), a, b)


def _pairing(a: Sounded | None, b: Sounded | None) -> Pairing:
    if a is None or b is None:
        return "only_in_b" if a is None else "only_in_a"
    if a.sha256 == b.sha256 and (a.sha256 or a.words == b.words):
        return "same"
    if a.words != b.words:
        return "words_differ"
    return "echo_differs" if a.echo_sha256 != b.echo_sha256 else "sound_differs"


Utterances = Mapping[str, tuple[str, Sounded]]


def _utterances(call: Mapping[str, Any]) -> Utterances:
    """Kind and sound of each utterance, by the name of its window, in the order in which they were said."""
    windows = {window["name"]: window for window in call["windows"]}
    named = {f"{one['key']}/{one['attempt']}": one for one in call["utterances"]}
    # Records of before there were other kinds hold words only.
    return {
        name: (one.get("kind", "words"), _of(windows.get(name, {}), one["text" if _is_keys(one) else "spoken"]))
        for name, one in named.items()
    }


def _is_keys(utterance: Mapping[str, Any]) -> bool:
    return utterance.get("kind") == "keys"


def _sounded(utterances: Utterances, name: str) -> Sounded | None:
    return utterances[name][1] if name in utterances else None


def _gaps(call: Mapping[str, Any], utterances: Utterances) -> dict[str, Sounded]:
    return {window["name"]: _of(window, "") for window in call["windows"] if window["name"] not in utterances}


def _of(window: Mapping[str, Any], words: str) -> Sounded:
    return Sounded(words, window.get("sha256"), window.get("echo_sha256"))


def _unit_pair(unit: Unit, one: Mapping[str, Any], other: Mapping[str, Any]) -> UnitPair:
    windows = paired(one["facts"], other["facts"])
    pair = UnitPair(unit.name, unit.profile, unit.severity, unit.arm, windows)
    return replace(pair, reasons=tuple(_reasons(one, other))) if pair.refused else pair


def _reasons(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """What differs between two records beside the sound."""
    stamps = _machine(one), _machine(other)
    for key in sorted({*stamps[0], *stamps[1]}):
        before, after = (stamp.get(key, "none") for stamp in stamps)
        if before != after:
            yield f"{key}: {before} and {after}"
    if one["facts"]["line"] != other["facts"]["line"]:
        yield "the line is another: another seed, or a profile that was changed"


def _machine(record: Mapping[str, Any]) -> dict[str, Json]:
    """The stamp without what recognisers and agents add to it, which is the release's own and no matter of sound."""
    return {key: value for key, value in record["run"].get("stamp", {}).items() if isinstance(value, str)}


def _rows(units: Sequence[UnitPair]) -> Iterator[Row]:
    """By profile, then arm, then severity."""
    groups: dict[tuple[str, int, float], list[UnitPair]] = defaultdict(list)
    for unit in units:
        groups[unit.profile, ARMS.index(unit.arm), unit.severity].append(unit)
    for (profile, arm, severity), group in sorted(groups.items(), key=lambda item: item[0]):
        counts = Counter(window.pairing for one in group for window in one.windows)
        yield Row(profile, severity, ARMS[arm], len(group), {pairing: counts[pairing] for pairing in PAIRINGS})


def _names(units: set[Unit]) -> tuple[str, ...]:
    return tuple(unit.name for unit in sorted(units))


def _stores(path: Path) -> dict[Unit, Store]:
    """The units of a run's folder, or the one whose file it is, and where their records lie. Raises BadlineError."""
    files = [path] if path.is_file() else sorted((path / "units").glob("*.json"))
    if not files:
        raise BadlineError(f"{path}: holds no finished unit; name a run's folder, or a file in its folder 'units'")
    return {_unit_of(file): Store(file.parent.parent) for file in files}


def _unit_of(file: Path) -> Unit:
    match file.name.split("."):
        case [scenario, profile, severity, voice, trial, arm, "json"] if file.parent.name == "units":
            bad, known = of_file_names(severity), next((one for one in ARMS if one == arm), None)
            if bad is not None and known and trial.isdigit():
                return Unit(scenario, profile, bad, voice, int(trial), known)
    raise BadlineError(f"{file}: is no unit's record; those lie in a run's folder as units/NAME.json")
