import subprocess
import sys

import numpy as np
import pytest

from pipeline.errors import BadlineError
from pipeline.line.arrays import (
    beside,
    check_device,
    copied,
    hardware,
    is_finite,
    is_silence,
    namespace,
    on_device,
    silence,
    stacked,
    to_numpy,
    transforms,
    windows,
    zeros,
)

HERE = np.arange(12, dtype=np.float32).reshape(2, 6)
DEVICES = ["cpu", "torch:cpu"]
on_each_device = pytest.mark.parametrize("device", DEVICES)


@pytest.fixture(autouse=True)
def torch():
    return pytest.importorskip("torch")


def test_on_the_cpu_an_array_is_numpys_and_itself():
    assert on_device(HERE, "cpu") is HERE
    assert to_numpy(HERE) is HERE
    assert beside(HERE, HERE) is HERE
    assert namespace(HERE) is np


def test_elsewhere_it_is_torchs_until_it_comes_back(torch):
    there = on_device(HERE, "torch:cpu")
    assert isinstance(there, torch.Tensor)
    assert there.dtype == torch.float32
    assert on_device(there, "torch:cpu") is there
    assert np.array_equal(on_device(there, "cpu"), HERE)


def test_what_is_written_elsewhere_does_not_come_back_by_itself():
    kept = HERE.copy()
    kept.flags.writeable = False  # torch would warn if it shared the memory of one that cannot be written to
    for there in (on_device(kept, "torch:cpu"), beside(kept, on_device(kept, "torch:cpu"))):
        there[0, 0] = 7
    assert np.array_equal(kept, HERE)


@on_each_device
def test_a_copy_can_be_written_to(device):
    array = on_device(HERE, device)
    copied(array)[0] = 7
    assert np.array_equal(to_numpy(array), HERE)


@on_each_device
def test_silence_and_stacked_rows_lie_where_the_other_array_does(device):
    array = on_device(HERE, device)
    silence, stack = zeros((3, 2), array), stacked([array[1], array[0]])
    assert type(silence) is type(stack) is type(array)
    assert np.array_equal(to_numpy(silence), np.zeros((3, 2), np.float32))
    assert np.array_equal(to_numpy(stack), HERE[::-1])
    assert to_numpy(silence).dtype == to_numpy(stack).dtype == np.float32


@on_each_device
def test_a_silent_stem_is_one_zero_and_known_as_silence(device):
    array = on_device(HERE, device)
    stem = silence((2, 1000), array)
    assert is_silence(stem) and not is_silence(zeros((2, 1000), array))
    assert type(stem) is type(array) and not to_numpy(stem).any() and tuple(stem.shape) == (2, 1000)
    assert np.array_equal(to_numpy(stem + 1), np.ones((2, 1000), np.float32))


@on_each_device
@pytest.mark.parametrize(
    ("last", "finite"), [(0, True), (1e30, True), (np.inf, False), (-np.inf, False), (np.nan, False)]
)
def test_one_sample_that_is_no_number_is_found_and_the_loudest_number_is_none(device, last, finite):
    samples = np.append(np.ones(1000, np.float32), np.float32(last))
    assert is_finite(on_device(samples, device)) is finite


@on_each_device
@pytest.mark.parametrize(("size", "step"), [(2, 1), (4, 2), (3, 3), (6, 5)])
def test_a_frame_begins_at_every_step_as_long_as_it_fits(device, size, step):
    frames = to_numpy(windows(on_device(HERE, device), size, step))
    starts = [start for start in range(0, 6, step) if start + size <= 6]
    assert np.array_equal(frames, np.stack([HERE[:, start : start + size] for start in starts], axis=1))


@on_each_device
def test_a_transform_of_float32_is_complex64_and_what_the_sum_says(device):
    found = to_numpy(transforms(on_device(HERE, device)).rfft(on_device(HERE, device)))
    turns = np.exp(-2j * np.pi * np.outer(np.arange(6), np.arange(4)) / 6)
    assert found.dtype == np.complex64
    np.testing.assert_allclose(found, HERE @ turns, atol=1e-5)


def test_the_cpu_is_always_there_by_either_library():
    for device in DEVICES:
        check_device(device)
    assert hardware("torch:cpu") == "cpu"


def test_an_unknown_device_is_refused():
    with pytest.raises(BadlineError, match="there is no device 'gpu'; use 'cpu', or 'cuda' for a GPU"):
        check_device("gpu")


def test_a_gpu_that_is_not_there_is_refused(torch):
    if torch.cuda.is_available():
        pytest.skip("a GPU is there")
    with pytest.raises(BadlineError, match="needs a GPU, and torch finds none here; use 'cpu'"):
        check_device("cuda")


def test_without_torch_a_gpu_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(BadlineError, match="'cuda' needs torch, which is not installed: pip install torch, or use"):
        check_device("cuda")


CARRIED = """
import sys
import numpy as np
from pipeline.chance import Chance
from pipeline.line.draw import draw_line
from pipeline.line.scene import Nominal
from pipeline.line.window import Saying, Studio
from pipeline.spec.profile import Profile
places = {"talker": [{"mumble": {}}], "room": [{"reverb": {}}, {"noise": {}}], "network": [{"band": {}}]}
line = draw_line(Profile.model_validate({"name": "some", "about": "x", **places}), Chance(1))
Studio(line, Nominal(-26.0, -30.0), {}, Chance(1)).utterance("hi", 1, Saying(np.full(8000, 0.1, np.float32)))
print("torch" in sys.modules)
"""


def test_torch_is_not_imported_where_no_device_wants_it():
    ran = subprocess.run([sys.executable, "-c", CARRIED], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
