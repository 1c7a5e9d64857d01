"""All shipped profiles at three strengths, for `badline profiles` and the docs: writes noise_profiles/measured.json."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
from rich.console import Console

from pipeline.files import shipped
from pipeline.report.cards import cards_table
from pipeline.report.progress import Counting
from pipeline.run.cards import FIGURES, STRENGTHS, Card, measured_cards, write_figures
from pipeline.run.single import DEFAULT_RELEASE
from pipeline.run.survey import MOST_UTTERANCES


def main() -> None:
    """Measure, write, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="profiles, by comma; the others keep no figures")
    parser.add_argument("--utterances", type=int, default=MOST_UTTERANCES)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("validation"), help="what was heard is kept here")
    parser.add_argument("--plot", type=Path, default=Path("docs/profiles.png"))
    asked = parser.parse_args()
    names = (
        asked.only.split(",") if asked.only else sorted(path.stem for path in shipped("noise_profiles").glob("*.yaml"))
    )
    asked.out.mkdir(parents=True, exist_ok=True)
    with Counting(Console(stderr=True), "utterances") as counting:
        cards = measured_cards(
            names, DEFAULT_RELEASE, utterances=asked.utterances, workers=asked.workers, watch=counting.at,
            kept=asked.out / "profiles.jsonl",
        )  # fmt: skip
    write_figures(shipped("noise_profiles") / FIGURES, {card.name: card.figures for card in cards if card.figures})
    Console(width=160).print(cards_table(cards))
    for card in cards:
        print(steps(card))
    draw(cards, asked.plot)


def steps(card: Card) -> str:
    """How much worse each strength is than the one before, with the interval."""
    told = [(name, one.worse) for name, one in card.figures.strengths.items() if one.worse]
    return f"{card.name}: " + ", ".join(
        f"to {name} {100 * step.wer:+.1f} ({100 * step.low:+.1f} to {100 * step.high:+.1f})" for name, step in told
    )


def draw(cards: list[Card], path: Path) -> None:
    """Word error rates of all profiles at three strengths, hardest last."""
    cards = sorted(cards, key=lambda card: card.figures.strengths["harsh"].wer.wer)
    figure, place = plt.subplots(figsize=(9, 0.34 * len(cards) + 1.2))
    for offset, name in zip((0.2, 0.0, -0.2), STRENGTHS, strict=True):
        rates = [card.figures.strengths[name].wer for card in cards]
        wer = [100 * rate.wer for rate in rates]
        error = [[100 * (rate.wer - rate.low) for rate in rates], [100 * (rate.high - rate.wer) for rate in rates]]
        place.errorbar(wer, [i + offset for i in range(len(cards))], xerr=error, fmt="o", ms=4, capsize=2, label=name)
    place.set_yticks(range(len(cards)), [card.name for card in cards])
    place.set_xlabel("word error rate, % (95 % interval)")
    place.grid(axis="x", alpha=0.3)
    place.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
