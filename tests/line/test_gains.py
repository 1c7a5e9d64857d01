import numpy as np
import pytest
from numpy.random import default_rng

from pipeline.line.gains import block_powers, held, lowest_of_late, ramped


def test_powers_are_mean_squares_of_whole_blocks():
    row = np.repeat([0.5, -0.25, 1.0], 10).astype(np.float32)[:25]
    assert block_powers(row, 10) == pytest.approx([0.25, 0.0625])


def test_a_gain_is_reached_at_the_end_of_the_block_after_the_one_that_was_heard():
    factors = ramped(1.0, np.array([0.5, 0.5, 1.0]), 4, 16)
    assert factors.tolist() == [1] * 4 + [0.875, 0.75, 0.625, 0.5] + [0.5] * 4 + [0.625, 0.75, 0.875, 1]


@pytest.mark.parametrize("samples", [0, 1, 4, 7, 8, 13])
def test_there_is_a_gain_for_every_sample(samples):
    assert len(ramped(1.0, np.ones(samples // 4), 4, samples)) == samples


def test_the_lowest_of_late_is_the_least_of_now_and_before():
    values = default_rng(1).random((50, 2))
    expected = [values[max(0, k - 6) : k + 1].min(axis=0) for k in range(50)]
    assert (lowest_of_late(values, 7) == expected).all()


def test_a_mark_is_held():
    marks = np.array([0, 1, 0, 0, 0, 0, 1, 1, 0], bool)
    assert held(marks, 2).astype(int).tolist() == [0, 1, 1, 1, 0, 0, 1, 1, 1]
