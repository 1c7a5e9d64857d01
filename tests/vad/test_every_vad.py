"""What all VADs promise, ours and third parties': a new file is tested by being there."""

from dataclasses import dataclass
from math import ceil

import numpy as np
import pytest

from pipeline import engines
from pipeline.audio import Sound
from pipeline.vad import Probabilities

NEURAL = ("silero",)
VADS = [pytest.param(name, marks=[pytest.mark.slow] if name in NEURAL else []) for name in engines.known("vad")]
every_vad = pytest.mark.parametrize("name", VADS)
# Where a resampler works in blocks, what comes later still moves the last bits.
RATES = [(16000, 0.0), (8000, 1e-4), (44100, 1e-4)]


def built(name):
    engine = engines.find("vad", name)
    return engine.build(engine.options())


def speech_like(rate=16000):
    """Three seconds of noise that comes and goes three times a second, loudest at each whole second."""
    times = np.arange(3 * rate) / rate
    loudness = 0.02 + 0.2 * np.maximum(0.0, np.cos(2 * np.pi * 3 * times))
    noise = np.random.Generator(np.random.Philox(7)).standard_normal(len(times))
    return Sound((loudness * noise).astype(np.float32), rate)


def assert_looks_not_ahead(vad, rate=16000, within=0.0):
    """The second before a change, and a sound that ends there, give the same frames."""
    samples = speech_like(rate).samples
    whole = vad.speech(Sound(samples, rate)).values
    frames = 1000 // vad.frame_ms
    now = ceil(frames * vad.frame_ms * rate / 1000)
    for later in (0.0, 0.05, 4.0):
        changed = vad.speech(Sound(np.concatenate([samples[:now], later * samples[now:]]), rate)).values
        assert np.allclose(whole[:frames], changed[:frames], rtol=0, atol=within)
        assert not np.allclose(whole[frames:], changed[frames:], rtol=0, atol=within)
    ended = vad.speech(Sound(samples[:now], rate)).values
    assert np.allclose(whole[:frames], ended, rtol=0, atol=within)


def assert_writes_nothing(vad):
    before = speech_like()
    given = Sound(before.samples.copy(), before.rate)
    vad.speech(given)
    assert np.array_equal(given.samples, before.samples)


@every_vad
@pytest.mark.parametrize(("rate", "within"), RATES)
def test_a_vad_does_not_look_ahead(name, rate, within):
    assert_looks_not_ahead(built(name), rate, within)


@every_vad
@pytest.mark.parametrize("rate", [8000, 16000])
def test_a_vad_writes_nothing_to_what_it_hears(name, rate):
    assert_writes_nothing(built(name))


@every_vad
def test_a_vad_repeats_itself_and_keeps_no_state(name):
    vad, sound = built(name), speech_like()
    first = vad.speech(sound).values
    vad.speech(Sound(np.full(8000, 0.3, np.float32), 8000))
    assert np.array_equal(first, vad.speech(sound).values)
    assert np.array_equal(first, built(name).speech(sound).values)


@every_vad
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("ms", [0, 0.2, 9, 19, 20, 31, 32, 1000, 1019, 1024])
def test_a_vad_gives_one_probability_for_each_whole_frame(name, ms, rate):
    vad, samples = built(name), speech_like(rate).samples[: round(ms * rate / 1000)]
    got = vad.speech(Sound(samples, rate))
    assert got.frame_ms == vad.frame_ms
    assert len(got.values) == len(samples) * 1000 // (rate * vad.frame_ms)
    assert got.values.dtype == np.float32
    assert ((got.values >= 0) & (got.values <= 1)).all()


@every_vad
def test_frames_fall_alike_in_every_window(name):
    assert 160 % built(name).frame_ms == 0  # windows start on this grid


@every_vad
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_vad_gives_numbers_for_what_is_no_sound(name, value):
    values = built(name).speech(Sound(np.full(16000, value, np.float32), 16000)).values
    assert ((values >= 0) & (values <= 1)).all()


@dataclass
class Peeping:
    """A planted VAD: loud is speech, and each frame hears the next `ahead` frames too, or the whole sound."""

    ahead: int | None
    frame_ms = 20

    def speech(self, sound):
        frame = sound.rate * self.frame_ms // 1000
        rows = np.abs(sound.samples[: len(sound.samples) // frame * frame].reshape(-1, frame)).mean(axis=1)
        if self.ahead is None:
            return Probabilities(self.frame_ms, rows / rows.max())
        beyond = np.pad(rows, (0, self.ahead))
        heard = [beyond[k : k + len(rows)] for k in range(self.ahead + 1)]
        return Probabilities(self.frame_ms, np.clip(np.mean(heard, axis=0), 0, 1))


class Scribbling(Peeping):
    """A planted VAD that takes the mean out of its input, in place."""

    def speech(self, sound):
        sound.samples[:] -= sound.samples.mean()
        return super().speech(sound)


@pytest.mark.parametrize("ahead", [1, 5, None])
def test_a_planted_vad_that_looks_ahead_is_caught(ahead):
    assert_looks_not_ahead(Peeping(0))
    with pytest.raises(AssertionError):
        assert_looks_not_ahead(Peeping(ahead))


def test_a_planted_vad_that_writes_to_its_input_is_caught():
    assert_writes_nothing(Peeping(0))
    with pytest.raises(AssertionError):
        assert_writes_nothing(Scribbling(0))
