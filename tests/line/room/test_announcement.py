"""Announcements: how many, how loud, their chime, and the horn and the hall they come from."""

import numpy as np
import pytest
from scipy import signal

from pipeline.chance import stream
from pipeline.levels import active_speech_level, scale_to
from pipeline.line.room.announcement import Announcement, Options, chime
from pipeline.line.scene import Nominal, Scene

RATE = 16_000


def hiss(seed, seconds=4.0):
    rng = np.random.default_rng(seed)
    syllables = np.clip(np.sin(2 * np.pi * 4 * np.arange(round(seconds * RATE)) / RATE + seed) + 0.4, 0, None)
    return scale_to((rng.standard_normal(len(syllables)) * syllables).astype(np.float32), RATE, -26.0)


PEOPLE = (tuple(hiss(seed) for seed in range(5)),)


def quiet(seconds, people=PEOPLE):
    row = np.zeros((1, round(seconds * RATE)), np.float32)
    return Scene(RATE, row, row, row, row, (Nominal(-26.0, -30.0),), {"announcer": people})


def announced(seconds, people=PEOPLE, **options):
    settled = Options(**options).settled(stream(1, "settled"))
    return Announcement(settled)(quiet(seconds, people), [stream(1, "window")])


def got(scene, name):
    return next((measure for measure in scene.got[0] if measure.name == name), None)


@pytest.mark.parametrize("per_min", [0.5, 2, 6])
@pytest.mark.slow
def test_there_are_as_many_a_minute_as_asked(per_min):
    assert got(announced(900, per_min=per_min), "per_min").got == pytest.approx(
        per_min, abs=0.14
    )  # two in a quarter of an hour


@pytest.mark.slow
def test_the_spread_of_how_many_is_what_windows_show():
    announcement = Announcement(Options())
    measures = [got(announcement(quiet(20), [stream(seed, "window")]), "per_min") for seed in range(100)]
    z = [(measure.got - measure.asked) / measure.sd for measure in measures]
    assert abs(np.sum(z)) / np.sqrt(len(z)) < 4
    assert 0.7 < np.std(z) < 1.3


@pytest.mark.parametrize("t60_s", [0.5, 2.0])
def test_the_sir_is_within_half_a_db(t60_s):
    scene = announced(120, sir_db=8, t60_s=t60_s)
    assert -26 - active_speech_level(scene.others[0], RATE).asl_dbov == pytest.approx(8, abs=0.5)
    assert (got(scene, "sir_db").kind, got(scene, "sir_db").off_target) == ("set", False)


def test_without_announcements_it_is_silent():
    scene = announced(30, per_min=0)
    assert not scene.others.any()
    assert got(scene, "sir_db") is None


def test_the_chime_is_a_falling_third_as_loud_as_the_voice():
    sound = chime(RATE)
    first, second = sound[: RATE // 2], sound[round(0.6 * RATE) : round(1.1 * RATE)]
    notes = [np.argmax(np.abs(np.fft.rfft(part, 8 * RATE))) / 8 for part in (first, second)]
    assert notes == pytest.approx([659.3, 523.3], abs=3)
    assert 12 * np.log2(notes[0] / notes[1]) == pytest.approx(4, abs=0.15)
    assert active_speech_level(sound, RATE).asl_dbov == pytest.approx(-26, abs=0.1)


def test_the_horn_lets_through_400_to_4000_hz():
    hz, power = signal.welch(announced(120, per_min=6, drr_db=40, t60_s=0.05).others[0], RATE, nperseg=2048)

    def level_db(low_hz, high_hz):
        return 10 * np.log10(power[(hz > low_hz) & (hz < high_hz)].mean())

    # Butterworth of order 4 from 1.5 kHz, where neither chime nor edge is near: 24 dB an octave
    assert level_db(190, 210) - level_db(1500, 3000) == pytest.approx(-24, abs=3)
    assert level_db(3950, 4050) - level_db(1500, 3000) == pytest.approx(-3, abs=1.5)


def test_the_hall_rings_on_as_long_as_asked():
    """In the octaves around 500 Hz and 1 kHz, from the end of a burst on that drowns the chime."""
    burst = 30 * hiss(1, 0.5)
    stem = announced(60, people=((burst,),), per_min=2, drr_db=-20, t60_s=2.0).others[0]
    silent = np.flatnonzero(stem == 0)[0]
    ends = silent + np.flatnonzero(stem[silent:])[0] + round((1.5 + 0.3) * RATE) + len(burst)
    octaves = signal.butter(4, [355, 1410], "bandpass", fs=RATE, output="sos")
    rung = signal.sosfilt(octaves, stem[ends - RATE : ends + 4 * RATE].astype(float))[RATE:]
    left = np.cumsum(rung[::-1] ** 2)[::-1]
    left_db = 10 * np.log10(left[left > 0])
    first, last = np.searchsorted(left_db[0] - left_db, (5, 25))
    assert 3 * (last - first) / RATE == pytest.approx(2.0, rel=0.15)


@pytest.mark.parametrize(("severity", "sir_db", "per_min"), [(0.25, 14.02, 1), (0.5, 8, 2), (1, 1.98, 4)])
def test_severity_moves_amplitude_and_how_many_there_are(severity, sir_db, per_min):
    harsher = Options().at(severity)
    assert (harsher.sir_db, harsher.per_min) == (pytest.approx(sir_db, abs=0.01), per_min)
    assert harsher.t60_s == min(4 * severity, 3)
