"""Causal filters: a microphone, and what lies before it, rings after a sound and never before it."""

import numpy as np
from scipy import signal
from scipy.fft import next_fast_len

from pipeline.audio import Floats
from pipeline.line.filters import Doubles, fir_filter
from pipeline.line.scene import Scene
from pipeline.line.stems import in_each

FINENESS = 16  # frequencies for each tap: for curves as smooth as a microphone's, what folds back is nothing


def minimum_phase(taps: Doubles) -> Doubles:
    """As many taps with the same gain at every frequency, whose energy comes as early as it can.

    A device that passes sound by masses, springs and losses in a row has such a response.
    """
    grid = next_fast_len(FINENESS * len(taps), real=True)
    causal: Doubles = signal.minimum_phase(taps, half=False, n_fft=grid)
    return causal


def passed(rows: Floats, taps: Doubles) -> Floats:
    """Rows x samples through taps that begin at once."""
    return fir_filter(rows, taps, lag=0)


def passed_by(scene: Scene, taps: Doubles) -> Scene:
    """The scene with every stem but the agent's sound through such taps."""
    return in_each(scene, lambda stem: passed(stem, taps))


def click_through(taps: Doubles) -> Floats:
    """What comes out where a click goes in: as long as the taps and as much again."""
    click = np.zeros((1, 2 * len(taps)), np.float32)
    click[0, 0] = 1.0
    response: Floats = passed(click, taps)[0]
    return response
