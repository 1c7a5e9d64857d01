"""Defects that are planted in agents, recognisers, platforms, lines and callers, and what must show each of them.

Each is run on its own beside the healthy system, over the same calls. It is found if what it must show shows, and does
not in the healthy run; and it is blamed rightly if most of the calls that it breaks are blamed on it.
"""

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pipeline import engines
from pipeline.decide.attribute import attribute
from pipeline.run.batch import close_run
from pipeline.run.cache import Cache
from pipeline.run.crew import Crew
from pipeline.run.plan import Job, read_plan
from pipeline.run.store import Store, finished_records
from pipeline.run.unit import run_unit
from pipeline.score import SUCCESS, criteria_in

ROOT = Path(__file__).parents[1]
AGENTS = ROOT / "fixtures" / "agents"
SCENARIOS = (
    "change_delivery_address", "track_parcel", "track_alphanumeric_id", "refund_damaged", "refund_refused",
    "refund_too_much", "ask_for_a_person", "report_damage",
)  # fmt: skip
Json = Mapping[str, Any]

# The systems in which defects are planted: toys that cost next to nothing, and the shipped release.
TOYS: Json = {"endpointing": {"vad": "energy"}, "asr": "tones", "agent_voice": "tone"}
SHIPPED: Json = {
    "endpointing": {"vad": "silero", "silence_ms": 700, "min_speech_ms": 200},
    "asr": {"faster_whisper": {"model": "tiny.en", "beam_size": 1}},
    "agent_voice": {"hibari": {"speaker": 0.86}},
}
QUIET: Json = {"room": [{"noise": {"kind": "white", "snr_db": 45}}]}

SITE = {
    "asr.transposes": """
from pipeline.asr.{base} import Options, {Base}
from pipeline.asr import Transcript
import re

DIGITS = "zero oh one two three four five six seven eight nine".split()


class Transposes({Base}):
    def transcribe(self, sounds):
        return [Transcript(transposed(one.text), one.words, one.confidence) for one in super().transcribe(sounds)]


def transposed(text):
    parts = re.split(r"(\\\\d|[a-z]+)", text)
    at = [i for i, part in enumerate(parts) if part.isdigit() or part in DIGITS]
    for i, j in zip(at[:-1][::-1], at[1:][::-1]):
        if parts[i] != parts[j]:
            parts[i], parts[j] = parts[j], parts[i]
            break
    return "".join(parts)
""",
    "asr.rambles": """
from pipeline.asr.{base} import Options, {Base}
from pipeline.asr import Transcript


class Rambles({Base}):
    def transcribe(self, sounds):
        return [Transcript("thank you " * 6, one.words, one.confidence) for one in super().transcribe(sounds)]
""",
    "room.silent": """
from pipeline.line.room.noise import Noise, Options


class Silent(Noise):
    def __call__(self, scene, rngs):
        louder = super().__call__(scene, rngs)
        measured = [
            [type(one)(**{{**one.__dict__, "got": 60.0 if one.name == "snr_db" else one.got}}) for one in row]
            for row in louder.got
        ]
        return type(scene)(**{{**scene.__dict__, "got": tuple(map(tuple, measured))}})
""",
}


@dataclass(frozen=True)
class Defect:
    """What is changed in release, profile, suite or scenario, what must show it, and who must be blamed.

    `shows` is asked with the records of the defect's run and of the healthy one, and tells what it saw.
    """

    name: str
    where: str
    shows: Callable[["Ran", "Ran"], str]
    blamed: str | None
    release: Json = field(default_factory=dict)
    profile: Json = field(default_factory=dict)
    scenarios: Sequence[str] = SCENARIOS


@dataclass(frozen=True)
class Ran:
    """A finished run: its records, and what makes it unfit for a verdict."""

    records: tuple[Json, ...]
    invalid: tuple[str, ...]

    def degraded(self) -> dict[str, Json]:
        """The facts of its degraded calls, by unit."""
        return {one["unit"]: one["facts"] for one in self.records if one["facts"]["arm"] == "degraded"}

    def count(self, score: str, *names: str) -> int:
        """Counts of a score, over the degraded calls."""
        tallies = [one["scores"][score]["counts"] for one in self.degraded().values() if "scores" in one]
        return sum(value for counts in tallies for name, value in counts.items() if name.rpartition(".")[2] in names)


@dataclass(frozen=True)
class Found:
    """What became of a planted defect: what showed it (empty: nothing did), and whom the calls it broke are blamed on."""

    defect: str
    shown: str
    blamed: str
    is_found: bool
    is_blamed: bool


def agent(target: str) -> Json:
    """A release's agent: a class of the shipped ones."""
    return {"agent": {"python": {"target": f"{AGENTS}/{target}"}}}


def unmet(kind: str, word: str = "") -> Callable[[Ran, Ran], str]:
    """Shown by a criterion that calls break which the healthy system does not."""

    def shows(ran: Ran, healthy: Ran) -> str:
        before = {unit: _unmet(facts) for unit, facts in healthy.degraded().items()}
        broken = [
            name
            for unit, facts in ran.degraded().items()
            for name, why in _unmet(facts).items()
            if name.startswith(kind) and word in why and name not in before.get(unit, {})
        ]
        return Counter(broken).most_common(1)[0][0] if broken else ""

    return shows


def _unmet(facts: Json) -> dict[str, str]:
    return {one["name"]: one["why"] for one in criteria_in(facts) if one["met"] is False and not one["name"].startswith("effort")}


def more(score: str, *names: str) -> Callable[[Ran, Ran], str]:
    """Shown by counts that are higher than the healthy system's."""

    def shows(ran: Ran, healthy: Ran) -> str:
        now, before = ran.count(score, *names), healthy.count(score, *names)
        return f"{score}: {' + '.join(names)} {before} -> {now}" if now > before else ""

    return shows


def invalid(word: str) -> Callable[[Ran, Ran], str]:
    """Shown by a run that is unfit for any verdict, for a reason with this word, while the healthy one is fit."""

    def shows(ran: Ran, healthy: Ran) -> str:
        return next((f"INVALID: {why}" for why in ran.invalid if word in why and not healthy.invalid), "")

    return shows


DEFECTS = (
    Defect("takes ids for numbers", "agent", unmet("did", "not '0"), "agent", agent("planted.py:DropsLeadingZeros")),
    Defect("writes another postcode", "agent", unmet("did change_address", "postcode is"), "agent", agent("planted.py:WrongPostcode")),
    Defect("asks the same for ever", "agent", more("effort", "loops"), "agent", agent("planted.py:LoopsForEver")),
    Defect("never hands off", "agent", more("handoff", "should_have"), "agent", agent("planted.py:NeverHandsOff")),
    Defect("says what it did not do", "agent", unmet("claim"), "agent", agent("planted.py:ClaimsWithoutDoing")),
    Defect("refunds anything", "agent", unmet("never issue_refund"), "agent", agent("planted.py:RefundsAnything")),
    Defect("transposes digits", "recogniser", more("slots", "character_edits"), "recogniser", {"asr": "transposes"}),
    Defect("makes words up", "recogniser", more("words", "hallucinated_turns"), "recogniser", {"asr": "rambles"}),
    Defect(
        "cuts turns in two", "platform", more("turn_taking", "premature_endpoints"), "turn_taking",
        {"endpointing": {"silence_ms": 150}}, {"caller": {"hesitates": 1.0}},
    ),
    Defect(
        "noise over the words", "line", more("words", "substitutions", "deletions"), "line",
        profile={"room": [{"noise": {"kind": "white", "snr_db": -9}}]},
    ),
    Defect(
        "stays clean, says nothing", "line", invalid("sound_invalid"), "infrastructure",
        profile={"room": [{"silent": {"kind": "white", "snr_db": 9}}]},
    ),
    Defect("caller has no number", "caller", more("status", "caller_invalid"), "caller", scenarios=("no_number",)),
)  # fmt: skip


def site_in(folder: Path, asr: str) -> Path:
    """A folder for Python's path with the planted engines, found by their entry points; recognisers are made of `asr`."""
    about = folder / "planted-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: planted\nVersion: 1.0\n")
    points = []
    for key, text in SITE.items():
        stage, name = key.split(".")
        class_name = "".join(part.capitalize() for part in asr.split("_"))
        (folder / f"planted_{name}.py").write_text(text.format(base=asr, Base=class_name).replace("\\\\", "\\"))
        points.append(f"[badline.{stage}]\n{name} = planted_{name}\n")
    (about / "entry_points.txt").write_text("\n".join(points))
    return folder


def use_site(folder: Path) -> None:
    """Have the planted engines found from now on."""
    sys.path.insert(0, str(folder))
    engines.known.cache_clear()
    engines.find.cache_clear()


def run_of(folder: Path, base: Json, defect: Defect | None, *, seed: int, cache: Cache | None, voices: Sequence[str]) -> Ran:
    """Run the healthy system, or one with a defect, over the defect's calls."""
    folder.mkdir(parents=True)
    changes, profile = (defect.release, defect.profile) if defect else ({}, {})
    endpointing = {**base["endpointing"], **changes.get("endpointing", {})}
    release = {
        "name": "planted", "latency": {"asr_ms": 300, "agent_ms": [400, 900], "tts_ms": 250},
        **agent("parcels.py:Release11"), **base, **changes, "endpointing": endpointing,
        "claims": yaml.safe_load((ROOT / "fixtures/releases/2026.11.yaml").read_text())["claims"],
    }  # fmt: skip
    suite = {
        "name": "planted", "about": "", "seed": seed, "release": "./release.yaml", "profiles": ["./line.yaml"],
        "scenarios": [_scenario(name, folder, calm=bool(voices)) for name in (defect.scenarios if defect else SCENARIOS)],
        "arms": ["oracle", "clean_turns", "clean", "degraded"], **({"voices": list(voices)} if voices else {}),
    }  # fmt: skip
    words = {"release": release, "line": {"name": "line", "about": "", **QUIET, **profile}, "suite": suite}
    for name, one in words.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(one))
    plan = read_plan(Job(folder / "suite.yaml", folder / "release.yaml"))
    store, crew = Store(folder / "run"), Crew(plan, cache)
    store.begin(plan)
    for unit in plan.units:
        store.commit(run_unit(crew, unit), {"host": "here", "attempts": 1, "stamp": crew.stamp(unit)})
    summary = close_run(plan, store, {})
    return Ran(tuple(finished_records(store.folder)), summary.invalid)


def _scenario(name: str, folder: Path, *, calm: bool) -> str:
    """A shipped scenario; `no_number` has a caller who was never given what the agent must ask for.

    A toy voice that is hurried or angry is understood by no toy: its callers are calm.
    """
    source = "track_parcel" if name == "no_number" else name
    words = yaml.safe_load((ROOT / f"fixtures/scenarios/{source}.yaml").read_text())
    if name == "no_number":
        words["says"] = {key: line for key, line in words["says"].items() if key != "order"}
    if calm:
        words["persona"]["mood"] = "calm"
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(words | {"name": name}))
    return f"./{name}.yaml"


def found(defect: Defect, ran: Ran, healthy: Ran) -> Found:
    """What showed a defect, and whom the calls that it broke are blamed on."""
    shown = defect.shows(_with_statuses(ran), _with_statuses(healthy))
    whole = {unit for unit, facts in healthy.degraded().items() if SUCCESS[facts["status"]]}
    broken = [one.blame for one in attribute(ran.records).blamed if one.unit in whole or not (whole & ran.degraded().keys())]
    [(blamed, _)] = Counter(broken).most_common(1) or [("nobody", 0)]
    return Found(defect.name, shown, blamed, bool(shown), blamed == defect.blamed)


def _with_statuses(ran: Ran) -> Ran:
    """With statuses as if they were counts of a score."""
    records = [
        {**one, "facts": {**one["facts"], "scores": {**one["facts"].get("scores", {}), "status": _status(one["facts"])}}}
        for one in ran.records
        if "scores" in one["facts"] or one["facts"]["status"]
    ]
    return Ran(tuple(records), ran.invalid)


def _status(facts: Json) -> Json:
    return {"counts": {facts["status"]: 1}, "criteria": []}


def same_again(one: Ran, other: Ran) -> bool:
    """Whether two runs of the same calls are the same, call for call."""
    return {r["unit"]: r["facts_sha256"] for r in one.records} == {r["unit"]: r["facts_sha256"] for r in other.records}
