import numpy as np
import pytest

from pipeline.chance import Chance, stream


def drawn(seed, *names, count=8):
    return stream(seed, *names).integers(2**63, size=count).tolist()


def test_the_same_names_give_the_same_numbers_whatever_ran_before():
    first = drawn(7, "cafe", "noise")
    stream(7, "cafe", "noise").random(1000)
    np.random.Generator(np.random.Philox(1)).random(10)
    assert drawn(7, "cafe", "noise") == first


def test_these_names_have_had_these_numbers_from_the_start():
    # printf '0\\x1fa' | sha256sum: all sound moves with it, so that a change needs a line in the changelog.
    key = bytes.fromhex("ef2c25ef33ca6bece5608eaedf2d3731")
    assert stream(0, "a").bit_generator.state["state"]["key"].astype("<u8").tobytes() == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((0, "a"), (0, "b")),
        ((0, "a"), (1, "a")),
        ((0,), (0, "")),
        ((0, "a"), (0, "a", "")),
        ((0, "a", "bc"), (0, "ab", "c")),
        ((0, "a", "b"), (0, "b", "a")),
        ((0, "a", "b"), (0, "ab")),
        ((1, "2"), (12,)),
        ((1, "2"), (2, "1")),
        ((0, "A"), (0, "a")),
        ((0, "é"), (0, "e")),
    ],
)
def test_other_names_have_other_numbers(one, other):
    assert not set(drawn(*one)) & set(drawn(*other))


def test_many_names_share_no_first_number():
    first = {drawn(seed, str(name), count=1)[0] for seed in range(10) for name in range(1000)}
    assert len(first) == 10_000


def test_seed_0_is_a_seed_like_any_other():
    values = stream(0, "a").random(100_000)
    assert abs(values.mean() - 0.5) < 4 / np.sqrt(12 * len(values))


def test_neighbouring_seeds_and_names_are_uncorrelated():
    rows = np.array([stream(seed, f"line {name}").standard_normal(10_000) for seed in (0, 1) for name in (1, 2)])
    apart = np.corrcoef(rows)[np.triu_indices(len(rows), 1)]
    assert np.abs(apart).max() < 4 / np.sqrt(10_000)


@pytest.mark.parametrize("draw", ["random", "standard_normal", "standard_exponential"])
def test_a_longer_draw_begins_with_the_shorter_one(draw):
    short, long = (getattr(stream(3, "bed"), draw)(size) for size in (100, 1000))
    assert np.array_equal(long[:100], short)


def test_chance_names_itself_step_by_step():
    chance = Chance(5).named("cafe").named("noise", "snr_db")
    assert chance.names == ("cafe", "noise", "snr_db")
    assert chance.stream().random() == stream(5, "cafe", "noise", "snr_db").random()
    assert chance.stream().random() == chance.stream().random()
