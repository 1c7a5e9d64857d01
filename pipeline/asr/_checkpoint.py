"""openai-whisper's checkpoint out of CTranslate2's weights: the same numbers under other names, made once and kept.

The names on the one side are those of CTranslate2's WhisperSpec, on the other those of whisper/model.py.
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from pipeline.asr._ctranslate2 import Array, Model, read_model
from pipeline.errors import InfraError
from pipeline.files import cache_folder, file_hash

VERSION = 1  # of the conversion: what an older one made is not used again


def kept(name: str, parts: Sequence[Path], sha256: str) -> Path:
    """The checkpoint of the model.bin that `parts` make up, in the cache folder, made when it is first asked for.

    A checkpoint's file name carries the SHA-256 of its content, so a spoilt one is seen and made again. Raises
    InfraError where the parts are not the model that was tried, or nothing can be written.
    """
    folder, stem = cache_folder() / "whisper", f"{name}-{sha256[:16]}-{VERSION}"
    for path in sorted(folder.glob(f"{stem}-*.pt")):
        if path.stem.rpartition("-")[2] == file_hash(path):
            return path
    content = b"".join(part.read_bytes() for part in parts)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise InfraError(
            f"{' + '.join(map(str, parts))}: is not the model that was tried (its SHA-256 is not {sha256})"
        )
    return _keep(_saved(read_model(content)), folder, stem)


def _keep(content: bytes, folder: Path, stem: str) -> Path:
    path = folder / f"{stem}-{hashlib.sha256(content).hexdigest()}.pt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder) as desk:
            part = Path(desk) / "part"
            part.write_bytes(content)
            part.replace(path)
    except OSError as error:
        raise InfraError(f"{folder}: cannot keep a model there ({error.strerror}): set BADLINE_CACHE") from None
    return path


def _saved(model: Model) -> bytes:
    state = {name: torch.tensor(weight) for name, weight in state_of(model).items()}
    file = io.BytesIO()
    torch.save({"dims": dims_of(model), "model_state_dict": state}, file)
    return file.getvalue()


def dims_of(model: Model) -> dict[str, int]:
    """The sizes of the model, as `whisper.model.ModelDimensions` has them."""
    at = model.variables
    n_audio_ctx, n_audio_state = at["encoder/position_encodings/encodings"].shape
    n_text_ctx, n_text_state = at["decoder/position_encodings/encodings"].shape
    return {
        "n_mels": at["encoder/conv1/weight"].shape[1],
        "n_vocab": at["decoder/embeddings/weight"].shape[0],
        "n_audio_ctx": n_audio_ctx,
        "n_audio_state": n_audio_state,
        "n_audio_head": int(at["encoder/num_heads"]),
        "n_audio_layer": _layers(model, "encoder"),
        "n_text_ctx": n_text_ctx,
        "n_text_state": n_text_state,
        "n_text_head": int(at["decoder/num_heads"]),
        "n_text_layer": _layers(model, "decoder"),
    }


def state_of(model: Model) -> dict[str, Array]:
    """The weights by the names of openai-whisper. Raises InfraError where they are not those of a float Whisper."""
    if model.spec != "WhisperSpec":
        raise InfraError(f"model.bin: holds a {model.spec}, not a WhisperSpec")
    state: dict[str, Array] = {}
    for side in ("encoder", "decoder"):
        for layer in range(_layers(model, side)):
            block = _Scope(model.variables, f"{side}/layer_{layer}").block(decoder=side == "decoder")
            state |= _under(f"{side}.blocks.{layer}", block)
    state |= _Scope(model.variables, "encoder").encoder() | _Scope(model.variables, "decoder").decoder()
    if quantised := [name for name, weight in state.items() if not np.issubdtype(weight.dtype, np.floating)]:
        raise InfraError(f"model.bin: its weights are quantised ({quantised[0]}); it wants float16 or float32")
    return state


def _layers(model: Model, side: str) -> int:
    return len({name.split("/")[1] for name in model.variables if name.startswith(f"{side}/layer_")} - {"layer_norm"})


@dataclass(frozen=True, eq=False)
class _Scope:
    """The variables whose names begin with `name`."""

    variables: Mapping[str, Array]
    name: str

    def encoder(self) -> dict[str, Array]:
        return {
            **_under("encoder.conv1", self._linear("conv1")),
            **_under("encoder.conv2", self._linear("conv2")),
            **_under("encoder.ln_post", self._norm("layer_norm")),
            "encoder.positional_embedding": self._at("position_encodings/encodings"),
        }

    def decoder(self) -> dict[str, Array]:
        return {
            **_under("decoder.ln", self._norm("layer_norm")),
            "decoder.token_embedding.weight": self._at("embeddings/weight"),
            "decoder.positional_embedding": self._at("position_encodings/encodings"),
        }

    def block(self, *, decoder: bool) -> dict[str, Array]:
        """A layer of either side; the decoder's also attends to the encoder."""
        return {
            **_under("attn_ln", self._norm("self_attention/layer_norm")),
            **_under("attn", self._fused("self_attention/linear_0", "query", "key", "value")),
            **_under("attn.out", self._linear("self_attention/linear_1")),
            **(self._cross() if decoder else {}),
            **_under("mlp_ln", self._norm("ffn/layer_norm")),
            **_under("mlp.0", self._linear("ffn/linear_0")),
            **_under("mlp.2", self._linear("ffn/linear_1")),
        }

    def _cross(self) -> dict[str, Array]:
        return {
            **_under("cross_attn_ln", self._norm("attention/layer_norm")),
            **_under("cross_attn.query", self._linear("attention/linear_0")),
            **_under("cross_attn", self._fused("attention/linear_1", "key", "value")),
            **_under("cross_attn.out", self._linear("attention/linear_2")),
        }

    def _linear(self, name: str) -> dict[str, Array]:
        return {"weight": self._at(f"{name}/weight"), "bias": self._at(f"{name}/bias")}

    def _norm(self, name: str) -> dict[str, Array]:
        return {"weight": self._at(f"{name}/gamma"), "bias": self._at(f"{name}/beta")}

    def _fused(self, name: str, *parts: str) -> dict[str, Array]:
        """One matrix for several maps, taken apart; Whisper's key has no bias, and CTranslate2 writes zeros for it."""
        pairs = {
            part: {"weight": weight, "bias": bias}
            for part, weight, bias in zip(
                parts,
                np.split(self._at(f"{name}/weight"), len(parts)),
                np.split(self._at(f"{name}/bias"), len(parts)),
                strict=True,
            )
        }
        if pairs["key"].pop("bias").any():
            raise InfraError(f"model.bin: {self.name}/{name} has a bias for the key, which Whisper has not")
        return {f"{part}.{kind}": weight for part, pair in pairs.items() for kind, weight in pair.items()}

    def _at(self, name: str) -> Array:
        path = f"{self.name}/{name}"
        if path not in self.variables:
            raise InfraError(f"model.bin: holds no {path}")
        return self.variables[path]


def _under(prefix: str, weights: Mapping[str, Array]) -> dict[str, Array]:
    return {f"{prefix}.{name}": weight for name, weight in weights.items()}
