import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml

from pipeline.audio import pcm_hash
from pipeline.call.caller import REACTION_MS, SILENCE_MS
from pipeline.call.place import TIME_LIMIT_MS
from pipeline.chance import Chance
from pipeline.files import shipped
from pipeline.line.draw import ONE_WAY_MS
from pipeline.line.window import GRID_MS, LEAD_IN_MS, on_grid, samples_of
from pipeline.run.single import place_once
from pipeline.spec.suite import read_suite

# A toy parcel desk.
SPELLED = "zero four one two seven seven eight three"
ASK_ORDER = {"when": "where my parcel", "reply": "What is the order number?"}
READ_BACK = {"when": SPELLED, "reply": "I have order 0412-7783. Is that right?"}
ASK_POSTCODE = {"when": "yes that's right", "reply": "What is the new postcode?", "once": True}
CHANGE = {
    "when": "q r$",
    "reply": "Done. Is there anything else?",
    "actions": [{"name": "change_address", "arguments": {"postcode": "EH1 3QR"}}],
}
GOODBYE = {"when": "that's all", "reply": "Goodbye.", "ends_call": True}
DESK = {"opening": "Hello. How can I help you?", "rules": [ASK_ORDER, READ_BACK, ASK_POSTCODE, CHANGE, GOODBYE]}
LATENCY = {"asr_ms": 300, "agent_ms": 500, "tts_ms": 200}


def with_first(rule):
    """The desk with another rule before the others."""
    return {**DESK, "rules": [rule, *DESK["rules"]]}


def keys(finished):
    return [one.key for one in finished.record.utterances]


def windows(finished, prefix=""):
    return {one.name: one.sha256 for one in finished.record.windows if one.name.startswith(prefix)}


@pytest.fixture
def finished(place, parcel):
    return place(parcel(), DESK, latency=LATENCY)


def test_a_call_passes_through_sound_from_end_to_end(finished):
    record = finished.record
    assert keys(finished) == ["open", "order", "yes", "postcode", "closing"]
    assert [turn.text for turn in record.turns][1] == f"it's {SPELLED}"
    assert [action.name for action in record.actions] == ["change_address"]
    assert (record.ended, record.unmatched, record.error) == ("agent_hung_up", (), None)


def test_facts_are_offered_where_they_are_said(finished):
    assert [one.offered for one in finished.record.utterances] == [(), ("order",), (), ("postcode",), ()]


def test_a_turn_is_where_the_utterance_is(finished):
    for said, turn in zip(finished.record.utterances, finished.record.turns, strict=True):
        assert turn.start_ms == pytest.approx(said.start_ms, abs=60)
        assert turn.end_ms == pytest.approx(said.end_ms, abs=160)  # a word of the toy voice ends in 80 ms of silence


def test_the_agent_answers_after_its_latency(finished):
    record = finished.record
    for reply in record.replies[1:]:
        assert reply.start_ms == record.turns[reply.turn].decided_ms + sum(LATENCY.values())


def test_the_caller_answers_a_round_trip_and_a_reaction_later(finished):
    low, high = REACTION_MS["calm"]
    for reply, said in zip(finished.record.replies, finished.record.utterances, strict=False):
        chance = Chance(0).named("caller", "reaction", said.key, str(said.attempt))
        reaction_ms = int(chance.stream().integers(low, high + 1))
        first_sound_ms = reply.end_ms + 2 * ONE_WAY_MS + reaction_ms
        assert said.start_ms == on_grid(first_sound_ms - LEAD_IN_MS) + LEAD_IN_MS


def test_nobody_speaks_into_their_own_words(finished):
    for sides in (finished.record.utterances, finished.record.replies):
        assert all(one.end_ms <= following.start_ms for one, following in pairwise(sides))


def test_the_line_sounds_from_pick_up_to_the_end_without_a_hole(finished):
    starts = [one.start_ms for one in finished.record.windows]
    assert (starts[0], [start % GRID_MS for start in starts]) == (0, [0] * len(starts))
    assert starts == sorted(starts)
    assert len({one.name for one in finished.record.windows}) == len(starts)


def test_the_recording_has_the_caller_left_and_the_agent_right(finished):
    record, stereo = finished.record, finished.stereo.astype(np.float64)
    assert len(stereo) == samples_of(record.ended_ms)
    for side, spans in ((0, record.utterances), (1, record.replies)):
        power = stereo[:, side] ** 2
        speaks = np.zeros(len(power), bool)
        for one in spans:
            speaks[samples_of(one.start_ms) : samples_of(one.end_ms)] = True
        assert power[speaks].sum() > 0.99 * power.sum() > 0
        assert all(power[samples_of(one.start_ms) : samples_of(one.end_ms)].mean() > 1e4 for one in spans)


def test_the_same_call_twice_is_the_same_call(place, parcel, finished):
    again = place(parcel(), DESK, latency=LATENCY)
    assert again.record == finished.record
    assert pcm_hash(again.stereo) == pcm_hash(finished.stereo)


def test_a_slower_release_hears_the_same_windows(place, parcel, finished):
    slow = place(parcel(), DESK, latency={"asr_ms": 900, "agent_ms": 1500, "tts_ms": 400})
    spoken = {name: sha for name, sha in windows(finished).items() if not name.startswith("gap")}
    assert {name: sha for name, sha in windows(slow).items() if not name.startswith("gap")} == spoken
    assert windows(finished, "gap").items() <= windows(slow, "gap").items()
    assert slow.record.ended_ms > finished.record.ended_ms


def test_asked_again_the_caller_corrects(place, parcel):
    deaf = {"when": SPELLED, "reply": "Sorry, I didn't catch the order number.", "once": True}
    said = place(parcel(), with_first(deaf)).record.utterances
    assert [(one.key, one.attempt) for one in said[1:3]] == [("order", 1), ("order", 2)]
    assert [one.text for one in said[1:3]] == ["It's 0412-7783.", "The order is 0412-7783."]


def test_a_wrong_read_back_is_put_right(place, parcel):
    wrong = {"when": SPELLED, "reply": "I have order 0412-7738, is that right?", "once": True}
    finished = place(parcel(), with_first(wrong))
    assert finished.record.utterances[2].text == "No, that's not right. The order is 0412-7783."
    assert finished.record.ended == "agent_hung_up"


def test_what_no_line_answers_makes_the_call_invalid_with_that_sentence(place, parcel):
    curious = {"when": "where my parcel", "reply": "Sure. What is your customer number?"}
    record = place(parcel(otherwise=None), with_first(curious)).record
    assert (record.ended, record.unmatched) == ("caller_invalid", ("What is your customer number?",))


def test_a_caller_loses_patience(place, parcel):
    deaf = {"otherwise": "Sorry, I did not get that. How can I help you?", "opening": "Hello. How can I help you?"}
    finished = place(parcel(persona={"patience": 1}), deaf)
    assert (finished.record.ended, keys(finished)) == ("caller_gave_up", ["open", "open"])


def test_told_to_wait_in_vain_the_caller_asks_whether_anybody_is_there(place, parcel):
    waits = {"when": "where my parcel", "reply": "One moment please.", "once": True}
    record = place(parcel(), with_first(waits), no_input_ms=None).record
    assert record.utterances[1].text == "Hello? Are you there?"
    assert record.utterances[1].start_ms >= record.replies[1].end_ms + SILENCE_MS


def test_where_the_agent_never_hangs_up_the_caller_does(place, parcel):
    desk = {"opening": "Hello. How can I help you?", "otherwise": "Is there anything else?"}
    finished = place(parcel(), desk)
    assert (finished.record.ended, keys(finished)) == ("caller_hung_up", ["open", "closing", "closing"])
    assert finished.record.ended_ms < 60_000


@pytest.mark.slow
def test_a_call_that_never_ends_is_cut_at_the_limit(place, parcel):
    long = {**DESK, "opening": "We value your call. " * 400}
    assert place(parcel(), long).record.ended_ms == TIME_LIMIT_MS


def test_an_agent_that_raises_ends_the_call_with_its_message(place, parcel, tmp_path):
    code = "class Desk:\n    def __init__(self, given, now): ...\n    def reply(self, heard): raise KeyError('x')\n"
    (tmp_path / "desk.py").write_text(code, encoding="utf-8")
    record = place(parcel(), {"target": "desk.py:Desk"}, engine="python").record
    assert record.ended == "agent_error"
    assert "KeyError: 'x'" in record.error
    assert [one.key for one in record.utterances] == ["open"]


def test_in_the_oracle_arm_words_arrive_as_they_were_meant(place, parcel):
    record = place(parcel(), DESK, arm="oracle").record
    assert [turn.text for turn in record.turns] == [one.spoken for one in record.utterances]


@pytest.fixture(scope="module")
def desk_release(tmp_path_factory):
    """Builds the reference release, toys for its voice, with the agent in wording number `n` (None: its own)."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(shipped("fixtures") / "agents", folder, dirs_exist_ok=True)
    shutil.copy(Path(__file__).parent / "reworded.py", folder)

    def build(n):
        agent = {"target": "reworded.py:Reworded", "options": {"wording": n}}
        path = folder / f"{n}.yaml"
        words = {"name": f"wording-{n}", "endpointing": {"vad": "energy"}, "asr": {"tones": {}}}
        path.write_text(yaml.safe_dump({**words, "agent": {"python": agent}, "agent_voice": {"tone": {}}}))
        return str(path)

    return build


SCENARIOS = sorted(read_suite(shipped("fixtures") / "suites" / "smoke.yaml").scenarios)


@pytest.mark.slow
@pytest.mark.parametrize("n", range(10))
def test_a_reworded_agent_gets_the_same_verdicts(desk_release, n):
    facts = [
        place_once(name, "clean_line", release=desk_release(n), voice="tone", arm="oracle", seed=0).facts
        for name in SCENARIOS
    ]
    assert {one["scenario"]: (one["status"], one["call"]["unmatched"]) for one in facts} == dict.fromkeys(
        SCENARIOS, ("passed", [])
    )
