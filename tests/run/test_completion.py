"""The median to completion, where some calls never come to their aim."""

import pytest

from pipeline.run.completion import Median, median_of

# Weeks to relapse of 21 patients (Freireich et al. 1963, as in every textbook on survival); the median is 23.
RELAPSED, LOST = (6, 6, 6, 7, 10, 13, 16, 22, 23), (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)


def counts(came, never):
    pairs = [*((one, True) for one in came), *((one, False) for one in never)]
    return {pair: pairs.count(pair) for pair in pairs}


def test_the_median_is_that_of_the_textbook():
    told = median_of(counts(RELAPSED, LOST))
    assert (told.median, told.low, told.high) == (23, 13, None)


def test_calls_that_all_came_to_their_aim_have_the_plain_median():
    assert median_of(counts((3, 4, 5, 6, 7), ())).median == 5
    assert median_of(counts((5,), ())).median == 5


def test_where_few_came_to_their_aim_half_took_longer_than_any_call():
    assert median_of(counts((3,), (5, 5, 5, 5))) == Median(None, 3, None)


def test_where_none_did_there_is_no_median():
    assert median_of(counts((), (5, 6))) is None


@pytest.mark.parametrize("never", [(), (8, 8)])
def test_the_interval_lies_around_the_median(never):
    told = median_of(counts((3,) * 10 + (4,) * 7 + (5,) * 6, never))
    assert told.low <= told.median <= told.high
