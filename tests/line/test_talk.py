"""Talk in the background: when it is said, what chance gives it, and what is kept of it."""

import numpy as np
import pytest

from pipeline.levels import active_speech_level, scale_to
from pipeline.line.scene import Nominal, Scene
from pipeline.line.talk import Kept, Speaker, overhear, schedule

RATE = 16_000
LENGTHS = [30_000, 20_000, 50_000]


def silence(samples, since=()):
    row = np.zeros((1, samples), np.float32)
    return Scene(RATE, row, row, row, row, (Nominal(-26.0, -29.0),), since=since)


def hiss(seconds, seed):
    return scale_to(np.random.default_rng(seed).standard_normal(round(seconds * RATE)).astype(np.float32), RATE, -26.0)


def speaker(loop_s=10.0, response=(1.0,)):
    sentences = [hiss(1.0, 1), hiss(1.5, 2), hiss(0.5, 3)]
    return Speaker(sentences, np.array(response, np.float32), RATE, round(loop_s * RATE))


def heard(samples, since=0, seed=5):
    one = silence(samples, (since,) if since else ())
    return overhear(speaker(), one, 0, np.random.default_rng(seed), asl_dbov=-30.0)


def test_every_sentence_is_said_once_a_loop_and_none_into_another():
    talk = schedule(LENGTHS, 200_000, np.random.default_rng(1))
    assert sorted(talk.order) == [0, 1, 2]
    assert [LENGTHS[i] for i in talk.order] == list(talk.ends - talk.begins)
    assert (talk.begins[1:] >= talk.ends[:-1]).all()
    assert talk.ends[-1] <= talk.loop == 200_000


def test_sentences_that_fill_the_loop_have_no_pauses():
    talk = schedule(LENGTHS, 10, np.random.default_rng(1))
    assert talk.loop == sum(LENGTHS)
    assert (talk.begins[1:] == talk.ends[:-1]).all()


def test_what_begins_before_and_within_a_window_is_found_in_every_round():
    talk = schedule(LENGTHS, 200_000, np.random.default_rng(2))
    remarks = talk.remarks(50_000, 10 * talk.loop)
    assert len(remarks) == pytest.approx(3 * 10.25, abs=2)
    assert all(one.end - one.start == LENGTHS[one.sentence] for one in remarks)


def test_talk_goes_on_where_it_was():
    whole, late = heard(12 * RATE), heard(4 * RATE, since=5 * RATE)
    assert np.array_equal(whole.stem[5 * RATE : 9 * RATE], late.stem)
    assert whole.stem.any()


def test_only_the_first_block_of_a_silence_is_judged():
    assert heard(RATE).share_sd > 0
    assert heard(RATE, since=RATE).share_sd is None
    assert heard(RATE, since=RATE).per_min_sd is None


def test_the_spread_of_how_many_begin_is_that_of_many_windows():
    counts = [heard(4 * RATE, seed=seed).per_min * 4 / 60 for seed in range(150)]
    sds = [heard(4 * RATE, seed=seed).per_min_sd * 4 / 60 for seed in range(20)]
    assert np.mean(counts) == pytest.approx(3 / 10 * 4, abs=0.25)
    assert np.mean(sds) == pytest.approx(np.std(counts), rel=0.2)


def test_a_sentence_has_its_level_behind_any_response():
    for response in ((1.0,), (0.5, 0.0, 0.5), (0.0,) * 50 + (3.0,)):
        sentence = speaker(response=response).sentence(1)
        assert active_speech_level(sentence, RATE).asl_dbov == pytest.approx(0, abs=0.1)


def test_what_is_silent_stays_silent():
    mute = Speaker([np.zeros(100, np.float32)], np.ones(1, np.float32), RATE, 1000)
    assert not mute.sentence(0).any()


def test_what_is_made_of_the_same_people_is_made_once():
    made = []
    kept = Kept(lambda people, rate: made.append(rate) or len(made))
    people, twins = ((hiss(0.1, 1),),), ((hiss(0.1, 1),),)
    assert [kept.of(people, 8000), kept.of(people, 8000), kept.of(people, 16000), kept.of(twins, 16000)] == [1, 1, 2, 3]
