import pytest

from pipeline.platform import Speech
from pipeline.platform.turns import HOLE_MS, Cut, Stretches, Turns
from pipeline.spec.release import Endpointing

FRAME_MS = 20


def turns(**endpointing):
    return Turns(Endpointing.model_validate({"vad": "energy", **endpointing}))


def cuts(said, until_ms=10_000, *, frame_ms=FRAME_MS, **endpointing):
    """The turns of speech that is said from and to the given moments."""
    machine, found = turns(**endpointing), []
    for ms in range(0, until_ms, frame_ms):
        speech = any(start <= ms < end for start, end in said)
        if cut := machine.feed(ms, ms + frame_ms, speech=speech):
            found.append(cut)
    return found


def spans(said, **more):
    """From when to when the turns are."""
    return [(cut.start_ms, cut.end_ms, cut.decided_ms) for cut in cuts(said, **more)]


PAUSED = [(1000, 2000), (3200, 4000)]  # a pause of 1.2 s in mid-sentence


def test_a_pause_longer_than_the_endpointing_cuts_a_sentence_in_two():
    assert spans(PAUSED, silence_ms=700) == [(1000, 2000, 2700), (3200, 4000, 4700)]


def test_a_longer_endpointing_keeps_it_whole_and_answers_800_ms_later():
    assert spans(PAUSED, silence_ms=1500) == [(1000, 4000, 5500)]


@pytest.mark.parametrize("silence_ms", [100, 700, 1500, 3000])
def test_a_turn_is_decided_when_the_silence_has_lasted(silence_ms):
    assert spans([(500, 1500)], silence_ms=silence_ms) == [(500, 1500, 1500 + silence_ms)]


def test_a_pause_just_shorter_than_the_endpointing_does_not_cut():
    assert spans([(0, 1000), (1680, 2500)]) == [(0, 2500, 3200)]
    assert spans([(0, 1000), (1700, 2500)]) == [(0, 1000, 1700), (1700, 2500, 3200)]


def test_frames_of_32_ms_decide_with_the_first_that_completes_the_silence():
    # 22 frames of silence are 704 ms, 21 are 672.
    assert spans([(0, 960)], frame_ms=32) == [(0, 960, 960 + 704)]


@pytest.mark.parametrize("length_ms", [20, 100, 180])
def test_a_short_noise_is_no_turn(length_ms):
    assert spans([(1000, 1000 + length_ms)]) == []


@pytest.mark.parametrize("min_speech_ms", [20, 200, 500])
def test_speech_counts_from_its_shortest_length_on(min_speech_ms):
    enough, short = (1000, 1000 + min_speech_ms), (1000, 1000 + min_speech_ms - FRAME_MS)
    assert spans([enough], min_speech_ms=min_speech_ms) == [(*enough, enough[1] + 700)]
    assert spans([short], min_speech_ms=min_speech_ms) == []


def test_short_noises_apart_from_each_other_do_not_add_up_to_a_turn():
    assert spans([(ms, ms + 60) for ms in range(0, 8000, 220)]) == []


def test_words_whose_holes_are_short_do_add_up():
    assert spans([(0, 100), (200, 300)]) == [(0, 300, 1000)]


def test_a_click_after_a_turn_has_begun_prolongs_it_and_one_before_does_not():
    assert spans([(1000, 2000), (2500, 2520)]) == [(1000, 2520, 3220)]
    assert spans([(500, 520), (1000, 2000)]) == [(1000, 2000, 2700)]


def test_an_endless_noise_is_cut_at_the_longest_turn_and_goes_on():
    found = spans([(0, 70_000)], until_ms=80_000)
    assert found == [(0, 28_000, 28_000), (28_000, 56_000, 56_000), (56_000, 70_000, 70_700)]


@pytest.mark.parametrize("max_turn_s", [1.0, 2.5, 28.0])
def test_a_turn_lasts_no_longer_than_the_release_says(max_turn_s):
    longest_ms = round(1000 * max_turn_s)
    found = spans([(500, 40_000)], until_ms=41_000, max_turn_s=max_turn_s)
    assert found[0] == (500, 500 + longest_ms, 500 + longest_ms)
    assert all(end - start <= longest_ms for start, end, _ in found)


def test_who_is_patient_cuts_no_turn_for_its_length():
    machine = Turns(Endpointing.model_validate({"vad": "energy", "max_turn_s": 1}), is_patient=True)
    found = [machine.feed(ms, ms + FRAME_MS, speech=ms < 40_000) for ms in range(0, 41_000, FRAME_MS)]
    assert [(cut.start_ms, cut.end_ms) for cut in found if cut] == [(0, 40_000)]


def test_a_cut_says_how_much_of_it_was_speech():
    [cut] = cuts([(1000, 1400), (1700, 2000)])
    assert (cut.start_ms, cut.end_ms, cut.speech_ms) == (1000, 2000, 400 + 300)


def test_a_turn_that_has_begun_can_be_looked_at_and_goes_on():
    machine = turns()
    assert machine.until(0) is None
    for ms in range(0, 400, FRAME_MS):
        machine.feed(ms, ms + FRAME_MS, speech=100 <= ms < 300)
    assert machine.until(400) == Cut(100, 300, 400, 200)
    rest = [machine.feed(ms, ms + FRAME_MS, speech=False) for ms in range(400, 1000, FRAME_MS)]
    assert [cut for cut in rest if cut] == [Cut(100, 300, 1000, 200)]


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
    assert spans([]) == []


# Stretches of speech


def stretches(said, until_ms=5_000):
    machine = Stretches()
    frames = ((ms, any(start <= ms < end for start, end in said)) for ms in range(0, until_ms, FRAME_MS))
    return [one for ms, speech in frames if (one := machine.feed(ms, ms + FRAME_MS, speech=speech))]


def test_speech_is_one_stretch_over_a_hole_and_two_over_a_pause():
    assert stretches([(500, 900), (900 + HOLE_MS - FRAME_MS, 1200)]) == [Speech(500, 1200)]
    assert stretches([(500, 900), (900 + HOLE_MS, 1200)]) == [Speech(500, 900), Speech(900 + HOLE_MS, 1200)]


def test_a_click_is_a_stretch_though_it_is_no_turn():
    assert stretches([(500, 520)]) == [Speech(500, 520)]
    assert cuts([(500, 520)]) == []


def test_a_stretch_is_told_once_its_hole_has_lasted():
    assert stretches([(500, 900)], until_ms=900 + HOLE_MS - FRAME_MS) == []
    assert stretches([(500, 900)], until_ms=900 + HOLE_MS) == [Speech(500, 900)]
