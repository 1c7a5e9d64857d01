"""A suite of toy calls, as many as are wanted: engines that cost next to nothing, so that it is the run that is tried."""

from pathlib import Path

import yaml

MOST_TRIALS = 1000  # that a suite may have
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
NOISY = "name: noisy\nabout: Noise.\nroom: [{noise: {kind: white, snr_db: [5, 9]}}]\n"


def write_suite(folder: Path, units: int, *, arm: str) -> Path:
    """The file of a suite of so many units, in one arm, with all that it names beside it."""
    names = [f"call{k}" for k in range(-(-units // MOST_TRIALS))]
    (folder / "agent.py").write_text(AGENT)
    (folder / "noisy.yaml").write_text(NOISY)
    (folder / "toy.yaml").write_text(yaml.safe_dump(RELEASE))
    for name in names:
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({"name": name, **SCENARIO}))
    words = {
        "name": "toys", "about": "Toys.", "seed": 1, "trials": units // len(names), "arms": [arm],
        "release": "toy.yaml", "scenarios": [f"./{name}.yaml" for name in names], "profiles": ["./noisy.yaml"],
    }  # fmt: skip
    path = folder / f"toys{units}.yaml"
    path.write_text(yaml.safe_dump(words))
    return path
