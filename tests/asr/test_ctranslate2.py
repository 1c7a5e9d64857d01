import struct

import numpy as np
import pytest

from pipeline.asr._ctranslate2 import read_model
from pipeline.errors import InfraError

MATRIX = np.array([[1.5, -2.0, 0.25], [0.0, 3.0, -0.5]], "<f2")


def text(words):
    """As CTranslate2 writes it: the length with the closing NUL, the letters, the NUL."""
    return struct.pack("<H", len(words) + 1) + words.encode() + b"\0"


def variable(name, shape, kind, values):
    sides = struct.pack(f"<B{len(shape)}I", len(shape), *shape)
    return text(name) + sides + struct.pack("<BI", kind, len(values)) + values


def model_bin(*variables, version=6, aliases=()):
    head = struct.pack("<I", version) + text("WhisperSpec") + struct.pack("<II", 3, len(variables))
    tail = b"".join(text(alias) + text(name) for alias, name in aliases)
    return head + b"".join(variables) + struct.pack("<I", len(aliases)) + tail


TINY = model_bin(
    variable("encoder/weight", (2, 3), 4, MATRIX.tobytes()),
    variable("encoder/num_heads", (), 2, struct.pack("<h", 6)),
    aliases=[("decoder/weight", "encoder/weight")],
)


def test_it_reads_names_shapes_types_and_aliases():
    model = read_model(TINY)
    assert model.spec == "WhisperSpec"
    assert set(model.variables) == {"encoder/weight", "encoder/num_heads", "decoder/weight"}
    assert model.variables["encoder/weight"].dtype == np.float16
    assert np.array_equal(model.variables["decoder/weight"], MATRIX)
    assert int(model.variables["encoder/num_heads"]) == 6


def test_a_file_that_ends_early_is_refused_wherever_it_ends():
    for end in range(len(TINY)):
        with pytest.raises(InfraError, match="ends early"):
            read_model(TINY[:end])


def test_bytes_after_the_end_are_refused():
    with pytest.raises(InfraError, match="3 bytes follow its end"):
        read_model(TINY + b"???")


def test_another_version_is_refused():
    with pytest.raises(InfraError, match="binary version 5; version 6 can be read"):
        read_model(model_bin(version=5))


def test_an_unknown_type_of_numbers_is_refused():
    with pytest.raises(InfraError, match="encoder/weight has numbers of type 5"):
        read_model(model_bin(variable("encoder/weight", (2,), 5, bytes(4))))


def test_a_size_that_does_not_fit_the_shape_is_refused():
    with pytest.raises(InfraError, match="has 10 bytes, which do not make"):
        read_model(model_bin(variable("encoder/weight", (2, 3), 4, bytes(10))))


def test_an_alias_of_nothing_is_refused():
    with pytest.raises(InfraError, match="names encoder/weight, which it does not hold"):
        read_model(model_bin(aliases=[("decoder/weight", "encoder/weight")]))
