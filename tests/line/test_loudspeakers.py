"""A loudspeaker's band, by sines."""

import numpy as np
import pytest

from pipeline.line.loudspeakers import loudspeaker

RATE = 16_000


def gain_db(hz, low_hz, high_hz, order, rate=RATE):
    wave = np.sin(2 * np.pi * hz * np.arange(rate) / rate).astype(np.float32)
    late = slice(rate // 2, None)
    out = loudspeaker(wave, rate, low_hz, high_hz, order=order)
    return 10 * np.log10(np.mean(out[late].astype(float) ** 2) / np.mean(wave[late].astype(float) ** 2))


@pytest.mark.parametrize(("low_hz", "high_hz", "order"), [(150, 7000, 2), (400, 4000, 4)])
def test_its_edges_are_3_db_down_and_the_middle_is_let_through(low_hz, high_hz, order):
    assert gain_db(low_hz, low_hz, high_hz, order) == pytest.approx(-3.01, abs=0.1)
    assert gain_db(high_hz, low_hz, high_hz, order) == pytest.approx(-3.01, abs=0.1)
    assert gain_db(1200, low_hz, high_hz, order) == pytest.approx(0, abs=0.2)


@pytest.mark.parametrize(("order", "octave_db"), [(2, 12.04), (4, 24.08)])
def test_it_falls_by_6_db_an_octave_and_pole(order, octave_db):
    assert gain_db(50, 400, 4000, order) - gain_db(25, 400, 4000, order) == pytest.approx(octave_db, abs=0.2)


def test_at_a_low_rate_the_upper_edge_is_the_rates_own():
    assert gain_db(3800, 150, 7000, 2, rate=8000) == pytest.approx(0, abs=0.1)
