"""Arrays of NumPy and of torch: the same code makes the same sound on a CPU and on a GPU.

A device is "cpu" (NumPy), "cuda" (torch's), or "torch:NAME", torch's device of that name. What follows the Python array
API (by array-api-compat) runs on all of them; here stands what the standard leaves out. Arrays are typed as NumPy's,
for in an effect they are used alike. Torch is imported only where a device wants it.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Any, TypeVar

import array_api_compat
import numpy as np
import numpy.typing as npt
from scipy import fft

from pipeline.audio import Floats
from pipeline.errors import BadlineError

CPU = "cpu"
TORCH = "torch:"

Kind = TypeVar("Kind", bound=np.generic)


def namespace(array: Floats) -> ModuleType:
    """The library that an array is of, with the names of the standard; NumPy itself has them."""
    if isinstance(array, np.ndarray):
        return np
    space: ModuleType = array_api_compat.array_namespace(array)
    return space


def transforms(array: Floats) -> Any:  # noqa: ANN401  a module
    """Its Fourier transforms: for NumPy those of SciPy, which stay in float32 and are faster."""
    return fft if isinstance(array, np.ndarray) else namespace(array).fft


def to_numpy(array: Floats) -> Floats:
    """The array as NumPy's; itself where it is."""
    if isinstance(array, np.ndarray):
        return array
    there: Floats = array.cpu().numpy()
    return there


def beside(array: npt.NDArray[Kind], other: Floats) -> npt.NDArray[Kind]:
    """A NumPy array where another array lies; itself where that is NumPy's."""
    if isinstance(other, np.ndarray):
        return array
    there: npt.NDArray[Kind] = namespace(other).asarray(array, device=other.device, copy=True)
    return there


def on_device(array: Floats, device: str) -> Floats:
    """The array on a device; itself where it lies there already."""
    if device == CPU:
        return to_numpy(array)
    if not isinstance(array, np.ndarray):
        return array
    import torch  # noqa: PLC0415  optional, and slow to import

    there: Floats = torch.tensor(array, device=_torch_name(device))  # a copy: others may not write to ours
    return there


def zeros(shape: tuple[int, ...], like: Floats) -> Floats:
    """Silence of a shape where another array lies."""
    space = namespace(like)
    silence: Floats = space.zeros(shape, dtype=space.float32, device=like.device)
    return silence


def silence(shape: tuple[int, ...], like: Floats) -> Floats:
    """A silent stem: one zero, seen as many. It takes no memory, cannot be written to, and `is_silence` at a glance."""
    space = namespace(like)
    zero = space.zeros((1,) * len(shape), dtype=space.float32, device=like.device)
    whole: Floats = space.broadcast_to(zero, shape)
    return whole


def is_silence(array: Floats) -> bool:
    """Whether an array was made by `silence`. That another one is silent can only be heard."""
    strides: tuple[int, ...] = array.strides if isinstance(array, np.ndarray) else array.stride()
    return not any(strides)


def empty(shape: tuple[int, ...], like: Floats) -> Floats:
    """Room for an array of a shape where another one lies, to be filled."""
    space = namespace(like)
    room: Floats = space.empty(shape, dtype=space.float32, device=like.device)
    return room


def copied(array: Floats) -> Floats:
    """A copy that may be written to."""
    copy: Floats = namespace(array).asarray(array, copy=True)
    return copy


def stacked(rows: Sequence[Floats]) -> Floats:
    """Rows of one length and one library as rows x samples; one alone is seen, not copied."""
    if len(rows) == 1:
        return rows[0][None]
    stack: Floats = namespace(rows[0]).stack(rows)
    return stack


def is_finite(array: Floats) -> bool:
    """Whether it holds neither NaN nor infinity: its energy tells without another array, but for the loudest of all."""
    if isinstance(array, np.ndarray) and array.flags.c_contiguous and np.isfinite(np.vdot(array, array)):
        return True
    return bool(namespace(array).isfinite(array).all())


def windows(samples: Floats, size: int, step: int) -> Floats:
    """... x frames x `size` samples, a view: a frame begins every `step` samples, as long as it fits."""
    if isinstance(samples, np.ndarray):
        return np.lib.stride_tricks.sliding_window_view(samples, size, axis=-1)[..., ::step, :]
    frames: Floats = samples.unfold(-1, size, step)
    return frames


def check_device(device: str) -> None:
    """Raises BadlineError where a device is not known, or not there."""
    if device == CPU:
        return
    if device != "cuda" and not device.startswith(TORCH):
        raise BadlineError(f"--device: there is no device '{device}'; use 'cpu', or 'cuda' for a GPU")
    try:
        import torch  # noqa: PLC0415  optional, and slow to import
    except ModuleNotFoundError:
        raise BadlineError(
            f"--device: '{device}' needs torch, which is not installed: pip install torch, or use 'cpu'"
        ) from None
    if _torch_name(device).startswith("cuda") and not torch.cuda.is_available():
        raise BadlineError(f"--device: '{device}' needs a GPU, and torch finds none here; use 'cpu'")


def hardware(device: str) -> str:
    """What a device of torch's is made of: the model of a GPU."""
    import torch  # noqa: PLC0415  optional, and slow to import

    name = _torch_name(device)
    return str(torch.cuda.get_device_name(name)) if name.startswith("cuda") else name


def _torch_name(device: str) -> str:
    return device.removeprefix(TORCH)
