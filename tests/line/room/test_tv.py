"""A television: its band, its compression, and how much of the time somebody speaks."""

import numpy as np
import pytest
from scipy import signal

from pipeline.chance import stream
from pipeline.levels import active_speech_level, scale_to
from pipeline.line.room.tv import Options, Tv, compressed
from pipeline.line.scene import Nominal, Scene

RATE = 16_000


def hiss(seed, seconds=2.5):
    rng = np.random.default_rng(seed)
    syllables = np.clip(np.sin(2 * np.pi * 4 * np.arange(round(seconds * RATE)) / RATE + seed) + 0.4, 0, None)
    return scale_to((rng.standard_normal(len(syllables)) * syllables).astype(np.float32), RATE, -26.0)


PEOPLE = tuple(tuple(hiss(10 * person + number) for number in range(4)) for person in range(2))


def on(seconds, seed=1, **options):
    row = np.zeros((1, round(seconds * RATE)), np.float32)
    scene = Scene(RATE, row, row, row, row, (Nominal(-26.0, -30.0),), {"tv": PEOPLE})
    return Tv(Options(**options).settled(stream(seed, "settled")))(scene, [stream(seed, "window")])


@pytest.mark.parametrize("sir_db", [0, 12])
@pytest.mark.parametrize("t60_s", [0.2, 1.5])
def test_the_sir_is_within_half_a_db(sir_db, t60_s):
    scene = on(60, sir_db=sir_db, t60_s=t60_s)
    assert -26 - active_speech_level(scene.others[0], RATE).asl_dbov == pytest.approx(sir_db, abs=0.5)
    measures = {measure.name: measure for measure in scene.got[0]}
    assert (measures["sir_db"].kind, measures["sir_db"].off_target) == ("set", False)


@pytest.mark.slow
def test_it_is_on_for_the_share_of_the_time_that_is_asked():
    for overlap in (0.3, 0.8, 1.0):
        measures = {measure.name: measure for measure in on(600, overlap=overlap).got[0]}
        assert measures["overlap"].got == pytest.approx(overlap, abs=0.02)


def test_a_set_that_is_never_on_is_silent():
    scene = on(5, overlap=0)
    assert not scene.others.any()
    assert [measure.name for measure in scene.got[0]] == ["overlap"]


def test_nothing_comes_from_below_its_box():
    """White sentences: a high-pass of order 2 at 150 Hz is 12.3 dB down at 75 Hz."""
    hz, power = signal.welch(on(60, drr_db=40, t60_s=0.05).others[0], RATE, nperseg=4096)

    def level_db(low_hz, high_hz):
        return 10 * np.log10(power[(hz > low_hz) & (hz < high_hz)].mean())

    assert level_db(70, 80) - level_db(500, 3000) == pytest.approx(-12.3, abs=1.5)
    assert level_db(145, 155) - level_db(500, 3000) == pytest.approx(-3, abs=1.5)


@pytest.mark.parametrize("level_dbov", [-30.0, -20.0, -10.0])
def test_above_its_threshold_3_db_become_one(level_dbov):
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE) * np.sqrt(2) * 10 ** (level_dbov / 20)
    late = compressed(tone.astype(np.float32), RATE)[RATE // 2 :].astype(float)
    assert 10 * np.log10(np.mean(late**2)) == pytest.approx(-36 + (level_dbov + 36) / 3, abs=0.1)


def test_below_its_threshold_it_leaves_every_bit():
    soft = (0.005 * np.sin(np.arange(RATE) / 3)).astype(np.float32)
    assert np.array_equal(compressed(soft, RATE), soft)


@pytest.mark.parametrize(("severity", "sir_db"), [(0.25, 18.02), (0.5, 12), (1, 5.98)])
def test_severity_moves_amplitude_and_not_how_much_it_is_on(severity, sir_db):
    harsher = Options().at(severity)
    assert (harsher.sir_db, harsher.overlap) == (pytest.approx(sir_db, abs=0.01), 0.8)
    assert harsher.t60_s == pytest.approx(0.9 * severity)
