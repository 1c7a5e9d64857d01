"""What lines do to words: sentences carried over profiles at some severities, and heard by a recogniser.

No agent and no turns: each sentence is cut as an ideal endpointer would, so what is lost is the line's doing.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Self

import jiwer
import numpy as np
import numpy.typing as npt
from pystoi import stoi

from pipeline.asr import Asr
from pipeline.audio import Sound, from_pcm
from pipeline.chance import Chance
from pipeline.files import find_named, shipped
from pipeline.line.draw import draw_line
from pipeline.line.window import LEAD_IN_MS, RATE, Saying, Studio, Window, samples_of
from pipeline.run.crew import Voices, kept_voices
from pipeline.score._tokens import tokens
from pipeline.spec.profile import Profile, find_profile
from pipeline.spec.release import read_release
from pipeline.spec.voice import voice_named

LANGUAGE = "en"
VOICES = ("heart", "deep", "high")
AROUND_MS = 300  # what an endpointer leaves on either side of the words
MOST_UTTERANCES = 210  # seventy sentences in three voices
RESAMPLES = 2000
DOZEN = 12  # takes that tell what SNR is left after a line: four sentences in three voices
Counts = npt.NDArray[np.float64]
Watch = Callable[[int, int], None]  # how many are done, of how many


@dataclass(frozen=True, order=True)
class Take:
    """One sentence to be carried: over which profile, how bad, which sentence, whose voice, heard by which release."""

    profile: str
    severity: float
    sentence: int
    voice: str
    release: str


@dataclass(frozen=True)
class Heard:
    """What came of a take: words said, errors made, the text; ESTOI (0 to 1); and what the line measured."""

    words: int
    errors: int
    text: str
    estoi: float
    got: Mapping[str, float]


@dataclass(frozen=True)
class Rate:
    """A word error rate, or a difference of two, with its 95 % interval."""

    wer: float
    low: float
    high: float

    @classmethod
    def between(cls, wer: float, spread: Counts) -> Self:
        """From the values that resampling gave."""
        low, high = np.percentile(spread, [2.5, 97.5])
        return cls(wer, float(low), float(high))


@cache
def sentences() -> tuple[str, ...]:
    """What is said: seventy plain sentences of people who call a service, without numbers."""
    return tuple((shipped("fixtures") / "sentences" / f"{LANGUAGE}.txt").read_text(encoding="utf-8").splitlines())


def takes(profile: str, severity: float, release: str, *, utterances: int) -> list[Take]:
    """So many utterances: the first sentences, each in every voice."""
    pairs = [(sentence, voice) for sentence in range(len(sentences())) for voice in VOICES]
    return [Take(profile, severity, sentence, voice, release) for sentence, voice in pairs[:utterances]]


def hear_all(wanted: Sequence[Take], *, workers: int, watch: Watch, kept: Path | None = None) -> dict[Take, Heard]:
    """What was heard in each take. With `kept`, each is added to that file as it comes, and found there again."""
    known = dict(_read(kept)) if kept and kept.exists() else {}
    todo = [take for take in wanted if take not in known]
    watch(0, len(todo))
    with get_context("spawn").Pool(workers) as pool:
        for done, (take, heard) in enumerate(pool.imap_unordered(_hear, todo, chunksize=2), 1):
            known[take] = heard
            if kept:
                _append(kept, take, heard)
            watch(done, len(todo))
    return {take: known[take] for take in wanted}


def _read(kept: Path) -> Iterator[tuple[Take, Heard]]:
    """Whole lines; what a kill cut off is taken away, so that the next one stands alone."""
    lines = kept.read_text(encoding="utf-8").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines = lines[:-1]
        kept.write_text("".join(lines), encoding="utf-8")
    for row in map(json.loads, lines):
        yield Take(**row["take"]), Heard(**row["heard"])


def means_after(wanted: Sequence[Sequence[Take]], *, workers: int, watch: Watch) -> list[float | None]:
    """The mean SNR after the line, in dB, of the first dozen takes of each sequence; None where none has any."""
    dozens = [some[:DOZEN] for some in wanted]
    todo = [take for some in dozens for take in some]
    after_db: dict[Take, float | None] = {}
    watch(0, len(todo))
    with get_context("spawn").Pool(workers) as pool:
        for done, (take, snr_db) in enumerate(pool.imap_unordered(_after, todo, chunksize=2), 1):
            after_db[take] = snr_db
            watch(done, len(todo))
    return [_mean(after_db[take] for take in some) for some in dozens]


def _after(take: Take) -> tuple[Take, float | None]:
    studio, saying = _said(take, sentences()[take.sentence])
    return take, studio.after(studio.utterance("said", 1, saying)).snr_db


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _append(kept: Path, take: Take, heard: Heard) -> None:
    with kept.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"take": asdict(take), "heard": asdict(heard)}) + "\n")


def _hear(take: Take) -> tuple[Take, Heard]:
    text = sentences()[take.sentence]
    studio, saying = _said(take, text)
    window = studio.utterance("said", 1, saying)
    arrived = from_pcm(window.heard)
    start, end = window.speech_ms or (0, 0)
    [transcript] = _asr(take.release).transcribe(
        [Sound(arrived[samples_of(start - AROUND_MS) : samples_of(end + AROUND_MS)], RATE)]
    )
    said, heard = tokens(text), tokens(transcript.text)
    got = {f"{one.effect}.{one.name}": one.got for one in window.got}
    return take, Heard(len(said), errors_in(said, heard), transcript.text, _estoi(window, arrived), got)


def _said(take: Take, text: str) -> tuple[Studio, Saying]:
    """Where it is said, and what. All profiles and severities share their chance, as arms and sweeps do."""
    speaker = _voices().voice(voice_named(take.voice), LANGUAGE)
    chance = Chance(1).named("validate", text, take.voice)
    line = draw_line(_profile(take.profile), chance, take.severity)
    studio = Studio(line, speaker.nominal, _voices().bystanders(line, take.voice, LANGUAGE), chance)
    return studio, Saying(speaker.speak(text), text)


def errors_in(said: Sequence[str], heard: Sequence[str]) -> int:
    """Substitutions, deletions and insertions."""
    counts = jiwer.process_words(" ".join(said), " ".join(heard))
    return int(counts.substitutions + counts.deletions + counts.insertions)


def _estoi(window: Window, arrived: npt.NDArray[np.float32]) -> float:
    """Against the clean words, at the pace at which they were spoken (Jensen and Taal 2016)."""
    words, start = window.saying.speech, samples_of(LEAD_IN_MS)
    return float(stoi(words, arrived[start : start + len(words)], RATE, extended=True))


@cache
def _voices() -> Voices:
    return kept_voices()


@cache
def _profile(call: str) -> Profile:
    return find_profile(call)


@cache
def _asr(release: str) -> Asr:
    built: Asr = read_release(find_named(release, folder="fixtures/releases")).asr.build()
    return built


def rate_of(heard: Mapping[Take, Heard]) -> Rate:
    """All errors over all words; whole sentences are drawn anew, since voices share their words (bootstrap)."""
    counts = _by_sentence(heard)
    errors, words = counts.sum(axis=0)
    return Rate.between(float(errors / words), _spread(counts))


def difference(one: Mapping[Take, Heard], other: Mapping[Take, Heard]) -> Rate:
    """How much higher the second's rate is, paired by sentence: the same ones are drawn for both."""
    first, second = _by_sentence(one), _by_sentence(other)
    wer = [float(counts[:, 0].sum() / counts[:, 1].sum()) for counts in (first, second)]
    return Rate.between(wer[1] - wer[0], _spread(second) - _spread(first))


def _by_sentence(heard: Mapping[Take, Heard]) -> Counts:
    """Errors and words of each sentence in all voices."""
    counts = np.zeros((len(sentences()), 2))
    for take, one in heard.items():
        counts[take.sentence] += (one.errors, one.words)
    return counts[counts[:, 1] > 0]


def _spread(counts: Counts) -> Counts:
    drawn = Chance(1).named("bootstrap").stream().integers(len(counts), size=(RESAMPLES, len(counts)))
    sums = counts[drawn].sum(axis=1)
    rates: Counts = sums[:, 0] / sums[:, 1]
    return rates


def mean_got(heard: Iterable[Heard], *names: str) -> float | None:
    """The mean over utterances of the first of these measures that the line took; None: it took none."""
    told = list(heard)
    means = (_mean(one.got.get(name) for one in told) for name in names)
    return next((mean for mean in means if mean is not None), None)
