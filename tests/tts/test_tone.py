import numpy as np
import pytest

from pipeline.errors import Unspeakable
from pipeline.tts.tone import Options, Tone


def speak(text, **options):
    return Tone(Options(**options)).speak(text, seed=0)


@pytest.mark.parametrize("char_ms", [40, 60, 120])
def test_a_letter_takes_its_time_and_so_does_the_mark_before_a_word(char_ms):
    # "my" and "parcel" are two marks and eight letters, each word with 80 ms after it.
    assert speak("My parcel.", char_ms=char_ms).seconds == pytest.approx((10 * char_ms + 2 * 80) / 1000)


def test_a_letter_is_two_tones_of_the_telephone_band():
    said = speak("a")
    letter = said.samples[960:1920]
    power = np.abs(np.fft.rfft(letter)) ** 2
    assert sorted(np.argsort(power)[-2:] * said.rate / len(letter)) == [500, 1300]
    assert power[18:205].sum() / power.sum() > 0.999


def test_it_is_as_loud_as_a_caller():
    said = speak("aaaaaaaaaaaaaaaaaaaaaaaa").samples[:-1280]
    assert 10 * np.log10(np.mean(said**2)) == pytest.approx(-26.0, abs=1.0)


def test_chance_has_no_part_in_it():
    tone = Tone(Options())
    assert np.array_equal(tone.speak("yes", seed=1).samples, tone.speak("yes", seed=2).samples)


@pytest.mark.parametrize("text", ["", "  ", "...", "—", "'"])
def test_text_without_words_is_refused(text):
    with pytest.raises(Unspeakable, match="there are no words"):
        speak(text)


def test_a_letter_without_tones_is_named():
    with pytest.raises(Unspeakable, match="no tones for 'п'"):
        speak("yes привет")
