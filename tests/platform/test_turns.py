import pytest

from pipeline.platform.turns import MAX_TURN_MS, Cut, Turns
from pipeline.spec.release import Endpointing

FRAME_MS = 20


def turns(silence_ms=700, min_speech_ms=200):
    words = {"vad": "energy", "silence_ms": silence_ms, "min_speech_ms": min_speech_ms}
    return Turns(Endpointing.model_validate(words))


def cuts(said, until_ms=10_000, *, frame_ms=FRAME_MS, **endpointing):
    """The turns of speech that is said from and to the given moments."""
    machine, found = turns(**endpointing), []
    for ms in range(0, until_ms, frame_ms):
        speech = any(start <= ms < end for start, end in said)
        if cut := machine.feed(ms, ms + frame_ms, speech=speech):
            found.append(cut)
    return found


PAUSED = [(1000, 2000), (3200, 4000)]  # a pause of 1.2 s in mid-sentence


def test_a_pause_longer_than_the_endpointing_cuts_a_sentence_in_two():
    assert cuts(PAUSED, silence_ms=700) == [Cut(1000, 2000, 2700), Cut(3200, 4000, 4700)]


def test_a_longer_endpointing_keeps_it_whole_and_answers_800_ms_later():
    assert cuts(PAUSED, silence_ms=1500) == [Cut(1000, 4000, 5500)]


@pytest.mark.parametrize("silence_ms", [100, 700, 1500, 3000])
def test_a_turn_is_decided_when_the_silence_has_lasted(silence_ms):
    assert cuts([(500, 1500)], silence_ms=silence_ms) == [Cut(500, 1500, 1500 + silence_ms)]


def test_a_pause_just_shorter_than_the_endpointing_does_not_cut():
    assert cuts([(0, 1000), (1680, 2500)]) == [Cut(0, 2500, 3200)]
    assert cuts([(0, 1000), (1700, 2500)]) == [Cut(0, 1000, 1700), Cut(1700, 2500, 3200)]


def test_frames_of_32_ms_decide_with_the_first_that_completes_the_silence():
    # 22 frames of silence are 704 ms, 21 are 672.
    assert cuts([(0, 960)], frame_ms=32) == [Cut(0, 960, 960 + 704)]


@pytest.mark.parametrize("length_ms", [20, 100, 180])
def test_a_short_noise_is_no_turn(length_ms):
    assert cuts([(1000, 1000 + length_ms)]) == []


@pytest.mark.parametrize("min_speech_ms", [20, 200, 500])
def test_speech_counts_from_its_shortest_length_on(min_speech_ms):
    enough, short = (1000, 1000 + min_speech_ms), (1000, 1000 + min_speech_ms - FRAME_MS)
    assert cuts([enough], min_speech_ms=min_speech_ms) == [Cut(*enough, enough[1] + 700)]
    assert cuts([short], min_speech_ms=min_speech_ms) == []


def test_short_noises_apart_from_each_other_do_not_add_up_to_a_turn():
    assert cuts([(ms, ms + 60) for ms in range(0, 8000, 220)]) == []


def test_words_whose_holes_are_short_do_add_up():
    assert cuts([(0, 100), (200, 300)]) == [Cut(0, 300, 1000)]


def test_a_click_after_a_turn_has_begun_prolongs_it_and_one_before_does_not():
    assert cuts([(1000, 2000), (2500, 2520)]) == [Cut(1000, 2520, 3220)]
    assert cuts([(500, 520), (1000, 2000)]) == [Cut(1000, 2000, 2700)]


def test_an_endless_noise_is_cut_at_the_longest_turn_and_goes_on():
    found = cuts([(0, 70_000)], until_ms=80_000)
    assert found == [
        Cut(0, MAX_TURN_MS, MAX_TURN_MS),
        Cut(MAX_TURN_MS, 2 * MAX_TURN_MS, 2 * MAX_TURN_MS),
        Cut(2 * MAX_TURN_MS, 70_000, 70_700),
    ]


def test_no_turn_is_longer_than_a_recogniser_can_hear():
    assert MAX_TURN_MS + 2 * 300 < 30_000  # with what is heard on either side


def test_one_speaks_from_the_moment_at_which_it_counts_until_the_turn_is_over():
    machine, speaking = turns(), []
    for ms in range(0, 2000, FRAME_MS):
        machine.feed(ms, ms + FRAME_MS, speech=ms < 600)
        speaking.append(machine.speaking)
    assert (speaking.index(True) + 1) * FRAME_MS == 200
    assert sum(speaking) * FRAME_MS == 600 + 700 - 200


def test_after_a_reset_nothing_is_left_of_the_turn_that_had_begun():
    machine = turns()
    for ms in range(0, 400, FRAME_MS):
        machine.feed(ms, ms + FRAME_MS, speech=True)
    machine.reset()
    assert not machine.speaking
    assert all(machine.feed(ms, ms + FRAME_MS, speech=False) is None for ms in range(400, 3000, FRAME_MS))


def test_silence_makes_no_turn():
    assert cuts([]) == []
