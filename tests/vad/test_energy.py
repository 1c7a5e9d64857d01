import numpy as np
import pytest
from numpy.random import Generator, Philox
from scipy.signal import butter, sosfilt

from pipeline.audio import Sound
from pipeline.tts.tone import Options as ToneOptions
from pipeline.tts.tone import Tone
from pipeline.vad.energy import Energy, Options

FRAMES_A_SECOND = 50


def speech(sound, **options):
    return Energy(Options(**options)).speech(sound).values > 0.5


def noise(seconds, rate, kind="white"):
    white = Generator(Philox(3)).standard_normal(round(seconds * rate))
    if kind == "car":
        white = sosfilt(butter(2, 150, fs=rate, output="sos"), white)
    return white / np.sqrt(np.mean(white**2))


def sine(level_dbov, seconds=1.0, rate=8000, hz=1000):
    amplitude = np.sqrt(2) * 10 ** (level_dbov / 20)
    return amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def sound_of(*parts, rate=8000):
    return Sound(np.concatenate(parts).astype(np.float32), rate)


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("kind", ["white", "car"])
@pytest.mark.parametrize("level", [0.003, 0.3])
def test_steady_noise_is_no_speech_after_a_second(rate, kind, level):
    heard = speech(Sound((level * noise(8, rate, kind)).astype(np.float32), rate))
    assert not heard[FRAMES_A_SECOND:].any()


@pytest.mark.parametrize("kind", ["white", "car"])
def test_speech_over_noise_at_10_db_is_speech(kind):
    said = Tone(ToneOptions()).speak("please change my delivery address", seed=0)
    clean = np.pad(said.samples, (2 * said.rate, said.rate))
    level = np.sqrt(np.mean(said.samples**2) / 10)
    heard = speech(Sound((clean + level * noise(len(clean) / 16000, 16000, kind)).astype(np.float32), 16000))
    end = 100 + round(said.seconds * FRAMES_A_SECOND)
    assert heard[100:end].mean() > 0.8
    assert not heard[50:100].any()
    assert not heard[end + 5 :].any()


@pytest.mark.parametrize(("step_db", "probability"), [(6.0, 0.209), (8.0, 0.5), (11.0, 0.881)])
def test_the_probability_is_a_logistic_curve_around_the_threshold(step_db, probability):
    quiet, loud = sine(-40.0), sine(-40.0 + step_db)
    values = Energy(Options(threshold_db=8.0)).speech(sound_of(quiet, loud)).values
    assert values[55] == pytest.approx(probability, abs=0.01)


def test_a_floor_of_minus_60_dbov_keeps_silence_silent():
    assert not speech(sound_of(np.zeros(8000), sine(-55.0))).any()
    assert speech(sound_of(np.zeros(8000), sine(-50.0)))[53:].all()


def test_a_noise_that_rises_is_floor_after_two_seconds():
    heard = speech(sound_of(0.003 * noise(3, 8000), 0.03 * noise(5, 8000)))
    assert heard[155:245].all()
    assert not heard[255:].any()


def test_rumble_and_a_dc_offset_are_not_heard():
    hiss = 0.001 * noise(6, 8000)
    rumble = np.concatenate([np.zeros(24000), sine(-20.0, seconds=3.0, hz=20) + 0.05])
    assert not speech(sound_of(hiss + rumble))[160:].any()


def test_an_empty_sound_has_no_frames():
    assert len(Energy(Options()).speech(sound_of(np.zeros(0))).values) == 0
