"""A run that is killed again and again, beside one that is not: the same records, none lost, none twice.

Toy engines, so that it is the run that is tried. The whole process group is killed with SIGKILL at a moment that
chance chooses, and the same command goes on.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from toy_suite import write_suite

from pipeline.chance import stream


def suite_in(folder: Path, units: int) -> list[str]:
    """The command of a run of so many units, without its folder."""
    badline = [sys.executable, "-c", "from pipeline.cli import main; main()"]
    return [
        *badline,
        "run",
        str(write_suite(folder, units, arm="degraded")),
        "--workers",
        "2",
        "--cache",
        "none",
        "--out",
    ]


def undisturbed(command: list[str]) -> float:
    """Run to the end; how long it took, in seconds."""
    began_s = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began_s


def killed(command: list[str], units: Path, whole_s: float, kills: int, seed: int) -> None:
    """Killed so many times, or until nothing is left, each time a while after its first record; then to the end."""
    for moment in stream(seed, "kills").uniform(0.1, 0.8, kills) * whole_s / kills:
        before = len(list(units.glob("*.json")))
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        while process.poll() is None and len(list(units.glob("*.json"))) == before:
            time.sleep(0.05)
        time.sleep(moment)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            print(f"killed with {len(list(units.glob('*.json')))} records", file=sys.stderr, flush=True)
    undisturbed(command)


def records(run: Path) -> dict[str, str]:
    """The hash of each unit's facts; a record that cannot be read is an error."""
    told = [json.loads(path.read_text()) for path in (run / "units").glob("*.json")]
    return {record["unit"]: record["facts_sha256"] for record in told}


def main() -> None:
    """Run both and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = suite_in(folder, asked.units)
        whole_s = undisturbed([*command, str(folder / "whole")])
        killed([*command, str(folder / "killed")], folder / "killed/units", whole_s, asked.kills, asked.seed)
        whole, again = records(folder / "whole"), records(folder / "killed")
        listed = json.loads((folder / "killed/manifest.json").read_text())["units"]
    told = {
        "units": asked.units, "kills": asked.kills, "undisturbed_s": round(whole_s, 1), "records": len(again),
        "equal": again == whole, "manifest_lists_all": listed == whole,
    }  # fmt: skip
    print(json.dumps(told, indent=1))
    sys.exit(0 if again == whole and listed == whole and len(whole) == asked.units else 1)


if __name__ == "__main__":
    main()
