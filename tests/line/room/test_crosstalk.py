"""Another person talks: how much, how loud, and the same in a longer scene."""

import numpy as np
import pytest
from scipy import signal

from pipeline.levels import active_speech_level, scale_to
from pipeline.line.room.crosstalk import Crosstalk, Options
from pipeline.line.scene import Nominal, Scene

RATE = 16_000
NOMINAL = Nominal(asl_dbov=-26.0, weighted_dbov=-30.0)


def sentence(seed):
    """Noise in syllables with pauses, 2.5 to 3.5 s, at -26 dBov."""
    rng = np.random.default_rng(seed)
    samples = int(RATE * rng.uniform(2.5, 3.5))
    loud = np.repeat(rng.uniform(0.2, 1.0, 20) * (rng.random(20) > 0.2), RATE // 5)[:samples]
    loud = signal.lfilter([0.002], [1, -0.998], loud)
    voice = signal.lfilter([1], [1, -0.9], rng.standard_normal(samples))
    return scale_to((voice * loud).astype(np.float32), RATE, -26.0)


SENTENCES = tuple(sentence(seed) for seed in range(6))
VOICES = dict.fromkeys(("adult", "child", "aside"), (SENTENCES,))


def quiet_scene(seconds, *, voices=VOICES, nominal=NOMINAL, hidden=0):
    silence = np.zeros((1, round(seconds * RATE)), np.float32)
    return Scene(RATE, silence, silence, silence, silence, (nominal,), voices, hidden)


def heard(seconds, options, *, seed=1, **kept):
    return Crosstalk(options)(quiet_scene(seconds, **kept), [np.random.default_rng(seed)])


def got(scene, name):
    return next((measure for measure in scene.got[0] if measure.name == name), None)


@pytest.mark.parametrize("overlap", [0.05, 0.15, 0.5, 1.0])
@pytest.mark.slow
def test_overlap_is_within_2_percent_points_over_15_minutes(overlap):
    assert got(heard(900, Options(overlap=overlap)), "overlap").got == pytest.approx(overlap, abs=0.02)


def test_a_third_of_the_frames_sound_where_a_third_is_asked():
    stem = heard(600, Options(overlap=0.33, drr_db=40, t60_s=0.05)).others[0]
    loud = np.abs(stem).reshape(-1, RATE // 2).max(axis=1) > 1e-3
    # A half second counts where any of it is talk: each sentence of 3 s fills half a second more than its length.
    assert loud.mean() == pytest.approx(0.33 * 3.5 / 3, abs=0.05)


@pytest.mark.parametrize("overlap", [0.15, 0.5, 1.0])
@pytest.mark.parametrize("t60_s", [0.2, 2.0])
def test_sir_is_within_half_a_db_over_60_s(overlap, t60_s):
    for seed in range(3):
        options = Options(overlap=overlap, t60_s=t60_s).settled(np.random.default_rng(seed))
        stem = heard(60, options, seed=seed).others[0]
        assert active_speech_level(stem, RATE).asl_dbov == pytest.approx(-26 - 6, abs=0.5)


def test_sir_follows_the_nominal_level_of_the_caller_and_is_measured_as_set():
    measure = got(heard(60, Options(sir_db=-3, overlap=0.5), nominal=Nominal(-35.0, -39.0)), "sir_db")
    assert (measure.kind, measure.asked, measure.off_target) == ("set", -3, False)


def test_nobody_talks_at_overlap_0_and_no_level_is_measured():
    scene = heard(20, Options(overlap=0))
    assert not scene.others.any()
    assert got(scene, "sir_db") is None


def test_what_is_said_is_one_of_the_sentences_in_a_room():
    options = Options(overlap=1, drr_db=40, t60_s=0.05)
    stem = heard(8, options, seed=3).others[0]
    likeness = [
        np.abs(signal.correlate(stem, one, mode="valid")).max() / (one @ one * 10 ** (-6 / 20)) for one in SENTENCES
    ]
    assert max(likeness) == pytest.approx(1, abs=0.15)


def test_its_room_rings_as_long_as_asked():
    click = np.zeros(RATE, np.float32)
    click[0] = 1.0
    options = Options(overlap=0.1, t60_s=0.8, drr_db=-20)
    stem = heard(30, options, voices={"adult": ((click,),)}, seed=4).others[0]
    said = stem[np.flatnonzero(stem)[0] :][:RATE].astype(np.float64)
    left_db = 10 * np.log10(np.cumsum(said[::-1] ** 2)[::-1])
    first, last = np.searchsorted(left_db[0] - left_db, (5, 35))
    assert 2 * (last - first) / RATE == pytest.approx(0.8, rel=0.15)


def test_a_longer_scene_begins_with_the_same_sound():
    short, long = heard(7, Options(overlap=0.5)), heard(31, Options(overlap=0.5))
    assert np.array_equal(short.others, long.others[:, : short.samples])


def test_all_windows_of_a_call_have_one_room_and_calls_have_different_ones():
    seeds = {Options().settled(np.random.default_rng(seed)).room_seed for seed in range(10)}
    assert len(seeds) == 10
    assert np.array_equal(heard(9, Options(room_seed=4)).others, heard(9, Options(room_seed=4)).others)
    assert not np.array_equal(heard(9, Options(overlap=1, room_seed=4)).others, heard(9, Options(overlap=1)).others)


def test_someone_may_be_talking_already_when_a_window_begins():
    talking = [heard(1, Options(overlap=0.5), seed=seed).others[0, 0] != 0 for seed in range(40)]
    assert 8 < sum(talking) < 38


@pytest.mark.slow
def test_the_spread_of_overlap_is_what_windows_show():
    measures = [got(heard(6, Options(overlap=0.3), seed=seed), "overlap") for seed in range(200)]
    z = [(measure.got - measure.asked) / measure.sd for measure in measures]
    assert abs(np.sum(z)) / np.sqrt(len(z)) < 4
    assert 0.8 < np.std(z) < 1.2


def test_what_was_there_stays_there():
    before = quiet_scene(5)
    noisy = Scene(RATE, before.speech, before.others + 0.1, before.noise, before.far_end, before.nominal, VOICES)
    after = Crosstalk(Options(overlap=1))(noisy, [np.random.default_rng(1)])
    alone = heard(5, Options(overlap=1)).others
    assert np.allclose(after.others - alone, 0.1, atol=1e-6)
    assert np.array_equal(noisy.others, before.others + np.float32(0.1))


def tonal(hz):
    """A person who speaks in one pitch."""
    wave = np.sin(2 * np.pi * hz * np.arange(2 * RATE) / RATE).astype(np.float32)
    return tuple(scale_to(wave * (0.5 + 0.1 * i), RATE, -26.0) for i in range(3))


def test_one_person_talks_throughout_a_call_and_others_in_other_calls():
    pitches = (300, 700, 1500)
    heard_hz = set()
    for seed in range(8):
        options = Options(overlap=0.9).settled(np.random.default_rng(seed))
        stem = heard(30, options, voices={"adult": tuple(tonal(hz) for hz in pitches)}).others[0]
        power = np.abs(np.fft.rfft(stem)) ** 2
        shares = [power[round(30 * 0.97 * hz) : round(30 * 1.03 * hz)].sum() / power.sum() for hz in pitches]
        assert max(shares) > 0.9
        heard_hz.add(pitches[int(np.argmax(shares))])
    assert len(heard_hz) > 1


def test_an_aside_is_duller_than_somebody_who_faces_the_caller():
    """By what a head shadows: 11 dB more at 4 kHz than at 500 Hz in the direct sound."""
    levels = {}
    for kind in ("adult", "aside"):
        hz, power = signal.welch(heard(60, Options(kind=kind, overlap=1, drr_db=40, t60_s=0.05)).others[0], RATE)
        levels[kind] = 10 * np.log10([power[np.abs(hz - at).argmin()] for at in (500, 4000)])
    assert np.diff(levels["adult"] - levels["aside"])[0] == pytest.approx(11, abs=1.5)


@pytest.mark.parametrize(("kind", "drr_db"), [("adult", 0), ("child", 0), ("aside", -6)])
def test_who_turns_away_sends_less_direct_sound(kind, drr_db):
    said, default = (heard(9, Options(kind=kind, drr_db=db, overlap=1, room_seed=5)).others for db in (drr_db, None))
    assert np.array_equal(said, default)


@pytest.mark.parametrize("kind", ["child", "aside"])
def test_the_sir_of_every_kind_is_within_half_a_db(kind):
    stem = heard(60, Options(kind=kind, overlap=0.4)).others[0]
    assert active_speech_level(stem, RATE).asl_dbov == pytest.approx(-26 - 6, abs=0.5)


@pytest.mark.parametrize(("severity", "sir_db", "overlap"), [(0.25, 12.02, 0.075), (0.5, 6, 0.15), (1, -0.02, 0.3)])
def test_severity_moves_amplitude_and_how_much_they_talk(severity, sir_db, overlap):
    harsher = Options().at(severity)
    assert (harsher.sir_db, harsher.overlap) == (pytest.approx(sir_db, abs=0.01), pytest.approx(overlap))
    assert harsher.t60_s == pytest.approx(0.8 * severity)
