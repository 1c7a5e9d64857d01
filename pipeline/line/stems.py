"""What effects do to stems: their sum, what is done to the sum, and what is done to each of them."""

from collections.abc import Callable
from dataclasses import replace

from pipeline.audio import Floats
from pipeline.line.scene import Scene


def whole(scene: Scene) -> Floats:
    """All that sounds on the caller's side, as a mix adds it up."""
    return scene.speech if scene.mixed else scene.speech + scene.others + scene.noise


def turned_into(scene: Scene, sound: Floats, added: Floats) -> Scene:
    """The scene whose whole sound is now `sound`: what was `added` to the stems is noise.

    Where nothing is added, every bit stays.
    """
    if scene.mixed:
        return replace(scene, speech=sound)
    return replace(scene, noise=scene.noise + added)


def in_each(scene: Scene, change: Callable[[Floats], Floats]) -> Scene:
    """The scene with each stem changed alike, so that they still add up; what is silent stays so."""
    speech, others, noise = (change(one) if one.any() else one for one in (scene.speech, scene.others, scene.noise))
    return replace(scene, speech=speech, others=others, noise=noise)
