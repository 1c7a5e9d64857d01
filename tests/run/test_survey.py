"""Word error rates of lines: counts, intervals over sentences, and what was heard before is not heard again."""

import numpy as np
import pytest

from pipeline.run.survey import (
    MOST_UTTERANCES,
    Heard,
    Rate,
    Take,
    difference,
    errors_in,
    hear_all,
    mean_got,
    means_after,
    rate_of,
    sentences,
    takes,
)


def counts(errors, *, words=10):
    """One utterance a sentence, with so many errors."""
    return {
        Take("any", 0.5, sentence, "heart", "2026.11"): Heard(words, wrong, "", 1.0, {})
        for sentence, wrong in enumerate(errors)
    }


def ignore(done: int, total: int) -> None:
    """Nobody watches."""


def test_errors_are_substitutions_deletions_and_insertions():
    assert errors_in(["a", "b", "c", "d"], ["a", "x", "c", "d", "e"]) == 2
    assert errors_in(["a", "b", "c", "d"], []) == 4


def test_a_rate_is_all_errors_over_all_words():
    heard = counts([1, 0]) | {Take("any", 0.5, 2, "heart", "2026.11"): Heard(30, 4, "", 1.0, {})}
    assert rate_of(heard).wer == pytest.approx(5 / 50)


def test_the_interval_is_that_of_a_mean_over_sentences():
    errors = np.tile([0, 0, 0, 2], 15)
    rate = rate_of(counts(errors))
    half = 1.96 * errors.std() / 10 / np.sqrt(len(errors))
    assert rate.high - rate.wer == pytest.approx(half, rel=0.15)
    assert rate.wer - rate.low == pytest.approx(half, rel=0.15)


def test_a_sentence_that_is_hard_on_both_lines_says_nothing_of_their_difference():
    errors = np.tile([0, 0, 0, 8], 10)
    step = difference(counts(errors), counts(errors + 1))
    assert (step.wer, step.low, step.high) == pytest.approx((0.1, 0.1, 0.1))


def test_voices_share_the_chance_of_their_sentence():
    errors = np.tile([0, 0, 0, 8], 10)
    one = rate_of(counts(errors))
    again = {Take("any", 0.5, take.sentence, "deep", "2026.11"): heard for take, heard in counts(errors).items()}
    assert rate_of(counts(errors) | again) == one


def test_there_are_seventy_plain_sentences_without_numbers():
    assert len(set(sentences())) == 70
    assert not any(letter.isdigit() for sentence in sentences() for letter in sentence)


def test_takes_are_each_sentence_in_each_voice():
    wanted = takes("cafe", 0.5, "2026.11", utterances=MOST_UTTERANCES)
    assert len(set(wanted)) == MOST_UTTERANCES == 3 * len(sentences())


def test_the_mean_is_of_the_first_measure_that_was_taken():
    told = [Heard(1, 0, "", 1.0, {"tv.sir_db": 3.0}), Heard(1, 0, "", 1.0, {"tv.sir_db": 5.0})]
    assert mean_got(told, "noise.snr_db", "tv.sir_db") == 4.0
    assert mean_got(told, "noise.snr_db") is None


@pytest.mark.slow
def test_snr_after_the_line_is_a_mean_over_a_dozen_takes(tmp_path):
    path = tmp_path / "white.yaml"
    path.write_text("name: white\nabout: White.\nroom: [{noise: {kind: white, snr_db: 10}}]\n")
    wanted = [takes(profile, 0.5, "2026.11", utterances=14) for profile in (str(path), "clean_line")]
    told: list[tuple[int, int]] = []
    noisy, clean = means_after(wanted, workers=2, watch=lambda *at: told.append(at))
    assert noisy == pytest.approx(10.0, abs=1.0)  # sentences are brighter or duller than the voice is on average
    assert clean is None
    assert told[-1] == (24, 24)


@pytest.mark.slow
def test_what_was_heard_before_is_not_heard_again(tmp_path):
    wanted, kept = takes("clean_line", 0.5, "2026.11", utterances=2), tmp_path / "heard.jsonl"
    first = hear_all(wanted[:1], workers=1, watch=ignore, kept=kept)
    kept.write_text(kept.read_text() + '{"take": {"profile": "cl')  # killed while it wrote
    told: list[tuple[int, int]] = []
    both = hear_all(wanted, workers=1, watch=lambda *at: told.append(at), kept=kept)
    assert told[-1] == (1, 1)
    assert both[wanted[0]] == first[wanted[0]]
    assert rate_of(both) == Rate(0.0, 0.0, 0.0)
    assert hear_all(wanted, workers=1, watch=ignore, kept=kept) == both
