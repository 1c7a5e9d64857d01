import math

import pytest

from pipeline.asr._whisper import confidence, most_tokens


@pytest.mark.parametrize(("seconds", "tokens"), [(0.5, 14), (3.15, 46), (30.0, 224), (300.0, 224)])
def test_tokens_are_capped_by_the_length_of_the_sound(seconds, tokens):
    assert most_tokens(seconds) == tokens


def test_confidence_weighs_segments_by_their_tokens():
    assert confidence([(math.log(0.5), 3), (0.0, 1)]) == round(0.5 ** (3 / 4), 4)


def test_confidence_is_never_above_one():
    assert confidence([(1e-3, 5)]) == 1.0
