from dataclasses import replace

import numpy as np
import pytest

from pipeline.asr import Transcript
from pipeline.asr.tones import Options as TonesOptions
from pipeline.asr.tones import Tones
from pipeline.audio import from_pcm, pcm_hash
from pipeline.chance import Chance
from pipeline.line.draw import draw_line
from pipeline.line.scene import Nominal
from pipeline.line.track import Track
from pipeline.line.window import HIDDEN_MS, Studio, samples_of
from pipeline.platform.ears import SoundEars, TrueEars
from pipeline.platform.turns import Cut
from pipeline.spec.profile import Profile
from pipeline.spec.release import Endpointing
from pipeline.tts.tone import Options as ToneOptions
from pipeline.tts.tone import Tone
from pipeline.vad.energy import Energy
from pipeline.vad.energy import Options as EnergyOptions

BED = {"room": [{"noise": {"kind": "white", "snr_db": 30.0}}]}


def studio(**places) -> Studio:
    profile = Profile.model_validate({"name": "mine", "about": "A line.", **places})
    return Studio(draw_line(profile, Chance(1)), Nominal(-26.0, -27.0), {}, Chance(1))


def utterance(words, key="order", **places):
    return studio(**places).utterance(key, 1, words, Tone(ToneOptions()).speak(words, seed=0).samples)


def track_of(*windows, starts=(0, 3200, 6400)):
    track = Track()
    for window, start_ms in zip(windows, starts, strict=False):
        track.place(window, start_ms)
    return track


def spoken(track, i=0) -> Cut:
    start_ms, end_ms = track.placed[i].speech_ms
    return Cut(start_ms, end_ms, end_ms + 700)


class Counting:
    """Hears by the toys, and counts how often it is asked and for how much sound."""

    version = 1
    languages = ("en",)
    frame_ms = 20

    def __init__(self):
        self.vad, self.asr = Energy(EnergyOptions()), Tones(TonesOptions())
        self.heard = []

    def speech(self, sound):
        self.heard.append(sound)
        return self.vad.speech(sound)

    def transcribe(self, sounds):
        self.heard += sounds
        return self.asr.transcribe(sounds)


def test_a_windows_speech_is_heard_where_it_is():
    window = utterance("zero four one two", **BED)
    heard = SoundEars(Energy(EnergyOptions()), Tones(TonesOptions())).speech(window) >= 0.5
    start, end = ((HIDDEN_MS + ms) // 20 for ms in window.speech_ms)
    assert heard[start:end].mean() > 0.8  # silences of 80 ms after each word included
    assert not heard[start - 20 : start].any()
    assert not heard[end + 5 :].any()


def test_the_words_of_a_turn_are_recognised_from_its_sound():
    track = track_of(utterance("zero four", **BED), utterance("one two", "postcode", **BED))
    ears = SoundEars(Energy(EnergyOptions()), Tones(TonesOptions()))
    assert ears.transcript(track, spoken(track), from_ms=0).text == "zero four"
    assert ears.transcript(track, spoken(track, 1), from_ms=0).text == "one two"


def test_the_recogniser_hears_300_ms_on_either_side():
    counting, track = Counting(), track_of(utterance("zero", **BED))
    SoundEars(counting, counting).transcript(track, Cut(600, 900, 1600), from_ms=0)
    assert (counting.heard[0].samples == from_pcm(track.pcm(300, 1200))).all()


@pytest.mark.parametrize(
    ("cut", "from_ms", "start_ms", "end_ms"),
    [(Cut(100, 900, 1600), 0, 0, 1200), (Cut(600, 900, 1000), 0, 300, 1000), (Cut(600, 900, 1600), 450, 450, 1200)],
    ids=["before the call", "after the decision", "before it listened"],
)
def test_the_recogniser_hears_nothing_from(cut, from_ms, start_ms, end_ms):
    counting, track = Counting(), track_of(utterance("zero", **BED))
    SoundEars(counting, counting).transcript(track, cut, from_ms=from_ms)
    assert (counting.heard[0].samples == from_pcm(track.pcm(start_ms, end_ms))).all()


def test_the_same_window_is_listened_to_once():
    counting = Counting()
    ears = SoundEars(counting, counting)
    once, again = ears.speech(utterance("zero")), ears.speech(utterance("zero"))
    assert (once == again).all()
    assert len(counting.heard) == 1
    ears.speech(utterance("one"))
    assert len(counting.heard) == 2


def test_the_same_sound_is_recognised_once_wherever_it_stands():
    counting, window = Counting(), utterance("zero")
    ears, track = SoundEars(counting, counting), track_of(window, window)
    assert ears.transcript(track, spoken(track), from_ms=0) == ears.transcript(track, spoken(track, 1), from_ms=0)
    assert len(counting.heard) == 1


def test_true_ears_hear_speech_from_its_first_sound_to_its_last_pauses_included():
    window = replace(utterance("zero"), speech_ms=(500, 1700))
    silent = replace(window, pcm=np.zeros_like(window.pcm), sha256=pcm_hash(window.pcm))
    heard = np.flatnonzero(TrueEars().speech(silent))
    assert (heard[0] * 20, heard[-1] * 20 + 20) == (HIDDEN_MS + 500, HIDDEN_MS + 1700)
    assert len(heard) == 1200 // 20


def test_true_ears_hear_nobody_in_a_gap():
    assert not TrueEars().speech(studio(**BED).gap(0, 0)).any()


def test_true_ears_hear_the_words_as_they_were_meant():
    track = track_of(utterance("zero four"), utterance("one two", "postcode"))
    assert TrueEars().transcript(track, spoken(track, 1), from_ms=0) == Transcript("one two", confidence=1.0)


def test_true_ears_hear_both_utterances_of_a_turn():
    track = track_of(utterance("zero four"), utterance("one two", "postcode"), utterance("three", "more"))
    both = Cut(spoken(track).start_ms, spoken(track, 1).end_ms, 6000)
    assert TrueEars().transcript(track, both, from_ms=0).text == "zero four one two"


def test_true_ears_hear_the_whole_of_an_utterance_that_began_under_a_prompt():
    track = track_of(utterance("zero four"))
    late = replace(spoken(track), start_ms=spoken(track).start_ms + 400)
    assert TrueEars().transcript(track, late, from_ms=0).text == "zero four"


def test_perfect_ears_cut_no_turn_for_its_length_and_miss_no_short_word():
    words = np.full(samples_of(40_000), 0.1, np.float32)
    short = np.full(samples_of(60), 0.1, np.float32)
    endpointing = Endpointing.model_validate({"vad": "energy", "silence_ms": 700, "min_speech_ms": 200})
    for speech in (words, short):
        track, ears = Track(), TrueEars()
        track.place(studio().utterance("story", 1, "all of it", speech), 0)
        turns = ears.turns(endpointing)
        frames = track.frames(0, track.end_ms, ears.frame_ms, ears.speech)
        cuts = [turns.feed(20 * i, 20 * i + 20, speech=bool(said)) for i, said in enumerate(frames)]
        [cut] = [cut for cut in cuts if cut]
        assert ears.transcript(track, cut, from_ms=0).text == "all of it"
