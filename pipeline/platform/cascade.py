"""The usual voice platform: VAD, endpointing, ASR, agent and the agent's voice, one after the other."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

import numpy as np

from pipeline import values
from pipeline.agent import Conversation, Heard, Reply
from pipeline.asr import Transcript
from pipeline.audio import Ints
from pipeline.chance import Chance
from pipeline.line.track import Track
from pipeline.line.window import RATE
from pipeline.platform import Answer, Event, Turn
from pipeline.platform.ears import Ears
from pipeline.platform.turns import Cut
from pipeline.spec.release import Release

Voice = Callable[[str], Ints]
Out = Turn | Answer | Event


@dataclass(frozen=True)
class Cascade:
    """The platform of a release. `voice` speaks the agent's text as int16 at 16 kHz; `chance` draws latencies."""

    release: Release
    ears: Ears
    conversation: Callable[[], AbstractAsyncContextManager[Conversation]]
    voice: Voice
    chance: Chance

    @asynccontextmanager
    async def pick_up(self) -> AsyncIterator["CascadeHearing"]:
        """Answer the call; the agent speaks first if it has an opening."""
        async with self.conversation() as conversation:
            yield CascadeHearing(self, conversation)


class CascadeHearing:
    """A cascade in one call: what it has heard up to now, and the answer that is due or sounding."""

    def __init__(self, cascade: Cascade, conversation: Conversation) -> None:
        self._cascade = cascade
        self._conversation = conversation
        self._turns = cascade.ears.turns(cascade.release.endpointing)
        self._taken = 0
        self._heard_ms = 0
        self._deaf_ms = 0
        self._sounding_until_ms = 0
        self._due: Answer | None = self._opening()
        self._names: dict[str, int] = {}

    def _opening(self) -> Answer | None:
        reply = self._conversation.opening
        return self._answer(None, reply, 0) if reply else None

    def _answer(self, turn: int | None, reply: Reply, start_ms: int) -> Answer:
        pcm = self._cascade.voice(reply.text) if values.has_words(reply.text) else np.zeros(0, np.int16)
        return Answer(turn, reply, start_ms, start_ms + -(-len(pcm) * 1000 // RATE), pcm)

    async def hear(self, track: Track, until_ms: int) -> AsyncIterator[Out]:
        """Go through the sound frame by frame; half-duplex: what is said under a prompt is not heard."""
        ears = self._cascade.ears
        end_ms = until_ms - until_ms % ears.frame_ms
        for speech in track.frames(self._heard_ms, end_ms, ears.frame_ms, ears.speech):
            start_ms, self._heard_ms = self._heard_ms, self._heard_ms + ears.frame_ms
            async for one in self._frame(track, start_ms, self._heard_ms, speech=bool(speech >= 0.5)):
                yield one

    async def _frame(self, track: Track, start_ms: int, end_ms: int, *, speech: bool) -> AsyncIterator[Out]:
        if answer := self._begun(end_ms):
            yield answer
        if self._has_ended:
            return
        if start_ms < self._sounding_until_ms:
            self._deaf_ms += speech * (end_ms - start_ms)
            if event := self._unheard(end_ms):
                yield event
            return
        if cut := self._turns.feed(start_ms, end_ms, speech=speech):
            async for one in self._take(track, cut):
                yield one

    async def _take(self, track: Track, cut: Cut) -> AsyncIterator[Out]:
        """A turn is over: recognised, and given to the agent, unless it was a noise while a reply was due."""
        heard = self._cascade.ears.transcript(track, cut, from_ms=self._sounding_until_ms)
        window = track.at(cut.start_ms).window.name
        number, self._taken = self._taken, self._taken + 1
        yield Turn(cut.start_ms, cut.end_ms, cut.decided_ms, heard.text, heard.words, heard.confidence)
        if self._due and not heard.text.strip():
            yield Event(cut.decided_ms, "nothing_recognised")
            self._due = _not_before(self._due, cut.decided_ms + self._latency_ms(window, "asr_ms"))
            return
        if self._due:
            # The caller spoke again before the reply sounded: it is never played, but what it did stands.
            yield replace(self._due, discarded=True)
            yield Event(cut.decided_ms, "reply_discarded", self._due.reply.text)
            self._due = None
        reply = await self._conversation.reply(_told(heard))
        start_ms = cut.decided_ms + self._latency_ms(window, "asr_ms", "agent_ms", "tts_ms")
        self._due = self._answer(number, reply, start_ms)

    @property
    def _has_ended(self) -> bool:
        """Whether the agent has ended its part; nobody listens any more while its last words are due."""
        return self._due is not None and (self._due.reply.ends_call or self._due.reply.handoff is not None)

    def _begun(self, now_ms: int) -> Answer | None:
        """What was due and begins to sound, unless somebody speaks: then it waits for what was said.

        One without words is heard by nobody and covers nothing.
        """
        if self._due is None or self._due.start_ms > now_ms or self._turns.speaking:
            return None
        answer, self._due = self._due, None
        if len(answer.pcm):
            self._sounding_until_ms = answer.end_ms
            self._turns.reset()
        return answer

    def _unheard(self, now_ms: int) -> Event | None:
        """At the end of a prompt: what was said under it, if that would have been a turn."""
        if now_ms < self._sounding_until_ms:
            return None
        lost_ms, self._deaf_ms = self._deaf_ms, 0
        enough = lost_ms >= self._cascade.release.endpointing.min_speech_ms
        return Event(now_ms, "unheard_under_prompt", f"{lost_ms} ms of speech") if enough else None

    def _latency_ms(self, window: str, *parts: str) -> int:
        """Drawn by the name of the window in which the turn began, and by which turn of it this is."""
        nth = self._names[window] = self._names.get(window, 0) + 1
        chance = self._cascade.chance.named("latency", window, str(nth))
        ranges = [(part, getattr(self._cascade.release.latency, part)) for part in parts]
        return sum(int(chance.named(part).stream().integers(low, high + 1)) for part, (low, high) in ranges)


def _not_before(answer: Answer, start_ms: int) -> Answer:
    """The answer, later if it would begin before."""
    later_ms = max(0, start_ms - answer.start_ms)
    return replace(answer, start_ms=answer.start_ms + later_ms, end_ms=answer.end_ms + later_ms)


def _told(heard: Transcript) -> Heard:
    if not heard.text.strip():
        return Heard("silence")
    return Heard("speech", heard.text, heard.words, heard.confidence)
