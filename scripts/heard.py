"""Sentences carried over a line and recognised: word errors by utterance, kept in a file as they come."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import jiwer
import numpy as np
from rich.progress import track

from pipeline.audio import Sound, from_pcm
from pipeline.chance import Chance
from pipeline.files import find_named
from pipeline.line.draw import Line, draw_line
from pipeline.line.window import LEAD_IN_MS, RATE, Saying, Studio, samples_of
from pipeline.run.crew import Voices
from pipeline.score._tokens import tokens
from pipeline.spec.profile import Profile, read_profile
from pipeline.spec.release import read_release
from pipeline.spec.severity import NONE
from pipeline.spec.voice import voice_named

SENTENCES = (Path(__file__).parents[1] / "fixtures/sentences/en.txt").read_text(encoding="utf-8").splitlines()
VOICES = ("heart", "deep", "high")
RELEASE = "2026.11"
AROUND_MS = 300  # what an endpointer leaves around the words
RESAMPLES = 2000


@dataclass(frozen=True, order=True)
class Take:
    """One sentence to be carried: over which line (a profile's file), how bad, which sentence, whose voice."""

    profile: str
    severity: float
    sentence: int
    voice: str


def takes(profiles: Iterable[Path], severities: Sequence[float]) -> list[Take]:
    """Each sentence in each voice, on each line."""
    return [
        Take(str(path), severity, sentence, voice)
        for path in profiles
        for severity in severities
        for voice in VOICES
        for sentence in range(len(SENTENCES))
    ]


def hear_all(wanted: Sequence[Take], kept: Path, *, workers: int) -> dict[Take, dict[str, object]]:
    """What was heard in each take, those of earlier runs too; each is appended to `kept` as it comes."""
    known = dict(_read(kept)) if kept.exists() else {}
    todo = [take for take in wanted if take not in known]
    with get_context("spawn").Pool(workers) as pool, kept.open("a", encoding="utf-8") as file:
        for take, heard in track(pool.imap_unordered(hear, todo, chunksize=4), "takes", total=len(todo)):
            file.write(json.dumps({**asdict(take), **heard}) + "\n")
            file.flush()
            known[take] = heard
    return {take: known[take] for take in wanted}


def _read(kept: Path) -> Iterator[tuple[Take, dict[str, object]]]:
    for line in kept.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield Take(*(row.pop(name) for name in ("profile", "severity", "sentence", "voice"))), row


def hear(take: Take) -> tuple[Take, dict[str, object]]:
    """Errors and words of one take, and what its line measured."""
    text = SENTENCES[take.sentence]
    speaker = _voices().voice(voice_named(take.voice), "en")
    # All lines and severities share their chance, as arms and sweeps do.
    chance = Chance(1).named("validate", text, take.voice)
    line = draw_line(_profile(take.profile), chance, take.severity) if take.severity != NONE else Line()
    studio = Studio(line, speaker.nominal, _voices().bystanders(line, take.voice, "en"), chance)
    window = studio.utterance("said", 1, Saying(speaker.speak(text), text))
    start, end = window.speech_ms or (0, 0)
    cut = from_pcm(window.heard)[samples_of(LEAD_IN_MS - AROUND_MS) : samples_of(end + AROUND_MS)]
    [transcript] = _asr().transcribe([Sound(cut, RATE)])
    said, heard = tokens(text), tokens(transcript.text)
    counts = jiwer.process_words(" ".join(said), " ".join(heard))
    errors = counts.substitutions + counts.deletions + counts.insertions
    got = {f"{one.effect}.{one.name}": one.got for one in window.got}
    return take, {"words": len(said), "errors": errors, "heard": transcript.text, "got": got, "ms": end - start}


@cache
def _voices() -> Voices:
    return Voices()


@cache
def _profile(path: str) -> Profile:
    return read_profile(Path(path))


@cache
def _asr():  # noqa: ANN202
    return read_release(find_named(RELEASE, folder="fixtures/releases")).asr.build()


@dataclass(frozen=True)
class Rate:
    """A word error rate with its 95 % interval over sentences (bootstrap)."""

    wer: float
    low: float
    high: float


def rate_of(heard: Iterable[tuple[Take, dict[str, object]]]) -> Rate:
    """All errors over all words; whole sentences are drawn anew, since voices share their words."""
    counts = _by_sentence(heard)
    drawn = _draws(len(counts))
    spread = counts[drawn].sum(axis=1)
    low, high = np.percentile(spread[:, 0] / spread[:, 1], [2.5, 97.5])
    errors, words = counts.sum(axis=0)
    return Rate(float(errors / words), float(low), float(high))


def difference(one: Iterable[tuple[Take, dict[str, object]]], other: Iterable[tuple[Take, dict[str, object]]]) -> Rate:
    """How much higher the second's rate is, paired by sentence."""
    first, second = _by_sentence(one), _by_sentence(other)
    drawn = _draws(len(first))
    sums = [counts[drawn].sum(axis=1) for counts in (first, second)]
    rates = [each[:, 0] / each[:, 1] for each in sums]
    low, high = np.percentile(rates[1] - rates[0], [2.5, 97.5])
    whole = [counts[:, 0].sum() / counts[:, 1].sum() for counts in (first, second)]
    return Rate(float(whole[1] - whole[0]), float(low), float(high))


def _by_sentence(heard: Iterable[tuple[Take, dict[str, object]]]) -> np.ndarray:
    counts = np.zeros((len(SENTENCES), 2))
    for take, row in heard:
        counts[take.sentence] += (row["errors"], row["words"])
    return counts[counts[:, 1] > 0]


def _draws(count: int) -> np.ndarray:
    rng = Chance(1).named("bootstrap").stream()
    return rng.integers(count, size=(RESAMPLES, count))
