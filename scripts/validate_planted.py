"""The tester is tested: defects are planted one at a time, and each must be found by name and blamed on who has it.

Beside the defects the healthy system is run twice over the same calls (A/A): every difference is a false alarm. By
default with toy voices and a toy recogniser, over many seeds; `--engines shipped` takes those of the shipped release,
a quarter of an hour a seed.
"""

import argparse
import json
import os
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

from planted import DEFECTS, SHIPPED, TOYS, Found, found, run_of, same_again, site_in, use_site
from rich.console import Console
from rich.table import Table

from pipeline.report.progress import Counting
from pipeline.run.cache import Cache

LEAST = 0.95  # of the seeds in which a defect must be found, and blamed rightly
ENGINES = {"toy": (TOYS, "tones", ("tone",)), "shipped": (SHIPPED, "faster_whisper", ())}
Seeded = tuple[int, str]


def of_seed(seeded: Seeded) -> tuple[list[Found], bool]:
    """What became of every defect with a seed, and whether the same calls came out the same."""
    seed, name = seeded
    base, asr, voices = ENGINES[name]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        use_site(site_in(folder / "site", asr))
        cache = Cache(str(folder / "cache"))
        healthy = run_of(folder / "healthy", base, None, seed=seed, cache=cache, voices=voices)
        again = run_of(folder / "again", base, None, seed=seed, cache=None, voices=voices)
        told = []
        for number, defect in enumerate(DEFECTS):
            ran = run_of(folder / str(number), base, defect, seed=seed, cache=cache, voices=voices)
            told.append(found(defect, ran, healthy))
        return told, same_again(healthy, again)


def table(told: Sequence[Found], seeds: int, same: int) -> Table:
    """A row a defect: who has it, what showed it, on whom it was blamed, and in how many of the seeds."""
    by_name = defaultdict[str, list[Found]](list)
    for one in told:
        by_name[one.defect].append(one)
    rows = Table(title=f"planted defects, {seeds} seeds", caption=f"the same calls again came out the same: {same} of {seeds}")
    for name in ("defect", "planted in", "found by, for example", "blamed on"):
        rows.add_column(name)
    for name in ("found", "blamed rightly"):
        rows.add_column(name, justify="right")
    for defect in DEFECTS:
        ones = by_name[defect.name]
        shown = next((one.shown for one in ones if one.shown), "nothing")
        blamed = ", ".join(f"{who} {n}" for who, n in Counter(one.blamed for one in ones).most_common())
        shares = (f"{sum(one.is_found for one in ones)}/{seeds}", f"{sum(one.is_blamed for one in ones)}/{seeds}")
        rows.add_row(defect.name, defect.where, shown, blamed, *shares)
    return rows


def is_enough(told: Sequence[Found], seeds: int, same: int) -> bool:
    """Whether each defect was found and blamed often enough, and nothing else was."""
    found, blamed = (Counter(one.defect for one in told if getattr(one, key)) for key in ("is_found", "is_blamed"))
    return same == seeds and all(min(found[one.name], blamed[one.name]) >= LEAST * seeds for one in DEFECTS)


def main() -> None:
    """Plant, run and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--engines", choices=ENGINES, default="toy")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    told, same = [], 0
    seeded = [(seed, asked.engines) for seed in range(1, asked.seeds + 1)]
    with Counting(Console(stderr=True), "seeds") as counting, get_context("spawn").Pool(asked.workers, maxtasksperchild=1) as pool:
        for done, (some, is_same) in enumerate(pool.imap_unordered(of_seed, seeded), 1):
            told, same = [*told, *some], same + is_same
            counting.at(done, len(seeded))
    if asked.json:
        rows = [vars(one) for one in told]
        print(json.dumps({"seeds": asked.seeds, "engines": asked.engines, "same_again": same, "found": rows}, indent=1))
    else:
        Console(width=150).print(table(told, asked.seeds, same))
    sys.exit(0 if is_enough(told, asked.seeds, same) else 1)


if __name__ == "__main__":
    main()
