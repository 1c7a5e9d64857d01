"""The window, the unit of sound: one utterance, or a block of a gap between two, rendered alone.

A window begins with hidden pre-roll of its own bed (it warms filters, codecs, the VAD and the loss chain, and is
thrown away), then lead-in, speech and tail. It depends on its name, its words and the line; never on what the agent
did, nor on when it is heard. So two releases hear the same bytes. Only where the agent's voice leaks into it (`echo`)
does it depend on that, too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from pipeline.audio import Floats, Ints, from_pcm, pcm_hash, sound_hash
from pipeline.chance import Chance
from pipeline.errors import SoundInvalid
from pipeline.files import canonical_json
from pipeline.line.after import After, after_line
from pipeline.line.arrays import CPU
from pipeline.line.carry import carry, scene_of
from pipeline.line.draw import Line, PlacedEffect
from pipeline.line.scene import Brief, Measure, Nominal, Retimes, Scene
from pipeline.memo import Memo, anew

RATE = 16_000
GRID_MS = 160  # windows start on this grid, so that VAD frames of 10, 20 and 32 ms fall alike in each
HIDDEN_MS = 13 * GRID_MS  # 2.08 s: the two seconds of pre-roll, on the grid
LEAD_IN_MS = 500
TAIL_MS = 2_500  # constant, whatever the endpointing
GAP_MS = 6 * GRID_MS  # 0.96 s: the one-second block of a gap, on the grid
CALIBRATION_S = 60
PICK_UP = ("pick_up",)  # before the first utterance; those have two names
FADE_MS = 20  # what a window has beyond its end, to be cross-faded into the next


Sort = Literal["words", "keys", "backchannel", "aside", "cough"]
FarEnd = Callable[[int, int], Ints]  # what the ear hears of the agent between two moments, in ms from a window's start


def _nothing() -> Floats:
    return np.zeros(0, np.float32)


@dataclass(frozen=True, eq=False)
class Saying:
    """What is said in a window; by default nothing (a gap).

    `speech` is float32 at 16 kHz, trimmed; `pauses_ms` are silences within it and `keys` what is pressed, both in ms
    from its start. Only `words` and `keys` are meant for the agent.
    """

    speech: Floats = field(default_factory=_nothing)
    words: str = ""
    sort: Sort = "words"
    pauses_ms: tuple[tuple[int, int], ...] = ()
    keys: tuple[tuple[str, int], ...] = ()

    @property
    def length_ms(self) -> int:
        """How long it takes."""
        return -(-len(self.speech) * 1000 // RATE)


@dataclass(frozen=True, eq=False)
class Window:
    """A finished window: int16 at 16 kHz, hidden pre-roll first, then `length_ms` that are heard, then the fade.

    `echo_sha256` is the hash of what leaked into it of the agent's sound, and of when; None: nothing did.
    """

    names: tuple[str, ...]
    pcm: Ints
    length_ms: int
    saying: Saying
    got: tuple[Measure, ...]
    sha256: str
    echo_sha256: str | None = None

    @property
    def name(self) -> str:
        """What it is called in records."""
        return "/".join(self.names)

    @property
    def heard(self) -> Ints:
        """The samples after the pre-roll, with the fade."""
        return self.pcm[samples_of(HIDDEN_MS) :]

    @property
    def speech_ms(self) -> tuple[int, int] | None:
        """From when to when somebody speaks within what is heard; None in a gap."""
        spoken_ms = self.saying.length_ms
        return (LEAD_IN_MS, LEAD_IN_MS + spoken_ms) if spoken_ms else None


@dataclass(frozen=True, eq=False)
class _Begun:
    """A window before its line: its sound, its own chance, that of its silence, and the hash of what leaks into it."""

    scene: Scene
    own: Chance
    run_on: Chance
    echo_sha256: str | None


@dataclass(frozen=True, eq=False)
class Rendered:
    """What a line made of a window: int16 at 16 kHz as in `Window`, and the measures taken on the way."""

    pcm: Ints
    got: tuple[Measure, ...]


@dataclass(frozen=True, eq=False)
class Studio:
    """Renders the windows of one call: its line, the caller's nominal level, the bystanders' voices, its chance.

    What of the line can run anywhere does so on `device` (see `arrays`). Windows, and words brought to another pace,
    may be known already: the keys of their memos name all that a studio does not.
    """

    line: Line
    nominal: Nominal
    voices: Mapping[str, Sequence[Sequence[Floats]]]
    chance: Chance
    device: str = CPU
    windows: Memo[Rendered] = anew
    paces: Memo[Floats] = anew

    def utterance(self, key: str, attempt: int, saying: Saying, far_end: FarEnd | None = None) -> Window:
        """The window in which something is said."""
        saying = self._in_its_time(saying)
        length_ms = on_grid(LEAD_IN_MS + saying.length_ms + TAIL_MS)
        return self._render((key, str(attempt)), length_ms, saying, far_end)

    def gap(self, after: Window | None, since_ms: int, far_end: FarEnd | None = None) -> Window:
        """A block of silence that starts so long after the utterance `after` did, or after pick-up: the line sounds.

        What runs on, as talk does, goes on in it from that window.
        """
        begun = after.names if after else PICK_UP
        return self._render(("gap", *begun, str(since_ms)), GAP_MS, Saying(), far_end)

    def again(self, window: Window, far_end: FarEnd) -> Window:
        """The same window with another sound of the agent leaking into it."""
        return self._render(window.names, window.length_ms, window.saying, far_end)

    def after(self, window: Window, far_end: FarEnd | None = None) -> After:
        """How far a window's words stand out by the time they arrive; None of it in a gap."""
        begun = self._begin(window.names, window.length_ms, window.saying, far_end)
        [told] = after_line(self.line, begun.scene, [begun.own], [begun.run_on])
        return told

    def _render(self, names: tuple[str, ...], length_ms: int, saying: Saying, far_end: FarEnd | None) -> Window:
        begun = self._begin(names, length_ms, saying, far_end)
        key = canonical_json([*names, length_ms, sound_hash(saying.speech), begun.echo_sha256])
        made = self.windows(key, lambda: self._carried(begun, length_ms))
        return Window(names, made.pcm, length_ms, saying, made.got, pcm_hash(made.pcm), begun.echo_sha256)

    def _carried(self, begun: _Begun, length_ms: int) -> Rendered:
        arrived = carry(self.line, begun.scene, [begun.own], [begun.run_on], device=self.device)
        got = tuple(as_drawn(measure) for measure in arrived.got[0])
        return Rendered(arrived.pcm[0, : samples_of(HIDDEN_MS + length_ms + FADE_MS)], got)

    def _begin(self, names: tuple[str, ...], length_ms: int, saying: Saying, far_end: FarEnd | None) -> _Begun:
        kept = samples_of(HIDDEN_MS + length_ms + FADE_MS)
        # The line goes on behind the window, so that filters do not hear it end.
        row = np.zeros(kept + samples_of(self.line.lookahead_ms), np.float32)
        start = samples_of(HIDDEN_MS + LEAD_IN_MS)
        row[start : start + len(saying.speech)] = saying.speech
        leaking, echo_sha256 = self._leaking(len(row), far_end)
        scene = scene_of(row, rate=RATE, nominal=self.nominal, voices=self.voices, hidden=samples_of(HIDDEN_MS))
        whole, since = _whole(names)
        scene = replace(scene, far_end=leaking[np.newaxis], since=(since,))
        return _Begun(scene, self.chance.named("window", *names), self.chance.named(*whole), echo_sha256)

    def _in_its_time(self, saying: Saying) -> Saying:
        """As fast as this line's talker speaks; pauses last as much longer or shorter. Keys are pressed as ever."""
        if saying.sort == "keys":
            return saying
        retiming = [placed.effect for placed in self.line.effects if isinstance(placed.effect, Retimes)]
        if not retiming:
            return saying
        speech = self.paces(sound_hash(saying.speech), lambda: _retimed(saying.speech, retiming))
        longer = len(speech) / max(1, len(saying.speech))
        pauses_ms = tuple((round(start * longer), round(end * longer)) for start, end in saying.pauses_ms)
        return replace(saying, speech=speech, pauses_ms=pauses_ms)

    def _leaking(self, samples: int, far_end: FarEnd | None) -> tuple[Floats, str | None]:
        """The agent's sound at the caller's ear, and its hash: no more of the pre-roll than what follows can hear."""
        row = np.zeros(samples, np.int16)
        if far_end is None or self.line.reach_ms is None:
            return from_pcm(row), None
        start_ms = max(-self.line.reach_ms, -HIDDEN_MS)
        heard = row[samples_of(HIDDEN_MS + start_ms) :]
        heard[:] = far_end(start_ms, start_ms + len(heard) * 1000 // RATE)
        return from_pcm(row), pcm_hash(row) if row.any() else None


def _retimed(speech: Floats, effects: Sequence[Retimes]) -> Floats:
    for effect in effects:
        speech = effect.retimed(speech, RATE)
    return speech


def calibrate(studio: Studio, speech: Floats) -> tuple[Measure, ...]:
    """The line's `set` measures on a fixed signal: the caller's calibration sentences over and over, for 60 s.

    Effects that need less of it are measured apart, on as much as they need. Raises SoundInvalid naming each effect
    that did not give what was asked.
    """
    effects: dict[float, list[PlacedEffect]] = {}
    for placed in studio.line.effects:
        seconds = placed.effect.calibration_s if isinstance(placed.effect, Brief) else CALIBRATION_S
        effects.setdefault(seconds, []).append(placed)
    got = [
        measure
        for seconds, some in effects.items()
        for measure in _measured(replace(studio, line=Line(tuple(some))), speech, seconds)
    ]
    measures = tuple(measure for measure in got if measure.kind == "set")
    missed = [
        f"{m.effect}.{m.name}: asked {m.asked:g}, got {m.got:g}, tolerance {m.tolerance or 0:g}"
        for m in measures
        if m.off_target
    ]
    if missed:
        raise SoundInvalid("; ".join(missed))
    return measures


def _measured(studio: Studio, speech: Floats, seconds: float) -> tuple[Measure, ...]:
    """What a line's effects measure on speech over and over."""
    row = np.resize(speech, round(seconds * RATE))
    scene = scene_of(row, rate=RATE, nominal=studio.nominal, voices=studio.voices, hidden=0)
    [got] = carry(studio.line, scene, [studio.chance.named("calibration")], device=studio.device).got
    return got


def _whole(names: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
    """By what name a window draws what runs on, and how many samples of that lie before it.

    An utterance shares it with the silence behind it, up to the next one.
    """
    match names:
        case ("gap", "pick_up", since_ms):
            return ("silence", "0"), samples_of(int(since_ms))
        case ("gap", key, attempt, since_ms):
            return ("window", key, attempt), samples_of(int(since_ms))
        case _:
            return ("window", *names), 0


def as_drawn(measure: Measure) -> Measure:
    """What one window got: a level is `set` on the calibration signal only; in a window, words and chance move it."""
    return replace(measure, kind="drawn", tolerance=None) if measure.kind == "set" else measure


def samples_of(ms: int) -> int:
    """How many samples at 16 kHz."""
    return ms * RATE // 1000


def on_grid(ms: int) -> int:
    """The first moment of the grid at or after `ms`."""
    return -(-ms // GRID_MS) * GRID_MS
