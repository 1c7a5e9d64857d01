import time
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
from pipeline.line.window import HIDDEN_MS, Saying, Studio, samples_of
from pipeline.platform.ears import SoundEars, TrueEars, TrueTurns
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
    return studio(**places).utterance(key, 1, Saying(Tone(ToneOptions()).speak(words, seed=0).samples, words))


def track_of(*windows, starts=(0, 3200, 6400)):
    track = Track()
    for window, start_ms in zip(windows, starts, strict=False):
        track.place(window, start_ms)
    return track


def spoken(track, i=0) -> Cut:
    start_ms, end_ms = track.placed[i].speech_ms
    return Cut(start_ms, end_ms, end_ms + 700)


def recognised(ears, track, i=0):
    """What is made of the i-th window, with 300 ms of what sounded before its speech."""
    cut = spoken(track, i)
    return ears.recognised(track, cut, from_ms=cut.start_ms - 300)


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
    assert recognised(ears, track).transcript.text == "zero four"
    assert recognised(ears, track, 1).transcript.text == "one two"


@pytest.mark.parametrize(
    ("cut", "from_ms", "start_ms", "end_ms"),
    [(Cut(600, 900, 1600), 300, 300, 1200), (Cut(600, 900, 1000), 0, 0, 1000)],
    ids=["300 ms after it", "nothing after the decision"],
)
def test_the_recogniser_hears_a_turn_from_where_it_is_told_to(cut, from_ms, start_ms, end_ms):
    counting, track = Counting(), track_of(utterance("zero", **BED))
    SoundEars(counting, counting).recognised(track, cut, from_ms=from_ms)
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
    assert recognised(ears, track) == recognised(ears, track, 1)
    assert len(counting.heard) == 1


def test_true_ears_hear_speech_from_its_first_sound_to_its_last_pauses_included():
    window = utterance("zero")
    window = replace(window, saying=replace(window.saying, speech=np.zeros(samples_of(1200), np.float32)))
    silent = replace(window, pcm=np.zeros_like(window.pcm), sha256=pcm_hash(window.pcm))
    heard = np.flatnonzero(TrueEars().speech(silent))
    assert (heard[0] * 20, heard[-1] * 20 + 20) == (HIDDEN_MS + 500, HIDDEN_MS + 1700)
    assert len(heard) == 1200 // 20


def test_true_ears_hear_nobody_in_a_gap():
    assert not TrueEars().speech(studio(**BED).gap(None, 0)).any()


def test_true_ears_hear_the_words_as_they_were_meant():
    track = track_of(utterance("zero four"), utterance("one two", "postcode"))
    assert TrueEars().recognised(track, spoken(track, 1), from_ms=0).transcript == Transcript("one two", confidence=1.0)


def test_true_ears_hear_both_utterances_of_a_turn():
    track = track_of(utterance("zero four"), utterance("one two", "postcode"), utterance("three", "more"))
    both = Cut(spoken(track).start_ms, spoken(track, 1).end_ms, 6000)
    assert TrueEars().recognised(track, both, from_ms=0).transcript.text == "zero four one two"


def test_true_ears_hear_the_whole_of_an_utterance_that_began_under_a_prompt():
    track = track_of(utterance("zero four"))
    late = replace(spoken(track), start_ms=spoken(track).start_ms + 400)
    assert TrueEars().recognised(track, late, from_ms=0).transcript.text == "zero four"


def test_perfect_ears_cut_no_turn_for_its_length_and_miss_no_short_word():
    words = np.full(samples_of(40_000), 0.1, np.float32)
    short = np.full(samples_of(60), 0.1, np.float32)
    endpointing = Endpointing.model_validate({"vad": "energy", "silence_ms": 700, "min_speech_ms": 200})
    for speech in (words, short):
        track, ears = Track(), TrueEars()
        track.place(studio().utterance("story", 1, Saying(speech, "all of it")), 0)
        turns = ears.turns(endpointing)
        frames = track.frames(0, track.end_ms, ears.frame_ms, ears.speech)
        cuts = [turns.feed(ms, ms + 20, speech=bool(said)) for ms, said in frames]
        [cut] = [cut for cut in cuts if cut]
        assert ears.recognised(track, cut, from_ms=0).transcript.text == "all of it"


def test_what_is_not_meant_for_the_agent_is_no_turn_to_perfect_ears():
    murmur = Saying(np.full(samples_of(600), 0.1, np.float32), "mm-hm", "backchannel")
    assert not TrueEars().speech(studio().utterance("backchannel", 1, murmur)).any()


class Slow(Counting):
    """A recogniser that takes 50 ms on this machine."""

    def transcribe(self, sounds):
        time.sleep(0.05)
        return super().transcribe(sounds)


def test_how_long_the_recogniser_took_is_kept_with_what_it_recognised():
    ears, window = SoundEars(Energy(EnergyOptions()), Slow()), utterance("zero")
    track = track_of(window, window)
    assert 50 <= recognised(ears, track).took_ms < 500
    assert recognised(ears, track, 1).took_ms == recognised(ears, track).took_ms


def test_perfect_ears_take_no_time():
    assert recognised(TrueEars(), track_of(utterance("zero"))).took_ms == 0


def test_in_the_true_turns_an_utterance_is_speech_pauses_included_and_recognised_from_its_sound():
    sound = SoundEars(Energy(EnergyOptions()), Tones(TonesOptions()))
    ears, window = TrueTurns(sound), studio(**BED).utterance("order", 1, Saying(hesitant(), "four one"))
    assert ears.speech(window).tolist() == TrueEars().speech(window).tolist()
    track = track_of(window)
    assert recognised(ears, track).transcript == recognised(sound, track).transcript


def hesitant():
    """Two words with 1.2 s between them."""
    four, one = (Tone(ToneOptions()).speak(word, seed=0).samples for word in ("four", "one"))
    return np.concatenate([four, np.zeros(1200 * 16, np.float32), one])
