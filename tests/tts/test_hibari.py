import numpy as np
import pytest
from hibari import Hibari as Voice

from pipeline.errors import Unspeakable
from pipeline.spec.voice import voice_named
from pipeline.tts.hibari import Hibari, Options, pieces

TEXT = "I would like to change my delivery address."


def speak(text=TEXT, seed=0, **options):
    return Hibari(Options(**options)).speak(text, seed=seed)


def median_f0(sound, lowest_hz=90, highest_hz=330):
    """The median of the autocorrelation's peak over the louder frames of 40 ms."""
    frame = sound.rate * 40 // 1000
    frames = sound.samples[: len(sound.samples) // frame * frame].reshape(-1, frame)
    loud = frames[np.mean(frames**2, axis=1) > np.mean(sound.samples**2)]
    shortest, longest = int(sound.rate / highest_hz), int(sound.rate / lowest_hz)
    lags = [np.correlate(f, f, "full")[frame - 1 :][shortest:longest].argmax() + shortest for f in loud]
    return sound.rate / np.median(lags)


@pytest.mark.slow
def test_a_seed_gives_the_same_bits_whatever_was_said_before():
    used = Hibari(Options())
    used.speak("Something else, first.", seed=9)
    assert np.array_equal(used.speak(TEXT, seed=0).samples, speak().samples)


@pytest.mark.slow
def test_another_seed_is_another_rendition():
    first, second = speak(seed=1).samples, speak(seed=2).samples
    assert first.shape == second.shape
    assert not np.array_equal(first, second)


@pytest.mark.slow
@pytest.mark.parametrize("speaker", [0.8, 1.15, 1.42])
def test_a_speaker_is_a_factor_on_the_pitch_and_not_on_the_pace(speaker):
    plain, other = speak(), speak(speaker=speaker)
    pitch_hz = median_f0(other, lowest_hz=90 * speaker, highest_hz=330 * speaker)
    assert pitch_hz / median_f0(plain) == pytest.approx(speaker, rel=0.06)
    assert other.seconds == pytest.approx(plain.seconds, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["child", "small"])
def test_a_child_has_a_childs_pitch_and_takes_its_time(name):
    """At five to eight years some 250 to 300 Hz (Lee, Potamianos and Narayanan, JASA 105(3), 1999)."""
    sound = voice_named(name).build().speak("Look, there is a big red lorry over there!", seed=0)
    assert 235 < median_f0(sound, lowest_hz=120, highest_hz=420) < 300
    assert sound.seconds > 1.05 * speak("Look, there is a big red lorry over there!").seconds


@pytest.mark.slow
@pytest.mark.parametrize("speed", [0.6, 1.6])
def test_speed_is_a_factor_on_the_pace(speed):
    assert speak().seconds / speak(speed=speed).seconds == pytest.approx(speed, rel=0.08)


@pytest.mark.slow
def test_it_is_finite_float32_without_an_offset():
    sound = speak(speaker=0.86)
    assert (sound.rate, sound.samples.dtype) == (24000, np.float32)
    assert abs(sound.samples.mean()) < 1e-4
    assert 0.05 < np.abs(sound.samples).max() < 1.0


@pytest.mark.slow
def test_ordinary_text_sounds_as_the_model_alone_says_it():
    text = "Hello there, Dr. Smith. I ordered it on Monday, and it has not come; can you help me?"
    assert np.array_equal(speak(text, seed=3).samples, Voice(threads=1)(text, seed=3))


def test_a_sentence_of_any_length_is_spoken_in_pieces_that_leave_no_word_out():
    sentence = "wˌʌn tˈu θɹˈi " * 700
    cut = pieces(sentence)
    assert max(map(len, cut)) <= 400
    assert " ".join(cut).split() == sentence.split()


@pytest.mark.slow
def test_a_long_sentence_without_commas_is_heard_to_its_end():
    words = "and then I called you again about the parcel "
    assert speak(words * 20).seconds == pytest.approx(20 * speak(words).seconds, rel=0.3)  # fewer pauses at ends


@pytest.mark.parametrize("text", ["", "   ", "...", "😀"])
def test_text_without_words_is_refused(text):
    with pytest.raises(Unspeakable, match="there are no words"):
        speak(text)


def test_another_script_is_refused_by_its_letter():
    with pytest.raises(Unspeakable, match="cannot say 'П'"):
        speak("hello Привет")
