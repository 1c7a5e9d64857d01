"""The usual voice platform: VAD, endpointing, ASR, agent and the agent's voice, one after the other."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np

from pipeline import values
from pipeline.agent import Conversation, Gate, Heard, Reply
from pipeline.asr import NotYet, Transcript
from pipeline.audio import Ints
from pipeline.chance import Chance
from pipeline.line.track import Track
from pipeline.line.window import RATE
from pipeline.platform import Answer, Event, Speech, Stopped, Turn
from pipeline.platform.ears import Ears, Recognised, TrueEars
from pipeline.platform.keypad import Keypad
from pipeline.platform.turns import Cut, Stretches
from pipeline.spec.release import Release

Voice = Callable[[str], Ints]
Out = Turn | Answer | Stopped | Speech | Event

COUNT_EVERY_MS = 500  # how often words are counted under a prompt


@dataclass(frozen=True)
class Cascade:
    """The platform of a release. `voice` speaks the agent's text as int16 at 16 kHz; `chance` draws latencies.

    What the conversation waits for at `gate` is not measured as its agent's time. Of turn number `true_turn` the agent
    is told what was said, instead of what was heard.
    """

    release: Release
    ears: Ears
    conversation: Callable[[], AbstractAsyncContextManager[Conversation]]
    voice: Voice
    chance: Chance
    gate: Gate = field(default_factory=Gate)
    true_turn: int | None = None

    @asynccontextmanager
    async def pick_up(self) -> AsyncIterator["CascadeHearing"]:
        """Answer the call; the agent speaks first if it has an opening."""
        async with self.conversation() as conversation:
            yield CascadeHearing(self, conversation)


class CascadeHearing:
    """A cascade in one call: what it has heard up to now, and the answer that is due or sounding."""

    def __init__(self, cascade: Cascade, conversation: Conversation) -> None:
        self._cascade = cascade
        self._release = cascade.release
        self._ears = cascade.ears
        self._conversation = conversation
        self._turns = self._ears.turns(self._release.endpointing)
        self._stretches = Stretches()
        self._keypad = Keypad(self._release.dtmf)
        self._names: dict[str, int] = {}
        self._taken = 0
        self._heard_ms = 0
        self._deaf_ms = 0
        self._counted_ms = 0
        self._listens_from_ms = 0
        self._quiet_from_ms = 0
        self._played_ms: int | None = None
        self._sounding: Answer | None = None
        self._is_over = False
        self._due: Answer | None = None
        if conversation.opening:
            self._be_due(None, conversation.opening, 0)

    async def hear(self, track: Track, until_ms: int) -> AsyncIterator[Out]:
        """Go through the sound frame by frame, and through all that comes of each."""
        frame_ms = self._ears.frame_ms
        for start_ms, probability in track.frames(self._heard_ms, until_ms, frame_ms, self._ears.speech):
            self._heard_ms = start_ms + frame_ms
            speech = probability >= 0.5
            if stretch := self._stretches.feed(start_ms, self._heard_ms, speech=speech):
                yield stretch
            for one in self._play(start_ms):
                yield one
            if not self._is_over and not self._is_deaf(frame_ms, speech=speech):
                async for one in self._frame(track, start_ms, speech=speech):
                    yield one

    async def _frame(self, track: Track, start_ms: int, *, speech: bool) -> AsyncIterator[Out]:
        """One frame that is listened to: it may stop the agent, end a turn, or have been silent for too long."""
        pressed = track.keys(start_ms, self._heard_ms)
        cut = self._turns.feed(start_ms, self._heard_ms, speech=speech)
        if self._sounding:
            async for one in self._under_prompt(track, self._sounding, cut, is_pressed=bool(pressed)):
                yield one
            if self._sounding:
                return
        async for one in self._turn(track, pressed, cut):
            yield one

    async def _turn(self, track: Track, pressed: Sequence[tuple[str, int]], cut: Cut | None) -> AsyncIterator[Out]:
        if keys := self._keypad.feed(pressed, self._heard_ms):
            async for one in self._take(track, keys, Heard("dtmf", keys.text), {}):
                yield one
        elif cut:
            async for one in self._listen(track, cut):
                yield one
        elif self._is_silent_too_long:
            yield Event(self._heard_ms, "no_input")
            await self._reply(track, None, Heard("silence"), self._heard_ms - 1, {})

    async def _under_prompt(
        self, track: Track, answer: Answer, cut: Cut | None, *, is_pressed: bool
    ) -> AsyncIterator[Out]:
        """What is heard while the agent speaks stops it, or is lost."""
        if is_pressed or await self._is_interrupted(track, cut):
            for one in self._stop(answer):
                yield one
        elif cut:
            yield Event(self._heard_ms, "unheard_under_prompt", f"{cut.speech_ms} ms of speech")

    # What the agent says

    def _be_due(self, turn: int | None, reply: Reply, start_ms: int) -> None:
        """From now on this is what the agent says next. Once it ends its part, nobody listens any more."""
        pcm = self._cascade.voice(reply.text) if values.has_words(reply.text) else np.zeros(0, np.int16)
        start_ms = max(start_ms, self._quiet_from_ms)  # a prompt that was stopped sounds for a moment more
        self._due = Answer(turn, reply, start_ms, start_ms + -(-len(pcm) * 1000 // RATE), pcm)
        self._is_over = reply.ends_call or reply.handoff is not None

    def _play(self, start_ms: int) -> Iterator[Out]:
        """What has sounded to its end by this frame, and what begins to."""
        if self._sounding and self._sounding.end_ms <= start_ms:
            self._sounding = None
            lost_ms, self._deaf_ms = self._deaf_ms, 0
            if lost_ms >= self._release.endpointing.min_speech_ms:
                yield Event(start_ms, "unheard_under_prompt", f"{lost_ms} ms of speech")
        if self._due and self._due.start_ms <= self._heard_ms and not self._is_spoken_over:
            yield (answer := self._due)
            self._due, self._quiet_from_ms = None, answer.end_ms
            # One without words is heard by nobody and covers nothing.
            if len(answer.pcm):
                self._begin(answer)

    def _begin(self, answer: Answer) -> None:
        self._sounding, self._played_ms, self._counted_ms = answer, None, 0
        if not self._release.barge_in.enabled:
            self._turns.reset()
            self._listens_from_ms = answer.end_ms

    @property
    def _is_spoken_over(self) -> bool:
        """Whether what would stop a prompt is heard already: then it does not even begin."""
        barge_in = self._release.barge_in
        if self._is_over or not barge_in.enabled:
            return False
        enough = self._turns.speaking and self._turns.speech_ms >= barge_in.min_speech_ms
        return self._keypad.pressing or (enough and not barge_in.min_words)

    def _is_deaf(self, frame_ms: int, *, speech: bool) -> bool:
        """Without barge-in nobody listens while the agent speaks; what was missed is counted."""
        if not self._sounding or self._release.barge_in.enabled:
            return False
        self._deaf_ms += speech * frame_ms
        return True

    async def _is_interrupted(self, track: Track, cut: Cut | None) -> bool:
        """Whether the turn under the prompt, over (`cut`) or not, is enough to stop it."""
        turn, barge_in = cut or self._turns.until(self._heard_ms), self._release.barge_in
        if turn is None or turn.speech_ms < barge_in.min_speech_ms:
            return False
        if not barge_in.min_words:
            return True
        if cut is None and self._heard_ms - self._counted_ms < COUNT_EVERY_MS:
            return False
        self._counted_ms = self._heard_ms
        recognised = await self._recognised(track, turn)
        return len(recognised.transcript.text.split()) >= barge_in.min_words

    def _stop(self, answer: Answer) -> Iterator[Out]:
        """The caller is heard to speak: the agent falls silent, unless it is about to anyway."""
        at_ms = self._heard_ms + self._release.barge_in.stop_ms
        self._sounding = None
        if at_ms >= answer.end_ms:
            return
        self._played_ms, self._quiet_from_ms = at_ms - answer.start_ms, at_ms
        yield Event(self._heard_ms, "barge_in")
        yield Stopped(at_ms)

    # What the caller says

    async def _listen(self, track: Track, cut: Cut) -> AsyncIterator[Out]:
        """A turn is over: recognised, and given to the agent, unless it was a noise while a reply was due."""
        recognised = await self._recognised(track, cut)
        heard, took = recognised.transcript, {"asr_ms": recognised.took_ms}
        turn = Turn(cut.start_ms, cut.end_ms, cut.decided_ms, heard.text, heard.words, heard.confidence)
        if heard.text.strip() or not self._due:
            async for one in self._take(track, turn, _told(heard), took):
                yield one
            return
        self._taken += 1
        yield turn
        yield Event(cut.decided_ms, "nothing_recognised")
        later_ms = self._latency_ms(track, turn.start_ms, took)
        self._due = _not_before(self._due, cut.decided_ms + later_ms)

    async def _take(self, track: Track, turn: Turn, heard: Heard, took: dict[str, int]) -> AsyncIterator[Out]:
        """Give a turn to the agent, which `took` so long up to here. A reply still due is never played, but stands."""
        number, self._taken = self._taken, self._taken + 1
        yield turn
        if self._due:
            yield replace(self._due, discarded=True)
            yield Event(turn.decided_ms, "reply_discarded", self._due.reply.text)
            self._due, self._played_ms = None, 0
        await self._reply(track, number, heard, turn.start_ms, took)

    async def _reply(self, track: Track, turn: int | None, heard: Heard, from_ms: int, took: dict[str, int]) -> None:
        """The agent's answer to what it is told of the time from `from_ms` on is due once all has taken its time."""
        told = replace(heard, played_ms=self._played_ms)
        self._played_ms, began_s = None, self._clock_s()
        reply = await self._conversation.reply(told)
        took = {**took, "agent_ms": round(1000 * (self._clock_s() - began_s)), "tts_ms": 0}
        self._be_due(turn, reply, self._heard_ms + self._latency_ms(track, from_ms, took))

    def _clock_s(self) -> float:
        """A clock that stands still while a request waits for its turn."""
        return perf_counter() - self._cascade.gate.waited_s

    async def _recognised(self, track: Track, cut: Cut) -> Recognised:
        """What is made of a turn. Other calls go on where the recogniser works beside them; else nothing is awaited."""
        ears = TrueEars() if self._taken == self._cascade.true_turn else self._ears
        from_ms = max(cut.start_ms - self._release.endpointing.pre_roll_ms, self._listens_from_ms)
        while True:
            try:
                return ears.recognised(track, cut, from_ms=from_ms)
            except NotYet as gathered:
                await gathered.done

    @property
    def _is_silent_too_long(self) -> bool:
        """Whether nobody has said anything for so long that the agent shall know."""
        if self._release.no_input_ms is None or self._due or self._sounding:
            return False
        if self._turns.speaking or self._keypad.pressing:
            return False
        return self._heard_ms - self._quiet_from_ms >= self._release.no_input_ms

    def _latency_ms(self, track: Track, at_ms: int, took: dict[str, int]) -> int:
        """How long the parts in `took` take: what they really took, or what the release says.

        That is drawn by the name of the window at `at_ms`, and by which latency of it this is.
        """
        window = track.at(at_ms).window.name
        nth = self._names[window] = self._names.get(window, 0) + 1
        chance = self._cascade.chance.named("latency", window, str(nth))
        return sum(self._part_ms(part, took[part], chance.named(part)) for part in took)

    def _part_ms(self, part: str, took_ms: int, chance: Chance) -> int:
        says = getattr(self._release.latency, part)
        if says == "measured":
            return took_ms
        low, high = says
        return int(chance.stream().integers(low, high + 1))


def _not_before(answer: Answer, start_ms: int) -> Answer:
    """The answer, later if it would begin before."""
    later_ms = max(0, start_ms - answer.start_ms)
    return replace(answer, start_ms=answer.start_ms + later_ms, end_ms=answer.end_ms + later_ms)


def _told(heard: Transcript) -> Heard:
    if not heard.text.strip():
        return Heard("silence")
    return Heard("speech", heard.text, heard.words, heard.confidence)
