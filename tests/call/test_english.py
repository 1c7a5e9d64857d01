"""Phrases of English: which sentences speak of keys, and that a voice can say what callers murmur."""

import numpy as np
import pytest

from pipeline.call.asked import sentences
from pipeline.call.english import ENGLISH
from pipeline.tts.hibari import Hibari, Options

KEYS = [
    "Please press one for deliveries.",
    "Press 2 to speak to somebody.",
    "Key in your order number, then press the hash key.",
    "Please enter your order number on your keypad.",
    "You can also type in the eight digits.",
    "Using your telephone keypad, please enter the code.",
    "Enter it using the keys of your phone, please.",
    "Please type your postcode.",
    "Dial 9 for an operator.",
]
NO_KEYS = [
    "Please enter your order number.",
    "I'll enter that for you now.",
    "What type of parcel is it?",
    "Which type would you like?",
    "I don't want to press you.",
    "May I have your order number, please?",
    "Do you have the keys to the building?",
    "Our press office is closed.",
]


@pytest.mark.parametrize("sentence", KEYS)
def test_a_sentence_that_speaks_of_keys_is_known(sentence):
    assert ENGLISH.keypad.search(sentence)


@pytest.mark.parametrize("sentence", NO_KEYS)
def test_to_enter_something_is_not_yet_to_press_keys(sentence):
    assert not ENGLISH.keypad.search(sentence)


def test_there_is_something_to_say_to_others_and_each_is_a_sentence_of_its_own():
    assert len(set(ENGLISH.asides)) >= 6
    assert all(len(sentences(aside)) == 1 for aside in ENGLISH.asides)


@pytest.mark.slow
@pytest.mark.parametrize("murmur", ENGLISH.backchannels)
def test_a_voice_can_murmur(murmur):
    sound = Hibari(Options()).speak(murmur, seed=1)
    frames = sound.samples[: len(sound.samples) // 240 * 240].reshape(-1, 240)  # 10 ms at 24 kHz
    level = np.sqrt(np.mean(frames**2, axis=1))
    heard = np.flatnonzero(level > level.max() * 10 ** (-30 / 20))
    assert 0.2 <= (heard[-1] - heard[0] + 1) * 0.01 <= 0.7
