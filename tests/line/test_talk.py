"""Talk in the background: when it is said, what chance gives it, and what is kept of it."""

import numpy as np
import pytest

from pipeline.levels import active_speech_level, scale_to
from pipeline.line.scene import Nominal, Scene
from pipeline.line.talk import Kept, Remark, Speaker, overhear, schedule, word_edges

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


def test_each_round_says_every_sentence_in_an_order_of_its_own_and_none_into_the_next():
    talk = schedule(LENGTHS, 200_000, np.random.default_rng(1), rounds=8)
    orders = talk.order.reshape(8, 3)
    assert all(sorted(order) == [0, 1, 2] for order in orders)
    assert len({tuple(order) for order in orders}) > 1
    assert [LENGTHS[i] for i in talk.order] == list(talk.ends - talk.begins)
    assert (talk.begins[1:] >= talk.ends[:-1]).all()
    assert list(talk.begins.reshape(8, 3)[:, 0]) == [number * 200_000 for number in range(8)]
    assert talk.ends[-1] <= talk.loop == 8 * 200_000


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


def words(*lengths_ms, pause_ms=100):
    """A sentence of hisses with pauses between them."""
    gap = np.zeros(pause_ms * RATE // 1000, np.float32)
    said = [part for i, ms in enumerate(lengths_ms) for part in (hiss(ms / 1000, i), gap)]
    return np.concatenate(said[:-1])


def test_a_word_may_begin_where_a_dip_ends_and_at_both_ends_of_a_sentence():
    edges = word_edges(words(300, 500, 200), RATE)
    assert np.allclose(edges / RATE, [0, 0.4, 1.0, 1.2], atol=0.01)


@pytest.mark.parametrize("sentence", [np.zeros(0), np.zeros(5), np.ones(5), np.zeros(5000)])
def test_what_has_no_words_has_no_edges_but_its_ends(sentence):
    assert list(word_edges(sentence.astype(np.float32), RATE)) == [0, len(sentence)]


@pytest.mark.parametrize(("passed_s", "skipped_s"), [(0.05, 0), (0.3, 0.4), (0.6, 0.4), (0.8, 1.0), (1.05, 1.0)])
def test_who_is_in_mid_sentence_begins_with_the_nearest_word(passed_s, skipped_s):
    one = Speaker([words(300, 500, 200)], np.ones(1, np.float32), RATE, 3 * RATE)
    at, length = 5000, len(one.sentences[0])
    begun = one.from_a_word(Remark(0, at - round(passed_s * RATE), at - round(passed_s * RATE) + length, RATE), at)
    assert begun.start == at
    assert begun.skipped / RATE == pytest.approx(skipped_s, abs=0.01)
    assert begun.end - begun.start == length - begun.skipped


def test_who_hardly_pauses_goes_on_where_they_are():
    one = Speaker([words(300, 500, 200)], np.ones(1, np.float32), RATE, 3 * RATE)
    assert one.from_a_word(Remark(0, 0, 19_200, 1000), RATE * 6 // 10).skipped == RATE * 6 // 10


def test_the_spread_of_beginning_with_a_word_is_that_of_rounding_to_it():
    """Three words of 0.4 s in a loop of 2.4 s: rounding to 0.4 s has an RMS of 0.4 / sqrt(12), half of the time."""
    one = Speaker([words(300, 300, 400)], np.ones(1, np.float32), RATE, round(2.4 * RATE))
    assert one.shift_sd / RATE == pytest.approx(0.4 / np.sqrt(12) * np.sqrt(0.5), rel=0.05)


def test_who_is_all_but_done_says_no_more():
    one = Speaker([words(300, 500, 200)], np.ones(1, np.float32), RATE, 3 * RATE)
    assert one.from_a_word(Remark(0, 0, 19_200, RATE), 19_000) is None


def test_a_remark_that_is_not_under_way_stays():
    for start in (100, -19_200):
        one = Remark(0, start, start + 19_200, 50)
        assert speaker().from_a_word(one, 0) is one


def test_a_part_of_a_sentence_is_as_loud_as_in_the_whole():
    one = speaker(response=(1.0, 0.0, 0.5))
    assert np.allclose(one.sentence(1, 8000)[2:], one.sentence(1)[8002:], atol=1e-6)


def test_beginning_with_a_word_leaves_the_share_of_the_time_as_it_is():
    """Windows of 6 s in which somebody talks a third of the time; the mean of 400 has a standard error of 0.012."""
    said = [words(*np.random.default_rng(i).integers(200, 700, 6)) for i in range(8)]
    one = Speaker(said, np.ones(1, np.float32), RATE, 3 * sum(map(len, said)))
    rngs = [np.random.default_rng(seed) for seed in range(400)]
    shares = [overhear(one, silence(6 * RATE), 0, rng, asl_dbov=-30.0).share for rng in rngs]
    assert np.mean(shares) == pytest.approx(1 / 3, abs=0.025)
