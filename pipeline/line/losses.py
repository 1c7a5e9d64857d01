"""Losses: which frames of the network are lost, put together from whatever loses them; and what nobody conceals."""

from dataclasses import replace

import numpy as np

from pipeline.audio import Bools, Floats
from pipeline.line.arrays import beside
from pipeline.line.scene import Scene
from pipeline.line.stems import in_each

FRAME_MS = 20  # what most networks send at once


def losing(scene: Scene, lost: Bools, frame_ms: int) -> Scene:
    """The scene with further frames marked as lost (rows x frames of `frame_ms`); what was lost already stays so."""
    if scene.lost is not None:
        lost = lost | regrouped(scene.lost, scene.frame_ms, frame_ms, lost.shape[1])
    return replace(scene, lost=lost, frame_ms=frame_ms)


def regrouped(lost: Bools, frame_ms: int, other_ms: int, frames: int) -> Bools:
    """Losses in frames of another length: one is lost where any of it was."""
    each_ms = np.repeat(lost, frame_ms, axis=1)[:, : frames * other_ms]
    padded = np.pad(each_ms, ((0, 0), (0, frames * other_ms - each_ms.shape[1])))
    return np.asarray(padded.reshape(len(lost), frames, other_ms).any(axis=2))


def silenced(scene: Scene) -> Scene:
    """The scene after losses that nobody concealed: silence stands in the lost frames, and none is marked any more."""
    if scene.lost is None:
        return scene
    there = replace(scene, lost=None)
    if not scene.lost.any():
        return there
    frame = np.arange(scene.samples) * 1000 // (scene.rate * scene.frame_ms)
    heard: Floats = beside((~scene.lost[:, frame]).astype(np.float32), scene.speech)
    return in_each(there, lambda stem: stem * heard)
