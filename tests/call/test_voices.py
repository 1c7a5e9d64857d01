import numpy as np
import pytest

from pipeline import levels
from pipeline.call.voices import NOMINAL_DBOV, LevelVoice, bystanders, trimmed
from pipeline.errors import InfraError
from pipeline.files import shipped
from pipeline.line.window import RATE
from pipeline.spec.voice import voice_named


@pytest.fixture(scope="module")
def voice():
    return LevelVoice(voice_named("tone").build(), "en-GB")


def test_the_calibration_sentences_are_at_the_nominal_level(voice):
    level = levels.active_speech_level(voice.calibration, RATE).asl_dbov
    assert level == pytest.approx(NOMINAL_DBOV, abs=0.05)


def test_one_gain_serves_all_that_a_voice_says(voice):
    gains = []
    for words in ("my parcel", "no"):
        raw = voice.tts.speak(words, seed=0).at(RATE).samples
        gains.append(np.max(np.abs(voice.speak(words))) / np.max(np.abs(raw)))
    assert gains[0] == pytest.approx(gains[1], rel=1e-5)


def test_the_same_words_give_the_same_bytes(voice):
    assert np.array_equal(voice.speak("hello there"), voice.speak("hello there"))


def test_silence_at_the_ends_is_cut_and_within_is_kept():
    tone = np.sin(2 * np.pi * 500 * np.arange(RATE) / RATE).astype(np.float32) * 0.1
    quiet = np.zeros(RATE // 2, np.float32)
    cut = trimmed(np.concatenate((quiet, tone, quiet, tone, quiet)), "tones")
    assert len(cut) == pytest.approx(2.5 * RATE, abs=RATE // 100)


def test_a_voice_that_makes_no_sound_is_our_own_fault():
    with pytest.raises(InfraError, match="made no sound of 'hush'"):
        trimmed(np.zeros(RATE, np.float32), "hush")


def test_bystanders_take_turns_at_the_nominal_level(voice):
    first, second = bystanders("adult", [lambda: voice] * 2, "en-GB")
    assert len(first) > 5
    for speech in (*first[:2], *second[:2]):
        level = levels.active_speech_level(speech, RATE).asl_dbov
        assert level == pytest.approx(NOMINAL_DBOV, abs=0.2)


def test_only_who_is_listened_to_has_to_speak(voice):
    spoke = []
    people = bystanders("child", [lambda who=who: spoke.append(who) or voice for who in "abc"], "en")
    assert (len(people), spoke) == (3, [])
    assert len({id(people[1]), id(people[-2]), id(people[1:2][0])}) == 1
    assert spoke == ["b"]


def test_every_shipped_sentence_is_dealt_to_somebody(voice):
    lines = (shipped("fixtures") / "bystanders" / "en" / "child.txt").read_text().splitlines()
    people = bystanders("child", [lambda: voice] * 3, "en")
    assert [len(said) for said in people] == [len(lines[i::3]) for i in range(3)]
