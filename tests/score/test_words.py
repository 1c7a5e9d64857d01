from dataclasses import replace

import pytest

from pipeline.score.words import Options, Words, align, word_error_rate


@pytest.fixture
def tally(scenario, record):
    def score(utterances, turns):
        return Words(Options())(scenario(), record(utterances=utterances, turns=turns))

    return score


def errors(counts):
    return tuple(counts[kind] for kind in ("hits", "substitutions", "deletions", "insertions"))


def test_words_that_were_heard_right_are_hits(tally, said, turn):
    counts = tally([said("It's zero four one two.")], [turn("its 0412")]).counts
    assert errors(counts) == (5, 0, 0, 0)
    assert (counts["n_ref"], counts["n_hyp"]) == (5, 5)


def test_an_utterance_that_nobody_heard_is_all_deletions(tally, said):
    counts = tally([said("zero four one two")], []).counts
    assert errors(counts) == (0, 0, 4, 0)
    assert counts["unheard_utterances"] == 1
    assert word_error_rate(counts) == 1.0


def test_an_empty_transcript_is_all_deletions(tally, said, turn):
    assert errors(tally([said("zero four one two")], [turn("")]).counts) == (0, 0, 4, 0)


def test_a_call_without_words_has_no_error_rate(tally):
    counts = tally([], []).counts
    assert errors(counts) == (0, 0, 0, 0)
    assert word_error_rate(counts) is None


def test_a_lost_leading_zero_is_one_deletion(tally, said, turn):
    assert errors(tally([said("zero four one two")], [turn("412")]).counts) == (3, 0, 1, 0)


def test_an_utterance_cut_in_two_is_joined(tally, said, turn):
    halves = [turn("I need to", at_ms=900, ms=300), turn("change it", at_ms=1600, ms=500)]
    assert errors(tally([said("I need to change it")], halves).counts) == (5, 0, 0, 0)


def test_words_heard_where_nobody_spoke_are_counted_apart(tally, said, turn):
    counts = tally([said("hello")], [turn("hello"), turn("thanks for watching", at_ms=9000)]).counts
    assert errors(counts) == (1, 0, 0, 0)
    assert (counts["spurious_turns"], counts["spurious_words"]) == (1, 3)


def test_a_turn_without_words_is_not_spurious(tally, turn):
    assert tally([], [turn("..."), turn("")]).counts["spurious_turns"] == 0


def test_a_turn_over_two_utterances_is_counted_once_and_shared_by_fit(tally, said, turn):
    both = [said("my order is late", at_ms=1000), said("can you help", at_ms=2500)]
    scored = tally(both, [turn("my order is late can help", ms=3000)])
    assert errors(scored.counts) == (6, 0, 1, 0)
    assert [detail["deletions"] for detail in scored.details if "ops" in detail] == [0, 1]


def test_a_word_too_many_falls_to_the_utterance_before_it(tally, said, turn):
    both = [said("my order", at_ms=1000), said("can you help", at_ms=2500)]
    scored = tally(both, [turn("well my order now can you help please", ms=3000)])
    assert [detail["insertions"] for detail in scored.details if "ops" in detail] == [2, 1]


def test_words_said_where_the_reference_has_none_are_spurious(tally, said, turn):
    counts = tally([said("um")], [turn("come on")]).counts
    assert (counts["utterances"], counts["insertions"], counts["spurious_words"]) == (0, 0, 2)


def test_the_alignment_can_be_shown_word_by_word(tally, said, turn):
    scored = tally([said("my order is late")], [turn("my odour late now")])
    [shown] = [detail["ops"] for detail in scored.details if "ops" in detail]
    assert [said for _, said, _ in shown if said] == ["my", "order", "is", "late"]
    assert [heard for _, _, heard in shown if heard] == ["my", "odour", "late", "now"]
    assert shown[0] == ["equal", "my", "my"]


def test_the_normaliser_is_named_with_the_numbers(tally):
    assert tally([], []).details[0] == {"normaliser": "badline-words-1"}


def test_turns_that_only_touch_an_utterance_did_not_hear_it(tally, said, turn):
    counts = tally([said("hello", at_ms=1000, ms=500)], [turn("bye", at_ms=1500)]).counts
    assert (counts["deletions"], counts["spurious_words"]) == (1, 1)


@pytest.mark.parametrize(
    ("ref", "hyp", "cost"),
    [("kitten", "sitting", 3), ("saturday", "sunday", 3), ("", "ab", 2), ("ab", "", 2), ("", "", 0)],
)
def test_an_alignment_costs_the_levenshtein_distance(ref, hyp, cost):
    ops = align(list(ref), list(hyp))
    assert sum(op.kind != "equal" for op in ops) == cost
    assert "".join(op.ref for op in ops) == ref
    assert "".join(op.hyp for op in ops) == hyp


@pytest.mark.parametrize("kind", ["backchannel", "cough"])
def test_sounds_that_are_not_words_are_neither_said_nor_spurious(tally, said, turn, kind):
    counts = tally([said("right", kind=kind)], [turn("right")]).counts
    assert (counts["utterances"], counts["n_hyp"], counts["spurious_turns"]) == (0, 0, 0)


def test_words_to_somebody_else_count_where_a_turn_heard_them(tally, said, turn):
    both = [said("put it down", kind="aside"), said("zero four one two", at_ms=3000)]
    ignored = tally(both, [turn("0412", at_ms=3000)]).counts
    heard = tally(both, [turn("put it down 0412", ms=3000)]).counts
    wrong = tally(both, [turn("put it dawn 0412", ms=3000)]).counts
    assert [errors(counts) for counts in (ignored, heard, wrong)] == [(4, 0, 0, 0), (7, 0, 0, 0), (6, 1, 0, 0)]


def test_keys_are_no_words(tally, said, turn):
    counts = tally([said("0412", kind="keys")], [turn("0412", kind="dtmf")]).counts
    assert (counts["n_ref"], counts["n_hyp"], counts["spurious_turns"]) == (0, 0, 0)


def test_words_heard_in_the_tones_of_keys_are_spurious(tally, said, turn):
    assert tally([said("0412", kind="keys")], [turn("beep beep")]).counts["spurious_words"] == 2


def test_words_heard_in_a_pause_alone_are_spurious(tally, said, turn):
    hesitating = replace(said("hello there", ms=4000), pauses=((2000, 4000),))
    counts = tally([hesitating], [turn("hello there"), turn("thank you", at_ms=2100, ms=1500)]).counts
    assert (errors(counts), counts["spurious_turns"]) == ((2, 0, 0, 0), 1)


def made_up(tally):
    return [(one["hallucinated"], one["how"]) for one in tally.details if "hallucinated" in one]


def test_words_where_nobody_spoke_are_made_up(tally, turn):
    told = tally([], [turn("thanks for watching")])
    assert made_up(told) == [("thanks for watching", "nobody_spoke")]
    assert (told.counts["hallucinated_turns"], told.counts["hallucinated_words"]) == (1, 3)


def test_a_phrase_that_goes_round_is_made_up_unless_the_caller_went_round(tally, said, turn):
    round_and_round = "thank you. Thank you, thank you! thank you"
    assert made_up(tally([said("thank you")], [turn(round_and_round)]))[0][1] == "goes_round"
    assert made_up(tally([said(round_and_round)], [turn(round_and_round)])) == []
    assert made_up(tally([said("thank you")], [turn("thank you thank you thank you")])) == []


def test_an_id_of_one_digit_over_and_over_goes_not_round(tally, said, turn):
    assert made_up(tally([said("it's one one one one")], [turn("it's 11111")])) == []


def test_three_words_of_which_none_was_said_are_made_up(tally, said, turn):
    offer = said("where is my parcel")
    assert made_up(tally([offer], [turn("we'll be sparkling")]))[0][1] == "nothing_of_it"
    assert made_up(tally([offer], [turn("be sparkling")])) == []
    assert made_up(tally([offer], [turn("what is sparkling")])) == []
