"""The story of one call, in virtual time: nobody waits for a simulated second.

The clock is the platform's and starts at pick-up. The caller's sound stands on it where the platform hears it; what
the platform says reaches the caller, and comes back as an answer, a round trip later.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pipeline.agent import AgentError
from pipeline.audio import Ints
from pipeline.call.caller import Caller, HangUp, Speak
from pipeline.call.mishaps import mishaps
from pipeline.call.mouth import Mouth
from pipeline.call.record import Ended, PlacedWindow, Record, Replied, Utterance
from pipeline.call.tracks import Tracks
from pipeline.line.window import GRID_MS
from pipeline.platform import Answer, Event, Hearing, Platform, Speech, Stopped, Turn

TIME_LIMIT_MS = 300_000
HUNG_UP: dict[str, Ended] = {
    "goodbye": "caller_hung_up",
    "gave_up": "caller_gave_up",
    "no_line": "caller_invalid",
}


@dataclass(eq=False)
class _Call:
    """What has happened so far; `to_ear` is what the caller is about to hear, and when."""

    tracks: Tracks
    mouth: Mouth
    caller: Caller
    said: list[Utterance] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    speech_seen: list[Speech] = field(default_factory=list)
    to_ear: deque[tuple[int, Callable[[], None]]] = field(default_factory=deque)


@dataclass(frozen=True, eq=False)
class Finished:
    """A finished call: its record, and int16 sound at 16 kHz.

    `stereo` is samples x (caller as the platform hears it, agent), `clean` what the caller said, without the line.
    """

    record: Record
    stereo: Ints
    clean: Ints


async def place_call(name: str, caller: Caller, mouth: Mouth, tracks: Tracks, platform: Platform) -> Finished:
    """Place one call and follow it until somebody hangs up."""
    call = _Call(tracks, mouth, caller)
    error = None
    try:
        async with platform.pick_up() as hearing:
            ended, ended_ms = await _follow(call, hearing)
    except AgentError as failure:
        ended, ended_ms, error = "agent_error", tracks.caller.end_ms, str(failure)
    tracks.end(ended_ms)
    return Finished(_record(name, call, ended, ended_ms, error), tracks.stereo(ended_ms), tracks.clean(ended_ms))


async def _follow(call: _Call, hearing: Hearing) -> tuple[Ended, int]:
    """Tick by tick: the platform hears what was said up to now; the caller hears what has reached the ear, and acts."""
    for now_ms in range(0, TIME_LIMIT_MS, GRID_MS):
        async for one in hearing.hear(call.tracks.caller, min(now_ms, call.tracks.caller.end_ms)):
            _note(call, one)
        while call.to_ear and call.to_ear[0][0] <= now_ms:
            call.to_ear.popleft()[1]()
        if over := _agent_is_done(call, now_ms) or _line_drops(call, now_ms):
            return over
        match act := call.caller.act(now_ms):
            case HangUp():
                call.events.append(Event(now_ms, act.why))
                return HUNG_UP[act.why], now_ms
            case Speak():
                _speak(call, act, now_ms)
            case None:
                call.tracks.be_silent(now_ms)
    return "time_limit", TIME_LIMIT_MS


def _note(call: _Call, happened: Turn | Answer | Stopped | Speech | Event) -> None:
    """Keep it; what the agent says, and that it falls silent, travels to the caller."""
    trip_ms = call.tracks.round_trip_ms
    match happened:
        case Turn():
            call.turns.append(happened)
        case Speech():
            call.speech_seen.append(happened)
        case Event():
            call.events.append(happened)
        case Stopped(at_ms):
            call.tracks.stop(at_ms)
            call.to_ear.append((at_ms + trip_ms, lambda: call.caller.hear_silence(at_ms + trip_ms)))
        case Answer(reply=reply, start_ms=start_ms, end_ms=end_ms):
            call.tracks.play(happened)
            if not happened.discarded:
                heard = {"start_ms": start_ms + trip_ms, "end_ms": end_ms + trip_ms}
                call.to_ear.append((start_ms + trip_ms, lambda: call.caller.hear(reply, **heard)))


def _agent_is_done(call: _Call, now_ms: int) -> tuple[Ended, int] | None:
    """The agent has hung up, or handed off, and its last words were spoken."""
    last = next((answer for answer in reversed(call.tracks.answers) if not answer.discarded), None)
    if last is None or last.end_ms > now_ms:
        return None
    if last.reply.handoff:
        return "handed_off", last.end_ms
    return ("agent_hung_up", last.end_ms) if last.reply.ends_call else None


def _line_drops(call: _Call, now_ms: int) -> tuple[Ended, int] | None:
    drop_ms = call.tracks.studio.line.drop_ms
    if drop_ms is None or now_ms < drop_ms:
        return None
    call.events.append(Event(drop_ms, "dropped"))
    return "dropped", drop_ms


def _speak(call: _Call, act: Speak, now_ms: int) -> None:
    placed = call.tracks.say(act.key, act.attempt, call.mouth.saying(act), now_ms)
    start_ms, end_ms = placed.speech_ms or (now_ms, now_ms)
    pauses = tuple((start_ms + since, start_ms + until) for since, until in placed.window.saying.pauses_ms)
    said = Utterance(act.key, act.attempt, act.text, act.spoken, act.offered, start_ms, end_ms, act.sort, pauses)
    call.said.append(said)
    call.caller.spoke_until(end_ms)


def _record(name: str, call: _Call, ended: Ended, ended_ms: int, error: str | None) -> Record:
    placed = call.tracks.caller.placed
    record = Record(
        call=name,
        ended=ended,
        ended_ms=ended_ms,
        utterances=tuple(call.said),
        turns=tuple(call.turns),
        replies=tuple(_replied(answer) for answer in call.tracks.answers),
        events=tuple(call.events),
        unmatched=tuple(call.caller.unmatched),
        error=error,
        windows=tuple(
            PlacedWindow(one.window.name, one.start_ms, one.window.sha256, one.window.echo_sha256) for one in placed
        ),
        measures={one.window.name: one.window.got for one in placed if one.window.got},
        speech_seen=tuple(call.speech_seen),
        round_trip_ms=call.tracks.round_trip_ms,
    )
    return replace(record, events=tuple(sorted((*record.events, *mishaps(record)), key=lambda event: event.at_ms)))


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
        answer.unplayed_ms,
    )
