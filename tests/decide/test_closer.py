"""A closer look names the part of the line, and the turn, that alone would have saved a call."""

import pytest

from pipeline.decide.attribute import attribute
from pipeline.decide.closer import look_closer
from pipeline.run.batch import run_batch
from pipeline.run.plan import find_job, read_plan
from pipeline.run.store import CLOSER, finished_records

pytestmark = pytest.mark.slow

# Noise in which the tones are lost, on a line whose network only delays.
DEAF = """
name: noisy
about: Too loud.
room: [{noise: {kind: white, snr_db: -7}}]
network: [{delay: {ms: 120}}]
"""


@pytest.fixture
def run(toys):
    toys.write("noisy.yaml", DEAF)
    toys.change("suite.yaml", "seed: 3", "seed: 3\narms: [oracle, clean_turns, clean, degraded]")
    job, out = find_job(str(toys.suite), None), toys.folder / "run"
    run_batch(job, out, workers=2, begin=lambda *_: None, watch=lambda ended: None)
    return read_plan(job), out


def looked(plan, out, watch=lambda ended: None):
    told = attribute(finished_records(out))
    return told, look_closer(out, plan, told, workers=2, cache=None, begin=lambda *_: None, watch=watch)


def test_a_noise_in_the_room_is_found_and_the_network_cleared(run):
    told, looks = looked(*run)
    assert {one.blame for one in told.blamed} == {"line"}
    assert len(looks) == len(told.blamed) > 0
    assert {(look.tried, look.parts, look.lost) for look in looks} == {(("room", "network"), ("room",), ())}


def test_a_second_look_places_no_call_again_and_tells_the_same(run):
    ended = []
    _, first = looked(*run)
    _, again = looked(*run, watch=ended.append)
    assert (again, ended) == (first, [])
    assert (run[1] / CLOSER / "units").is_dir()
