"""The hiss of the last stretch has its level and the band of a telephone, and lies over what was lost, too."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import welch

from pipeline.chance import stream
from pipeline.line.network.line_noise import LineNoise, Options
from pipeline.line.scene import Nominal, Scene

RATES = [8000, 16_000, 22_050, 24_000, 44_100, 48_000]


def silence(samples, rate=16_000, rows=1):
    stem = np.zeros((rows, samples), np.float32)
    return Scene(rate, stem, stem, stem, stem, (Nominal(-26.0, -30.0),) * rows)


def noisy(scene, **options):
    return LineNoise(Options(**options))(scene, [stream(1, "window", str(row)) for row in range(scene.rows)])


def rms_db(samples):
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("dbov", [-65.0, -30.0])
def test_the_level_is_got_as_asked(rate, dbov):
    after = noisy(silence(10 * rate, rate), dbov=dbov)
    assert rms_db(after.noise[0]) == pytest.approx(dbov, abs=0.1)
    [[measure]] = after.got
    assert (measure.name, measure.asked, measure.got) == ("dbov", dbov, pytest.approx(dbov, abs=0.1))


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_it_is_white_up_to_3400_hz_and_gone_at_4_khz(rate):
    hz, power = welch(noisy(silence(60 * rate, rate)).noise[0], rate, nperseg=rate // 20)
    levels_db = 10 * np.log10(power)
    within = levels_db[(hz >= 100) & (hz <= 3300)]
    assert np.ptp(within) < 1.0
    assert levels_db[hz > 4100].max() < within.mean() - 50


def test_it_is_in_the_noise_until_the_stems_end_and_then_in_the_sound():
    scene = replace(silence(4000), speech=np.full((1, 4000), 0.25, np.float32))
    apart, mixed = noisy(scene), noisy(scene.mix())
    assert apart.speech is scene.speech
    assert np.array_equal(apart.mix().speech, mixed.speech)
    assert not mixed.noise.any()


def test_what_was_lost_and_not_concealed_is_hiss_and_nothing_else():
    lost = np.isin(np.arange(50), (10, 11))[np.newaxis]
    speech = replace(silence(16_000), speech=np.full((1, 16_000), 0.25, np.float32), lost=lost)
    after = noisy(speech)
    assert after.lost is None
    assert np.array_equal(after.speech[0] == 0, np.repeat(lost[0], 320))
    assert rms_db(after.noise[0, 3200:3840]) == pytest.approx(-65, abs=1.5)


def test_every_row_hisses_on_its_own():
    first, second = noisy(silence(16_000, rows=2)).noise
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


def test_what_is_hidden_is_not_measured():
    assert noisy(replace(silence(1000), hidden=1000)).got == ((),)


def test_a_harsher_hiss_has_twice_the_amplitude():
    assert Options().at(1).dbov == pytest.approx(-65 + 6.02, abs=0.01)
    assert Options(dbov=-30).at(1).dbov == -30
    assert Options(dbov=-90).at(0.25).dbov == -90
