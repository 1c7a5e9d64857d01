"""Events: how many come, when, how loud, and that no two are alike."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from scipy.stats import kstest, poisson

from pipeline.chance import stream
from pipeline.errors import BadlineError
from pipeline.line.happenings import LONGEST_S, Kind, happening
from pipeline.line.room.events import Events, Options
from pipeline.line.scene import Nominal, Scene
from pipeline.line.strikes import arrivals, some_of
from pipeline.spec.words import read_words

KINDS = get_args(Kind)


def silent_scene(seconds: float, rate: int = 16000, *, rows: int = 1, hidden: int = 0) -> Scene:
    stem = np.zeros((rows, round(seconds * rate)), dtype=np.float32)
    return Scene(rate, stem, stem, stem, stem, (Nominal(-26.0, -30.0),) * rows, hidden=hidden)


def streams(rows: int = 1, seed: int = 1):
    return [stream(seed, str(row)) for row in range(rows)]


def measured(after: Scene, name: str) -> list:
    return [measure for row in after.got for measure in row if measure.name == name]


def test_gaps_between_arrivals_are_exponential():
    gaps = np.diff(arrivals(5.0, 0.0, 2000.0, stream(1)).at_s)
    assert kstest(gaps, "expon", args=(0, 0.2)).pvalue > 0.01


def test_a_longer_process_begins_with_the_same_arrivals():
    long, short = (arrivals(7.0, -1.0, until_s, stream(1)) for until_s in (300.0, 20.0))
    assert (long.at_s[: len(short.at_s)] == short.at_s).all()
    assert (long.at_s[len(short.at_s) :] >= 20.0).all()


def test_a_denser_process_has_all_that_a_thinner_one_has():
    rare, often = (some_of(1.0, per_s, 0.0, 600.0, stream(1)) for per_s in (0.2, 0.4))
    assert {*rare.at_s} < {*often.at_s}
    assert len(rare.at_s) == pytest.approx(0.2 * 600, abs=4 * (0.2 * 600) ** 0.5)
    assert len(often.at_s) == pytest.approx(0.4 * 600, abs=4 * (0.4 * 600) ** 0.5)


def test_counts_over_many_windows_are_those_of_poisson_and_the_sd_says_so():
    after = Events(Options(kinds="horn", per_min=30.0))(silent_scene(4.0, 8000, rows=60), streams(60))
    rates = measured(after, "per_min")
    z = np.array([(one.got - one.asked) / one.sd for one in rates])
    assert abs(z.mean()) * len(z) ** 0.5 < 3
    assert z.std() == pytest.approx(1.0, abs=0.3)
    assert rates[0].sd == pytest.approx(poisson(30 * 4 / 60).std() * 60 / 4)


def test_only_what_begins_in_what_is_heard_counts():
    scene = silent_scene(6.0, hidden=48000)
    one = Events(Options(kinds="horn", per_min=60.0, spread_db=0))(scene, streams())
    began = [at for at in some_of(1.0, 1.0, -LONGEST_S, 6.0, streams()[0]).at_s if at >= 3.0]
    assert measured(one, "per_min")[0].got == pytest.approx(len(began) * 20)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [8000, 22050])
def test_a_single_event_has_the_peak_that_was_asked_for(kind, rate):
    options = Options(kinds=[kind], per_min=1.0, peak_db=10.0, spread_db=0)
    after = Events(options)(silent_scene(80.0, rate), streams(seed=4))
    assert np.abs(after.noise).max() >= 10 ** (-16 / 20) * 0.999
    assert {round(one.got, 3) for one in measured(after, "peak_db")} == {10.0}


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_begins_and_ends_in_silence_and_is_over_in_time(kind):
    for seed in range(4):
        sound = happening(kind, 16000, stream(seed))
        assert len(sound) <= LONGEST_S * 16000
        assert abs(sound[0]) < 0.3
        assert np.abs(sound[-16:]).max() < 0.02
        assert abs(sound.mean()) < 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_events_are_alike(kind):
    sounds = [happening(kind, 8000, stream(seed))[:2000] for seed in range(6)]
    likeness = np.abs(np.corrcoef(sounds) - np.eye(6))
    assert likeness.max() < 0.98


def test_levels_spread_as_asked():
    options = Options(kinds="horn", per_min=60.0, peak_db=0.0, spread_db=4.0)
    after = Events(options)(silent_scene(20.0, 8000, rows=4), streams(4))
    z = [(one.got - one.asked) / one.sd for one in measured(after, "peak_db")]
    assert np.abs(z).max() < 3.5
    assert len(set(z)) == 4


def test_events_run_on_from_block_to_block_of_a_silence():
    events = Events(Options(per_min=40.0))
    whole = events(silent_scene(8.0), streams()).noise[0]
    blocks = events(replace(silent_scene(4.0, rows=2), since=(0, 64000)), streams() + streams())
    assert np.abs(blocks.noise.reshape(-1) - whole).max() < 1e-6


def test_without_events_nothing_sounds():
    after = Events(Options(per_min=0.0))(silent_scene(2.0), streams())
    assert not after.noise.any()
    assert [(one.got, one.sd) for one in after.got[0]] == [(0.0, None)]


def test_the_rate_is_proportional_to_the_severity_and_a_door_as_loud():
    assert [Options().at(s).per_min for s in (0.25, 0.5, 1)] == [2.0, 4.0, 8.0]
    assert Options(per_min=50.0).at(1).per_min == 60.0
    assert Options().at(1).peak_db == Options().peak_db


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("kinds: [door, dor]\n", r"e.yaml:1: kinds.*'dor'"),
        ("kinds: []\n", r"e.yaml:1: kinds"),
        ("per_min: 99\n", r"e.yaml:1: per_min: 99.* is above 60"),
    ],
)
def test_words_that_cannot_be_meant_are_refused_with_their_line(tmp_path, words, message):
    (tmp_path / "e.yaml").write_text(words)
    with pytest.raises(BadlineError, match=message):
        read_words(Options, tmp_path / "e.yaml")
