"""A codec codes as its standard says, delays nothing, and conceals the frames that were lost."""

import io

import numpy as np
import pytest
import soundfile
from pystoi import stoi
from scipy import signal

from pipeline.line.network.codec import CODINGS, Codec, Options, concealed, g711_app1, pitch_period
from pipeline.line.scene import Nominal, Scene

EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)


def scene(sound, rate=16_000, *, hidden=0, **marks):
    rows = np.atleast_2d(sound).astype(np.float32)
    silence = np.zeros_like(rows)
    nominals = (Nominal(-26.0, -30.0),) * len(rows)
    return Scene(rate, rows, silence, silence, silence, nominals, hidden=hidden, **marks)


def coded(before, **options):
    return Codec(Options(**options))(before, [np.random.default_rng(row) for row in range(before.rows)])


def speechlike(rate, seconds=3.0, seed=1):
    """A buzz of 110 to 150 Hz through three formants, in syllables."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * rate)) / rate
    buzz = signal.sawtooth(2 * np.pi * np.cumsum(130 + 20 * np.sin(2 * np.pi * 0.7 * time_s)) / rate)
    voice = 0.02 * rng.standard_normal(len(time_s))
    for hz in (500, 1500, 2500):
        voice += signal.sosfilt(signal.butter(1, [hz * 0.9, hz * 1.1], "bandpass", fs=rate, output="sos"), buzz)
    loud = np.interp(time_s, np.arange(0, seconds + 1, 0.1), rng.uniform(0.1, 1, len(np.arange(0, seconds + 1, 0.1))))
    return 0.2 * voice * loud


def measured(after, name):
    return next(one for one in after.got[0] if one.name == name)


@pytest.mark.parametrize(("name", "subtype"), [("g711u", "ULAW"), ("g711a", "ALAW")])
def test_every_sample_comes_back_as_from_libsndfile(name, subtype):
    file = io.BytesIO()
    soundfile.write(file, EVERY_SAMPLE, 8_000, format="WAV", subtype=subtype)
    file.seek(0)
    assert np.array_equal(CODINGS[name].round_trip(EVERY_SAMPLE), soundfile.read(file, dtype="int16")[0])


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("name", ["g711u", "g711a"])
@pytest.mark.slow
def test_the_delay_is_within_a_sample_and_the_length_stays(rate, name):
    sound = speechlike(rate)
    after = coded(scene(sound, rate), name=name)
    lags = np.arange(-50, 51)
    likeness = [np.dot(after.speech[0][100:-100], np.roll(sound, lag)[100:-100]) for lag in lags]
    assert abs(lags[np.argmax(likeness)]) <= 1
    assert after.speech.shape == (1, len(sound))
    assert abs(measured(after, "delay_ms").got) <= 1000 / rate


def test_a_delay_is_measured_where_there_is_one():
    from pipeline.line.network.codec import delay_samples

    sound = speechlike(16_000).astype(np.float32)
    assert delay_samples(sound, np.roll(sound, 37), 16_000) == 37
    assert delay_samples(sound, np.zeros_like(sound), 16_000) is None


def test_a_tone_is_35_db_above_the_noise_of_coding():
    tone = 0.3 * np.sin(2 * np.pi * 1020 * np.arange(16_000) / 8_000)
    noise = coded(scene(tone, 8_000)).speech[0] - tone
    assert 35 < 10 * np.log10(np.mean(tone**2) / np.mean(noise**2)) < 42


def test_nothing_above_4_khz_comes_through_or_comes_back_below():
    tone = 0.3 * np.sin(2 * np.pi * 5000 * np.arange(32_000) / 16_000)
    assert np.sqrt(np.mean(coded(scene(tone)).speech[0, 1000:-1000] ** 2)) < 1e-3


def test_stems_end_here_and_losses_are_used_up():
    lost = np.zeros((1, 50), np.bool_)
    before = scene(speechlike(16_000, 1.0), lost=lost)
    after = coded(before)
    assert after.mixed
    assert after.lost is None


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050])
def test_only_lost_frames_are_silent_where_losses_become_silence(rate):
    lost = np.zeros((1, 150), np.bool_)
    lost[0, [10, 11, 40]] = True
    sound = 0.3 * np.sin(2 * np.pi * 400 * np.arange(3 * rate) / rate)
    after = coded(scene(sound, rate, lost=lost), conceal="zero").speech[0]
    # Whole periods of the tone, away from the edges, where the filter rings.
    frames = after[: 150 * (rate // 50)].reshape(150, -1)[:, rate // 200 : -rate // 200]
    silent = np.sqrt(np.mean(frames**2, axis=1)) < 0.05
    assert np.flatnonzero(silent).tolist() == [10, 11, 40]
    assert measured(coded(scene(sound, rate, lost=lost)), "concealed").got == pytest.approx(3 / 150)


def test_a_periodic_sound_goes_on_through_a_gap_of_10_ms():
    sound = np.rint(8000 * signal.sawtooth(2 * np.pi * np.arange(4000) / 73, 0.4)).astype(np.int16)
    lost = np.zeros(50, np.bool_)
    lost[30] = True
    filled = concealed(sound, lost, 80, g711_app1)
    assert np.abs(filled.astype(int) - sound).max() < 400


def test_concealment_loses_20_percent_every_10_ms_and_is_silent_after_60():
    sound = np.rint(8000 * signal.square(2 * np.pi * np.arange(4000) / 80)).astype(np.int16)
    lost = np.zeros(50, np.bool_)
    lost[20:30] = True
    filled = concealed(sound, lost, 80, g711_app1)[1600:2400]
    peaks = np.abs(filled).reshape(10, 80)[:, -1] / 8000
    assert peaks == pytest.approx([1, 0.8, 0.6, 0.4, 0.2, 0, 0, 0, 0, 0], abs=0.02)


def test_sound_from_a_quarter_period_before_the_gap_is_kept():
    sound = np.rint(8000 * np.random.default_rng(1).standard_normal(4000).clip(-3, 3)).astype(np.int16)
    lost = np.zeros(25, np.bool_)
    lost[10:12] = True
    changed = np.flatnonzero(concealed(sound, lost, 160, g711_app1) != sound)
    assert changed.min() >= 1600 - 30
    assert changed.max() < 1920 + 80


@pytest.mark.parametrize("period", [41, 57, 80, 119])
def test_the_pitch_of_a_periodic_sound_is_found(period):
    pulses = np.resize(np.exp(-np.arange(period) / 8.0), 390)
    assert pitch_period(1000 * pulses) in {period, 2 * period}


@pytest.mark.parametrize("frame_ms", [10, 20, 40, 60])
@pytest.mark.parametrize("conceal", ["zero", "repeat", "g711_app1"])
def test_losses_at_either_end_and_everywhere_are_survived(conceal, frame_ms):
    sound = speechlike(8_000, 0.33)
    for lost in (np.array([True] * 33), np.array([True, False] * 17)):
        after = coded(scene(sound, 8_000, lost=lost[None], frame_ms=frame_ms), conceal=conceal)
        assert np.isfinite(after.speech).all()
        assert np.abs(after.speech).max() < 1


def test_concealment_is_heard_better_than_repetition_and_that_better_than_silence():
    sound = np.concatenate([speechlike(8_000, 6.0, seed) for seed in range(3)])
    lost = np.random.default_rng(2).random((1, len(sound) // 160)) < 0.1
    scores = [
        stoi(sound, coded(scene(sound, 8_000, lost=lost), conceal=how).speech[0], 8_000, extended=True)
        for how in ("zero", "repeat", "g711_app1")
    ]
    assert scores == sorted(scores)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_a_longer_scene_begins_with_the_same_sound(rate):
    sound = speechlike(rate, 5.0)
    lost = np.random.default_rng(3).random((1, 250)) < 0.2
    part = round(2.22 * rate)
    long, short = coded(scene(sound, rate, lost=lost)), coded(scene(sound[:part], rate, lost=lost[:, :111]))
    settled = part - Codec(Options()).lookahead_ms * rate // 1000
    assert np.array_equal(long.speech[0, :settled], short.speech[0, :settled])
