"""What lost frames do to quality: sentences over lines that lose more and more, by PESQ and PLCMOS, whichever are here.

Prints tables and draws a plot. PESQ comes with the extra `test` (its ITU-T code has terms of its own, see
docs/losses.md), PLCMOS by `.venv/bin/python -m pip install --no-deps speechmos==0.0.1.1`.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import yaml
from rich.console import Console

from pipeline.audio import Floats, from_pcm
from pipeline.chance import Chance, stream
from pipeline.line.codings import CODINGS
from pipeline.line.draw import draw_line
from pipeline.line.resampling import resampled
from pipeline.line.window import LEAD_IN_MS, RATE, Saying, Studio, samples_of
from pipeline.report.progress import Counting
from pipeline.run.crew import Voices, kept_voices
from pipeline.run.survey import AROUND_MS, LANGUAGE, RESAMPLES, VOICES, sentences
from pipeline.spec.profile import find_profile
from pipeline.spec.voice import voice_named

RATES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)
MEAN_BURST = 1.5
BURSTS = (1.0, 1.5, 3.0, 6.0)
RATE_OF_BURSTS = 0.05
RATERS = 15  # PLCMOS is the mean of so many listeners, each drawn as 64 normal numbers
SCALES = {"pesq": "PESQ", "plcmos": "PLCMOS"}
Score = Callable[[Floats, Floats, int], float]


@dataclass(frozen=True)
class Kind:
    """A codec and what is put into its lost frames."""

    codec: str
    conceal: str

    def __str__(self) -> str:
        return f"{self.codec} {self.conceal}"


KINDS = (
    *(Kind("g711u", conceal) for conceal in ("zero", "repeat", "g711_app1")),
    *(Kind("opus", conceal) for conceal in ("g711_app1", "codec")),
    Kind("amr_nb", "g711_app1"),
)
# The simpler one first.
PAIRS = ((KINDS[0], KINDS[1]), (KINDS[1], KINDS[2]), (KINDS[3], KINDS[4]))


@dataclass(frozen=True)
class Point:
    """A line: a codec that conceals, the share of frames that is lost, and how many in a row."""

    kind: Kind
    rate: float
    mean_burst: float

    @property
    def name(self) -> str:
        """What its profile is called."""
        return f"{self.kind.codec}_{self.kind.conceal}_{1000 * self.rate:03.0f}_{10 * self.mean_burst:02.0f}"

    def said(self) -> str:
        """Its profile, in YAML."""
        codec = {"name": self.kind.codec, "conceal": self.kind.conceal}
        losses = {"rate": self.rate, "mean_burst": self.mean_burst}
        about = f"{self.rate:.0%} of frames are lost, {self.mean_burst:g} in a row."
        network = [{"packet_loss": losses}, {"codec": codec}]
        return yaml.safe_dump({"name": self.name, "about": about, "network": network})


@dataclass(frozen=True)
class Take:
    """One sentence on the line of a profile. Voices take turns, so that each sentence is a sample of its own."""

    profile: str
    codec: str
    sentence: int


def main() -> None:
    """Score what is not scored yet, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--utterances", type=int, default=30, help=f"at most {len(sentences())}")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("losses"), help="profiles, and the scores so far")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    if not installed():
        parser.error("neither pesq nor speechmos is installed; docs/losses.md says how to get them")
    wanted.out.mkdir(parents=True, exist_ok=True)
    takes = {point: written(point, wanted.out, wanted.utterances) for point in points()}
    with Counting(Console(stderr=True), "utterances") as counting:
        scores = scored([take for some in takes.values() for take in some], wanted, counting.at)
    told = {point: [scores[take] for take in some] for point, some in takes.items()}
    print(as_json(told) if wanted.json else report(told))
    if wanted.plot:
        draw(told, wanted.plot)


def points() -> list[Point]:
    """All rates with one burst length, and all burst lengths at one rate; what is in both comes once."""
    along_rates = [Point(kind, rate, MEAN_BURST) for kind in KINDS for rate in RATES]
    along_bursts = [Point(kind, RATE_OF_BURSTS, burst) for kind in KINDS for burst in BURSTS]
    return list(dict.fromkeys(along_rates + along_bursts))


def written(point: Point, folder: Path, utterances: int) -> list[Take]:
    """A point's takes; its profile is written as a file, so that anyone can listen to it."""
    path = folder / f"{point.name}.yaml"
    path.write_text(point.said(), encoding="utf-8")
    return [Take(str(path), point.kind.codec, sentence) for sentence in range(min(utterances, len(sentences())))]


Scores = Mapping[str, float]


def scored(wanted: Sequence[Take], asked: argparse.Namespace, watch: Callable[[int, int], None]) -> dict[Take, Scores]:
    """The scores of each take; each is added to a file as it comes, and found there again."""
    kept = asked.out / "losses.jsonl"
    known = dict(_read(kept)) if kept.exists() else {}
    todo = [take for take in wanted if not installed() <= known.get(take, {}).keys()]
    watch(0, len(todo))
    with get_context("spawn").Pool(asked.workers) as pool, kept.open("a", encoding="utf-8") as file:
        for done, (take, scores) in enumerate(pool.imap_unordered(_score, todo, chunksize=4), 1):
            known[take] = scores
            file.write(json.dumps({"take": asdict(take), "scores": scores}) + "\n")
            file.flush()
            watch(done, len(todo))
    return {take: known[take] for take in wanted}


def _read(kept: Path) -> Iterator[tuple[Take, Scores]]:
    """Whole lines; what a kill cut off is taken away, so that the next one stands alone."""
    lines = kept.read_text(encoding="utf-8").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines = lines[:-1]
        kept.write_text("".join(lines), encoding="utf-8")
    for row in map(json.loads, lines):
        yield Take(**row["take"]), row["scores"]


def _score(take: Take) -> tuple[Take, Scores]:
    """What arrives beside the clean words, cut as an endpointer would; and the share of frames that was lost."""
    text, voice = sentences()[take.sentence], VOICES[take.sentence % len(VOICES)]
    speaker = _voices().voice(voice_named(voice), LANGUAGE)
    chance = Chance(1).named("validate", text, voice)  # the same for all points: no line is luckier than another
    line = draw_line(find_profile(take.profile), chance)
    window = Studio(line, speaker.nominal, {}, chance).utterance("said", 1, Saying(speaker.speak(text), text))
    around = samples_of(AROUND_MS)
    start = samples_of(LEAD_IN_MS) - around
    clean = np.pad(window.saying.speech, around)
    heard = from_pcm(window.heard)[start : start + len(clean)]
    lost = {f"{one.effect}.{one.name}": one.got for one in window.got}["network.packet_loss.loss_rate"]
    rate = CODINGS[take.codec].rate
    return take, {"lost": lost, **{name: SCORES[name](clean, heard, rate) for name in sorted(installed())}}


def pesq_of(clean: Floats, heard: Floats, codec_rate: int) -> float:
    """ITU-T P.862 against the clean words: .1 for a narrow-band codec, .2 for a wide-band one (1 to 4.6)."""
    from pesq import pesq

    rows = [resampled(row, RATE, codec_rate) for row in (clean, heard)]
    return float(pesq(codec_rate, *rows, "nb" if codec_rate == 8_000 else "wb"))


def plcmos_of(_clean: Floats, heard: Floats, _codec_rate: int) -> float:
    """PLCMOS v2 (Diener et al. 2023): what 1 to 5 listeners would give it, heard alone.

    The package draws its raters anew each time; here they are always the same.
    """
    model = _plcmos()
    features = np.float32(model.stft_transform(heard))[np.newaxis, np.newaxis]
    told = [model.session.run(None, {"degraded_audio": features, "rater_embed": rater}) for rater in _raters()]
    return float(np.mean(told))


SCORES: Mapping[str, Score] = {"pesq": pesq_of, "plcmos": plcmos_of}


@cache
def installed() -> frozenset[str]:
    """Which scores can be taken here."""
    packages = {"pesq": "pesq", "plcmos": "speechmos"}
    return frozenset(name for name, package in packages.items() if find_spec(package))


@cache
def _plcmos() -> Any:  # noqa: ANN401  it has no types
    from speechmos.plcmos import PLCMOS

    return PLCMOS()


@cache
def _raters() -> npt.NDArray[np.float32]:
    return stream(1, "plcmos", "raters").standard_normal((RATERS, 1, 64)).astype(np.float32)


@cache
def _voices() -> Voices:
    return kept_voices()


@dataclass(frozen=True)
class Mean:
    """A mean over utterances with its 95 % interval (bootstrap over them)."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} ({self.low:.2f} to {self.high:.2f})"


def mean_of(values: Sequence[float]) -> Mean:
    """All points draw the same utterances anew."""
    rows = np.asarray(values)
    drawn = stream(1, "bootstrap").integers(len(rows), size=(RESAMPLES, len(rows)))
    low, high = np.percentile(rows[drawn].mean(axis=1), [2.5, 97.5])
    return Mean(float(rows.mean()), float(low), float(high))


Told = Mapping[Point, Sequence[Scores]]


def column(told: Told, point: Point, score: str) -> list[float]:
    """One score of each utterance at a point."""
    return [one[score] for one in told[point]]


def steps(told: Told, score: str, one: Point, other: Point) -> Mean:
    """How much better the second is, utterance by utterance."""
    pairs = zip(column(told, one, score), column(told, other, score), strict=True)
    return mean_of([second - first for first, second in pairs])


@dataclass(frozen=True)
class Axis:
    """A way through the points: rates and burst lengths, and what each is called."""

    title: str
    places: tuple[tuple[float, float], ...]
    names: tuple[str, ...]
    x: tuple[float, ...]


AXES = (
    Axis(
        f"frames lost, {MEAN_BURST:g} in a row",
        tuple((rate, MEAN_BURST) for rate in RATES),
        tuple(f"{rate:.0%}" for rate in RATES),
        tuple(100 * rate for rate in RATES),
    ),
    Axis(
        f"frames in a row, {RATE_OF_BURSTS:.0%} lost",
        tuple((RATE_OF_BURSTS, burst) for burst in BURSTS),
        tuple(f"{burst:g}" for burst in BURSTS),
        BURSTS,
    ),
)


def report(told: Told) -> str:
    """Markdown tables: the means, and what each better concealment gains over the one before."""
    parts = []
    for axis in AXES:
        lost = [np.mean(column(told, Point(KINDS[0], *place), "lost")) for place in axis.places]
        parts.append(f"{axis.title}, in fact: " + ", ".join(f"{share:.2%}" for share in lost))
        parts += [_table(f"{SCALES[score]}: {axis.title}", axis.names, rows(told, axis, score)) for score in _taken()]
    return "\n\n".join(parts)


def rows(told: Told, axis: Axis, score: str) -> dict[str, list[Mean]]:
    """A row for each kind, and one for each pair."""
    means = {str(kind): means_along(told, axis, kind, score) for kind in KINDS}
    gains = {
        f"{better} over {simpler.conceal}": [
            steps(told, score, Point(simpler, *place), Point(better, *place)) for place in axis.places
        ]
        for simpler, better in PAIRS
    }
    return means | gains


def means_along(told: Told, axis: Axis, kind: Kind, score: str) -> list[Mean]:
    """One kind's means from point to point."""
    return [mean_of(column(told, Point(kind, *place), score)) for place in axis.places]


def _taken() -> list[str]:
    return [score for score in SCALES if score in installed()]


def _table(title: str, names: Sequence[str], means_of: Mapping[str, Sequence[Mean]]) -> str:
    head = [f"| {title} | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    return "\n".join(
        [*head, *(f"| {name} | " + " | ".join(map(str, means)) + " |" for name, means in means_of.items())]
    )


def as_json(told: Told) -> str:
    """All means, a row a point."""
    rows = [
        {**asdict(point), **{score: asdict(mean_of(column(told, point, score))) for score in ("lost", *_taken())}}
        for point in told
    ]
    return json.dumps(rows, indent=1)


def draw(told: Told, path: Path) -> None:
    """A row of pictures for each score: against the rate, and against the bursts."""
    scores = _taken()
    figure, grid = plt.subplots(len(scores), 2, figsize=(9, 3.4 * len(scores)), squeeze=False, sharey="row")
    for row, score in zip(grid, scores, strict=True):
        for place, axis in zip(row, AXES, strict=True):
            for kind in KINDS:
                means = means_along(told, axis, kind, score)
                error = [[one.mean - one.low for one in means], [one.high - one.mean for one in means]]
                place.errorbar(axis.x, [one.mean for one in means], error, marker="o", ms=4, capsize=2, label=str(kind))
            place.set(xlabel=("%" if axis is AXES[0] else "number") + f" of {axis.title}")
            place.grid(alpha=0.3)
        row[0].set_ylabel(SCALES[score])
    grid[0][0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    main()
