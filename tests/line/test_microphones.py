import numpy as np
import pytest

from pipeline.line.microphones import CAR_DB, HANDSET_DB, HEADSET_DB, IRS_SEND_DB, LAPTOP_DB

# 3GPP TS 26.131, wideband sending: Hz, upper and lower limit in dB, straight over log frequency between them.
UPPER = {100: 0, 200: 5, 5000: 5, 6300: 5, 8000: 5}
LOWER = {200: -5, 5000: -5, 6300: -10}
ALL = {"handset": HANDSET_DB, "headset": HEADSET_DB, "laptop": LAPTOP_DB, "car": CAR_DB, "irs": IRS_SEND_DB}


def between(points, hz):
    return np.interp(np.log(hz), np.log(list(points)), list(points.values()))


@pytest.mark.parametrize("curve", [HANDSET_DB, HEADSET_DB], ids=["handset", "headset"])
def test_telephones_are_within_the_limits_for_sending(curve):
    hz = np.geomspace(100, 8000, 200)
    assert (between(curve, hz) <= between(UPPER, hz)).all()
    hz = np.geomspace(200, 6300, 200)
    assert (between(curve, hz) >= between(LOWER, hz)).all()


@pytest.mark.parametrize("curve", ALL.values(), ids=ALL)
def test_a_curve_is_relative_to_1_khz_and_in_order(curve):
    assert curve[1000] == 0
    assert list(curve) == sorted(curve)


def test_the_desks_reflection_bends_the_laptops_curve_where_its_path_says():
    # A copy 0.35 ms late cancels at odd multiples of 1 / (2 x 0.35 ms) and adds at the even ones.
    half = 1 / (2 * 0.35e-3)
    dips, peaks = (between(LAPTOP_DB, np.array(turns) * half) for turns in ([1, 3], [2, 4]))
    assert (dips < -1.5).all()
    assert (peaks > 3.5).all()
