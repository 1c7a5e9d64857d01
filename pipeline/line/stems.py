"""What effects do to stems: what is done to their sum, and what is done to each of them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pipeline.audio import FULL_SCALE, Bools, Floats
from pipeline.line.arrays import is_silence
from pipeline.line.scene import Scene


def turned_into(scene: Scene, sound: Floats, added: Floats) -> Scene:
    """The scene whose whole sound is now `sound`: what was `added` to the stems is noise, and its own from now on.

    Where nothing is added, every bit stays.
    """
    return replace(scene, speech=sound) if scene.mixed else with_noise(scene, added)


def with_noise(scene: Scene, added: Floats) -> Scene:
    """The scene with more noise; in its one sound where the stems have ended.

    What was `added` is the scene's own from now on, and written over.
    """
    before = scene.speech if scene.mixed else scene.noise
    if not is_silence(before):
        added += before
    return replace(scene, speech=added) if scene.mixed else replace(scene, noise=added)


def in_each(scene: Scene, change: Callable[[Floats], Floats]) -> Scene:
    """The scene with each stem changed alike, so that they still add up; what is silent stays so."""
    speech, others, noise = (change(one) if _sounds(one) else one for one in (scene.speech, scene.others, scene.noise))
    return replace(scene, speech=speech, others=others, noise=noise)


def beyond_full_scale(sound: Floats) -> Bools:
    """Which samples (of NumPy's) 16 bits cannot hold, rounded."""
    highest = np.float32((FULL_SCALE - 0.5) / FULL_SCALE)  # a half is rounded to the even number: up
    return np.asarray((sound >= highest) | (sound < -1 - (1 - highest)))


def _sounds(stem: Floats) -> bool:
    return not is_silence(stem) and bool(stem.any())
