"""What each profile is: who calls from there, and what it was measured to do to a recogniser's words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from pipeline.errors import BadlineError
from pipeline.files import file_hash, find_named, shipped
from pipeline.run.survey import Heard, Rate, Take, Watch, difference, hear_all, mean_got, means_after, rate_of, takes
from pipeline.spec.profile import find_profile, parts_of, read_profile
from pipeline.spec.severity import WORDS as SEVERITIES

STRENGTHS = ("mild", "typical", "harsh")
# The bed around the talker; where nobody lies one, who else talks.
BEDS = ("room.noise.snr_db", "room.babble.snr_db", "room.tv.sir_db", "room.crosstalk.sir_db")
FIGURES = "measured.json"


@dataclass(frozen=True)
class Strength:
    """A profile at one strength: SNR at the microphone (or SIR; None: it has neither), ESTOI, and word error rate.

    `worse` is the rate's step from the strength before, paired by sentence; `after_db` is the SNR after the line, None
    where nothing but the words arrives, or it was not measured.
    """

    snr_db: float | None
    estoi: float
    wer: Rate
    worse: Rate | None = None
    after_db: float | None = None

    @classmethod
    def read(cls, words: Mapping[str, Any]) -> Self:
        """From JSON, also of before there was `after_db`."""
        worse = Rate(**words["worse"]) if words["worse"] else None
        return cls(words["snr_db"], words["estoi"], Rate(**words["wer"]), worse, words.get("after_db"))


@dataclass(frozen=True)
class Figures:
    """What was measured of a profile as its file then was: by which release's recogniser, on how many utterances."""

    sha256: str
    release: str
    utterances: int
    strengths: Mapping[str, Strength]

    @classmethod
    def read(cls, words: Mapping[str, Any]) -> Self:
        """From JSON."""
        strengths = {name: Strength.read(one) for name, one in words["strengths"].items()}
        return cls(words["sha256"], words["release"], words["utterances"], strengths)


@dataclass(frozen=True)
class Card:
    """A profile, and its figures. `is_current`: nothing in its file has changed since they were measured."""

    name: str
    about: str
    figures: Figures | None = None
    is_current: bool = True


def shipped_cards() -> list[Card]:
    """The profiles in ./noise_profiles and those that are shipped, with the figures that are shipped."""
    folders = (shipped("noise_profiles"), Path("noise_profiles"))
    files = {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}
    known = read_figures(shipped("noise_profiles") / FIGURES)
    return [_card(path, known.get(name)) for name, path in sorted(files.items())]


def _card(path: Path, figures: Figures | None) -> Card:
    profile = read_profile(path)
    return Card(profile.name, profile.about, figures, figures is None or figures.sha256 == file_hash(path))


def read_figures(path: Path) -> dict[str, Figures]:
    """By profile; none where there is no such file."""
    if not path.is_file():
        return {}
    return {name: Figures.read(one) for name, one in json.loads(path.read_text(encoding="utf-8")).items()}


def write_figures(path: Path, figures: Mapping[str, Figures]) -> None:
    """What `read_figures` reads."""
    words = {name: asdict(one) for name, one in figures.items()}
    path.write_text(json.dumps(words, indent=1) + "\n", encoding="utf-8")


def measured_cards(
    calls: Sequence[str], release: str, *, utterances: int, workers: int, watch: Watch, kept: Path | None = None
) -> list[Card]:
    """The profiles that are so called, measured now at three strengths. Raises BadlineError before any work."""
    profiles = [find_profile(call) for call in calls]
    if len({profile.name for profile in profiles}) < len(profiles):
        raise BadlineError(f"{', '.join(calls)}: a profile stands there twice; name each once")
    wanted = {(call, name): _takes(call, name, release, utterances) for call in calls for name in STRENGTHS}
    after_db = dict(zip(wanted, means_after(list(wanted.values()), workers=workers, watch=watch), strict=True))
    heard = hear_all([take for some in wanted.values() for take in some], workers=workers, watch=watch, kept=kept)
    cards = []
    for call, profile in zip(calls, profiles, strict=True):
        told = {name: {take: heard[take] for take in wanted[call, name]} for name in STRENGTHS}
        after = {name: after_db[call, name] for name in STRENGTHS}
        cards.append(Card(profile.name, profile.about, _figures(call, release, told, after)))
    return cards


def _takes(call: str, strength: str, release: str, utterances: int) -> list[Take]:
    return takes(call, SEVERITIES[strength], release, utterances=utterances)


def _figures(
    call: str, release: str, told: Mapping[str, Mapping[Take, Heard]], after_db: Mapping[str, float | None]
) -> Figures:
    strengths: dict[str, Strength] = {}
    before = None
    for name, heard in told.items():
        worse = difference(before, heard) if before else None
        estoi = sum(one.estoi for one in heard.values()) / len(heard)
        strengths[name] = Strength(mean_got(heard.values(), *BEDS), estoi, rate_of(heard), worse, after_db[name])
        before = heard
    hashes = [file_hash(find_named(part, folder="noise_profiles")) for part in parts_of(call)]
    return Figures("+".join(hashes), release, len(next(iter(told.values()))), strengths)
