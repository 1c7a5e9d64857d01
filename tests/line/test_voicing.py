import numpy as np
import pytest

from pipeline.line.voicing import voicing

RATES = [8000, 16_000, 22_050, 44_100, 48_000]


def voice(pitch_hz, rate=16_000):
    """Harmonics up to 3.4 kHz of a pitch that is given for every sample."""
    phase = 2 * np.pi * np.cumsum(pitch_hz) / rate
    return sum(np.sin(k * phase) / k for k in range(1, int(3400 / pitch_hz.max()) + 1)).astype(np.float32)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hz", [75, 110, 200, 330, 450])
def test_a_steady_pitch_is_found_within_half_a_percent(hz, rate):
    assert voicing(voice(np.full(rate, float(hz)), rate), rate).median_hz == pytest.approx(hz, rel=0.005)


@pytest.mark.parametrize("rate", RATES)
def test_a_gliding_pitch_is_followed(rate):
    hz = np.geomspace(100, 200, 2 * rate)
    middle = slice(rate // 5, -rate // 5)
    found = voicing(voice(hz, rate), rate).pitch_at(2 * rate)
    np.testing.assert_allclose(found[middle], hz[middle], rtol=0.01)


@pytest.mark.parametrize("row", [np.zeros(8000), np.full(8000, 0.5), np.random.default_rng(0).standard_normal(8000)])
def test_silence_dc_and_noise_have_no_voice(row):
    found = voicing(row.astype(np.float32), 16_000)
    assert np.count_nonzero(found.pitch_hz) <= 2
    assert (found.pitch_at(8000) == 0).mean() > 0.9


def test_where_the_voice_begins_and_ends_is_found_within_two_frames():
    row = np.concatenate((np.zeros(8000), voice(np.full(8000, 120.0)), np.zeros(8000))).astype(np.float32)
    voiced = np.flatnonzero(voicing(row, 16_000).pitch_at(len(row)))
    assert voiced[0] == pytest.approx(8000, abs=320)
    assert voiced[-1] == pytest.approx(16_000, abs=320)


@pytest.mark.parametrize("samples", [1, 10, 100])
def test_a_few_samples_have_no_pitch(samples):
    assert np.isnan(voicing(np.full(samples, 0.3, np.float32), 16_000).median_hz)
