"""Speech is what stands out of the noise floor: no model, no training, a formula."""

from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.signal import butter, sosfilt

from pipeline.audio import Sound
from pipeline.spec.words import Words
from pipeline.vad import Probabilities

FRAME_MS = 20
SMOOTHED_FRAMES = 3
FLOOR_FRAMES = 100
BAND_HZ = (200.0, 3400.0)
SLOPE_DB = 1.5


class Options(Words):
    """`threshold_db` is how far above the noise floor speech begins; the floor is `floor_dbov` at least."""

    threshold_db: Annotated[float, Field(ge=3.0, le=30.0)] = 8.0
    floor_dbov: Annotated[float, Field(ge=-90.0, le=-20.0)] = -60.0


class Energy:
    """Level over an adaptive noise floor, frame by frame, for sound of any rate.

    The level is that of the last 60 ms between 200 and 3400 Hz, so that rumble and hiss say little. The floor
    is its minimum over the last 2 s (Martin's minimum statistics, 2001, without the correction of the bias):
    nobody speaks for 2 s without a gap of 60 ms, and a noise that rises is floor again after 2 s.
    """

    version: ClassVar[int] = 1
    frame_ms = FRAME_MS

    def __init__(self, options: Options) -> None:
        self._options = options

    def speech(self, sound: Sound) -> Probabilities:
        """One probability per 20 ms, 0.5 at the threshold: a logistic curve with a scale of 1.5 dB."""
        if len(sound.samples) < sound.rate * FRAME_MS // 1000:
            return Probabilities(FRAME_MS, np.zeros(0, np.float32))
        level_dbov = _smoothed_level(sound)
        over_db = level_dbov - np.maximum(_running_minimum(level_dbov), self._options.floor_dbov)
        odds = np.exp(-(over_db - self._options.threshold_db) / SLOPE_DB)
        return Probabilities(FRAME_MS, (1.0 / (1.0 + odds)).astype(np.float32))


def _smoothed_level(sound: Sound) -> npt.NDArray[np.float64]:
    """The level in the band of each whole frame and the two before it, in dBov."""
    frame = sound.rate * FRAME_MS // 1000
    frames = len(sound.samples) // frame
    heard = sosfilt(_band_pass(sound.rate), sound.samples[: frames * frame].astype(np.float64))
    power = np.mean(heard.reshape(frames, frame) ** 2, axis=1)
    before = np.concatenate([np.repeat(power[:1], SMOOTHED_FRAMES - 1), power])
    smooth = np.mean([before[k : k + frames] for k in range(SMOOTHED_FRAMES)], axis=0)
    return np.asarray(10.0 * np.log10(np.maximum(smooth, 1e-12)))


def _band_pass(rate: int) -> npt.NDArray[np.float64]:
    low_hz, high_hz = BAND_HZ
    return np.asarray(butter(2, (low_hz, min(high_hz, 0.45 * rate)), "bandpass", fs=rate, output="sos"))


def _running_minimum(level_dbov: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The lowest of each value and the 2 s before it; of fewer at the beginning."""
    before = np.concatenate([np.full(FLOOR_FRAMES - 1, np.inf), level_dbov])
    return np.asarray(np.lib.stride_tricks.sliding_window_view(before, FLOOR_FRAMES).min(axis=1))
