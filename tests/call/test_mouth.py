import numpy as np
import pytest

from pipeline.call.caller import Speak
from pipeline.call.manner import Delivery, Part
from pipeline.call.mouth import Mouth
from pipeline.call.voices import LevelVoice
from pipeline.chance import Chance
from pipeline.levels import leq_dbov
from pipeline.line.window import RATE, samples_of
from pipeline.tts.tone import Options, Tone

VOICE = LevelVoice(Tone(Options()), "en-GB")
HESITATING = (Part("it is", 900), Part("four seven", 1301), Part("one one"))


def saying(*parts, sort="words", attempt=1, seed=1):
    act = Speak("order", attempt, Delivery("As written.", parts), sort=sort)
    return Mouth(VOICE, Chance(seed).named("mouth")).saying(act)


def test_a_breath_is_what_the_voice_makes_of_it():
    said = saying(Part("it is four seven"))
    assert (said.speech == VOICE.speak("it is four seven")).all()
    assert (said.words, said.sort, said.pauses_ms, said.keys) == ("it is four seven", "words", (), ())


def test_pauses_are_silent_and_where_they_are_said_to_be():
    said = saying(*HESITATING)
    (first, second), parts = said.pauses_ms, [VOICE.speak(part.spoken) for part in HESITATING]
    assert [end - start for start, end in said.pauses_ms] == [900, 1301]
    assert first[0] == len(parts[0]) * 1000 // RATE
    assert second[0] == first[1] + len(parts[1]) * 1000 // RATE
    for start_ms, end_ms in said.pauses_ms:
        assert not said.speech[samples_of(start_ms) : samples_of(end_ms)].any()
    assert (said.speech[: len(parts[0])] == parts[0]).all()
    assert (said.speech[samples_of(second[1]) :] == parts[2]).all()


def test_pauses_add_to_the_length_and_nothing_else_does():
    whole = saying(*HESITATING)
    spoken = sum(len(VOICE.speak(part.spoken)) for part in HESITATING)
    assert len(whole.speech) == spoken + samples_of(900 + 1301)
    assert whole.words == "it is four seven one one"


def test_an_aside_is_8_db_lower():
    loud, low = saying(Part("not now dear")), saying(Part("not now dear"), sort="aside")
    assert leq_dbov(loud.speech) - leq_dbov(low.speech) == pytest.approx(8.0, abs=0.01)
    assert low.sort == "aside"


def test_a_murmur_is_as_loud_as_speech():
    assert (saying(Part("mm-hm"), sort="backchannel").speech == VOICE.speak("mm-hm")).all()


def test_keys_make_no_sound_and_come_one_after_the_other():
    said = saying(Part("4711#"), sort="keys")
    assert not said.speech.any()
    assert "".join(key for key, _ in said.keys) == "4711#"
    moments = np.array([at_ms for _, at_ms in said.keys])
    # ITU-T Q.24: a key sounds for 40 ms at least, with a pause of as much.
    assert (np.diff(moments) >= 80).all()
    assert said.length_ms >= moments[-1] + 80
    assert said.words == ""


def test_a_cough_differs_each_time_and_repeats_by_name():
    def cough(**names):
        return saying(Part(""), sort="cough", **names).speech.tobytes()

    assert cough() == cough()
    assert len({cough(), cough(attempt=2), cough(seed=2)}) == 3


def test_a_cough_has_sound_and_no_words():
    said = saying(Part(""), sort="cough")
    assert said.speech.any()
    assert (said.words, said.sort) == ("", "cough")
