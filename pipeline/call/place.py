"""The story of one call, in virtual time: nobody waits for a simulated second.

The clock is the platform's and starts at pick-up. The caller's sound stands on it where the platform hears it; what
the platform says reaches the caller, and comes back as an answer, a round trip later.
"""

from dataclasses import dataclass, field

import numpy as np

from pipeline.agent import AgentError
from pipeline.audio import Ints
from pipeline.call.caller import Caller, HangUp, Speak
from pipeline.call.record import Ended, PlacedWindow, Record, Replied, Utterance
from pipeline.call.voices import LevelVoice
from pipeline.line.track import Track
from pipeline.line.window import GRID_MS, Studio, samples_of
from pipeline.platform import Answer, Event, Hearing, Platform, Turn

TIME_LIMIT_MS = 300_000
HUNG_UP: dict[str, Ended] = {
    "goodbye": "caller_hung_up",
    "gave_up": "caller_gave_up",
    "no_line": "caller_invalid",
}


@dataclass(eq=False)
class _Call:
    """What has happened so far."""

    studio: Studio
    voice: LevelVoice
    caller: Caller
    track: Track = field(default_factory=Track)
    said: list[Utterance] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    gap_block: int = 0

    @property
    def round_trip_ms(self) -> int:
        """From the platform to the caller's ear, and from their mouth back."""
        return 2 * self.studio.line.delay_ms


@dataclass(frozen=True, eq=False)
class Finished:
    """A finished call: its record and its stereo sound, int16 samples x (caller as the platform hears it, agent)."""

    record: Record
    stereo: Ints


async def place_call(name: str, caller: Caller, voice: LevelVoice, studio: Studio, platform: Platform) -> Finished:
    """Place one call and follow it until somebody hangs up."""
    call = _Call(studio, voice, caller)
    error = None
    try:
        async with platform.pick_up() as hearing:
            ended, ended_ms = await _follow(call, hearing)
    except AgentError as failure:
        ended, ended_ms, error = "agent_error", call.track.end_ms, str(failure)
    return Finished(_record(name, call, ended, ended_ms, error), _stereo(call, ended_ms))


async def _follow(call: _Call, hearing: Hearing) -> tuple[Ended, int]:
    """Tick by tick: the platform hears what was said up to now; the caller hears what has reached the ear, and acts."""
    reached = 0
    for now_ms in range(0, TIME_LIMIT_MS, GRID_MS):
        async for one in hearing.hear(call.track, min(now_ms, call.track.end_ms)):
            _note(call, one)
        while reached < len(call.answers) and call.answers[reached].start_ms + call.round_trip_ms <= now_ms:
            _listen(call, call.answers[reached])
            reached += 1
        if over := _agent_is_done(call, now_ms):
            return over
        act = call.caller.act(now_ms)
        if isinstance(act, HangUp):
            call.events.append(Event(now_ms, act.why))
            return HUNG_UP[act.why], now_ms
        _speak(call, act, now_ms) if act else _be_silent(call, now_ms)
    return "time_limit", TIME_LIMIT_MS


def _note(call: _Call, happened: object) -> None:
    match happened:
        case Turn():
            call.turns.append(happened)
        case Answer():
            call.answers.append(happened)
        case Event():
            call.events.append(happened)


def _listen(call: _Call, answer: Answer) -> None:
    if not answer.discarded:
        trip = call.round_trip_ms
        call.caller.hear(answer.reply, start_ms=answer.start_ms + trip, end_ms=answer.end_ms + trip)


def _agent_is_done(call: _Call, now_ms: int) -> tuple[Ended, int] | None:
    """The agent has hung up, or handed off, and its last words were spoken."""
    last = next((answer for answer in reversed(call.answers) if not answer.discarded), None)
    if last is None or last.end_ms > now_ms:
        return None
    if last.reply.handoff:
        return "handed_off", last.end_ms
    return ("agent_hung_up", last.end_ms) if last.reply.ends_call else None


def _speak(call: _Call, words: Speak, now_ms: int) -> None:
    speech = call.voice.speak(words.spoken)
    window = call.studio.utterance(words.key, words.attempt, words.spoken, speech)
    call.track.place(window, now_ms)
    bounds = call.track.placed[-1].speech_ms or (now_ms, now_ms)
    call.said.append(Utterance(words.key, words.attempt, words.text, words.spoken, words.offered, *bounds))
    call.caller.spoke_until(bounds[1])
    call.gap_block = 0


def _be_silent(call: _Call, now_ms: int) -> None:
    """The line sounds on: another block of this gap, once the last window is over."""
    if now_ms == call.track.end_ms:
        call.track.place(call.studio.gap(len(call.said), call.gap_block), now_ms)
        call.gap_block += 1


def _record(name: str, call: _Call, ended: Ended, ended_ms: int, error: str | None) -> Record:
    placed = call.track.placed
    return Record(
        call=name,
        ended=ended,
        ended_ms=ended_ms,
        utterances=tuple(call.said),
        turns=tuple(call.turns),
        replies=tuple(_replied(answer) for answer in call.answers),
        events=tuple(call.events),
        unmatched=tuple(call.caller.unmatched),
        error=error,
        windows=tuple(PlacedWindow(one.window.name, one.start_ms, one.window.sha256) for one in placed),
        measures={one.window.name: one.window.got for one in placed if one.window.got},
    )


def _replied(answer: Answer) -> Replied:
    reply = answer.reply
    return Replied(
        answer.turn,
        reply.text,
        answer.start_ms,
        answer.end_ms,
        reply.actions,
        reply.state,
        reply.decisions,
        reply.handoff,
        reply.ends_call,
        answer.discarded,
    )


def _stereo(call: _Call, ended_ms: int) -> Ints:
    """Both tracks side by side until the end of the call."""
    stereo = np.zeros((samples_of(ended_ms), 2), np.int16)
    caller = call.track.pcm(0, min(ended_ms, call.track.end_ms))
    stereo[: len(caller), 0] = caller
    for answer in call.answers:
        start = samples_of(answer.start_ms)
        heard = answer.pcm[: max(0, len(stereo) - start)]
        if not answer.discarded:
            stereo[start : start + len(heard), 1] = heard
    return stereo
