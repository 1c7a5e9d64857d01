import pytest

from pipeline.errors import BadlineError
from pipeline.spec.arm import ARMS, checked_arm, lacks, true_turn


@pytest.mark.parametrize("arm", ["oracle", "clean_turns", "clean"])
def test_arms_before_the_line_lack_all_of_it(arm):
    assert lacks(arm) == ("talker", "room", "device", "network")


def test_a_closer_looks_arm_lacks_one_part():
    assert (lacks("degraded"), lacks("without_room"), lacks("true_turn_3")) == ((), ("room",), ())


def test_the_turn_whose_true_words_are_told_is_read_from_the_name():
    assert [true_turn(arm) for arm in ("true_turn_0", "true_turn_12", "degraded", "true_turn_", "true_turn_x")] == [
        0, 12, None, None, None,
    ]  # fmt: skip


def test_every_arm_is_known_and_a_stranger_is_told_what_is_near():
    assert [checked_arm(arm) for arm in (*ARMS, "without_talker", "true_turn_7")][-1] == "true_turn_7"
    with pytest.raises(BadlineError, match="Did you mean 'without_room'"):
        checked_arm("without_rom")
