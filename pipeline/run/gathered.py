"""A recogniser that gains from several sounds at once, as on a GPU: what the calls of a worker want is gathered."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from pipeline.asr import Asr, NotYet, Transcript
from pipeline.audio import Sound, sound_hash
from pipeline.spec.release import Latency


def gathering(asr: Asr, latency: Latency) -> Asr:
    """The recogniser, or, where it says by `batch` that it takes more sounds at once than one, that gathers them.

    Where its time is measured it hears each sound alone.
    """
    most = int(getattr(asr, "batch", 1))
    return Gathered(asr, most) if most > 1 and latency.asr_ms != "measured" else asr


class Gathered:
    """Hears in a thread of its own. While it is busy, up to `most` sounds gather for the next time: none waits longer.

    Raises NotYet when it is first asked for a sound, and has the words once that is done.
    """

    version: ClassVar[int] = 1

    def __init__(self, asr: Asr, most: int) -> None:
        self._asr = asr
        self._most = most
        self.languages: tuple[str, ...] = asr.languages
        self._waiting: dict[str, Sound] = {}
        self._asked: dict[str, asyncio.Future[None]] = {}
        self._heard: dict[str, Transcript | Exception] = {}
        self._thread = ThreadPoolExecutor(1, "recogniser")
        self._work: asyncio.Task[None] | None = None

    @property
    def identity(self) -> Mapping[str, str]:
        """The recogniser's own, and that it hears many at once: on a GPU its words may differ by that."""
        return {**getattr(self._asr, "identity", {}), "batch": str(self._most)}

    def transcribe(self, sounds: Sequence[Sound]) -> list[Transcript]:
        """The transcript of one sound. Raises NotYet, or what the recogniser raises."""
        [sound] = sounds
        key = sound_hash(sound.samples)
        if key not in self._heard:
            raise NotYet(self._ask(key, sound))
        match self._heard.pop(key):
            case Transcript() as transcript:
                return [transcript]
            case error:
                raise error

    def _ask(self, key: str, sound: Sound) -> "asyncio.Future[None]":
        if key not in self._asked:
            self._waiting[key] = sound
            self._asked[key] = asyncio.get_running_loop().create_future()
        if self._work is None:
            self._work = asyncio.create_task(self._hear_all())
        return self._asked[key]

    async def _hear_all(self) -> None:
        """As long as anything waits. It begins once all calls that can ask now have asked."""
        try:
            while self._waiting:
                batch = {key: self._waiting.pop(key) for key in list(self._waiting)[: self._most]}
                run = asyncio.get_running_loop().run_in_executor
                for key, heard in zip(batch, await run(self._thread, self._hear, list(batch.values())), strict=True):
                    self._heard[key] = heard
                    self._asked.pop(key).set_result(None)
        finally:
            # Where the loop ends in between, nobody is left who waits.
            self._work = None
            self._waiting.clear()
            self._asked.clear()

    def _hear(self, sounds: Sequence[Sound]) -> Sequence[Transcript | Exception]:
        """In the thread: all at once, and if that fails each alone, so that one sound spoils no other."""
        try:
            return [heard for _, heard in zip(sounds, self._asr.transcribe(sounds), strict=True)]
        except Exception as error:  # noqa: BLE001  raised where the transcript is asked for
            return [error] if len(sounds) == 1 else [self._hear([sound])[0] for sound in sounds]
