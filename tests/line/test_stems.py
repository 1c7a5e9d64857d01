from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng

from pipeline.audio import to_pcm
from pipeline.line.scene import Nominal, Scene
from pipeline.line.stems import beyond_full_scale, in_each, turned_into


def scene() -> Scene:
    speech, others, noise, far_end = 0.1 * default_rng(1).standard_normal((4, 2, 1000)).astype(np.float32)
    return Scene(16_000, speech, others, noise, far_end, (Nominal(-26.0, -30.0),) * 2)


def test_the_whole_is_what_a_mix_holds():
    assert (scene().whole == scene().mix().speech).all()
    assert (scene().mix().whole == scene().mix().speech).all()


def test_what_a_stage_adds_is_noise_and_the_stems_add_up_to_its_sound():
    before = scene()
    sound = before.whole**3
    after = turned_into(before, sound, sound - before.whole)
    assert (after.speech == before.speech).all() and (after.others == before.others).all()
    assert after.whole == pytest.approx(sound, abs=1e-7)


def test_a_stage_that_adds_nothing_leaves_every_bit():
    before = scene()
    assert turned_into(before, before.whole, np.zeros_like(before.whole)).noise.tobytes() == before.noise.tobytes()


def test_where_the_stems_have_ended_the_sound_takes_the_place_of_the_whole():
    after = turned_into(scene().mix(), 2 * scene().whole, scene().whole)
    assert (after.speech == 2 * scene().whole).all()
    assert not after.noise.any()


def test_each_stem_is_changed_but_the_agent_and_what_is_silent():
    before = replace(scene(), others=np.zeros((2, 1000), np.float32))
    after = in_each(before, lambda stem: stem + 1)
    assert (after.speech == before.speech + 1).all() and (after.noise == before.noise + 1).all()
    assert not after.others.any()
    assert (after.far_end == before.far_end).all()


def test_beyond_full_scale_is_what_rounds_to_more_than_16_bits_hold():
    sound = np.float32([32766.6, 32767, 32767.4, 32767.5, 32768, -32768, -32768.5, -32769]) / np.float32(32768)
    assert beyond_full_scale(sound).tolist() == [False, False, False, True, True, False, False, True]
    assert to_pcm(sound).tolist() == [32767, 32767, 32767, 32767, 32767, -32768, -32768, -32768]
