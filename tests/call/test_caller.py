from math import sqrt

import pytest

from pipeline.agent import Handoff, Reply
from pipeline.call.caller import (
    AGAIN_MS,
    FIRST_SOUND_MS,
    GONE_MS,
    IGNORED_MS,
    REACTION_MS,
    SILENCE_MS,
    TALKS_ON_MS,
    HangUp,
    Speak,
)
from pipeline.line.window import GRID_MS, LEAD_IN_MS, on_grid


class Talk:
    """A caller and a clock: each answer takes the caller two seconds to say."""

    def __init__(self, caller):
        self.caller, self.now_ms = caller, 0

    def answer(self, text=None, **reply):
        """What the caller does next; `text` is what the agent says, in one second, before."""
        if text is not None:
            self.now_ms += 1000
            self.caller.hear(Reply(text, **reply), start_ms=self.now_ms - 1000, end_ms=self.now_ms)
        for now_ms in range(on_grid(self.now_ms), self.now_ms + 60_000, GRID_MS):
            if act := self.caller.act(now_ms):
                self.now_ms = now_ms + 2000
                self.caller.spoke_until(self.now_ms)
                return act
        return None


@pytest.fixture
def talk(parcel, caller):
    return lambda patience=3, seed=0, **words: Talk(caller(parcel(**words), patience, seed))


def keys(talk, *texts):
    return [act.key if isinstance(act, Speak) else act for act in map(talk.answer, texts)]


def acts(caller, text=None, *, start_ms=0, end_ms=10_000, until_ms=30_000, lasts_ms=1000):
    """What the caller does and when, from when they hear `text`, if any; each utterance lasts so long."""
    if text is not None:
        caller.hear(Reply(text), start_ms=start_ms, end_ms=end_ms)
    done = []
    for now_ms in range(on_grid(start_ms), until_ms, GRID_MS):
        if act := caller.act(now_ms):
            done.append((now_ms, act))
            if isinstance(act, Speak):
                caller.spoke_until(now_ms + LEAD_IN_MS + lasts_ms)
    return done


def first_sound(done):
    """When the first thing that was done is heard."""
    return done[0][0] + LEAD_IN_MS


OPENING, ORDER = "Hello. How can I help you?", "What is the order number?"
MORE = "Is there anything else?"


def test_a_call_goes_line_by_line(talk):
    said = keys(talk(), OPENING, ORDER, "Order 0412-7783, right?", "And the new postcode?", f"Done. {MORE}")
    assert said == ["open", "order", "yes", "postcode", "closing"]


def test_a_fact_is_first_said_as_written_and_then_corrected(talk):
    one = talk()
    first, second = one.answer(ORDER), one.answer(f"Sorry? {ORDER}")
    assert (first.attempt, first.text) == (1, "It's 0412-7783.")
    assert (second.attempt, second.text) == (2, "The order is 0412-7783.")
    assert "zero" in second.spoken
    assert first.offered == second.offered == ("order",)


def test_a_wrong_read_back_is_denied_with_the_right_value(talk):
    one = talk()
    one.answer(ORDER)
    denied = one.answer("I have order 0412-7738, is that right?")
    assert (denied.key, denied.attempt, denied.offered) == ("order", 2, ("order",))
    assert denied.text == "No, that's not right. The order is 0412-7783."


def test_asked_together_facts_are_given_in_one_breath_and_corrected_one_by_one(talk):
    one = talk()
    both = one.answer("Could I have your order number and the postcode?")
    assert (both.key, both.offered) == ("order+postcode", ("order", "postcode"))
    assert one.answer("I didn't catch the order number.").text == "The order is 0412-7783."


def test_asked_to_say_it_again_the_caller_repeats_what_they_said_last(talk):
    assert keys(talk(), OPENING, ORDER, "Sorry, could you repeat that?") == ["open", "order", "order"]


def test_yes_can_be_repeated_after_many_yeses(talk):
    one, said = talk(patience=1), "Order 0412-7783, right?"
    confirmations = [f"{said[:-1]} ({n})?" for n in ("a", "b", "c", "d")]
    assert keys(one, *confirmations, "Sorry, I missed that.") == ["yes"] * 5


def test_an_offer_is_taken(talk):
    one = talk()
    one.answer(ORDER)
    assert one.answer("Shall I change the address to EH1 3QR?").text == "Yes, please."


def test_patience_ends_when_a_fact_is_asked_for_once_too_often(talk):
    asked = [f"{ORDER} ({n})" for n in ("a", "b", "c", "d")]
    assert keys(talk(patience=2), *(f"{n}. {ORDER}" for n in asked)) == ["order"] * 3 + [HangUp("gave_up")]


def test_patience_ends_when_the_agent_goes_round_in_circles(talk):
    assert keys(talk(patience=2), *["Is that correct?"] * 4) == ["yes"] * 3 + [HangUp("gave_up")]


def test_without_a_line_the_caller_says_what_they_want_and_then_hangs_up(talk):
    one, asked = talk(), "Do you have a business account?"
    assert keys(one, f"Hello. {asked}", f"Sorry. {asked}") == ["otherwise", HangUp("no_line")]
    assert one.caller.unmatched == [asked, asked]


def test_without_an_otherwise_the_caller_hangs_up_at_once(talk):
    assert keys(talk(otherwise=None), "What is your customer number?") == [HangUp("no_line")]


def test_a_greeting_without_a_question_is_answered_with_the_wish(talk):
    assert keys(talk(), "Parcel desk, good morning.") == ["open"]


@pytest.mark.parametrize("text", ["One moment please.", "Thank you.", "Let me look that up for you."])
def test_told_to_wait_the_caller_waits_and_then_asks_whether_anybody_is_there(talk, text):
    one = talk()
    one.answer(ORDER)
    heard_ms = one.now_ms + 1000
    hello = one.answer(text)
    assert hello.text.startswith("Hello? Are you there?")
    assert one.now_ms - 2000 >= heard_ms + SILENCE_MS


@pytest.mark.parametrize("nothing", ["", "...", " "])
def test_a_reply_that_nobody_can_hear_does_not_make_the_caller_wait_longer(caller, parcel, nothing):
    one = caller(parcel())
    [(began_ms, _)] = acts(one, "What is the order number?", end_ms=2000, until_ms=8000)
    for at_ms in (9000, 11_000, 13_000):
        one.hear(Reply(nothing), start_ms=at_ms, end_ms=at_ms)
    [(asked_ms, hello), *_] = acts(one, start_ms=began_ms, until_ms=60_000)
    assert hello.text.startswith("Hello? Are you there?")
    assert asked_ms <= on_grid(began_ms + LEAD_IN_MS + 1000 + SILENCE_MS)


def test_an_aside_that_was_said_keeps_its_number_though_the_answer_after_it_was_not(caller, parcel):
    one = caller(parcel(), asides=1.0, reaction_ms=500)
    said = []
    for start_ms in (0, 20_000):
        one.hear(Reply("What is the order number?"), start_ms=start_ms, end_ms=start_ms + 1000)
        for now_ms in range(on_grid(start_ms + 1000), start_ms + 10_000, GRID_MS):
            if act := one.act(now_ms):
                one.spoke_until(now_ms + 1000)
                said.append((act.key, act.attempt))
                break
        one.hear_silence(start_ms + 100)
    assert said == [("aside", 1), ("aside", 2)]


def test_who_has_decided_to_hang_up_does_so_whatever_is_said_or_stopped(caller, parcel):
    one = caller(parcel(), patience=1, reaction_ms=3000)
    prompt = "What is the order number?"
    for at_ms in (0, 1000, 2000):  # never heard to its end, and asked a third time: patience is over
        one.hear(Reply(prompt), start_ms=at_ms, end_ms=at_ms + 900)
    one.hear_silence(2500)
    one.hear(Reply("Are you there?"), start_ms=2600, end_ms=3000)
    [(_, act)] = acts(one, start_ms=3000, until_ms=20_000)[:1]
    assert act == HangUp("gave_up")


def test_a_hold_costs_no_second_telling(talk):
    one = talk()
    one.answer(ORDER)
    assert one.answer("One moment please.").text == "Hello? Are you there?"
    assert keys(one, f"Thank you for waiting. I need it again. {ORDER}") == ["order"]


def test_an_agent_that_never_speaks_is_greeted_and_given_up(talk):
    one = talk(patience=2)
    acts = [one.answer() for _ in range(4)]
    assert [act.key for act in acts[:3]] == ["open"] * 3
    assert acts[1].text == "Hello? Are you there? I need to change where my parcel is going."
    assert acts[3] == HangUp("gave_up")


def test_nobody_waits_longer_than_it_takes_for_the_first_sound(talk):
    one = talk()
    one.answer()
    assert one.now_ms - 2000 == on_grid(FIRST_SOUND_MS)


def test_after_the_closing_line_the_caller_hangs_up_politely(talk):
    for last in (None, "Thank you for calling. Goodbye.", "All done then."):
        assert keys(talk(), OPENING, f"Done. {MORE}")[-1] == "closing"
        one = talk()
        one.answer(f"Done. {MORE}")
        assert one.answer(last) == HangUp("goodbye")


def test_who_is_asked_for_more_twice_says_so_twice_and_then_hangs_up(talk):
    assert keys(talk(), OPENING, MORE, MORE, MORE) == ["open", "closing", "closing", HangUp("goodbye")]


@pytest.mark.parametrize("end", [{"ends_call": True}, {"handoff": Handoff("asked for")}])
def test_nobody_answers_an_agent_that_leaves(parcel, caller, end):
    one = caller(parcel())
    one.hear(Reply(ORDER, **end), start_ms=0, end_ms=1000)
    assert not any(one.act(now_ms) for now_ms in range(0, SILENCE_MS, GRID_MS))


@pytest.mark.parametrize("mood", REACTION_MS)
def test_the_caller_reacts_within_the_bounds_of_their_mood(parcel, caller, mood):
    low, high = REACTION_MS[mood]
    for seed in range(20):
        one = caller(parcel(persona={"mood": mood}), seed=seed)
        one.hear(Reply(OPENING), start_ms=0, end_ms=1000)
        at_ms = next(now_ms for now_ms in range(0, 9000, GRID_MS) if one.act(now_ms))
        assert low <= at_ms + LEAD_IN_MS - 1000 < high + GRID_MS


def test_a_reaction_belongs_to_the_line_and_not_to_what_came_before(talk):
    short, long = talk(), talk()
    long.answer(OPENING)
    starts = []
    for one in (short, long):
        one.now_ms = 16_000
        one.answer(ORDER)
        starts.append(one.now_ms)
    assert starts[0] == starts[1]


def test_a_caller_does_not_speak_into_their_own_words(parcel, caller):
    one = caller(parcel())
    one.spoke_until(20_000)
    one.hear(Reply(ORDER), start_ms=9_000, end_ms=10_000)
    assert not any(one.act(now_ms) for now_ms in range(9_120, 20_000, GRID_MS))
    assert one.act(20_000)


# Habits


ASKED_FIRST = "What is the order number? You will find it in the letter that we sent you last week."
ASKED_LAST = "You will find it in the letter that we sent you last week. What is the order number?"
HOLD = "One moment please."
SEEDS = range(200)


def within(count, expected, sigma):
    return abs(count - expected) <= 3 * sigma


def test_a_caller_who_interrupts_does_so_anywhere_between_a_fifth_and_four_fifths_of_the_prompt(parcel, caller):
    at_ms = [first_sound(acts(caller(parcel(), seed=seed, interrupts=1.0), ORDER)) for seed in SEEDS]
    assert 2000 <= min(at_ms) < 2300
    assert 7700 < max(at_ms) < 8000 + GRID_MS
    middle_ms = sum(at_ms) / len(at_ms) - GRID_MS / 2
    assert within(middle_ms, 5000, 6000 / sqrt(12 * len(SEEDS)))


def test_as_many_prompts_are_interrupted_as_the_habit_says(parcel, caller):
    at_ms = [first_sound(acts(caller(parcel(), seed=seed, interrupts=0.3), ORDER)) for seed in SEEDS]
    assert within(sum(ms < 10_000 for ms in at_ms), 60, sqrt(200 * 0.3 * 0.7))


def test_the_point_of_an_interruption_belongs_to_the_utterance_and_not_to_the_timing_of_the_release(parcel, caller):
    early = acts(caller(parcel(), interrupts=1.0), ORDER)
    late = acts(caller(parcel(), interrupts=1.0), ORDER, start_ms=3200, end_ms=13_200)
    slow = acts(caller(parcel(), interrupts=1.0), ORDER, end_ms=20_000)
    assert first_sound(late) == first_sound(early) + 3200
    assert first_sound(slow) == pytest.approx(2 * first_sound(early), abs=2 * GRID_MS)


def test_a_prompt_is_cut_short_once_its_question_was_heard(parcel, caller):
    [(_, act), *_] = done = acts(caller(parcel(), cuts_short=1.0, reaction_ms=400), ASKED_FIRST)
    heard_ms = 10_000 * len("What is the order number?") / len(ASKED_FIRST)
    assert act.key == "order"
    assert heard_ms + 399 <= first_sound(done) < heard_ms + 401 + GRID_MS


def test_a_prompt_that_asks_at_its_end_is_not_cut_short(parcel, caller):
    assert first_sound(acts(caller(parcel(), cuts_short=1.0, reaction_ms=400), ASKED_LAST)) >= 10_400


def test_who_interrupts_again_says_it_once_more_over_an_agent_that_talks_on(parcel, caller):
    one = caller(parcel(), interrupts=1.0, interrupts_again=1.0)
    [(first_ms, first), (again_ms, again), *_] = acts(one, ORDER, end_ms=20_000)
    end_ms = first_ms + LEAD_IN_MS + 1000
    assert again_ms == on_grid(end_ms + AGAIN_MS)
    assert (first.key, again.key, again.attempt) == ("order", "order", 2)


@pytest.mark.parametrize(("left_ms", "again"), [(TALKS_ON_MS, True), (TALKS_ON_MS - 1, False)])
def test_an_agent_that_is_about_to_end_is_let_finish(parcel, caller, left_ms, again):
    one = caller(parcel(), interrupts=1.0, interrupts_again=1.0)
    one.hear(Reply(ORDER), start_ms=0, end_ms=10_000)
    assert any(one.act(now_ms) for now_ms in range(0, 10_000, GRID_MS))
    one.spoke_until(10_000 - left_ms)
    assert bool(acts(one, until_ms=10_000 + IGNORED_MS)) == again


def test_nobody_says_it_again_to_an_agent_that_fell_silent(parcel, caller):
    one = caller(parcel(), interrupts=1.0, interrupts_again=1.0)
    [(first_ms, _)] = acts(one, ORDER, end_ms=20_000, until_ms=9000, lasts_ms=9000)
    one.hear_silence(9000)
    [(hello_ms, hello), *_] = acts(one, start_ms=9000)
    assert hello_ms == on_grid(first_ms + LEAD_IN_MS + 9000 + SILENCE_MS)
    assert (hello.attempt, hello.text) == (2, "Hello? Are you there? The order is 0412-7783.")


def test_who_was_talked_over_soon_says_the_same_again(parcel, caller):
    [_, (again_ms, again), *_] = acts(caller(parcel(), interrupts=1.0), ORDER)
    assert again_ms == on_grid(10_000 + IGNORED_MS)
    assert (again.key, again.text) == ("order", "The order is 0412-7783.")


@pytest.mark.parametrize(("habit", "sort"), [("backchannels_per_min", "backchannel"), ("coughs_per_min", "cough")])
def test_callers_murmur_and_cough_so_often_a_minute_and_only_while_the_agent_speaks(parcel, caller, habit, sort):
    scenario, minutes = parcel(), 200
    done = [acts(caller(scenario, seed=seed, **{habit: 3}), HOLD, end_ms=60_000, until_ms=61_000) for seed in SEEDS]
    at_ms = [at_ms + LEAD_IN_MS for one in done for at_ms, act in one]
    assert {act.sort for one in done for _, act in one} == {sort}
    # Two that fall together are one: of 3 a minute, each 1.5 s long, some 7 % are lost.
    assert within(len(at_ms), 3 * minutes * 0.93, sqrt(3 * minutes))
    assert min(at_ms) >= 0 and max(at_ms) < 60_000 + GRID_MS


def test_a_cough_has_no_words_and_a_murmur_offers_nothing(parcel, caller):
    habits = {"coughs_per_min": 6, "backchannels_per_min": 6}
    made = {act.sort: act for _, act in acts(caller(parcel(), **habits), HOLD, end_ms=60_000, until_ms=60_000)}
    assert made["cough"].spoken == ""
    assert made["backchannel"].text in ("Mm-hm.", "Uh-huh.", "Okay.", "Right.")
    assert made["cough"].offered == made["backchannel"].offered == ()


def test_an_aside_comes_before_the_answer_which_is_given_all_the_same(parcel, caller):
    [(aside_ms, aside), (answer_ms, answer), *_] = acts(caller(parcel(), asides=1.0), ORDER, until_ms=15_000)
    assert (aside.sort, aside.offered) == ("aside", ())
    assert (answer.sort, answer.key, answer.attempt) == ("words", "order", 1)
    assert answer_ms >= aside_ms + LEAD_IN_MS + 1000


@pytest.mark.parametrize("reprompt", [f"Sorry, I did not hear you. {ORDER}", "Sorry, could you say that again?"])
def test_who_went_silent_answers_the_reprompt_with_the_line_that_was_wanted(parcel, caller, reprompt):
    scenario, answers = parcel(), []
    for seed in SEEDS:
        one = caller(scenario, seed=seed, goes_silent=0.5)
        if not acts(one, ORDER, until_ms=17_000):
            answers += [acts(one, reprompt, start_ms=17_000, end_ms=19_000, until_ms=22_000)]
    assert within(len(answers), 100, sqrt(50))
    given = [act for done in answers for _, act in done]
    assert within(len(given), len(answers) / 2, sqrt(len(answers) / 4))
    assert {(act.key, act.attempt, act.text) for act in given} == {("order", 1, "It's 0412-7783.")}


def test_who_went_silent_and_is_never_asked_again_comes_back(parcel, caller):
    [(back_ms, back), *_] = acts(caller(parcel(), goes_silent=1.0), ORDER, until_ms=60_000)
    assert back_ms == on_grid(10_000 + GONE_MS)
    assert back.text == "Hello? Are you there? It's 0412-7783."


def test_the_reaction_is_the_habits_where_there_is_one(parcel, caller):
    scenario = parcel(persona={"mood": "confused"})
    at_ms = [first_sound(acts(caller(scenario, seed=seed, reaction_ms=[100, 300]), ORDER)) for seed in SEEDS]
    assert 10_100 <= min(at_ms) < 10_250
    assert 10_300 < max(at_ms) < 10_300 + GRID_MS


def test_the_patience_of_a_profile_stands_before_the_personas(parcel, caller):
    asked = [f"{n}. {ORDER}" for n in ("a", "b", "c")]
    assert keys(Talk(caller(parcel(persona={"patience": 5}), 1)), *asked) == ["order"] * 2 + [HangUp("gave_up")]


# A prompt that is stopped


def test_an_answer_to_what_was_not_heard_is_dropped_and_was_never_tried(parcel, caller):
    one = caller(parcel())
    one.hear(Reply(ASKED_LAST), start_ms=0, end_ms=10_000)
    one.hear_silence(4_000)
    assert not acts(one, start_ms=4_000, until_ms=4_000 + SILENCE_MS)
    [(_, answer), *_] = acts(one, f"Sorry. {ORDER}", start_ms=14_000, end_ms=15_000)
    assert (answer.attempt, answer.text) == (1, "It's 0412-7783.")


def test_an_answer_to_a_question_that_was_heard_is_given_as_soon_as_the_agent_is_silent(parcel, caller):
    one = caller(parcel(), reaction_ms=600)
    one.hear(Reply(ASKED_FIRST), start_ms=0, end_ms=10_000)
    one.hear_silence(6_000)
    [(_, answer), *_] = done = acts(one, start_ms=6_000)
    assert (answer.key, answer.attempt) == ("order", 1)
    assert 6_600 <= first_sound(done) < 6_600 + GRID_MS


def test_an_answer_that_the_agent_is_faster_than_was_never_tried(parcel, caller):
    one = caller(parcel(), patience=1)
    for n in range(5):
        one.hear(Reply(f"{n}. {ORDER}"), start_ms=1000 * n, end_ms=1000 * (n + 1))
    [(_, answer), *_] = acts(one, start_ms=5000)
    assert (answer.attempt, answer.text) == (1, "It's 0412-7783.")


# Chance belongs to names


HABITS = {
    "interrupts": 0.5,
    "cuts_short": 0.5,
    "interrupts_again": 0.5,
    "asides": 0.5,
    "backchannels_per_min": 6,
    "coughs_per_min": 6,
    "reaction_ms": [200, 2000],
}


@pytest.mark.parametrize("sort", ["backchannel", "cough"])
def test_other_habits_do_not_move_what_is_uttered_meanwhile(parcel, caller, sort):
    scenario, habit = parcel(), f"{sort}s_per_min"
    for seed in range(20):
        alone = acts(caller(scenario, seed=seed, **{habit: 6}), HOLD, end_ms=60_000, lasts_ms=-LEAD_IN_MS)
        among = acts(caller(scenario, seed=seed, **HABITS), HOLD, end_ms=60_000, lasts_ms=-LEAD_IN_MS)
        told = [(at_ms, act.text) for at_ms, act in among if act.sort == sort]
        assert told == [(at_ms, act.text) for at_ms, act in alone]


@pytest.mark.parametrize(
    "extra", ["asides", "backchannels_per_min", "coughs_per_min", "interrupts_again", "cuts_short"]
)
def test_another_habit_does_not_move_an_interruption(parcel, caller, extra):
    scenario = parcel()
    for seed in range(20):
        alone = acts(caller(scenario, seed=seed, interrupts=1.0), ORDER, until_ms=9_000, lasts_ms=-LEAD_IN_MS)
        habits = {"interrupts": 1.0, extra: HABITS[extra]}
        among = acts(caller(scenario, seed=seed, **habits), ORDER, until_ms=9_000, lasts_ms=-LEAD_IN_MS)
        answers = [(at_ms, act) for at_ms, act in among if act.sort == "words" and act.attempt == 1]
        assert first_sound(answers) - first_sound(alone) in (0, GRID_MS)  # one thing a tick
