import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest

from pipeline.agent import Action, AgentError, Gate, Handoff, Heard, Reply
from pipeline.asr.tones import Options as TonesOptions
from pipeline.asr.tones import Tones
from pipeline.audio import pcm_hash
from pipeline.call.asked import Listener
from pipeline.call.caller import Caller
from pipeline.call.mouth import Mouth
from pipeline.call.place import place_call
from pipeline.call.tracks import Tracks
from pipeline.call.voices import LevelVoice
from pipeline.chance import Chance, stream
from pipeline.line.draw import draw_line
from pipeline.line.scene import Nominal
from pipeline.line.track import Track
from pipeline.line.window import FADE_MS, GAP_MS, HIDDEN_MS, LEAD_IN_MS, RATE, Saying, Studio, Window, samples_of
from pipeline.platform import Answer, Event, Speech, Stopped, Turn
from pipeline.platform.cascade import Cascade
from pipeline.platform.ears import SoundEars, TrueEars
from pipeline.spec.habits import Habits
from pipeline.spec.profile import Profile
from pipeline.spec.release import Release
from pipeline.spec.scenario import Scenario
from pipeline.tts.tone import Options as ToneOptions
from pipeline.tts.tone import Tone
from pipeline.vad.energy import Energy
from pipeline.vad.energy import Options as EnergyOptions

INSTANT = {"asr_ms": 0, "agent_ms": 0, "tts_ms": 0}
HALF_DUPLEX = {"barge_in": {"enabled": False}}
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


def cascade(system=None, *, conversation=None, chance=None, ears=None) -> Cascade:
    system = system or release()
    return Cascade(
        release=system,
        ears=ears or SoundEars(system.endpointing.vad.build(), system.asr.build()),
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
    track.place(place.gap(None, 0), 0)
    track.place(place.utterance("order", 1, Saying(np.concatenate(speech))), 960)
    for block in range(gaps):
        track.place(place.gap(None, block * GAP_MS), track.end_ms)
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
    told = hear(cascade(release(latency=INSTANT, no_input_ms=None, **HALF_DUPLEX)), call_of(*PAUSED))
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
    [answer] = hear(cascade(conversation=agent.pick_up), call_of(pause(500)), [5000])
    assert (answer.turn, answer.start_ms, answer.end_ms) == (None, 0, 12 * CHAR_MS)
    assert answer.reply.text == "good morning"


def test_without_an_opening_and_without_speech_nothing_happens():
    assert hear(cascade(), call_of(pause(500)), [5000]) == []


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


def test_the_agent_is_told_that_a_discarded_reply_was_not_played_at_all():
    agent = Agent([Reply("one"), Reply("two")])
    hear(cascade(conversation=agent.pick_up), call_of(*PAUSED))
    assert [heard.played_ms for heard in agent.heard] == [None, 0]


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
    assert [turn.text for turn in of(Turn, told)] == ["hello there"]


# Half-duplex: under a prompt nothing is heard


def prompted(prompt_ms, *speech):
    """What is told when the opening lasts so long."""
    agent = Agent([Reply("yes")] * 3, opening=Reply("x" * (prompt_ms // CHAR_MS)))
    return agent, hear(cascade(release(**HALF_DUPLEX), conversation=agent.pick_up), call_of(*speech))


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
    into_it = release(latency={**INSTANT, "agent_ms": SECOND_MS - FIRST_END_MS - 700 + 120}, **HALF_DUPLEX)
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


# Barge-in: perfect ears, so that speech begins and ends to the frame

PROMPT_MS = 6000
ONSET_MS = 960 + LEAD_IN_MS


def words(ms, text="stop it please", **more):
    """So many ms of speech. Perfect ears need no sound for it."""
    return Saying(np.zeros(samples_of(ms), np.float32), text, **more)


def keys(pressed, apart_ms=200):
    timed = tuple((key, i * apart_ms) for i, key in enumerate(pressed))
    return words(len(pressed) * apart_ms, "", sort="keys", keys=timed)


def track_of(*said, until_ms=15_000):
    """What is said in windows from these moments on, and the line between them."""
    place, track = studio(), Track()
    for n, (start_ms, saying) in enumerate((*said, (until_ms, None))):
        for block in range(max(0, -((track.end_ms - start_ms) // GAP_MS))):
            track.place(place.gap(None, block * GAP_MS), track.end_ms)
        if saying:
            track.place(place.utterance(f"said {n}", 1, saying), start_ms)
    return track


def under(prompt_ms, *said, replies=("yes",) * 9, until_ms=15_000, **changed):
    """The agent, and all that is told, when this is said from its prompt at pick-up on."""
    agent = Agent([Reply(text) for text in replies], opening=Reply("x" * (prompt_ms // CHAR_MS)))
    platform = cascade(release(**changed), conversation=agent.pick_up, ears=TrueEars())
    return agent, hear(platform, track_of(*said, until_ms=until_ms), [until_ms])


def names(told):
    return [event.name for event in of(Event, told)]


@pytest.mark.parametrize("min_speech_ms", [20, 300, 310, 1000])
@pytest.mark.parametrize("stop_ms", [0, 100, 250])
def test_the_agent_falls_silent_a_moment_after_enough_speech(min_speech_ms, stop_ms):
    barge_in = {"min_speech_ms": min_speech_ms, "stop_ms": stop_ms}
    _, told = under(PROMPT_MS, (960, words(2000)), barge_in=barge_in, no_input_ms=None)
    noticed_ms = ONSET_MS + -(-min_speech_ms // FRAME_MS) * FRAME_MS
    assert of(Stopped, told) == [Stopped(noticed_ms + stop_ms)]
    assert of(Event, told) == [Event(noticed_ms, "barge_in")]


def test_the_turn_that_stopped_the_agent_begins_under_its_prompt():
    agent, told = under(PROMPT_MS, (960, words(2000)))
    [turn] = of(Turn, told)
    assert (turn.start_ms, turn.end_ms) == (ONSET_MS, ONSET_MS + 2000)
    assert agent.heard[0].text == "stop it please"


def test_of_words_over_a_prompt_the_recogniser_hears_the_beginning():
    agent = Agent([Reply("yes")], opening=Reply("x" * 60))
    [turn] = of(Turn, hear(cascade(conversation=agent.pick_up), call_of(tones("no not that one"))))
    assert turn.text == "no not that one"


def test_how_much_was_played_is_told_once():
    agent, told = under(PROMPT_MS, (960, words(2000)), (9600, words(600)), latency=INSTANT)
    [stopped] = of(Stopped, told)
    assert [heard.played_ms for heard in agent.heard] == [stopped.at_ms, None]


def test_how_much_was_played_is_told_once_even_if_the_answer_is_never_played():
    late = {**INSTANT, "agent_ms": 5000}
    agent, told = under(PROMPT_MS, (960, words(600)), (4000, words(600)), latency=late, no_input_ms=None)
    assert [answer.discarded for answer in of(Answer, told)[1:]] == [True, False]
    assert [heard.played_ms for heard in agent.heard] == [ONSET_MS + 400, 0]  # the discarded one: nothing of it


def test_how_much_was_played_is_counted_from_the_beginning_of_the_reply():
    said = (960, words(600)), (5600, words(600))
    agent, told = under(0, *said, replies=("x" * 100, "yes"), until_ms=9600, latency=INSTANT)
    [answer, _], [stopped] = of(Answer, told)[-2:], of(Stopped, told)
    assert agent.heard[1].played_ms == stopped.at_ms - answer.start_ms
    assert 5600 + LEAD_IN_MS - (960 + LEAD_IN_MS + 600 + 700) < agent.heard[1].played_ms < 6000


def test_that_the_agent_was_stopped_is_told_before_more_sound_is_heard():
    """Whoever is told may lay other sound on the track: it is what is listened to from there on."""
    agent, track, told = Agent([Reply("yes")] * 3, opening=Reply("x" * 100)), track_of((960, words(3000))), []

    async def listen():
        async with cascade(release(), conversation=agent.pick_up, ears=TrueEars()).pick_up() as hearing:
            async for one in hearing.hear(track, track.end_ms):
                told.append(one)
                if isinstance(one, Stopped):
                    at = next(i for i, placed in enumerate(track.placed) if placed.start_ms == 960)
                    track.replace(at, replace(track.placed[at].window, saying=words(320)))

    asyncio.run(listen())
    assert of(Stopped, told) == [Stopped(ONSET_MS + 300 + 100)]
    assert of(Turn, told)[0].end_ms == ONSET_MS + 320


def test_a_short_sound_under_a_prompt_does_not_stop_it():
    agent, told = under(PROMPT_MS, (960, words(280)), no_input_ms=None)
    assert of(Stopped, told) == of(Turn, told) == agent.heard == []
    assert of(Event, told) == [Event(ONSET_MS + 280 + 700, "unheard_under_prompt", "280 ms of speech")]


def test_a_prompt_that_is_nearly_over_is_not_stopped():
    onset_ms = 5760 + LEAD_IN_MS
    over_ms = onset_ms + 300 + 100  # by then it would have been silent
    assert over_ms % CHAR_MS == 0
    agent, told = under(over_ms, (5760, words(900)), latency=INSTANT)
    assert of(Stopped, told) == []
    assert [(turn.start_ms, turn.end_ms) for turn in of(Turn, told)] == [(onset_ms, onset_ms + 900)]
    assert agent.heard[0].played_ms is None
    _, one_letter_more = under(over_ms + CHAR_MS, (5760, words(900)), latency=INSTANT)
    assert of(Stopped, one_letter_more) == [Stopped(over_ms)]


def test_speech_that_goes_on_past_the_prompt_is_one_turn():
    barge_in = {"min_speech_ms": 3000}
    agent, told = under(3000, (960, words(2500)), barge_in=barge_in)
    [turn] = of(Turn, told)
    assert (turn.start_ms, turn.end_ms) == (ONSET_MS, ONSET_MS + 2500)
    assert names(told)[:1] != ["unheard_under_prompt"]
    assert agent.heard[0].played_ms is None


def test_without_barge_in_only_what_is_said_after_the_prompt_is_a_turn():
    _, told = under(3000, (960, words(2500)), **HALF_DUPLEX)
    assert [(turn.start_ms, turn.end_ms) for turn in of(Turn, told)] == [(3000, ONSET_MS + 2500)]
    assert of(Event, told)[0] == Event(3000, "unheard_under_prompt", f"{3000 - ONSET_MS} ms of speech")


def interrupting(begins_ms, **changed):
    """Speech into the time in which a reply is due when 320 ms of it were heard."""
    first_end_ms = 960 + LEAD_IN_MS + 600
    latency = {**INSTANT, "agent_ms": begins_ms + LEAD_IN_MS + 320 - first_end_ms - 700}
    return under(
        0,
        (960, words(600)),
        (begins_ms, words(2000)),
        latency=latency,
        replies=("a longer answer",) * 3,
        no_input_ms=None,
        **changed,
    )


def test_a_reply_does_not_begin_over_as_much_speech_as_would_stop_it():
    _, told = interrupting(4000)
    assert [answer.discarded for answer in of(Answer, told)[1:]] == [True, False]
    assert of(Stopped, told) == []


def test_a_reply_begins_over_less_speech_and_is_stopped():
    _, told = interrupting(4000, barge_in={"min_speech_ms": 400})
    assert not any(answer.discarded for answer in of(Answer, told))
    assert of(Stopped, told) == [Stopped(4000 + LEAD_IN_MS + 400 + 100)]
    assert of(Answer, told)[1].start_ms == 4000 + LEAD_IN_MS + 320


def test_without_barge_in_the_agent_talks_over_the_caller():
    _, told = interrupting(4000, **HALF_DUPLEX)
    assert of(Answer, told)[1].start_ms == 4000 + LEAD_IN_MS + 320
    assert not any(answer.discarded for answer in of(Answer, told))


class Counting:
    """The toy recogniser, and how many ms of sound it was given each time."""

    def __init__(self):
        self.asr, self.given_ms = Tones(TonesOptions()), []

    def transcribe(self, sounds):
        self.given_ms += [len(sound.samples) * 1000 // RATE for sound in sounds]
        return self.asr.transcribe(sounds)


def murmured(text, min_words, *, silence_ms=700, **barge_in):
    """What is told when this is said under a prompt that takes so many words to stop, and what was transcribed."""
    asr, agent = Counting(), Agent([Reply("yes")] * 3, opening=Reply("x" * 200))
    system = release(
        endpointing={"silence_ms": silence_ms}, barge_in={"min_words": min_words, **barge_in}, no_input_ms=None
    )
    ears = SoundEars(system.endpointing.vad.build(), asr)
    return asr.given_ms, hear(cascade(system, conversation=agent.pick_up, ears=ears), call_of(tones(text)))


def test_mm_hm_does_not_stop_an_agent_that_wants_two_words():
    given_ms, told = murmured("mm-hm", 2)
    assert len(given_ms) >= 1
    assert of(Stopped, told) == []
    assert names(told) == ["unheard_under_prompt"]


def test_three_words_stop_an_agent_that_wants_two():
    _, told = murmured("not that one", 2)
    assert len(of(Stopped, told)) == 1
    assert [turn.text for turn in of(Turn, told)] == ["not that one"]


def test_words_are_counted_every_500_ms_and_at_the_end_of_the_turn():
    given_ms, told = murmured("mm-hm mm-hm mm-hm mm-hm", 10)
    assert of(Stopped, told) == []
    apart_ms = np.diff(given_ms)
    assert len(apart_ms) >= 3
    assert (apart_ms[:-1] == 500).all()
    length_ms = len(tones("mm-hm mm-hm mm-hm mm-hm")) * 1000 // RATE
    assert given_ms[-1] == pytest.approx(300 + length_ms - 80 + 300, abs=2 * LATE_MS)


def test_words_that_are_complete_only_at_the_end_of_the_turn_stop_the_agent_then():
    _, told = murmured("no stop", 2, silence_ms=200)
    [turn], [stopped] = of(Turn, told), of(Stopped, told)
    assert turn.text == "no stop"
    assert stopped.at_ms == turn.decided_ms + 100


def test_fewer_than_enough_speech_is_not_transcribed():
    given_ms, _ = murmured("mm-hm", 1, min_speech_ms=2000)
    assert given_ms == []


# Nobody says anything


def test_after_so_long_a_silence_the_agent_is_told_and_speaks():
    agent, told = under(1200, until_ms=8640, latency=INSTANT)
    assert agent.heard == [Heard("silence")]
    assert of(Event, told) == [Event(1200 + 7000, "no_input")]
    assert [(answer.turn, answer.start_ms) for answer in of(Answer, told)] == [(None, 0), (None, 8200)]


def test_it_asks_again_and_again():
    _, told = under(1200, replies=["are you there?"] * 5, until_ms=15_000, latency=INSTANT, no_input_ms=2000)
    length_ms = CHAR_MS * len("are you there?")
    assert [event.at_ms for event in of(Event, told)] == [1200 + 2000 + n * (length_ms + 2000) for n in range(5)][:5]


def test_an_agent_that_was_stopped_by_no_words_is_told_of_silence_and_what_was_played():
    short = {"barge_in": {"min_speech_ms": 40}, "endpointing": {"min_speech_ms": 400}}
    agent = Agent([Reply("yes")] * 3, opening=Reply("x" * 100))
    platform = cascade(release(**short, no_input_ms=3000), conversation=agent.pick_up)
    told = hear(platform, call_of(tones("a")[: samples_of(100)], gaps=9))
    [stopped] = of(Stopped, told)
    assert agent.heard[0] == Heard("silence", played_ms=stopped.at_ms)
    assert of(Event, told)[1] == Event(stopped.at_ms + 3000, "no_input")


def test_null_means_never():
    agent, told = under(1200, until_ms=60_000, no_input_ms=None)
    assert agent.heard == of(Event, told) == []


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ((960, words(4000)), {}),
        ((960, keys("1234", apart_ms=1500)), {"dtmf": {"between_ms": 9000}}),
        ((160, words(400)), {"latency": {**INSTANT, "agent_ms": 6000}}),
    ],
    ids=["spoken", "pressed", "due"],
)
def test_silence_does_not_count_while_something_is(said, changed):
    _, told = under(0, said, until_ms=6000, no_input_ms=2000, **changed)
    assert "no_input" not in names(told)
    assert [event.at_ms for event in of(Event, under(0, until_ms=6000, no_input_ms=2000)[1])][:1] == [2000]


def test_silence_does_not_count_under_a_prompt():
    _, told = under(PROMPT_MS, until_ms=8000, no_input_ms=1000)
    assert of(Event, told)[0].at_ms == 7000


# Keys


def test_the_end_key_ends_a_number_at_once():
    agent, told = under(0, (960, keys("4711#")))
    [turn] = of(Turn, told)
    assert (turn.kind, turn.text, turn.start_ms) == ("dtmf", "4711", ONSET_MS)
    assert ONSET_MS + 800 < turn.decided_ms <= ONSET_MS + 800 + FRAME_MS
    assert agent.heard[0] == Heard("dtmf", "4711")


def test_without_an_end_key_a_number_ends_when_no_key_follows():
    _, told = under(0, (960, keys("4711", apart_ms=1500)), until_ms=12_000, no_input_ms=None)
    last_ms = ONSET_MS + 3 * 1500
    [turn] = of(Turn, told)
    assert turn.text == "4711"
    assert last_ms + 2000 <= turn.decided_ms < last_ms + 2000 + FRAME_MS


def test_a_key_stops_the_agent():
    agent, told = under(PROMPT_MS, (960, keys("12#")), latency=INSTANT)
    assert of(Stopped, told) == [Stopped(ONSET_MS + FRAME_MS + 100)]
    assert agent.heard[0] == Heard("dtmf", "12", played_ms=ONSET_MS + FRAME_MS + 100)


def test_an_answer_waits_until_the_one_before_has_fallen_silent():
    _, told = under(PROMPT_MS, (960, keys("1#", apart_ms=20)), latency=INSTANT)
    [stopped], [_, answer] = of(Stopped, told), of(Answer, told)[:2]
    assert of(Turn, told)[0].decided_ms < stopped.at_ms == answer.start_ms


def test_keys_are_lost_under_the_prompt_of_an_agent_that_nobody_can_interrupt():
    agent, told = under(PROMPT_MS, (960, keys("12#")), no_input_ms=None, **HALF_DUPLEX)
    assert of(Turn, told) == agent.heard == of(Stopped, told) == []


def test_an_answer_to_keys_takes_the_time_of_agent_and_voice_only():
    system = {"latency": {"asr_ms": 310, "agent_ms": 520, "tts_ms": 140}}
    _, told = under(0, (960, keys("1#")), **system)
    assert of(Answer, told)[1].start_ms == of(Turn, told)[0].decided_ms + 520 + 140


def test_a_reply_does_not_begin_while_keys_are_being_pressed():
    latency = {**INSTANT, "agent_ms": 4000 + LEAD_IN_MS + 320 - (960 + LEAD_IN_MS + 600 + 700)}
    _, told = under(0, (960, words(600)), (4000, keys("123#")), latency=latency, no_input_ms=None)
    assert [answer.discarded for answer in of(Answer, told)[1:]] == [True, False]
    assert of(Stopped, told) == []


def test_last_words_are_spoken_even_into_speech():
    """Keys ended the call in the middle of a noise: nobody listens any more, so that it never ends."""
    agent = Agent([Reply("goodbye", ends_call=True)])
    place, track = studio(), Track()
    both = words(3000, keys=(("1", 1000), ("#", 1200)))
    track.place(place.utterance("both", 1, both), 0)
    told = hear(cascade(release(latency=INSTANT), conversation=agent.pick_up, ears=TrueEars()), track)
    assert [(answer.reply.text, answer.discarded) for answer in of(Answer, told)] == [("goodbye", False)]


# What the release says of turns


def test_a_turn_is_cut_at_the_longest_length_of_the_release():
    _, told = under(0, (960, words(5000)), endpointing={"max_turn_s": 2}, latency={**INSTANT, "agent_ms": 9000})
    assert [turn.end_ms - turn.start_ms for turn in of(Turn, told)] == [5000]  # perfect ears are patient
    agent = Agent([Reply("")] * 9)
    noise = stream(1, "long").uniform(-0.3, 0.3, samples_of(1900)).astype(np.float32)
    system = release(endpointing={"max_turn_s": 1, "silence_ms": 200})
    cut = of(Turn, hear(cascade(system, conversation=agent.pick_up), call_of(noise)))
    assert cut[0].end_ms - cut[0].start_ms == 1000
    assert cut[0].decided_ms == cut[0].end_ms


@pytest.mark.parametrize("pre_roll_ms", [0, 120, 300, 1000])
def test_a_turn_is_recognised_with_so_much_of_what_sounded_before(pre_roll_ms):
    asr, agent = Counting(), Agent([Reply("")] * 3)
    system = release(endpointing={"pre_roll_ms": pre_roll_ms}, no_input_ms=None)
    ears = SoundEars(system.endpointing.vad.build(), asr)
    [turn] = of(Turn, hear(cascade(system, conversation=agent.pick_up, ears=ears), call_of(FIRST)))
    assert asr.given_ms == [pre_roll_ms + turn.end_ms - turn.start_ms + 300]


def test_stretches_of_speech_are_told_even_under_a_prompt_and_when_nobody_listens():
    for duplex in ({}, HALF_DUPLEX):
        _, told = under(PROMPT_MS, (960, words(100)), (8000, words(600)), no_input_ms=None, **duplex)
        first, second = ONSET_MS, 8000 + LEAD_IN_MS
        assert of(Speech, told) == [Speech(first, first + 100), Speech(second, second + 600)]


# Causality, and freedom from how often one looks


@cache
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
        track.place(Window(("gap", "0", str(start_ms)), pcm, GAP_MS, Saying(), (), pcm_hash(pcm)), start_ms)
    return track


def changed_after(sounds, moment_ms):
    """The same sound up to a moment, and another from there on."""
    for (start_ms, sound), (_, other) in zip(sounds, bursts("other"), strict=True):
        keep = max(0, samples_of(HIDDEN_MS + moment_ms - start_ms))
        yield start_ms, np.concatenate((sound[:keep], other[keep:]))


QUICK = {"endpointing": {"silence_ms": 200, "min_speech_ms": 60}, "latency": {"asr_ms": 30, "agent_ms": [0, 90]}}


AGENT = {"opening": "good morning", "rules": [{"when": ".", "reply": "and what else is there"}], "silence": "yes"}
SOME_MS = sorted(int(ms) for ms in stream(3, "moments").integers(300, 11_400, 6))
SYSTEMS = {
    "interruptible": {"barge_in": {"min_speech_ms": 120, "stop_ms": 60}, "no_input_ms": 1920},
    "by words": {"barge_in": {"min_speech_ms": 60, "min_words": 1}, "no_input_ms": 1000},
    "half-duplex": {**HALF_DUPLEX, "no_input_ms": 1000},
}


def sounding(name, moment_ms):
    """Noise in bursts, and after the moment other noise."""
    yield fabricated(bursts(name))
    yield fabricated(changed_after(bursts(name), moment_ms))


def spoken(name, moment_ms):
    """Words and keys at random; what begins after the moment is something else, and what goes on does so for longer."""
    rng, tracks = stream(5, name), (Track(), Track())
    for k in range(5):
        length_ms, start_ms = 20 * int(rng.integers(5, 90)), tracks[0].end_ms
        pressed = (("1", 20), ("#", 180)) if rng.random() < 0.4 else ()
        for n, track in enumerate(tracks):
            later = n and start_ms + LEAD_IN_MS + length_ms > moment_ms
            ends_ms = length_ms + 400 * bool(later)
            other = later and start_ms > moment_ms
            saying = words(ends_ms, "something else" if other else f"sentence {k}", keys=() if other else pressed)
            window = studio().utterance(f"other {k}" if other else f"said {k}", 1, saying)
            track.place(replace(window, length_ms=2560), start_ms)
    return tracks


def foreseen(system, ears, tracks):
    """The moments up to which something was told that depends on what sounds later, and those that changed the rest."""
    early, changed = [], []
    for name, moment_ms in product("ab", SOME_MS):
        pair = list(tracks(name, moment_ms))
        told = [plainly(hear(cascade(system, ears=ears), track, [moment_ms])) for track in pair]
        whole = [plainly(hear(cascade(system, ears=ears), track)) for track in pair]
        if not told[0] == told[1] == whole[0][: len(told[0])] == whole[1][: len(told[0])]:
            early.append(moment_ms)
        if whole[0] != whole[1]:
            changed.append(moment_ms)
    return early, changed


def sound_ears(vad=None):
    return SoundEars(vad or Energy(EnergyOptions()), Tones(TonesOptions()))


class Foresight:
    """A detector that knows 200 ms before that somebody will speak."""

    version = 1
    frame_ms = FRAME_MS

    def __init__(self):
        self.vad = Energy(EnergyOptions())

    def speech(self, sound):
        now = self.vad.speech(sound)
        return replace(now, values=np.append(now.values[200 // FRAME_MS :], np.zeros(200 // FRAME_MS, np.float32)))


@pytest.mark.parametrize("changed", SYSTEMS.values(), ids=SYSTEMS)
@pytest.mark.parametrize(("ears", "tracks"), [(sound_ears(), sounding), (TrueEars(), spoken)], ids=["sound", "true"])
def test_what_is_told_does_not_depend_on_what_comes_later(changed, ears, tracks):
    early, changes = foreseen(release(**QUICK, **changed, agent={"scripted": AGENT}), ears, tracks)
    assert early == []
    assert len(changes) > len(SOME_MS)  # of twice as many: nothing comes of the last noises


@pytest.mark.parametrize("changed", SYSTEMS.values(), ids=SYSTEMS)
def test_a_detector_that_looks_ahead_is_caught(changed):
    early, _ = foreseen(release(**QUICK, **changed, agent={"scripted": AGENT}), sound_ears(Foresight()), sounding)
    assert early


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
    moments = [one.decided_ms if isinstance(one, Turn) else one.at_ms for one in of(Turn | Event, told)]
    assert len(moments) == 3
    assert moments == sorted(moments)


# Latency belongs to names


def latencies(*speech, seed=1, **changed):
    system = release(latency={"asr_ms": 0, "agent_ms": [0, 5000], "tts_ms": 0}, no_input_ms=None, **changed)
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


def test_a_latency_of_silence_is_drawn_by_the_window_that_sounded_last():
    """At 1920 ms one window ends and another begins, which nobody has heard yet."""
    track, agent = track_of(), Agent([Reply("")] * 5)
    system = release(latency={**INSTANT, "agent_ms": [0, 5000]}, no_input_ms=1920)
    told = hear(cascade(system, conversation=agent.pick_up), track, [7040])
    ended, begun = (track.at(ms).window.name for ms in (1919, 1920))
    assert ended != begun
    drawn = stream(1, "platform", "latency", ended, "1", "agent_ms").integers(0, 5001)
    assert of(Answer, told)[0].start_ms == 1920 + drawn


class Slow(Agent):
    """An agent that takes 50 ms of this machine's time."""

    async def reply(self, heard):
        await asyncio.sleep(0.05)
        return await super().reply(heard)


def test_a_measured_agent_takes_the_time_that_it_takes():
    for latency, least_ms in (({"agent_ms": "measured"}, 50), ({"agent_ms": 7}, 7)):
        agent = Slow([Reply("yes")])
        system = release(latency={**INSTANT, **latency}, no_input_ms=None)
        told = hear(cascade(system, conversation=agent.pick_up), call_of(FIRST))
        took_ms = of(Answer, told)[0].start_ms - of(Turn, told)[0].decided_ms
        assert least_ms <= took_ms < least_ms + (500 if least_ms == 50 else 1)


@dataclass
class Queueing(Agent):
    """Waits for its turn before each reply."""

    gate: Gate = None

    async def reply(self, heard):
        await self.gate.passed()
        return await super().reply(heard)


def test_waiting_for_a_turn_is_no_time_of_a_measured_agent():
    turns = iter([0.2, 0])
    gate = Gate(lambda: next(turns))
    system = release(latency={**INSTANT, "agent_ms": "measured"}, no_input_ms=None)
    platform = replace(cascade(system, conversation=Queueing([Reply("yes")], gate=gate).pick_up), gate=gate)
    told = hear(platform, call_of(FIRST))
    assert gate.waited_s >= 0.2
    assert of(Answer, told)[0].start_ms - of(Turn, told)[0].decided_ms < 100


class Thorough(Counting):
    """A recogniser that takes 50 ms of this machine's time."""

    def transcribe(self, sounds):
        time.sleep(0.05)
        return super().transcribe(sounds)


def test_a_measured_recogniser_takes_as_long_each_time_it_hears_the_same():
    ears, took_ms = SoundEars(Energy(EnergyOptions()), Thorough()), []
    for _ in range(2):
        agent = Agent([Reply("yes")])
        system = release(latency={**INSTANT, "asr_ms": "measured"}, no_input_ms=None)
        told = hear(cascade(system, conversation=agent.pick_up, ears=ears), call_of(FIRST))
        took_ms.append(of(Answer, told)[0].start_ms - of(Turn, told)[0].decided_ms)
    assert took_ms[0] == took_ms[1] >= 50


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


def whole_call(agent_ms, **changed):
    latency = {"asr_ms": 300, "agent_ms": agent_ms, "tts_ms": 250}
    platform = cascade(release(agent={"scripted": DESK}, latency=latency, **changed))
    caller = Caller(SCENARIO, Habits(), Listener(SCENARIO, no_meaning), Chance(1).named("caller"))
    voice = LevelVoice(Tone(ToneOptions()), "en-GB")
    tracks, mouth = Tracks(replace(studio(**LINE), nominal=voice.nominal)), Mouth(voice, Chance(1).named("mouth"))
    return asyncio.run(place_call("call", caller, mouth, tracks, platform)).record


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


@pytest.mark.parametrize(
    "changed",
    [{"endpointing": {"silence_ms": 1500, "min_speech_ms": 60}}, HALF_DUPLEX, {"no_input_ms": 2000}],
    ids=["endpointing", "barge-in", "no input"],
)
def test_another_way_of_taking_turns_hears_the_same_bytes(changed):
    one, other = whole_call(400), whole_call(400, **changed)
    hashes = [{window.name: window.sha256 for window in record.windows} for record in (one, other)]
    said = {f"{utterance.key}/{utterance.attempt}" for utterance in one.utterances}
    assert {"open/1", "order/1", "closing/1"} <= said & hashes[1].keys()
    assert all(hashes[0][name] == hashes[1][name] for name in hashes[0].keys() & hashes[1].keys())
