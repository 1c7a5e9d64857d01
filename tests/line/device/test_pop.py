"""Pop: where plosives are found, how many pop, and what a puff of breath is like."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.signal import butter, sosfilt
from scipy.stats import binom

from pipeline.chance import stream
from pipeline.levels import scale_to
from pipeline.line.device.pop import Options, Pop, plosives, puff_of_breath
from pipeline.line.scene import Nominal, Scene

RATES = (8000, 16000, 22050, 24000, 44100, 48000)
STOPS_S = (0.5, 1.1, 1.7, 2.4)


def buzz(seconds: float, rate: int):
    """A voice of 120 Hz that falls by 12 dB an octave above its first formant."""
    t = np.arange(round(seconds * rate)) / rate
    return sosfilt(butter(2, 600, fs=rate, output="sos"), np.sign(np.sin(2 * np.pi * 120 * t)))


def stops(rate: int, at_s=STOPS_S, seconds: float = 3.0):
    """A voice that closes for 60 ms, bursts open with 20 ms of hiss 8 dB below it, and goes on."""
    speech = buzz(seconds, rate)
    hiss = 0.35 * default_rng(1).standard_normal(len(speech))
    for at in at_s:
        first, burst, voiced = (round((at + by) * rate) for by in (-0.06, 0.0, 0.02))
        speech[first:burst] = 0.0
        speech[burst:voiced] = hiss[burst:voiced]
    return scale_to(speech.astype(np.float32), rate, -26.0)


def swelling(rate: int, onset_s: float):
    """A hiss that begins within so many seconds, every second."""
    t = np.arange(4 * rate) / rate
    hiss = default_rng(2).standard_normal(len(t)) * np.clip((t % 1.0 - 0.4) / onset_s, 0.0, 1.0)
    return scale_to(hiss.astype(np.float32), rate, -26.0)


def scene_of(speech, rate: int, rows: int = 1) -> Scene:
    rows_of = np.tile(speech, (rows, 1))
    silence = np.zeros_like(rows_of)
    return Scene(rate, rows_of, silence, silence, silence, (Nominal(-26.0, -30.0),) * rows)


def streams(rows: int = 1, seed: int = 1):
    return [stream(seed, str(row)) for row in range(rows)]


def measured(after: Scene, name: str) -> list:
    return [measure for row in after.got for measure in row if measure.name == name]


@pytest.mark.parametrize("rate", RATES)
def test_a_plosive_is_found_within_20_ms_after_it_bursts(rate):
    found_s = np.array(plosives(stops(rate), rate, -26.0)) / rate
    assert len(found_s) == len(STOPS_S)
    late_s = found_s - STOPS_S
    assert (late_s > 0).all()
    assert (late_s <= 0.0201).all()


@pytest.mark.parametrize("db", [-12.0, 12.0])
def test_a_softer_talker_has_the_same_plosives(db):
    louder = stops(16000) * np.float32(10 ** (db / 20))
    assert plosives(louder, 16000, -26.0 + db) == plosives(stops(16000), 16000, -26.0)


@pytest.mark.parametrize(("murmur_db", "found"), [(-30.0, 4), (-14.0, 0)])
def test_what_murmurs_on_through_a_closure_may_leave_no_leap(murmur_db, found):
    speech = stops(16000)
    for at_s in STOPS_S:
        closed = slice(round((at_s - 0.06) * 16000), round(at_s * 16000))
        speech[closed] = 10 ** ((murmur_db - 26) / 20) * default_rng(4).standard_normal(960)
    assert len(plosives(speech, 16000, -26.0)) == found


def test_a_vowel_that_sets_in_at_once_is_no_plosive():
    voice = buzz(3.0, 16000) * (np.arange(48000) % 16000 > 8000)
    assert plosives(scale_to(voice.astype(np.float32), 16000, -26.0), 16000, -26.0) == []


def test_a_hiss_that_swells_over_80_ms_is_no_plosive_and_one_that_bursts_is():
    assert plosives(swelling(16000, 0.08), 16000, -26.0) == []
    assert len(plosives(swelling(16000, 0.001), 16000, -26.0)) == 4


def test_a_dip_of_20_ms_is_no_closure():
    speech = stops(16000, ())
    for at in (8000, 24000):
        speech[at : at + 320] = 0.0
        speech[at + 320 : at + 640] = 0.05 * default_rng(3).standard_normal(320)
    assert plosives(speech, 16000, -26.0) == []


def test_each_pop_follows_its_plosive_and_nothing_sounds_before():
    after = Pop(Options(share=1.0))(scene_of(stops(16000), 16000), streams())
    noise = np.abs(after.noise[0])
    for at_s in STOPS_S:
        start = round(at_s * 16000)
        assert noise[start : start + 1600].max() > 10 ** (-26 / 20)
        assert noise[start - 1600 : start].max() < 0.03 * noise.max()
    assert (after.speech == scene_of(stops(16000), 16000).speech).all()


def test_shares_over_many_windows_are_binomial_and_the_sd_says_so():
    after = Pop(Options(share=0.3))(scene_of(stops(8000), 8000, rows=200), streams(200))
    shares = measured(after, "share")
    z = np.array([(one.got - one.asked) / one.sd for one in shares])
    assert abs(z.mean()) * len(z) ** 0.5 < 3
    assert z.std() == pytest.approx(1.0, abs=0.2)
    assert shares[0].sd == pytest.approx(binom(4, 0.3).std() / 4)


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_peaks_are_as_far_over_the_talkers_level_as_asked(rate):
    after = Pop(Options(share=1.0, peak_db=11.0, spread_db=0))(scene_of(stops(rate), rate), streams())
    assert np.abs(after.noise).max() == pytest.approx(10 ** ((11 - 26) / 20), rel=1e-3)
    [peak] = measured(after, "peak_db")
    assert (peak.got, peak.sd) == (pytest.approx(11.0, abs=1e-3), None)


def test_levels_spread_as_asked():
    after = Pop(Options(share=1.0, spread_db=5.0))(scene_of(stops(8000), 8000, rows=50), streams(50))
    z = np.array([(one.got - one.asked) / one.sd for one in measured(after, "peak_db")])
    assert z.std() == pytest.approx(1.0, abs=0.3)


@pytest.mark.parametrize("rate", RATES)
def test_a_puff_lies_between_20_and_150_hz_and_lasts_20_to_90_ms(rate):
    for seed in range(20):
        puff = puff_of_breath(rate, stream(seed))
        power = np.abs(np.fft.rfft(puff, rate)) ** 2  # a bin a hertz
        assert power[15:200].sum() > 0.8 * power.sum()
        come = np.cumsum(np.square(puff)) / np.square(puff).sum()
        assert 0.02 < np.diff(np.searchsorted(come, (0.01, 0.99)))[0] / rate < 0.09
        assert np.abs(puff[[0, -1]]).max() < 0.01


def test_no_two_puffs_are_alike():
    likeness = np.corrcoef([puff_of_breath(8000, stream(seed)) for seed in range(8)]) - np.eye(8)
    assert np.abs(likeness).max() < 0.98


def test_where_nobody_speaks_nothing_pops_and_nothing_is_measured():
    after = Pop(Options(share=1.0))(scene_of(np.zeros(32000, np.float32), 16000), streams())
    assert not after.noise.any()
    assert after.got == ((),)


def test_behind_a_mix_they_are_in_the_whole_sound():
    scene = scene_of(stops(16000), 16000)
    after = Pop(Options(share=1.0))(replace(scene, mixed=True), streams())
    assert (after.speech == scene.speech + Pop(Options(share=1.0))(scene, streams()).noise).all()
    assert not after.noise.any()


def test_a_share_of_0_leaves_every_bit():
    noise = default_rng(1).standard_normal((1, 48000)).astype(np.float32)
    scene = replace(scene_of(stops(16000), 16000), noise=noise)
    assert Pop(Options(share=0.0))(scene, streams()).noise.tobytes() == noise.tobytes()


def test_the_share_is_proportional_to_the_severity_and_a_pop_as_loud():
    assert [Options().at(s).share for s in (0.25, 0.5, 1)] == [0.15, 0.3, 0.6]
    assert Options(share=0.8).at(1).share == 1.0
    assert Options().at(1).peak_db == Options().peak_db


@pytest.mark.slow
def test_a_voice_pops_on_its_stops_and_hardly_elsewhere():
    from pipeline.tts.hibari import Hibari
    from pipeline.tts.hibari import Options as Voice

    def per_s(text: str) -> float:
        sound = Hibari(Voice()).speak(text, seed=1).at(16000)
        return len(plosives(scale_to(sound.samples, 16000, -26.0), 16000, -26.0)) / sound.seconds

    full = per_s("Peter, please post two parcels to Paul Parker tomorrow.")
    assert full > 1.5
    assert per_s("Many more men may learn in the morning.") < full / 3
