"""Many people talk: how loud together, who, and the same in every window of a call."""

import numpy as np
import pytest
from scipy import signal

from pipeline.chance import stream
from pipeline.levels import scale_to
from pipeline.line.room.babble import Babble, Options
from pipeline.line.scene import Nominal, Scene

RATE = 16_000
NOMINAL = Nominal(asl_dbov=-26.0, weighted_dbov=-30.0)


def sentence(person, number):
    """A buzz in syllables with the person's pitch, some 2.5 s, at -26 dBov."""
    rng = np.random.default_rng([person, number])
    samples = int(RATE * rng.uniform(2.2, 2.8))
    time_s = np.arange(samples) / RATE
    buzz = signal.sawtooth(2 * np.pi * (110 + 40 * person) * time_s) + 0.3 * rng.standard_normal(samples)
    syllables = np.clip(np.sin(2 * np.pi * 4 * time_s + number) + 0.4, 0, None)
    return scale_to((buzz * syllables).astype(np.float32), RATE, -26.0)


PEOPLE = tuple(tuple(sentence(person, number) for number in range(6)) for person in range(3))


def quiet(seconds, *, nominal=NOMINAL, people=PEOPLE):
    row = np.zeros((1, round(seconds * RATE)), np.float32)
    return Scene(RATE, row, row, row, row, (nominal,), {"adult": people})


def crowd(seconds, seed=1, nominal=NOMINAL, people=PEOPLE, **options):
    settled = Options(**options).settled(stream(seed, "settled"))
    return Babble(settled)(quiet(seconds, nominal=nominal, people=people), [stream(seed, "window")])


def a_weighted_db(samples):
    """The A-weighted Leq in dBov by the formula of IEC 61672-1 on one spectrum."""
    power, squares = np.abs(np.fft.rfft(samples)) ** 2, np.fft.rfftfreq(len(samples), 1 / RATE) ** 2 + 1e-9
    curve = 12194**2 * squares**2 / ((squares + 20.6**2) * (squares + 12194**2))
    curve /= np.sqrt((squares + 107.7**2) * (squares + 737.9**2))
    return 10 * np.log10(2 * np.sum(power * curve**2) / len(samples) ** 2) + 2.0


@pytest.mark.parametrize("talkers", [2, 6, 24])
@pytest.mark.parametrize("snr_db", [-5, 15])
@pytest.mark.slow
def test_the_snr_over_60_s_is_a_weighted_and_within_half_a_db(talkers, snr_db):
    for seed in range(2):
        stem = crowd(60, seed, talkers=talkers, snr_db=snr_db).others[0]
        assert NOMINAL.weighted_dbov - a_weighted_db(stem) == pytest.approx(snr_db, abs=0.5)


def test_what_a_crowd_says_does_not_come_round_in_the_same_order():
    rng = np.random.default_rng(5)
    hisses = [[scale_to(rng.standard_normal(40_000).astype(np.float32), RATE, -26.0) for _ in range(6)] for _ in "abc"]
    stem = crowd(80, people=hisses, talkers=4).others[0]
    power = np.abs(np.fft.rfft(stem, 2 * len(stem))) ** 2
    alike = np.fft.irfft(power)[: len(stem) // 2]
    assert np.abs(alike[5 * RATE :]).max() / alike[0] < 0.15  # all in the same order: 0.5


def test_the_plain_snr_weights_neither():
    stem = crowd(60, weighting="none", snr_db=10).others[0]
    assert -26.0 - 10 * np.log10(np.mean(stem.astype(float) ** 2)) == pytest.approx(10, abs=0.5)


def test_the_snr_follows_the_nominal_level_and_is_measured_as_set():
    [measure] = crowd(60, nominal=Nominal(-35.0, -40.0), snr_db=3).got[0]
    assert (measure.name, measure.kind, measure.asked, measure.off_target) == ("snr_db", "set", 3, False)
    assert measure.got == pytest.approx(3, abs=0.5)


def test_one_gain_serves_all_windows_of_a_call():
    babble = Babble(Options(room_seed=3))
    levels = [a_weighted_db(babble(quiet(20), [stream(seed, "w")]).others[0]) for seed in range(6)]
    assert np.mean(levels) == pytest.approx(-30.0 - 15, abs=0.3)
    assert len(set(levels)) == 6  # what is said in a window moves its level


def test_more_talkers_leave_fewer_holes():
    """The envelope of a sum of independent talkers is steadier."""
    spreads = []
    for talkers in (2, 8, 32):
        stem = crowd(30, talkers=talkers).others[0]
        levels = 10 * np.log10(np.mean(stem[: 30 * RATE].reshape(-1, RATE // 10).astype(float) ** 2, axis=1) + 1e-9)
        spreads.append(levels.std())
    assert spreads[0] > 1.3 * spreads[1] > 1.3 * 1.1 * spreads[2]


def test_two_talkers_are_two_people():
    """Each person's pitch stands in the sum: at 110 and 150 Hz, but for their size."""
    stem = crowd(30, talkers=2, t60_s=0.1).others[0]
    hz, power = signal.welch(stem, RATE, nperseg=8192)
    for person in (110, 150):
        near = (hz > 0.92 * person) & (hz < 1.08 * person)
        assert power[near].max() > 10 * np.median(power[(hz > 60) & (hz < 220)])


def test_calls_have_people_of_their_own():
    assert not np.array_equal(crowd(2, 1).others, crowd(2, 2).others)


def test_talk_goes_on_where_it_was():
    babble, whole = Babble(Options(room_seed=3)), quiet(6)
    late = Scene(RATE, *(np.zeros((1, 2 * RATE), np.float32),) * 4, (NOMINAL,), whole.voices, since=(3 * RATE,))
    first, later = (babble(scene, [stream(1, "silence")]).others[0] for scene in (whole, late))
    assert np.abs(first[3 * RATE : 5 * RATE] - later).max() < 1e-7


@pytest.mark.parametrize(("severity", "snr_db", "t60_s"), [(0.25, 21.02, 0.2), (0.5, 15, 0.4), (1, 8.98, 0.8)])
def test_severity_moves_amplitude_and_reverberation(severity, snr_db, t60_s):
    milder_or_harsher = Options().at(severity)
    assert milder_or_harsher.snr_db == pytest.approx(snr_db, abs=0.01)
    assert (milder_or_harsher.t60_s, milder_or_harsher.talkers) == (t60_s, 6)
