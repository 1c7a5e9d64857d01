import numpy as np
import pytest
from scipy.signal import butter, freqz, sosfilt

from pipeline.line.device.highpass import Highpass, Options
from pipeline.line.scene import Nominal, Scene

RATES = [8000, 16_000, 48_000]
EDGES = [20, 80, 500]


def scene_of(speech, rate=16_000):
    silence = np.zeros_like(speech)
    return Scene(rate, speech, silence, silence, silence, (Nominal(-26.0, -30.0),) * len(speech))


def filtered(hz, row, rate=16_000):
    return Highpass(Options(hz=hz))(scene_of(row[np.newaxis], rate), []).speech[0]


def gains_db(hz, rate, at_hz):
    click = np.zeros(rate // 5, np.float32)
    click[100] = 1
    return 20 * np.log10(np.abs(freqz(filtered(hz, click, rate), worN=at_hz, fs=rate)[1]) + 1e-9)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hz", EDGES)
def test_the_gain_is_butterworths_of_order_2(hz, rate):
    at_hz = hz * np.array([0.25, 0.5, 1, 2, 4])
    expected = -10 * np.log10(1 + (hz / at_hz) ** 4)
    assert gains_db(hz, rate, at_hz) == pytest.approx(expected, abs=0.5)  # at 8 kHz the bilinear transform bends it
    assert gains_db(hz, rate, [hz]) == pytest.approx([-3.01], abs=0.02)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hz", EDGES)
def test_sound_comes_out_as_of_a_recursive_filter(hz, rate):
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, rate).astype(np.float32)
    expected = sosfilt(butter(2, hz, "highpass", fs=rate, output="sos"), noise)
    assert np.abs(filtered(hz, noise, rate) - expected).max() < 1e-4


@pytest.mark.parametrize("hz", EDGES)
def test_an_offset_is_gone_once_the_filter_has_rung_down(hz):
    steady = filtered(hz, np.full(16_000, 0.5, np.float32))
    assert np.abs(steady[8000:]).max() < 0.5e-4  # 80 dB


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hz", EDGES)
def test_the_edge_got_is_the_one_asked_for(hz, rate):
    [[measure]] = Highpass(Options(hz=hz))(scene_of(np.zeros((1, 10), np.float32), rate), []).got
    assert (measure.name, measure.asked) == ("hz", hz)
    assert not measure.off_target
    assert gains_db(hz, rate, [measure.got]) == pytest.approx([-3.01], abs=0.02)
