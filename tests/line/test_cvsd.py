"""CVSD steps as Bluetooth's specification says."""

import numpy as np
import pytest

from pipeline.line.cvsd import cvsd, modulated


def test_a_fourth_bit_alike_makes_the_step_larger_by_10_and_the_accumulator_leaks_a_32nd():
    first = 10.0
    second = first * 31 / 32 + 10
    third = second * 31 / 32 + 10
    fourth = third * 31 / 32 + 20
    assert modulated([30_000.0] * 4) == pytest.approx([first, second, third, fourth])


def test_steps_grow_to_1280_at_most():
    loud = modulated([32_767.0] * 1000)
    steps = np.diff(loud) + np.array(loud[:-1]) / 32
    assert steps.max() == pytest.approx(1280)


def test_the_accumulator_stays_within_16_bits():
    swings = modulated([100_000.0] * 2000 + [-100_000.0] * 2000)
    assert max(swings) == 32_767
    assert min(swings) == -32_768


def test_silence_comes_back_within_two_of_the_smallest_steps():
    assert np.abs(cvsd(np.zeros(8_000, np.int16))).max() <= 20


def test_a_tone_is_well_above_the_noise_and_steep_ones_are_worse():
    times = np.arange(16_000) / 8_000
    ratios = []
    for hz in (500, 1000, 3000):
        tone = np.rint(8_000 * np.sin(2 * np.pi * hz * times)).astype(np.int16)
        noise = cvsd(tone)[800:-800] - tone[800:-800].astype(float)
        ratios.append(10 * np.log10(np.mean(tone.astype(float) ** 2) / np.mean(noise**2)))
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[1] > 20
