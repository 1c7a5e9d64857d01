from dataclasses import replace

import pytest

from pipeline.call.mishaps import mishaps
from pipeline.call.record import Event, Replied, Turn, Utterance
from pipeline.score.turn_taking import Options, TurnTaking


@pytest.fixture
def tally(scenario, record):
    def score(*replies, utterances=(), turns=(), events=(), **rest):
        one = replace(record(*replies, utterances=utterances, turns=turns, **rest), events=tuple(events))
        judged = replace(one, events=(*one.events, *mishaps(one)))
        return TurnTaking(Options())(scenario(), judged)

    return score


def said(start_ms, end_ms, kind="words", pauses=()):
    return Utterance("order", 1, "Hi.", "Hi.", (), start_ms, end_ms, kind, pauses)


def turn(start_ms, end_ms, silence_ms=700):
    return Turn(start_ms, end_ms, end_ms + silence_ms, "hi")


def reply(start_ms, end_ms, to=None, unplayed_ms=0, discarded=False):
    return Replied(to, "All right.", start_ms, end_ms, (), None, (), None, False, discarded, unplayed_ms)


def test_a_response_runs_from_the_true_end_of_the_words_to_the_first_sound(tally):
    # The platform heard 100 ms of noise as speech: nothing of that is the caller's.
    got = tally(reply(3500, 5000, to=0), utterances=[said(1000, 2000)], turns=[turn(1000, 2100)])
    assert (got.counts["responses"], got.counts["response_ms"]) == (1, 1500)
    assert (got.counts["endpoints"], got.counts["endpoint_ms"]) == (1, 800)
    assert {"response_ms": 1500, "at_ms": 3500} in got.details


def test_what_talks_over_the_caller_or_asks_again_or_answers_noise_is_no_response(tally):
    over = tally(reply(1900, 3000, to=0), utterances=[said(1000, 2000)], turns=[turn(1000, 1100)])
    again = tally(reply(9000, 9900), utterances=[said(1000, 2000)])
    noise = tally(reply(9000, 9900, to=0), utterances=[said(1000, 2000)], turns=[turn(7000, 7500)])
    assert [one.counts["responses"] for one in (over, again, noise)] == [0, 0, 0]


def test_only_the_first_sound_after_the_words_is_the_response(tally):
    halves = [turn(1000, 1500), turn(1500, 2000)]
    got = tally(reply(3000, 4000, to=0), reply(5000, 6000, to=1), utterances=[said(1000, 2000)], turns=halves)
    assert (got.counts["responses"], got.counts["response_ms"]) == (1, 1000)


def test_a_reply_that_was_never_played_is_no_response(tally):
    turns = [turn(1000, 2000)]
    got = tally(reply(3000, 4000, to=0, discarded=True), utterances=[said(1000, 2000)], turns=turns)
    assert got.counts["responses"] == 0


def test_an_utterance_heard_in_more_than_one_turn_was_cut(tally):
    hesitating = said(1000, 4000, pauses=((2000, 3200),))
    got = tally(utterances=[hesitating, said(6000, 7000)], turns=[turn(1000, 2000), turn(3200, 4000), turn(6000, 7000)])
    counts = [got.counts[name] for name in ("utterances", "turns", "turns_cut", "premature_endpoints")]
    assert counts == [2, 3, 1, 1]


def test_the_time_to_yield_runs_from_the_callers_first_sound_to_the_agents_silence(tally):
    stop = Event(4400, "barge_in")
    got = tally(reply(3000, 4500, unplayed_ms=4000), utterances=[said(4000, 6000)], events=[stop])
    counts = [got.counts[name] for name in ("barge_ins", "yielded", "missed_barge_ins", "yield_ms", "stops")]
    assert counts == [1, 1, 0, 500, 1]


def test_a_barge_in_is_yielded_to_or_missed(tally):
    got = tally(reply(3000, 9000), utterances=[said(4000, 6000)])
    assert [got.counts[name] for name in ("barge_ins", "yielded", "missed_barge_ins")] == [1, 0, 1]


def test_backchannels_and_coughs_are_ignored_if_the_agent_talks_on(tally):
    sounds = [said(4000, 4400, "backchannel"), said(6000, 6400, "cough"), said(7900, 8000, "cough")]
    on = tally(reply(3000, 8500), utterances=sounds)
    off = tally(reply(3000, 6500, unplayed_ms=2000), utterances=sounds[:2], events=[Event(6400, "barge_in")])
    assert (on.counts["ignored"], on.counts["to_ignore"]) == (2, 2)
    assert (off.counts["ignored"], off.counts["to_ignore"]) == (1, 2)
    assert off.counts["false_interruptions"] == 1


def test_a_stop_for_words_is_not_held_against_a_cough_before_them(tally):
    both = [said(4000, 4300, "cough"), said(4700, 6000)]
    got = tally(reply(3000, 5100, unplayed_ms=4000), utterances=both, events=[Event(5000, "barge_in")])
    assert (got.counts["ignored"], got.counts["yielded"], got.counts["false_interruptions"]) == (1, 1, 0)


def test_talk_over_and_silence_share_the_call_out(tally):
    # Speech 1-2 and 3-4 s, the agent 2.5-5 s, a cough 6-7 s, of 20 s.
    utterances = [said(1000, 4000, pauses=((2000, 3000),)), said(6000, 7000, "cough")]
    counts = tally(reply(2500, 5000), utterances=utterances).counts
    assert (counts["talk_over_ms"], counts["silence_ms"], counts["call_ms"]) == (1000, 20_000 - 4_500, 20_000)


def test_a_cough_under_a_prompt_is_no_talk_over(tally):
    assert tally(reply(3000, 9000), utterances=[said(4000, 4500, "cough")]).counts["talk_over_ms"] == 0


def test_nothing_counts_after_the_end_of_the_call(tally):
    counts = tally(reply(19_000, 25_000), utterances=[said(19_500, 24_000)]).counts
    assert (counts["talk_over_ms"], counts["silence_ms"]) == (500, 19_000)


def test_silence_and_a_dropped_line_are_counted(tally):
    got = tally(events=[Event(7000, "no_input"), Event(14_000, "no_input")], ended="dropped")
    assert (got.counts["no_inputs"], got.counts["dropped"]) == (2, 1)


def test_turn_taking_gates_nothing(tally):
    assert tally(reply(1500, 3000), utterances=[said(1000, 2000)]).criteria == ()
