"""The line drops as many calls as asked; which ones, chance settles before the call."""

from math import sqrt

import numpy as np
import pytest
from numpy.random import default_rng
from pydantic import ValidationError

from pipeline.chance import stream
from pipeline.line.network.drop import Drop, Options
from pipeline.line.scene import Drops, Nominal, Scene


def dropped(share, call, **options):
    return Drop(Options(share=share, **options).settled(stream(call, "settled"))).drop_ms


def test_so_large_a_share_of_calls_drops():
    drops = sum(dropped(0.3, call) is not None for call in range(1000))
    assert drops / 1000 == pytest.approx(0.3, abs=4 * sqrt(0.3 * 0.7 / 1000))  # four binomial deviations


def test_a_call_that_drops_does_so_at_its_time():
    assert dropped(1.0, 1, after_s=12.345) == 12_345
    assert dropped(1.0, 1) == 20_000


def test_all_or_no_calls_may_drop():
    assert all(dropped(1.0, call) for call in range(50))
    assert not any(dropped(0.0, call) for call in range(50))


def test_a_worse_line_drops_the_calls_of_a_better_one_and_more():
    drops = {share: {call for call in range(200) if dropped(share, call)} for share in (0.1, 0.4)}
    assert drops[0.1] < drops[0.4]


def test_a_settled_call_stays_settled():
    once = Options(share=0.5).settled(stream(3, "settled"))
    assert 0 <= once.luck < 1
    assert all(once.settled(stream(call, "again")) == once for call in range(20))


def test_the_share_is_proportional_to_the_severity():
    assert [Options(share=0.2).at(severity).share for severity in (0.25, 0.5, 1)] == [0.1, 0.2, 0.4]
    assert Options(share=0.7).at(1).share == 1


def test_a_call_that_may_or_may_not_drop_has_no_time():
    with pytest.raises(ValueError, match="settled"):
        _ = Drop(Options(share=0.5)).drop_ms


def test_it_is_asked_for_its_time_even_where_it_does_not_drop():
    assert isinstance(Drop(Options(share=0.0, luck=0.5)), Drops)


def test_the_sound_until_then_is_as_it_came():
    stems = [default_rng(seed).standard_normal((1, 500)).astype(np.float32) for seed in range(4)]
    after = Drop(Options(share=1.0))(Scene(8000, *stems, nominal=(Nominal(-26.0, -30.0),)), [default_rng(1)])
    for before, stem in zip(stems, (after.speech, after.others, after.noise, after.far_end), strict=True):
        assert stem.tobytes() == before.tobytes()
    assert after.got == ((),)


@pytest.mark.parametrize("words", [{"share": 1.1}, {"share": -0.1}, {"after_s": 0.5}, {"after_s": 301}])
def test_what_no_line_does_is_refused(words):
    with pytest.raises(ValidationError, match=next(iter(words))):
        Options(**words)
