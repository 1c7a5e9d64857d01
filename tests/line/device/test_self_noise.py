from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import welch
from scipy.stats import kurtosis

from pipeline.chance import stream
from pipeline.levels import leq_dbov
from pipeline.line.device.self_noise import Options, SelfNoise
from pipeline.line.scene import Nominal, Scene

RATES = [8000, 16_000, 22_050, 24_000, 44_100, 48_000]


def silence(samples, rate=16_000, rows=1):
    stem = np.zeros((rows, samples), np.float32)
    return Scene(rate, stem, stem, stem, stem, (Nominal(-26.0, -30.0),) * rows)


def rngs(rows=1):
    return [stream(1, "window", str(row)) for row in range(rows)]


def hiss(seconds, rate=16_000, **options):
    return SelfNoise(Options(**options))(silence(seconds * rate, rate), rngs()).noise[0]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("dbov", [-75.0, -40.0])
def test_the_level_is_got_as_asked(rate, dbov):
    scene = SelfNoise(Options(dbov=dbov))(silence(10 * rate, rate), rngs())
    assert leq_dbov(scene.noise[0]) == pytest.approx(dbov, abs=0.1)
    [[measure]] = scene.got
    assert (measure.name, measure.asked, measure.got) == ("dbov", dbov, pytest.approx(dbov, abs=0.1))
    assert not measure.off_target


@pytest.mark.parametrize("rate", [8000, 16_000, 48_000])
def test_it_is_white_and_rises_below_200_hz(rate):
    hz, power = welch(hiss(60, rate), rate, nperseg=rate // 4)
    low, corner, middle, top = (
        10 * np.log10(power[(hz >= start) & (hz <= end)].mean())
        for start, end in ((44, 52), (180, 220), (1000, 1400), (3000, 3600))
    )
    assert middle - top == pytest.approx(10 * np.log10((1 + 1 / 6) / (1 + 1 / 16.5)), abs=0.2)
    assert corner - middle == pytest.approx(10 * np.log10(2 / (1 + 1 / 6)), abs=0.4)
    assert low - corner == pytest.approx(10 * np.log10((1 + 200 / 48) / 2), abs=0.7)


def test_its_samples_are_gaussian():
    assert kurtosis(hiss(20)) == pytest.approx(0, abs=0.05)


def test_every_row_hisses_on_its_own():
    first, second = SelfNoise(Options())(silence(16_000, rows=2), rngs(2)).noise
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


def test_it_is_in_the_noise_until_the_stems_end_and_then_in_the_sound():
    speech = np.full((1, 4000), 0.25, np.float32)
    scene = replace(silence(4000), speech=speech)
    apart, mixed = (SelfNoise(Options())(one, rngs()) for one in (scene, scene.mix()))
    assert apart.speech is speech
    assert np.array_equal(apart.mix().speech, mixed.speech)
    assert not mixed.noise.any()


def test_what_is_hidden_is_not_measured():
    scene = replace(silence(1000), hidden=1000)
    assert SelfNoise(Options())(scene, rngs()).got == ((),)


def test_a_harsher_hiss_has_twice_the_amplitude():
    assert Options().at(1).dbov == pytest.approx(-75 + 6.02, abs=0.01)
    assert Options(dbov=-30).at(1).dbov == -30
