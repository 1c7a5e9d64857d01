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

import yaml

from pipeline.chance import stream

SCENARIO = {
    "about": "Where is my parcel?",
    "now": "2026-11-22T10:00",
    "persona": {"voice": "tone"},
    "facts": {"order": {"digits": "412"}},
    "says": {"open": {"say": "hello"}, "order": {"say": "{order}"}, "closing": {"say": "no"}},
    "expect": {"outcome": "resolved", "must_say": ["goodbye"]},
}
RELEASE = {
    "name": "toy",
    "endpointing": {"vad": "energy"},
    "asr": "tones",
    "agent": {"python": {"target": "agent.py:Agent"}},
    "agent_voice": "tone",
    "latency": {"asr_ms": 100, "agent_ms": [100, 300], "tts_ms": 100},
}
AGENT = """
from pipeline.agent import Reply


class Agent:
    opening = "hello what is the order number?"

    def __init__(self, given, now):
        pass

    def reply(self, heard):
        return Reply("it is on its way goodbye", ends_call=True)
"""
MOST_TRIALS = 1000  # that a suite may have
NOISY = "name: noisy\nabout: Noise.\nroom: [{noise: {kind: white, snr_db: [5, 9]}}]\n"


def suite_in(folder: Path, units: int) -> list[str]:
    """The command of a run of so many units, without its folder."""
    (folder / "agent.py").write_text(AGENT)
    (folder / "noisy.yaml").write_text(NOISY)
    names = [f"call{k}" for k in range(-(-units // MOST_TRIALS))]
    for name in names:
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({"name": name, **SCENARIO}))
    (folder / "toy.yaml").write_text(yaml.safe_dump(RELEASE))
    words = {"name": "toys", "about": "Toys.", "seed": 1, "trials": units // len(names), "arms": ["degraded"],
             "release": "toy.yaml", "scenarios": [f"./{name}.yaml" for name in names], "profiles": ["./noisy.yaml"]}  # fmt: skip
    (folder / "suite.yaml").write_text(yaml.safe_dump(words))
    badline = [sys.executable, "-c", "from pipeline.cli import main; main()"]
    return [*badline, "run", str(folder / "suite.yaml"), "--workers", "2", "--cache", "none", "--out"]


def undisturbed(command: list[str]) -> float:
    """Run to the end; how long it took, in seconds."""
    began_s = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began_s


def killed(command: list[str], units: Path, whole_s: float, kills: int, seed: int) -> None:
    """Killed so many times, each time at another moment; then to the end."""
    for moment in stream(seed, "kills").uniform(0.2, 1.0, kills) * whole_s / kills:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(2.0 + moment)  # two of them are its start
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
