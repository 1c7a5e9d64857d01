"""The window, the unit of sound: one utterance, or a block of a gap between two, rendered alone.

A window begins with hidden pre-roll of its own bed (it warms filters, codecs, the VAD and the loss chain, and is
thrown away), then lead-in, speech and tail. It depends on its name, its words and the line; never on what the agent
did, nor on when it is heard. So two releases hear the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.audio import Floats, Ints, pcm_hash
from pipeline.chance import Chance
from pipeline.errors import SoundInvalid
from pipeline.line.carry import carry, scene_of
from pipeline.line.draw import Line
from pipeline.line.scene import Measure, Nominal

RATE = 16_000
GRID_MS = 160  # windows start on this grid, so that VAD frames of 10, 20 and 32 ms fall alike in each
HIDDEN_MS = 13 * GRID_MS  # 2.08 s: the two seconds of pre-roll, on the grid
LEAD_IN_MS = 500
TAIL_MS = 2_500  # constant, whatever the endpointing
GAP_MS = 6 * GRID_MS  # 0.96 s: the one-second block of a gap, on the grid
CALIBRATION_S = 60
FADE_MS = 20  # what a window has beyond its end, to be cross-faded into the next


@dataclass(frozen=True, eq=False)
class Window:
    """A finished window: int16 at 16 kHz, hidden pre-roll first, then `length_ms` that are heard, then the fade.

    `speech_ms` bounds the speech within what is heard (None in a gap), `words` is what is said in it.
    """

    name: str
    pcm: Ints
    length_ms: int
    words: str
    speech_ms: tuple[int, int] | None
    got: tuple[Measure, ...]
    sha256: str

    @property
    def heard(self) -> Ints:
        """The samples after the pre-roll, with the fade."""
        return self.pcm[samples_of(HIDDEN_MS) :]


@dataclass(frozen=True, eq=False)
class Studio:
    """Renders the windows of one call: its line, the caller's nominal level, the bystanders' voices, its chance."""

    line: Line
    nominal: Nominal
    voices: Mapping[str, Sequence[Floats]]
    chance: Chance

    def utterance(self, key: str, attempt: int, words: str, speech: Floats) -> Window:
        """The window in which `speech` (float32 at 16 kHz, trimmed) is said."""
        speech_ms = -(-len(speech) * 1000 // RATE)
        length_ms = on_grid(LEAD_IN_MS + speech_ms + TAIL_MS)
        bounds = (LEAD_IN_MS, LEAD_IN_MS + speech_ms)
        return self._render((key, str(attempt)), length_ms, speech, words, bounds)

    def gap(self, k: int, block: int) -> Window:
        """Block number `block` of the k-th gap: nobody calls, the line sounds."""
        return self._render(("gap", str(k), str(block)), GAP_MS, np.zeros(0, np.float32), "", None)

    def _render(
        self,
        names: tuple[str, ...],
        length_ms: int,
        speech: Floats,
        words: str,
        bounds: tuple[int, int] | None,
    ) -> Window:
        kept = samples_of(HIDDEN_MS + length_ms + FADE_MS)
        # The line goes on behind the window, so that filters do not hear it end.
        row = np.zeros(kept + samples_of(self.line.lookahead_ms), np.float32)
        start = samples_of(HIDDEN_MS + LEAD_IN_MS)
        row[start : start + len(speech)] = speech
        scene = scene_of(row, rate=RATE, nominal=self.nominal, voices=self.voices, hidden=samples_of(HIDDEN_MS))
        arrived = carry(self.line, scene, [self.chance.named("window", *names)])
        pcm = arrived.pcm[0, :kept]
        got = tuple(as_drawn(measure) for measure in arrived.got[0])
        return Window("/".join(names), pcm, length_ms, words, bounds, got, pcm_hash(pcm))


def calibrate(studio: Studio, speech: Floats) -> tuple[Measure, ...]:
    """The line's `set` measures on a fixed signal: the caller's calibration sentences over and over, for 60 s.

    Raises SoundInvalid naming each effect that did not give what was asked.
    """
    row = np.resize(speech, CALIBRATION_S * RATE)
    scene = scene_of(row, rate=RATE, nominal=studio.nominal, voices=studio.voices, hidden=0)
    [got] = carry(studio.line, scene, [studio.chance.named("calibration")]).got
    measures = tuple(measure for measure in got if measure.kind == "set")
    missed = [
        f"{m.effect}.{m.name}: asked {m.asked:g}, got {m.got:g}, tolerance {m.tolerance or 0:g}"
        for m in measures
        if m.off_target
    ]
    if missed:
        raise SoundInvalid("; ".join(missed))
    return measures


def as_drawn(measure: Measure) -> Measure:
    """What one window got: a level is `set` on the calibration signal only; in a window, words and chance move it."""
    return replace(measure, kind="drawn", tolerance=None) if measure.kind == "set" else measure


def samples_of(ms: int) -> int:
    """How many samples at 16 kHz."""
    return ms * RATE // 1000


def on_grid(ms: int) -> int:
    """The first moment of the grid at or after `ms`."""
    return -(-ms // GRID_MS) * GRID_MS
