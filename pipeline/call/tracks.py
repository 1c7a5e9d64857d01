"""Both sides of a call on one clock, from pick-up on, and what leaks from the agent's side into the caller's."""

from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.audio import Ints, to_pcm
from pipeline.line.track import Placed, Track
from pipeline.line.window import GRID_MS, LEAD_IN_MS, FarEnd, Saying, Studio, samples_of
from pipeline.platform import Answer


@dataclass(eq=False)
class Tracks:
    """The caller's windows as the platform hears them, and the agent's answers as they leave it.

    Where the line has an echo, an answer that begins or stops changes what comes a round trip later, so nothing that
    the platform has heard. Behind the caller's last word a block of silence begins; only a window in which they still
    speak is rendered anew. So an utterance sounds the same whatever is answered to it. Blocks are named by when they
    start in their silence, so that others' talk runs on wherever one begins.
    """

    studio: Studio
    caller: Track = field(default_factory=Track)
    answers: list[Answer] = field(default_factory=list)
    _said: Placed | None = None
    _echo_changes: bool = False

    @property
    def round_trip_ms(self) -> int:
        """From the platform to the caller's ear, and from their mouth back; no less than a tick of the call."""
        return max(GRID_MS, 2 * self.studio.line.delay_ms)

    def say(self, key: str, attempt: int, saying: Saying, now_ms: int) -> Placed:
        """The caller says something: its window starts now."""
        self.caller.place(self.studio.utterance(key, attempt, saying, self._at_ear(now_ms)), now_ms)
        self._said, self._echo_changes = self.caller.placed[-1], False
        return self._said

    def be_silent(self, now_ms: int) -> None:
        """The caller says nothing more: their line sounds on, with what is heard in it of the agent by now."""
        if now_ms == self.caller.end_ms or (self._echo_changes and self._spoken_until_ms <= now_ms):
            after, since_ms = (self._said.window, self._said.start_ms) if self._said else (None, 0)
            self.caller.place(self.studio.gap(after, now_ms - since_ms, self._at_ear(now_ms)), now_ms)
        elif self._echo_changes:
            last = self.caller.placed[-1]
            window = self.studio.again(last.window, self._at_ear(last.start_ms))
            self.caller.replace(len(self.caller.placed) - 1, window)
        self._echo_changes = False

    def play(self, answer: Answer) -> None:
        """An answer begins to sound, and will to its end; a discarded one is only noted."""
        self.answers.append(answer)
        self._echo_changes |= not answer.discarded and self._has_echo

    def stop(self, at_ms: int) -> None:
        """The last answer falls silent before its end."""
        i = max(i for i, answer in enumerate(self.answers) if not answer.discarded)
        self.answers[i] = _until(self.answers[i], at_ms)
        self._echo_changes = self._has_echo

    def end(self, at_ms: int) -> None:
        """The call is over: what the agent was about to say then is never heard."""
        for i, answer in enumerate(self.answers):
            if answer.end_ms > at_ms and not answer.discarded:
                self.answers[i] = _until(answer, max(at_ms, answer.start_ms))

    def agent(self, start_ms: int, end_ms: int) -> Ints:
        """What the agent says between two moments."""
        sound = np.zeros(samples_of(end_ms - start_ms), np.int16)
        for answer in self.answers:
            since, until = max(start_ms, answer.start_ms), min(end_ms, answer.end_ms)
            if since < until and not answer.discarded:
                heard = answer.pcm[samples_of(since - answer.start_ms) : samples_of(until - answer.start_ms)]
                sound[samples_of(since - start_ms) :][: len(heard)] = heard
        return sound

    def stereo(self, end_ms: int) -> Ints:
        """Both sides, samples x (caller as the platform hears it, agent), until the end of the call."""
        heard = self.caller.pcm(0, min(end_ms, self.caller.end_ms))
        return np.stack((_padded(heard, samples_of(end_ms)), self.agent(0, end_ms)), axis=1)

    def clean(self, end_ms: int) -> Ints:
        """What the caller says without the line, at the same times, until the end of the call."""
        sound = np.zeros(samples_of(end_ms), np.float32)
        for placed in self.caller.placed:
            said = sound[samples_of(placed.start_ms + LEAD_IN_MS) :]
            speech = placed.window.saying.speech[: len(said)]
            said[: len(speech)] += speech
        return to_pcm(sound)

    @property
    def _has_echo(self) -> bool:
        return self.studio.line.reach_ms is not None

    @property
    def _spoken_until_ms(self) -> int:
        """When the caller's last word ends, if it is in the window that sounds now."""
        return (self.caller.placed[-1].speech_ms or (0, 0))[1]

    def _at_ear(self, window_ms: int) -> FarEnd:
        """What the caller hears of the agent: it has gone there, and what comes of it has yet to come back."""
        sent_ms = window_ms - self.round_trip_ms
        return lambda start_ms, end_ms: self.agent(sent_ms + start_ms, sent_ms + end_ms)


def _until(answer: Answer, at_ms: int) -> Answer:
    """As much of it as sounds before `at_ms`."""
    heard = answer.pcm[: samples_of(at_ms - answer.start_ms)]
    return replace(answer, end_ms=at_ms, pcm=heard, unplayed_ms=answer.end_ms - at_ms)


def _padded(sound: Ints, samples: int) -> Ints:
    return np.concatenate((sound, np.zeros(samples - len(sound), np.int16)))
