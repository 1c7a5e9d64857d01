import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest

from pipeline.agent import Action, AgentError, Handoff, Heard, Reply
from pipeline.audio import pcm_hash
from pipeline.call.asked import Listener
from pipeline.call.caller import Caller
from pipeline.call.place import place_call
from pipeline.call.voices import LevelVoice
from pipeline.chance import Chance, stream
from pipeline.line.draw import draw_line
from pipeline.line.scene import Nominal
from pipeline.line.track import Track
from pipeline.line.window import FADE_MS, GAP_MS, HIDDEN_MS, RATE, Studio, Window, samples_of
from pipeline.platform import Answer, Event, Turn
from pipeline.platform.cascade import Cascade
from pipeline.platform.ears import SoundEars
from pipeline.spec.profile import Profile
from pipeline.spec.release import Release
from pipeline.spec.scenario import Scenario
from pipeline.tts.tone import Options as ToneOptions
from pipeline.tts.tone import Tone

INSTANT = {"asr_ms": 0, "agent_ms": 0, "tts_ms": 0}
CHAR_MS = 60
FRAME_MS = 20
LATE_MS = 60  # what the toy detector may be late: it looks at the last 60 ms
ECHO = {"rules": [{"when": "(?P<words>.+)", "reply": "you said {words}", "actions": [{"name": "noted"}]}]}


def release(**changed) -> Release:
    words = {"name": "toy", "asr": "tones", "agent": {"scripted": ECHO}, "agent_voice": "tone"}
    endpointing = {"vad": "energy", **changed.pop("endpointing", {})}
    return Release.model_validate({**words, "endpointing": endpointing, **changed})


def says(text):
    """The agent's voice: 60 ms of sound a letter."""
    return np.full(samples_of(CHAR_MS) * len(text), 1000, np.int16)


def cascade(system=None, *, conversation=None, chance=None) -> Cascade:
    system = system or release()
    return Cascade(
        release=system,
        ears=SoundEars(system.endpointing.vad.build(), system.asr.build()),
        conversation=conversation or (lambda: system.agent.build().pick_up("call", {}, None)),
        voice=says,
        chance=chance or Chance(1).named("platform"),
    )


@dataclass
class Agent:
    """An agent that answers with what it was given, and keeps what it heard."""

    replies: list
    opening: Reply | None = None
    heard: list[Heard] = field(default_factory=list)

    @asynccontextmanager
    async def pick_up(self):
        yield self

    async def reply(self, heard):
        self.heard.append(heard)
        reply = self.replies[len(self.heard) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply


def hear(platform, track, moments=None):
    """All that is told when the platform hears the track up to each of the moments."""

    async def listen():
        async with platform.pick_up() as hearing:
            return [one for ms in moments or [track.end_ms] async for one in hearing.hear(track, ms)]

    return asyncio.run(listen())


def of(kind, told):
    return [one for one in told if isinstance(one, kind)]


def plainly(told):
    """What was told in words that can be compared: sound by its hash."""
    return [{**vars(one), "pcm": pcm_hash(one.pcm)} if isinstance(one, Answer) else vars(one) for one in told]


def tones(text):
    return Tone(ToneOptions()).speak(text, seed=0).samples


def pause(ms):
    return np.zeros(samples_of(ms), np.float32)


def studio(**places) -> Studio:
    profile = Profile.model_validate({"name": "mine", "about": "A line.", **places})
    return Studio(draw_line(profile, Chance(1)), Nominal(-26.0, -27.0), {}, Chance(1))


def call_of(*speech, gaps=5):
    """A second and a half of silence, speech with its pauses, and more silence."""
    place, track = studio(), Track()
    track.place(place.gap(0, 0), 0)
    track.place(place.utterance("order", 1, "", np.concatenate(speech)), 960)
    for block in range(gaps):
        track.place(place.gap(1, block), track.end_ms)
    return track


SPEECH_MS = 960 + 500  # when the speech of `call_of` begins
FIRST, SECOND = tones("hello there"), tones("i am maya")
FIRST_END_MS = SPEECH_MS + len(FIRST) * 1000 // RATE - 80  # the toy voice ends in 80 ms of silence
PAUSED = (FIRST, pause(1200), SECOND)
SECOND_MS = FIRST_END_MS + 80 + 1200


# What is heard: turns, and when they are decided


def test_a_pause_of_1200_ms_makes_two_turns_under_700_ms():
    turns = of(Turn, hear(cascade(), call_of(*PAUSED)))
    assert [turn.text for turn in turns] == ["hello there", "i am maya"]
    assert turns[0].end_ms == pytest.approx(FIRST_END_MS, abs=LATE_MS)
    assert all(turn.decided_ms - turn.end_ms == 700 for turn in turns)


def test_the_same_pause_makes_one_turn_under_1500_ms():
    system = release(endpointing={"silence_ms": 1500})
    [turn] = of(Turn, hear(cascade(system), call_of(*PAUSED)))
    assert turn.text == "hello there i am maya"
    assert turn.start_ms == pytest.approx(SPEECH_MS, abs=LATE_MS)
    assert turn.decided_ms - turn.end_ms == 1500


def test_a_longer_endpointing_answers_800_ms_later():
    def answered(silence_ms):
        system = release(endpointing={"silence_ms": silence_ms}, latency=INSTANT)
        return of(Answer, hear(cascade(system), call_of(FIRST)))[0].start_ms

    assert answered(1500) - answered(700) == 800


def test_a_hasty_platform_talks_over_the_second_half():
    told = hear(cascade(release(latency=INSTANT)), call_of(*PAUSED))
    [answer] = of(Answer, told)
    assert answer.reply.text == "you said hello there"
    assert answer.start_ms == pytest.approx(FIRST_END_MS + 700, abs=LATE_MS)
    assert [turn.text for turn in of(Turn, told)] == ["hello there"]
    assert [event.name for event in of(Event, told)] == ["unheard_under_prompt"]


def test_sound_without_words_is_silence_to_the_agent():
    agent = Agent([Reply("hello?")])
    hiss = 0.1 * stream(1, "hiss").standard_normal(samples_of(800)).astype(np.float32)
    [turn] = of(Turn, hear(cascade(conversation=agent.pick_up), call_of(hiss)))
    assert turn.text == ""
    assert agent.heard == [Heard("silence")]


def test_the_agent_is_given_words_with_times_and_confidence():
    agent = Agent([Reply("yes")])
    [turn] = of(Turn, hear(cascade(conversation=agent.pick_up), call_of(FIRST)))
    assert agent.heard == [Heard("speech", "hello there", turn.words, turn.confidence)]
    assert [word.text for word in turn.words] == ["hello", "there"]
    assert turn.confidence > 0.9


# What is answered, and when


def test_an_answer_sounds_when_all_parts_have_taken_their_time():
    system = release(latency={"asr_ms": 310, "agent_ms": 520, "tts_ms": 140})
    told = hear(cascade(system), call_of(FIRST))
    [turn], [answer] = of(Turn, told), of(Answer, told)
    assert answer.turn == 0
    assert answer.start_ms == turn.decided_ms + 310 + 520 + 140
    assert answer.end_ms == answer.start_ms + CHAR_MS * len("you said hello there")
    assert (answer.pcm == says("you said hello there")).all()


def test_an_answer_is_told_when_it_begins_to_sound_and_not_before():
    track = call_of(FIRST)
    [answer] = of(Answer, hear(cascade(), track))
    frame_ms = -(-answer.start_ms // FRAME_MS) * FRAME_MS
    assert of(Answer, hear(cascade(), track, [frame_ms - FRAME_MS])) == []
    assert len(of(Answer, hear(cascade(), track, [frame_ms]))) == 1


def test_the_opening_sounds_at_pick_up():
    agent = Agent([], opening=Reply("good morning"))
    [answer] = hear(cascade(conversation=agent.pick_up), call_of(pause(500)))
    assert (answer.turn, answer.start_ms, answer.end_ms) == (None, 0, 12 * CHAR_MS)
    assert answer.reply.text == "good morning"


def test_without_an_opening_and_without_speech_nothing_happens():
    assert hear(cascade(), call_of(pause(500))) == []


@pytest.mark.parametrize("text", ["", "  "])
def test_a_reply_without_words_makes_no_sound_and_covers_nothing(text):
    silent = Reply(text, actions=(Action("noted"),))
    agent = Agent([silent, Reply("ok")])
    told = hear(cascade(release(latency=INSTANT), conversation=agent.pick_up), call_of(*PAUSED))
    first, second = of(Answer, told)
    assert first.end_ms == first.start_ms
    assert len(first.pcm) == 0
    assert first.reply is silent
    assert second.reply.text == "ok"
    assert [turn.text for turn in of(Turn, told)] == ["hello there", "i am maya"]
    assert of(Event, told) == []


def test_a_reply_without_words_that_falls_into_speech_does_not_break_it():
    agent = Agent([Reply(""), Reply("ok")])
    into_it = release(latency={**INSTANT, "agent_ms": SECOND_MS - FIRST_END_MS - 700 + 120})
    told = hear(cascade(into_it, conversation=agent.pick_up), call_of(*PAUSED))
    assert SECOND_MS < of(Answer, told)[0].start_ms < SECOND_MS + 200
    assert of(Turn, told)[1].start_ms == pytest.approx(SECOND_MS, abs=LATE_MS)


def test_a_reply_is_discarded_when_the_caller_speaks_again_and_its_actions_stand():
    told = hear(cascade(), call_of(*PAUSED))
    first, second = of(Answer, told)
    assert (first.discarded, second.discarded) == (True, False)
    assert first.reply.actions == (Action("noted"),)
    assert second.reply.text == "you said i am maya"
    [event] = of(Event, told)
    assert (event.name, event.detail) == ("reply_discarded", "you said hello there")
    assert told.index(event) == told.index(first) + 1


def test_a_reply_is_discarded_once_words_were_recognised():
    told = hear(cascade(), call_of(*PAUSED))
    assert of(Event, told)[0].at_ms == of(Turn, told)[1].decided_ms


NOISE = stream(1, "a noise that says nothing").uniform(-0.1, 0.1, samples_of(500)).astype(np.float32)


def test_a_noise_without_words_makes_a_due_reply_wait_and_discards_nothing():
    agent = Agent([Reply("you are welcome")])
    told = hear(cascade(conversation=agent.pick_up), call_of(FIRST, pause(1200), NOISE, pause(900)))
    [answer], noise = of(Answer, told), of(Turn, told)[1]
    assert (answer.discarded, noise.text) == (False, "")
    assert answer.start_ms >= noise.decided_ms + 300  # until the recogniser has found nothing
    assert [event.name for event in of(Event, told)] == ["nothing_recognised"]
    assert len(agent.heard) == 1


@pytest.mark.parametrize("last", [Reply("goodbye", ends_call=True), Reply("hold on", handoff=Handoff("asked"))])
def test_the_last_words_of_an_agent_stand_whatever_is_said_before_they_sound(last):
    agent = Agent([last])
    told = hear(cascade(conversation=agent.pick_up), call_of(*PAUSED))
    assert [answer.discarded for answer in of(Answer, told)] == [False]
    assert len(agent.heard) == 1


def test_a_short_noise_discards_nothing():
    told = hear(cascade(), call_of(FIRST, pause(1200), SECOND[: samples_of(60)]))
    assert [answer.discarded for answer in of(Answer, told)] == [False]


def test_an_agent_that_fails_fails_the_call_and_its_turn_was_told():
    agent, told = Agent([AgentError("HTTP 500")]), []

    async def listen():
        async with cascade(conversation=agent.pick_up).pick_up() as hearing:
            async for one in hearing.hear(track, track.end_ms):
                told.append(one)

    track = call_of(FIRST)
    with pytest.raises(AgentError, match="HTTP 500"):
        asyncio.run(listen())
    assert [turn.text for turn in told] == ["hello there"]


# Half-duplex: under a prompt nothing is heard


def prompted(prompt_ms, *speech):
    """What is told when the opening lasts so long."""
    agent = Agent([Reply("yes")] * 3, opening=Reply("x" * (prompt_ms // CHAR_MS)))
    return agent, hear(cascade(conversation=agent.pick_up), call_of(*speech))


def test_speech_under_a_prompt_is_unheard_and_an_event_says_so():
    agent, told = prompted(6000, FIRST)
    assert agent.heard == []
    assert of(Turn, told) == []
    [event] = of(Event, told)
    assert (event.at_ms, event.name) == (6000, "unheard_under_prompt")
    lost_ms = int(event.detail.split()[0])
    assert lost_ms == pytest.approx(FIRST_END_MS - SPEECH_MS, abs=2 * 80)


def test_a_turn_that_had_begun_before_a_prompt_begins_anew_after_it():
    agent = Agent([Reply("hush!"), Reply("ok")])
    into_it = release(latency={**INSTANT, "agent_ms": SECOND_MS - FIRST_END_MS - 700 + 120})
    told = hear(cascade(into_it, conversation=agent.pick_up), call_of(*PAUSED))
    hush, turn = of(Answer, told)[0], of(Turn, told)[1]
    assert SECOND_MS < hush.start_ms < SECOND_MS + 200
    assert hush.end_ms <= turn.start_ms < hush.end_ms + 100


def test_a_short_noise_under_a_prompt_is_no_event():
    assert of(Event, prompted(6000, SECOND[: samples_of(60)])[1]) == []


def test_of_words_on_the_edge_of_a_prompt_only_the_rest_is_recognised():
    first, second = tones("one two a"), tones("four five")  # all of "a" lies within what is heard before a turn
    edge_ms = (SPEECH_MS + len(first) * 1000 // RATE) // CHAR_MS * CHAR_MS
    [turn] = of(Turn, prompted(edge_ms, first, second)[1])
    assert turn.text == "four five"
    assert turn.start_ms >= edge_ms


def test_after_a_prompt_the_platform_hears_again():
    agent, _ = prompted(1200, FIRST)
    assert [heard.text for heard in agent.heard] == ["hello there"]


# Causality, and freedom from how often one looks


def bursts(name, blocks=12):
    """Random noise that starts and stops at random, at random levels: (ms, sound) of gap-long windows."""
    rng = stream(7, name)
    length = samples_of(HIDDEN_MS + GAP_MS + FADE_MS)
    lasts = rng.integers(samples_of(60), samples_of(900), 40 * blocks)
    levels = 10 ** rng.uniform(-3.5, -0.8, len(lasts)) * (rng.random(len(lasts)) < 0.5)
    sound = rng.standard_normal(blocks * length) * np.repeat(levels, lasts)[: blocks * length]
    return [(i * GAP_MS, sound[i * length : (i + 1) * length]) for i in range(blocks)]


def fabricated(sounds) -> Track:
    track = Track()
    for start_ms, sound in sounds:
        pcm = np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16)
        track.place(Window(f"gap/0/{start_ms}", pcm, GAP_MS, "", None, (), pcm_hash(pcm)), start_ms)
    return track


def changed_after(sounds, moment_ms):
    """The same sound up to a moment, and another from there on."""
    for (start_ms, sound), (_, other) in zip(sounds, bursts("other"), strict=True):
        keep = max(0, samples_of(HIDDEN_MS + moment_ms - start_ms))
        yield start_ms, np.concatenate((sound[:keep], other[keep:]))


QUICK = {"endpointing": {"silence_ms": 200, "min_speech_ms": 60}, "latency": {"asr_ms": 30, "agent_ms": [0, 90]}}


@pytest.mark.parametrize("name", ["a", "b", "c"])
@pytest.mark.parametrize("moment_ms", [1600, 3210, 5760, 8010])
def test_what_is_told_does_not_depend_on_what_comes_later(name, moment_ms):
    agent = {"rules": [{"when": ".", "reply": "hm"}], "silence": "yes"}
    system = release(**QUICK, agent={"scripted": agent})
    before, after = fabricated(bursts(name)), fabricated(changed_after(bursts(name), moment_ms))
    told = [plainly(hear(cascade(system), track, [moment_ms])) for track in (before, after)]
    assert told[0] == told[1]
    whole = [plainly(hear(cascade(system), track)) for track in (before, after)]
    assert whole[0] != whole[1]
    assert whole[0][: len(told[0])] == told[0]
    assert len(told[0]) < len(whole[0])


@pytest.mark.parametrize("step_ms", [20, 50, 160, 1000])
@pytest.mark.parametrize("track", [fabricated(bursts("a")), call_of(*PAUSED)], ids=["bursts", "speech"])
def test_it_does_not_matter_how_often_the_platform_is_asked(step_ms, track):
    system = release(agent={"scripted": {**ECHO, "opening": "hi"}})
    often = hear(cascade(system), track, [*range(0, track.end_ms, step_ms), track.end_ms])
    once = hear(cascade(system), track)
    assert len(once) >= 3
    assert plainly(often) == plainly(once)


def test_nothing_is_told_twice():
    track = call_of(*PAUSED)
    assert plainly(hear(cascade(), track, [track.end_ms] * 3)) == plainly(hear(cascade(), track))


def test_what_is_told_of_stands_in_the_order_of_the_clock():
    told = hear(cascade(), call_of(*PAUSED))
    moments = [one.decided_ms if isinstance(one, Turn) else one.at_ms for one in told if not isinstance(one, Answer)]
    assert moments == sorted(moments)


# Latency belongs to names


def latencies(*speech, seed=1, **changed):
    system = release(latency={"asr_ms": 0, "agent_ms": [0, 5000], "tts_ms": 0}, **changed)
    agent = Agent([Reply("")] * 5)
    platform = cascade(system, conversation=agent.pick_up, chance=Chance(seed).named("platform"))
    told = hear(platform, call_of(*speech, gaps=12))
    turns = of(Turn, told)
    return [answer.start_ms - turns[answer.turn].decided_ms for answer in of(Answer, told)]


def test_a_latency_is_drawn_by_window_turn_and_part():
    drawn = stream(1, "platform", "latency", "order/1", "1", "agent_ms").integers(0, 5001)
    assert latencies(FIRST) == [drawn]


def test_a_latency_depends_on_nothing_else():
    assert latencies(FIRST) == latencies(SECOND) == latencies(FIRST, endpointing={"silence_ms": 900})
    assert latencies(FIRST) != latencies(FIRST, seed=2)


def test_each_turn_of_a_window_has_a_latency_of_its_own():
    far = (FIRST, pause(6000), SECOND)  # both answers come before the next words
    one, other = latencies(*far)
    assert [one] == latencies(FIRST)
    assert other == stream(1, "platform", "latency", "order/1", "2", "agent_ms").integers(0, 5001)


# A whole call: the line does not hear how fast the release is

SCENARIO = Scenario.model_validate(
    {
        "name": "track",
        "about": "Where is the parcel?",
        "now": "2026-11-22T10:00",
        "facts": {"order": {"alnum_id": "0412-7783"}},
        "says": {"open": {"say": "where is my parcel"}, "order": {"say": "it is {order}"}, "closing": {"say": "no"}},
        "expect": {"outcome": "resolved", "must_say": ["{order}"]},
    }
)
DESK = {
    "opening": "Parcel desk. How can I help?",
    "rules": [
        {"when": "parcel", "reply": "What is your order number, please?"},
        {"when": "^it is", "reply": "It is on its way. Is there anything else?"},
        {"when": "^no$", "reply": "Goodbye.", "ends_call": True},
    ],
}
LINE = {
    "room": [{"noise": {"kind": "pink", "snr_db": [25, 35]}}],
    "network": [{"band": {"kind": "wb"}}, {"packet_loss": {"rate": 0.01}}, {"codec": {}}],
}


def no_meaning(sentences):
    raise AssertionError(f"patterns should have known {sentences}")


def whole_call(agent_ms):
    latency = {"asr_ms": 300, "agent_ms": agent_ms, "tts_ms": 250}
    platform = cascade(release(agent={"scripted": DESK}, latency=latency))
    caller = Caller(SCENARIO, 3, Listener(SCENARIO, no_meaning), Chance(1).named("caller"))
    voice = LevelVoice(Tone(ToneOptions()), "en-GB")
    place = replace(studio(**LINE), nominal=voice.nominal)
    return asyncio.run(place_call("call", caller, voice, place, platform)).record


def test_a_release_that_answers_200_ms_later_hears_the_same_bytes():
    fast, slow = whole_call(400), whole_call(600)
    assert fast.ended == slow.ended == "agent_hung_up"
    hashes = [{one.name: one.sha256 for one in record.windows} for record in (fast, slow)]
    assert [utterance.key for utterance in fast.utterances] == ["open", "order", "closing"]
    for utterance in fast.utterances:
        name = f"{utterance.key}/{utterance.attempt}"
        assert hashes[0][name] == hashes[1][name]
    for name in hashes[0].keys() & hashes[1].keys():
        assert hashes[0][name] == hashes[1][name]
    assert slow.ended_ms > fast.ended_ms
    starts = [[one.start_ms for one in record.windows] for record in (fast, slow)]
    assert starts[0] != starts[1]
    assert all(b > a for a, b in pairwise(starts[0]))


def test_a_whole_call_is_the_same_again():
    one, other = whole_call([400, 900]), whole_call([400, 900])
    assert one == other
