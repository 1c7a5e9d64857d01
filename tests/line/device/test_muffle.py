import numpy as np
import pytest
from scipy.signal import freqz

from pipeline.line.device.muffle import Muffle, Options
from pipeline.line.scene import Nominal, Scene

RATES = [8000, 16_000, 22_050, 24_000, 44_100, 48_000]
CUTOFFS = [800, 2500, 8000]


def scene_of(speech, rate=16_000):
    silence = np.zeros_like(speech)
    return Scene(rate, speech, silence, silence, silence, (Nominal(-26.0, -30.0),) * len(speech))


def click_response(cutoff_hz, rate):
    click = np.zeros((1, rate // 20), np.float32)
    click[0, 100] = 1
    return Muffle(Options(cutoff_hz=cutoff_hz))(scene_of(click, rate), []).speech[0]


def gains_db(cutoff_hz, rate, hz):
    return 20 * np.log10(np.abs(freqz(click_response(cutoff_hz, rate), worN=hz, fs=rate)[1]) + 1e-9)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("cutoff_hz", CUTOFFS)
def test_the_gain_is_butterworths_of_order_2_at_every_rate(cutoff_hz, rate):
    hz = np.array([50, 200, 500, 800, 1000, 1600, 2500, 3200, 5000, 8000, 10_000])
    hz = hz[hz < 0.8 * rate / 2]
    assert gains_db(cutoff_hz, rate, hz) == pytest.approx(-10 * np.log10(1 + (hz / cutoff_hz) ** 4), abs=0.2)


def test_it_falls_by_12_db_an_octave():
    lower, upper = gains_db(800, 16_000, [3000, 6000])
    assert lower - upper == pytest.approx(12.04, abs=0.2)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("cutoff_hz", CUTOFFS)
def test_the_cutoff_is_measured_where_the_rate_holds_it(cutoff_hz, rate):
    [got] = Muffle(Options(cutoff_hz=cutoff_hz))(scene_of(np.zeros((1, 10), np.float32), rate), []).got
    assert [measure.name for measure in got] == ["cutoff_hz"] * (cutoff_hz < rate / 2)
    for measure in got:
        assert not measure.off_target
        assert gains_db(cutoff_hz, rate, [measure.got]) == pytest.approx([-3.01], abs=0.02)


@pytest.mark.parametrize("cutoff_hz", CUTOFFS)
def test_nothing_sounds_before_its_cause(cutoff_hz):
    response = click_response(cutoff_hz, 16_000)
    assert np.abs(response[:100]).max() < 1e-6
    assert np.abs(response).argmax() - 100 < 8


def test_a_harsher_hand_halves_the_cutoff_and_a_milder_one_doubles_it():
    assert [Options().at(severity).cutoff_hz for severity in (0.25, 0.5, 1)] == [5000, 2500, 1250]
    assert Options(cutoff_hz=1000).at(1).cutoff_hz == 800
