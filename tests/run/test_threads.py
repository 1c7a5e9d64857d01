"""A worker has a core: its engines leave the others alone. All of it slow: worker processes and neural engines."""

import json
import subprocess
import sys

import pytest

from pipeline import engines
from pipeline.run.local import ONE_THREAD, run_in_processes
from pipeline.run.plan import find_job, read_plan
from pipeline.run.store import Store

pytestmark = pytest.mark.slow

# Prints for each engine how much of the time that it computed was spent outside the thread that did most.
WORK = """
import json
from pathlib import Path
import numpy as np
from pipeline import engines
from pipeline.audio import Sound
from pipeline.meaning import sentence_model

def built(stage, name):
    engine = engines.find(stage, name)
    return engine.build(engine.options())

def ticks():
    stats = {task.name: (task / "stat").read_text() for task in Path("/proc/self/task").iterdir()}
    return {name: sum(map(int, stat.rpartition(")")[2].split()[11:13])) for name, stat in stats.items()}

def beside(work):
    work()
    before = ticks()
    work()
    took = sorted(now - before.get(name, 0) for name, now in ticks().items())
    return sum(took[:-1]) / max(1, sum(took))

noise = Sound(np.random.default_rng(1).normal(0, 0.1, 160_000).astype(np.float32), 16_000)
voice, vad, asr = built("tts", "hibari"), built("vad", "silero"), built("asr", "faster_whisper")
words = "I would like to change my delivery address to the office, please."
print(json.dumps({
    "hibari": beside(lambda: [voice.speak(words, seed=k) for k in range(8)]),
    "silero": beside(lambda: [vad.speech(noise) for _ in range(8)]),
    "faster_whisper": beside(lambda: asr.transcribe([noise])),
    "meaning": beside(lambda: sentence_model().embed([words] * 40)),
}))
"""


def run(toys, workers):
    plan, out = read_plan(find_job(str(toys.suite), None)), toys.folder / "run"
    Store(out).begin(plan)
    return list(run_in_processes(plan, out, plan.units, workers, 4))


@pytest.mark.parametrize(
    ("told", "threads"),
    [({}, ["1", "1", "1"]), ({"OMP_NUM_THREADS": "3"}, ["3", "3", "3"]), ({"MKL_NUM_THREADS": "2"}, ["1", "1", "2"])],
)
def test_a_workers_libraries_have_one_thread_unless_told_otherwise(toys, monkeypatch, told, threads):
    for name in ONE_THREAD:
        monkeypatch.setenv(name, "to be restored")
        monkeypatch.delenv(name)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    log = toys.folder / "log"
    toys.spring(f"import json, os; open({str(log)!r}, 'a').write(json.dumps(dict(os.environ)) + chr(10))")
    toys.change("suite.yaml", "seed: 3", "seed: 3\narms: [oracle]")
    run(toys, workers=1)
    seen = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(seen) == 4
    assert all(
        [one[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")] == threads
        for one in seen
    )


def test_neural_engines_compute_on_one_thread():
    environment = dict.fromkeys(ONE_THREAD, "1")
    done = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True, env=environment)
    beside = json.loads(done.stdout)
    assert sorted(beside) == ["faster_whisper", "hibari", "meaning", "silero"]
    assert {name: share for name, share in beside.items() if share > 0.1} == {}


def test_a_worker_has_one_recogniser_for_all_its_calls(toys, monkeypatch):
    site = toys.add_asr("counted", "open(__file__ + '.log', 'a').write(f'{__import__(\"os\").getpid()}:{id(self)} ')")
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.syspath_prepend(site)
    engines.known.cache_clear()
    toys.change("release.yaml", "asr: tones", "asr: counted")
    run(toys, workers=2)
    engines.known.cache_clear()
    heard = (site / "other_counted.py.log").read_text().split()
    assert len(heard) >= 4
    assert len(set(heard)) == len({one.partition(":")[0] for one in heard}) == 2
