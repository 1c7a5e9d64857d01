"""The delay is on the clock: this effect says how long it is, and leaves the sound."""

import numpy as np
import pytest
from numpy.random import default_rng
from pydantic import ValidationError

from pipeline.line.network.delay import Delay, Options
from pipeline.line.scene import Delays, Nominal, Scene


def test_it_says_how_long_it_takes_one_way():
    assert Delay(Options()).delay_ms == 80
    assert Delay(Options(ms=250)).delay_ms == 250
    assert isinstance(Delay(Options()), Delays)


def test_the_sound_is_as_it_came():
    stems = [default_rng(seed).standard_normal((1, 500)).astype(np.float32) for seed in range(4)]
    after = Delay(Options(ms=1000))(Scene(8000, *stems, nominal=(Nominal(-26.0, -30.0),)), [default_rng(1)])
    for before, stem in zip(stems, (after.speech, after.others, after.noise, after.far_end), strict=True):
        assert stem.tobytes() == before.tobytes()
    [[told]] = after.got
    assert (told.name, told.asked, told.got, told.kind, told.tolerance) == ("delay_ms", 1000, 1000, "set", 0)


@pytest.mark.parametrize("ms", [-1, 1001, 80.5])
def test_a_time_that_no_network_takes_is_refused(ms):
    with pytest.raises(ValidationError, match="ms"):
        Options(ms=ms)
