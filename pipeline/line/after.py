"""SNR after the line: how far the words stand out of all else by the time they arrive.

The SNR at the microphone says nothing of that: a telephone band takes a car's rumble away, and a codec adds noise. What
was beside the words before they were mixed with it comes from the stems. What coding, lost frames and the wire add
comes from carrying the words alone over the rest of the line: what of the result is no filter of the words.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.ndimage

from pipeline.audio import Floats
from pipeline.chance import Chance
from pipeline.levels import a_curve, active_speech_level
from pipeline.line.arrays import silence, windows
from pipeline.line.carry import carry_past
from pipeline.line.draw import Line
from pipeline.line.losses import silenced
from pipeline.line.network.clock_ppm import ClockPpm
from pipeline.line.scene import Scene

Bools = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]
Spectra = npt.NDArray[np.complex64]  # frames x frequencies

# Long against what filters ring: with 32 ms the edge of a codec's band at 4 kHz reads as noise 39 dB down, so 46.
WINDOW_S = 0.064
HANGOVER_S = 0.2  # as in P.56
LEAST_FRAMES = 12  # 0.4 s of speech: with less, chance looks like a filter
OVERLAPPING = 1.056  # Hann windows that overlap by half are worth so many times fewer apart: 1 + 2 (1/6)^2 (Welch 1967)
FAINT = 1e-5  # of the strongest frequency: words that are fainter do not tell what passes there


@dataclass(frozen=True)
class After:
    """The A-weighted SNR of the words as they arrive, in dB: against all else, and against the stems beside them alone.

    None: nobody speaks, or too briefly to tell, or nothing else sounds. `too_little` says that it is the words that
    are lacking: less than 0.4 s of them arrive.
    """

    snr_db: float | None = None
    stems_db: float | None = None
    too_little: bool = False


def after_line(line: Line, scene: Scene, chances: Sequence[Chance], whole: Sequence[Chance] = ()) -> tuple[After, ...]:
    """For each row, how far the words stand out after the line; scene and chances are those that `carry` takes."""
    passed, stems = 0, scene
    for count, placed in enumerate(line.effects, 1):
        scene = carry_past(placed, scene, chances, whole)
        if scene.mixed or (_loses(stems) and not _loses(scene)):
            break
        passed, stems = count, scene
    rest = Line(line.effects[passed:])
    if not rest.effects and not _loses(stems):
        return tuple(_told(stems, row, None) for row in range(stems.rows))
    words, heard = _alone(rest, stems, chances, whole)
    return tuple(_told(replace(stems, speech=words), row, heard[row, stems.hidden :]) for row in range(stems.rows))


def _loses(scene: Scene) -> bool:
    return scene.lost is not None and bool(scene.lost.any())


def _alone(rest: Line, stems: Scene, chances: Sequence[Chance], whole: Sequence[Chance]) -> tuple[Floats, Floats]:
    """The words (rows x samples) without the rest of the line, and with it; a clock that drifts drifts in both."""
    nothing = silence(stems.speech.shape, stems.speech)
    scene = replace(stems, others=nothing, noise=nothing)
    clocked = replace(scene, lost=None)
    for placed in rest.effects:
        scene = carry_past(placed, scene, chances, whole)
        if isinstance(placed.effect, ClockPpm):
            clocked = carry_past(placed, clocked, chances, whole)
    return clocked.speech, silenced(scene.mix()).speech


def _told(stems: Scene, row: int, heard: Floats | None) -> After:
    """The figures of one row; `heard` is what arrives of its words alone, None where that is the words."""
    words = stems.speech[row, stems.hidden :]
    beside = stems.others[row, stems.hidden :] + stems.noise[row, stems.hidden :]
    before = _spectra(words, stems.rate)
    active = _active(before, words, stems.rate)
    if np.count_nonzero(active) < LEAST_FRAMES:
        return After(too_little=True)
    weights = np.square(a_curve(scipy.fft.rfftfreq(_size(stems.rate), 1 / stems.rate)))
    said, bed = weights * _power(before[active]), weights * _power(_spectra(beside, stems.rate))
    if heard is None:
        ratio_db = _ratio_db(_sum(said), _sum(bed))
        return After(ratio_db, ratio_db)
    after = _spectra(heard, stems.rate)[active]
    if np.count_nonzero(after.any(axis=1)) < LEAST_FRAMES:
        return After(too_little=True)
    arriving, residual = _split(before[active], after)
    passed = _passed(_power(before[active]), arriving, residual)
    others = _sum(bed * passed)
    return After(
        _ratio_db(_sum(weights * arriving), others + _sum(weights * residual)), _ratio_db(_sum(said * passed), others)
    )


def _spectra(samples: Floats, rate: int) -> Spectra:
    """Frames x frequencies, of Hann windows that overlap by half."""
    size = _size(rate)
    padded = np.pad(samples, (0, max(0, size - len(samples))))
    hann = np.sin(np.pi * (np.arange(size) + 0.5) / size).astype(np.float32) ** 2
    spectra: Spectra = scipy.fft.rfft(windows(padded, size, size // 2) * hann)
    return spectra


def _size(rate: int) -> int:
    return 2 * round(WINDOW_S * rate / 2)


def _power(spectra: Spectra) -> Doubles:
    return np.asarray(np.square(np.abs(spectra)).mean(axis=0, dtype=np.float64))


def _active(spectra: Spectra, words: Floats, rate: int) -> Bools:
    """In which frames somebody speaks: so large a share as P.56 says, those that are loudest or soon after such."""
    level = np.square(np.abs(spectra)).sum(axis=1)
    held = round(2 * HANGOVER_S / WINDOW_S)
    late = scipy.ndimage.maximum_filter1d(level, held + 1, mode="constant", origin=held // 2)
    count = round(active_speech_level(words, rate).activity * len(level))
    active = np.zeros(len(level), np.bool_)
    active[np.argsort(-late, kind="stable")[:count]] = True
    return active


def _split(before: Spectra, after: Spectra) -> tuple[Doubles, Doubles]:
    """What arrives, in two: the power at each frequency of words through a filter, and what no filter makes of them.

    By coherence. A filter fitted to n windows fits one part in n of what has nothing to do with them, too: that is
    given back.
    """
    apart = len(before) / OVERLAPPING
    cross = np.square(np.abs((after * before.conj()).mean(axis=0, dtype=np.complex128)))
    arriving = _power(after)
    coherence = np.minimum(_over(cross, _power(before) * arriving), 1)
    residual = np.minimum((1 - coherence) * apart / (apart - 1), 1) * arriving
    return arriving - residual, residual


def _passed(power: Doubles, words: Doubles, residual: Doubles) -> Doubles:
    """The share of power that the filter lets through at each frequency.

    Where words are faint, or less of what arrives is theirs than not, the frequencies beside it tell; but never more
    than arrives there at all.
    """
    loud = power > FAINT * power.max()
    sure = np.flatnonzero(loud & (words > residual))
    if not len(sure):
        sure = np.flatnonzero(loud)
    between = np.interp(np.arange(len(power)), sure, words[sure] / power[sure])
    return np.minimum(between, _over(words + residual, power))


def _over(some: Doubles, whole: Doubles) -> Doubles:
    """The quotient; 0 where there is nothing to divide by."""
    return np.divide(some, whole, out=np.zeros_like(whole), where=whole > 0)


def _sum(power: Doubles) -> float:
    return float(power.sum())


def _ratio_db(words: float, rest: float) -> float | None:
    return 10 * math.log10(words / rest) if words > 0 and rest > 0 else None
