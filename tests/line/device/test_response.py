import numpy as np
import pytest
from pydantic import ValidationError
from scipy.signal import freqz

from pipeline.line.device.response import CURVES, Options, Response
from pipeline.line.scene import Nominal, Scene

RATES = [8000, 16_000, 22_050, 24_000, 44_100, 48_000]
# dB re 1 kHz of the modified IRS in the sending direction (ITU-T P.830).
IRS = {100: -28, 200: -9.6, 300: -5, 500: -2.6, 1000: 0, 1250: 1.4, 2000: 3.6, 3150: 5.8, 3400: 4.3, 4000: 0}

every_preset = pytest.mark.parametrize("preset", CURVES)


def scene_of(speech, rate=16_000):
    silence = np.zeros_like(speech)
    return Scene(rate, speech, silence, silence, silence, (Nominal(-26.0, -30.0),) * len(speech))


def click(rate):
    row = np.zeros((1, rate // 10), np.float32)
    row[0, rate // 40] = 1
    return row


def gains_db(preset, rate, hz):
    response = Response(Options(preset=preset))(scene_of(click(rate), rate), []).speech[0]
    return 20 * np.log10(np.abs(freqz(response, worN=hz, fs=rate)[1]) + 1e-9)


@pytest.mark.parametrize("rate", RATES)
def test_irs_follows_the_send_response(rate):
    hz = [point for point in IRS if point < rate / 2]
    assert gains_db("irs", rate, hz) == pytest.approx([IRS[point] for point in hz], abs=0.3)


@every_preset
@pytest.mark.parametrize("rate", [8000, 16_000, 44_100])
def test_every_microphone_follows_its_curve_and_has_0_db_at_1_khz(preset, rate):
    points = {hz: db for hz, db in CURVES[preset].items() if hz < rate / 2 and db > -30}
    assert gains_db(preset, rate, list(points)) == pytest.approx(list(points.values()), abs=0.3)
    assert gains_db(preset, rate, [1000]) == pytest.approx([0], abs=0.05)


@every_preset
def test_nothing_sounds_before_its_cause_and_the_voice_is_hardly_late(preset):
    response = Response(Options(preset=preset))(scene_of(click(16_000)), []).speech[0]
    assert np.abs(response[:400]).max() < 1e-6
    assert np.abs(response).argmax() - 400 < 8  # half a millisecond


@every_preset
@pytest.mark.parametrize("rate", RATES)
def test_every_microphone_is_on_target_at_every_rate(preset, rate):
    [[measure]] = Response(Options(preset=preset))(scene_of(np.zeros((1, 10), np.float32), rate), []).got
    assert (measure.name, measure.asked) == ("worst_miss_db", 0.0)
    assert not measure.off_target
    assert 0 < measure.got < 0.05


def test_flat_leaves_every_bit_as_it_is():
    scene = scene_of(np.random.default_rng(1).uniform(-1, 1, (2, 4000)).astype(np.float32))
    assert Response(Options(preset="flat"))(scene, []).speech is scene.speech


def test_a_microphone_nobody_knows_is_refused():
    with pytest.raises(ValidationError):
        Options(preset="tin_can")
