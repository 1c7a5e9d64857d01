"""How many words a recogniser loses as one effect grows: five severities each, all else as it was.

Prints a table and draws a plot for each group of effects.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

import matplotlib.pyplot as plt
import yaml
from rich.console import Console

from pipeline.line.ambiences import Kind
from pipeline.report.progress import Counting
from pipeline.run.single import DEFAULT_RELEASE
from pipeline.run.survey import MOST_UTTERANCES, Heard, Rate, Take, hear_all, rate_of, takes
from pipeline.spec.severity import louder_db

SEVERITIES = (0.25, 0.5, 0.75, 1.0)
SNR_DB = 6.0  # typical; harsh is 0 dB
T60_S = 0.6
DRR_DB = 0.0  # at arm's length and more, where a room is heard


def doses() -> dict[str, Mapping[str, object]]:
    """Each effect alone, as a profile has it at severity .5."""
    noises = {f"noise_{kind}": {"room": [{"noise": {"kind": kind, "snr_db": SNR_DB}}]} for kind in get_args(Kind)}
    return {
        "mumble": {"talker": [{"mumble": {"severity": 0.5}}]},
        "reverb": {"room": [{"reverb": {"t60_s": T60_S, "drr_db": DRR_DB}}]},
        "crosstalk": {"room": [{"crosstalk": {"kind": "adult", "sir_db": SNR_DB, "overlap": 0.5}}]},
        "babble": {"room": [{"babble": {"snr_db": SNR_DB}}]},
        **noises,
    }


def dose_of(name: str, severity: float) -> float:
    """Where a severity stands on the effect's own axis."""
    if severity == 0 and name not in ("mumble", "reverb"):
        return float("inf")
    match name:
        case "mumble":
            return severity
        case "reverb":
            return T60_S * severity / 0.5
        case _:
            return SNR_DB - louder_db(severity)


def written(name: str, words: Mapping[str, object], folder: Path) -> Path:
    """The profile as a file, so that anyone can listen to it."""
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"name": name, "about": f"{name} alone.", **words}), encoding="utf-8")
    return path


def main() -> None:
    """Read what is wanted, hear it, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="effects, by comma")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("doses"))
    parser.add_argument("--plots", type=Path)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    chosen = {name: words for name, words in doses().items() if not wanted.only or name in wanted.only.split(",")}
    wanted.out.mkdir(parents=True, exist_ok=True)
    paths = {name: written(name, words, wanted.out) for name, words in chosen.items()}
    clean, lines = taken("clean_line", 0.0), [taken(str(path), s) for path in paths.values() for s in SEVERITIES]
    with Counting(Console(stderr=True), "utterances") as counting:
        heard = hear_all(
            [*clean, *(take for line in lines for take in line)],
            workers=wanted.workers, watch=counting.at, kept=wanted.out / "doses.jsonl",
        )  # fmt: skip
    curves = {name: curve(path, heard, clean) for name, path in paths.items()}
    told = {
        name: [{"severity": s, "dose": dose_of(name, s), **vars(rate)} for s, rate in points]
        for name, points in curves.items()
    }
    print(json.dumps(told, indent=1) if wanted.json else table(curves))
    if wanted.plots:
        wanted.plots.mkdir(parents=True, exist_ok=True)
        draw(curves, wanted.plots)


def taken(profile: str, severity: float) -> list[Take]:
    """All utterances on a line."""
    return takes(profile, severity, DEFAULT_RELEASE, utterances=MOST_UTTERANCES)


def curve(path: Path, heard: Mapping[Take, Heard], clean: Sequence[Take]) -> list[tuple[float, Rate]]:
    """The rate at each severity; at 0 it is the clean one's."""
    points = [(0.0, rate_of({take: heard[take] for take in clean}))]
    for severity in SEVERITIES:
        points.append((severity, rate_of({take: heard[take] for take in taken(str(path), severity)})))
    return points


def table(curves: Mapping[str, Sequence[tuple[float, Rate]]]) -> str:
    """A Markdown table: a row an effect, word error rates in per cent with their intervals."""
    severities = (0.0, *SEVERITIES)
    head = "| effect | " + " | ".join(f"{severity:g}" for severity in severities) + " |"
    rows = [
        f"| {name} | "
        + " | ".join(f"{100 * r.wer:.1f} ({100 * r.low:.1f}-{100 * r.high:.1f})" for _, r in points)
        + " |"
        for name, points in curves.items()
    ]
    return "\n".join([head, "|---" * (len(severities) + 1) + "|", *rows])


GROUPS = {
    "talker": ("mumble severity", ["mumble"]),
    "room": ("T60, s", ["reverb"]),
    "talk": ("SIR or SNR, dB", ["crosstalk", "babble"]),
}


def draw(curves: Mapping[str, Sequence[tuple[float, Rate]]], folder: Path) -> None:
    """A picture for each group, and one for all noises."""
    noises = ("SNR, dB (A-weighted)", [name for name in curves if name.startswith("noise_")])
    for group, (axis, names) in {**GROUPS, "noise": noises}.items():
        there = {name: curves[name] for name in names if name in curves}
        if there:
            _draw(there, axis, folder / f"{group}.png")


def _draw(curves: Mapping[str, Sequence[tuple[float, Rate]]], axis: str, path: Path) -> None:
    columns = min(4, len(curves))
    rows = -(-len(curves) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(3.2 * columns, 2.6 * rows), squeeze=False, sharey=True)
    for place, (name, points) in zip(grid.flat, curves.items(), strict=False):
        doses = [dose_of(name, severity) for severity, _ in points]
        there = [(dose, rate) for dose, (_, rate) in zip(doses, points, strict=True) if dose != float("inf")]
        x = [dose for dose, _ in there]
        place.fill_between(x, [100 * r.low for _, r in there], [100 * r.high for _, r in there], alpha=0.25, lw=0)
        place.plot(x, [100 * r.wer for _, r in there], marker="o", ms=4)
        place.axhline(100 * points[0][1].wer, ls=":", lw=1, color="gray")
        if doses[0] == float("inf"):
            place.invert_xaxis()
        place.set(title=name.removeprefix("noise_"), xlabel=axis)
    for place in list(grid.flat)[len(curves) :]:
        place.axis("off")
    for row in grid:
        row[0].set_ylabel("WER, %")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    main()
