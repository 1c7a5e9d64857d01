import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.errors import InfraError, Unspeakable
from pipeline.tts import pyttsx3
from pipeline.tts.pyttsx3 import Options, Pyttsx3

TEXT = "I would like to change my delivery address."


def speak(text=TEXT, **options):
    return Pyttsx3(Options(**options)).speak(text, seed=0)


def median_f0(sound, lowest_hz=60, highest_hz=330):
    """The median of the autocorrelation's peak over the louder frames of 40 ms."""
    frame = sound.rate * 40 // 1000
    frames = sound.samples[: len(sound.samples) // frame * frame].reshape(-1, frame)
    loud = frames[np.mean(frames**2, axis=1) > np.mean(sound.samples**2)]
    shortest, longest = sound.rate // highest_hz, sound.rate // lowest_hz
    lags = [np.correlate(f, f, "full")[frame - 1 :][shortest:longest].argmax() + shortest for f in loud]
    return sound.rate / np.median(lags)


def test_it_is_finite_float32_at_the_rate_of_espeak():
    sound = speak()
    assert (sound.rate, sound.samples.dtype) == (22050, np.float32)
    assert 0.05 < np.abs(sound.samples).max() < 1.0
    assert 1.5 < sound.seconds < 4.0


def test_the_same_text_is_the_same_sound_whatever_was_said_before_and_beside():
    texts = [TEXT, "Something else, first.", TEXT, "And more.", TEXT, TEXT]
    with ThreadPoolExecutor(4) as pool:
        said = [sound.samples for sound in pool.map(speak, texts)]
    assert all(np.array_equal(said[0], said[i]) for i in (2, 4, 5))
    assert not np.array_equal(said[0], said[1])


def test_a_long_text_is_spoken_to_its_end():
    # What comes before the last sentence is at least as long as as many sentences of their own, less their pauses.
    assert speak(" ".join([TEXT] * 30)).seconds > 25 * speak().seconds


def test_words_a_minute_set_the_pace():
    slow, fast = speak(rate_wpm=120), speak(rate_wpm=240)
    assert slow.seconds / fast.seconds == pytest.approx(2.0, rel=0.15)


def test_pitch_moves_the_pitch_and_not_the_pace():
    low, high = speak(pitch=20), speak(pitch=80)
    assert median_f0(high) > 1.3 * median_f0(low)
    assert high.seconds == pytest.approx(low.seconds, rel=0.05)


def test_another_voice_sounds_otherwise_and_says_its_language():
    assert not np.array_equal(speak().samples[:40000], speak(voice="en-us").samples[:40000])
    assert Pyttsx3(Options(voice="en-us")).languages == ("en",)
    assert Pyttsx3(Options(voice="cmn")).languages == ("cmn",)


def test_accents_of_english_are_offered():
    assert {"en-gb", "en-us", "en-gb-scotland", "en-029", "de", "fr-fr"} <= pyttsx3.offered()


def test_an_unknown_voice_is_refused_with_the_nearest():
    with pytest.raises(ValidationError, match=r"no voice 'en-uk'. Did you mean 'en-us'"):
        Options(voice="en-uk")


@pytest.mark.parametrize("text", ["", "  ", "...", "😀"])
def test_text_without_words_is_refused(text):
    with pytest.raises(Unspeakable, match="there are no words"):
        speak(text)


def test_what_espeak_cannot_is_said_with_the_text_and_its_reason():
    unchecked = Pyttsx3(Options.model_construct(voice="xx"))
    with pytest.raises(InfraError, match="could not say 'hello': espeak-ng offers no voice 'xx'"):
        unchecked.speak("hello", seed=0)


def test_one_that_hangs_is_stopped(monkeypatch):
    monkeypatch.setattr(pyttsx3, "TIME_LIMIT_S", 0.01)
    with pytest.raises(InfraError, match=r"did not say 'hello' within 0.01 s"):
        speak("hello")


def test_nothing_of_it_is_loaded_into_our_process(capfd):
    check = (
        "import sys; from pipeline.tts.pyttsx3 import Options, Pyttsx3; Pyttsx3(Options()).speak('yes', seed=0); "
        "maps = open('/proc/self/maps').read(); "
        "sys.exit('pyttsx3' in sys.modules or 'espeakng_loader' in sys.modules or 'espeak' in maps)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
    assert capfd.readouterr() == ("", "")
