import pytest

from pipeline.agent import Handoff, Reply
from pipeline.call.caller import FIRST_SOUND_MS, REACTION_MS, SILENCE_MS, HangUp, Speak
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


@pytest.mark.parametrize("text", ["One moment please.", "Thank you.", "Let me look that up for you.", ""])
def test_told_to_wait_the_caller_waits_and_then_asks_whether_anybody_is_there(talk, text):
    one = talk()
    one.answer(ORDER)
    heard_ms = one.now_ms + 1000
    hello = one.answer(text)
    assert hello.text.startswith("Hello? Are you there?")
    assert one.now_ms - 2000 >= heard_ms + SILENCE_MS


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
