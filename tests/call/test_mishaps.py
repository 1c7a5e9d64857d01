from dataclasses import replace

import pytest

from pipeline.call.mishaps import mishaps
from pipeline.call.record import Event, Record, Replied, Turn, Utterance

# A caller who says one sentence from 1000 to 4000 ms, with a hesitation from 2000 to 3200 ms.
HESITATING = Utterance("open", 1, "I need to, um, move it.", "", (), 1000, 4000, pauses=((2000, 3200),))
PROMPT = Replied(None, "Which parcel is it about?", 10_000, 16_000, (), None, (), None, False, False)


def said(start_ms, end_ms, kind="words", key="order"):
    return Utterance(key, 1, "Hi.", "Hi.", (), start_ms, end_ms, kind)


def turn(start_ms, end_ms, decided_ms, text="hi", kind="speech"):
    return Turn(start_ms, end_ms, decided_ms, text, kind=kind)


def call(*utterances, turns=(), replies=(), stops=(), ended_ms=60_000):
    events = tuple(Event(at_ms, "barge_in") for at_ms in stops)
    return Record("a", "agent_hung_up", ended_ms, utterances, tuple(turns), tuple(replies), events)


def found(record, name):
    return [event for event in mishaps(record) if event.name == name]


def stopped_at(end_ms):
    return replace(PROMPT, end_ms=end_ms, unplayed_ms=PROMPT.end_ms - end_ms)


def test_a_call_in_which_everybody_waits_has_no_mishaps():
    answer = replace(PROMPT, turn=0)
    assert mishaps(call(HESITATING, turns=[turn(1000, 4000, 5500)], replies=[answer])) == ()


def test_a_turn_decided_in_a_hesitation_is_a_premature_endpoint():
    halves = [turn(1000, 2000, 2700), turn(3200, 4000, 4700)]
    [event] = found(call(HESITATING, turns=halves), "premature_endpoint")
    assert (event.at_ms, event.detail) == (2700, "1300 ms were still to come")


def test_a_turn_cut_for_its_length_while_the_caller_speaks_is_premature():
    assert found(call(said(0, 30_000), turns=[turn(0, 28_000, 28_000)]), "premature_endpoint")


def test_what_is_not_meant_for_the_agent_cannot_be_cut_too_early():
    record = call(said(1000, 5000, "aside"), turns=[turn(1000, 2000, 2700)])
    assert not found(record, "premature_endpoint")


@pytest.mark.parametrize(("decided_ms", "late"), [(4100, 0), (6000, 0), (6001, 1), (9000, 1)])
def test_an_endpoint_is_late_two_seconds_after_the_last_word(decided_ms, late):
    record = call(HESITATING, turns=[turn(1000, decided_ms - 700, decided_ms)])
    assert len(found(record, "late_endpoint")) == late


def test_the_last_of_two_utterances_in_a_turn_says_when_it_should_be_over():
    both = (said(1000, 2000), said(4000, 5000))
    assert not mishaps(call(*both, turns=[turn(1000, 5000, 6500)]))


def test_the_key_that_ends_a_turn_is_known_before_its_tone_is_over():
    keys = said(1000, 2000, "keys")
    assert not mishaps(call(keys, turns=[turn(1000, 1900, 1920, "12", "dtmf")]))


def test_keys_cut_in_two_are_a_premature_endpoint():
    keys = said(1000, 6000, "keys")
    halves = [turn(1000, 1500, 3500, "12", "dtmf"), turn(5000, 5900, 7900, "34", "dtmf")]
    [event] = found(call(keys, turns=halves), "premature_endpoint")
    assert event.at_ms == 3500


@pytest.mark.parametrize("kind", ["backchannel", "cough", "aside"])
def test_a_prompt_that_stops_for_what_is_not_meant_for_it_was_falsely_interrupted(kind):
    record = call(said(12_000, 12_500, kind), replies=[stopped_at(12_400)], stops=[12_300])
    assert mishaps(record) == (Event(12_300, "false_interruption", kind),)


def test_a_prompt_that_stops_though_the_caller_is_silent_stopped_for_nobody():
    record = call(replies=[stopped_at(12_400)], stops=[12_300])
    assert mishaps(record) == (Event(12_300, "false_interruption", "nobody"),)


@pytest.mark.parametrize("kind", ["words", "keys"])
def test_a_prompt_that_stops_for_the_caller_is_no_mishap(kind):
    assert mishaps(call(said(12_000, 15_000, kind), replies=[stopped_at(12_400)], stops=[12_300])) == ()


@pytest.mark.parametrize(("ended_ms", "false"), [(12_200, 0), (11_400, 0), (11_300, 1)])
def test_speech_in_the_last_second_explains_a_stop(ended_ms, false):
    record = call(said(11_000, ended_ms), replies=[stopped_at(12_400)], stops=[12_300])
    assert len(found(record, "false_interruption")) == false


@pytest.mark.parametrize(("began_ms", "false"), [(9_000, 0), (8_000, 1)])
def test_speech_explains_a_stop_only_as_far_as_it_sounds_under_the_prompt(began_ms, false):
    before = said(began_ms, began_ms + 1_900)  # until 10 900 or 9 900; the prompt begins at 10 000
    record = call(before, replies=[stopped_at(10_900)], stops=[10_800])
    assert len(found(record, "false_interruption")) == false


def test_a_pause_of_the_caller_does_not_explain_a_stop():
    hesitating = replace(HESITATING, start_ms=9_000, end_ms=14_000, pauses=((10_500, 13_000),))
    record = call(hesitating, replies=[stopped_at(12_400)], stops=[12_300])
    assert [event.at_ms for event in found(record, "false_interruption")] == [12_300]


@pytest.mark.parametrize(
    ("prompt", "stops", "missed"),
    [
        (PROMPT, [], 1),  # played to its end
        (stopped_at(12_400), [12_300], 0),
        (stopped_at(14_500), [14_400], 0),  # half a second after the caller's last word
        (stopped_at(15_500), [15_400], 1),  # too late
    ],
)
def test_a_barge_in_is_missed_if_the_prompt_goes_on_for_a_second_after_it(prompt, stops, missed):
    record = call(said(12_000, 14_000), replies=[prompt], stops=stops)
    assert len(found(record, "missed_barge_in")) == missed


@pytest.mark.parametrize(("began_ms", "missed"), [(9_900, 0), (10_100, 1), (15_000, 1), (15_100, 0)])
def test_a_barge_in_begins_within_the_prompt_with_a_second_still_to_play(began_ms, missed):
    record = call(said(began_ms, began_ms + 2_000), replies=[PROMPT])
    assert len(found(record, "missed_barge_in")) == missed


def test_a_cough_or_a_reply_that_is_being_stopped_is_no_missed_barge_in():
    being_stopped = call(said(12_350, 12_360), replies=[stopped_at(13_500)], stops=[12_300])
    assert not found(being_stopped, "missed_barge_in")
    assert not mishaps(call(said(12_000, 12_500, "cough"), replies=[PROMPT]))


def test_nobody_can_say_whether_a_prompt_would_have_stopped_after_the_call():
    cut_off = replace(PROMPT, end_ms=12_500, unplayed_ms=3_500)
    assert mishaps(call(said(12_000, 14_000), replies=[cut_off], ended_ms=12_500)) == ()


def test_a_reply_that_was_never_played_is_in_nobodys_way():
    discarded = replace(PROMPT, discarded=True)
    silent = replace(PROMPT, text="", end_ms=PROMPT.start_ms)
    assert mishaps(call(said(9_000, 14_000), said(14_500, 15_000), replies=[discarded, silent])) == ()


@pytest.mark.parametrize(
    ("utterance", "detail"),
    [
        (said(1000, 1500, "backchannel"), "backchannel: right"),
        (said(1000, 1500, "cough"), "cough: right"),
        (said(1000, 1500, "aside"), "aside: right"),
        (said(7000, 8000), "nobody: right"),
    ],
)
def test_a_turn_without_words_for_the_agent_is_spurious(utterance, detail):
    record = call(utterance, turns=[turn(1000, 1600, 2300, "right")])
    assert mishaps(record) == (Event(2300, "spurious_turn", detail),)


def test_a_turn_that_only_touches_a_pause_is_spurious_and_needs_no_words():
    record = call(HESITATING, turns=[turn(2100, 3000, 5000, "")])
    assert mishaps(record) == (Event(5000, "spurious_turn", "nobody"),)


@pytest.mark.parametrize(("pressed", "spurious"), [("keys", 0), ("words", 1)])
def test_keys_are_spurious_only_where_none_was_pressed(pressed, spurious):
    record = call(said(1000, 2000, pressed), turns=[turn(5000, 5100, 7000, "1", "dtmf")])
    assert len(found(record, "spurious_turn")) == spurious


@pytest.mark.parametrize(("begins_ms", "over"), [(900, 0), (1500, 1), (2500, 1), (3900, 1), (4000, 0)])
def test_an_agent_that_begins_in_the_middle_of_an_utterance_talks_over_it(begins_ms, over):
    reply = replace(PROMPT, start_ms=begins_ms, end_ms=begins_ms + 500)
    assert [event.at_ms for event in found(call(HESITATING, replies=[reply]), "talked_over")] == [begins_ms] * over


def test_a_hesitation_cut_in_two_is_answered_too_early_and_talked_over():
    halves = [turn(1000, 2000, 2700), turn(3200, 4000, 4700)]
    reply = replace(PROMPT, turn=0, start_ms=3700, end_ms=9000)
    events = mishaps(call(HESITATING, turns=halves, replies=[reply]))
    assert [(event.at_ms, event.name) for event in events] == [(2700, "premature_endpoint"), (3700, "talked_over")]
