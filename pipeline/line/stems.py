"""What effects do to stems: what is done to their sum, and what is done to each of them."""

from collections.abc import Callable
from dataclasses import replace

from pipeline.audio import Floats
from pipeline.line.arrays import is_silence
from pipeline.line.scene import Scene


def turned_into(scene: Scene, sound: Floats, added: Floats) -> Scene:
    """The scene whose whole sound is now `sound`: what was `added` to the stems is noise, and its own from now on.

    Where nothing is added, every bit stays.
    """
    return replace(scene, speech=sound) if scene.mixed else with_noise(scene, added)


def with_noise(scene: Scene, added: Floats) -> Scene:
    """The scene with more in its noise. What was `added` is its own from now on, and written over."""
    if not is_silence(scene.noise):
        added += scene.noise
    return replace(scene, noise=added)


def in_each(scene: Scene, change: Callable[[Floats], Floats]) -> Scene:
    """The scene with each stem changed alike, so that they still add up; what is silent stays so."""
    speech, others, noise = (change(one) if _sounds(one) else one for one in (scene.speech, scene.others, scene.noise))
    return replace(scene, speech=speech, others=others, noise=noise)


def _sounds(stem: Floats) -> bool:
    return not is_silence(stem) and bool(stem.any())
