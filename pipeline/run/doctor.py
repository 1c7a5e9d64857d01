"""What works here, found by trying it: the machine, then every engine, ours and third parties', quick ones first."""

import io
import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from pipeline import engines
from pipeline.asr import Asr
from pipeline.audio import Sound
from pipeline.errors import BadlineError
from pipeline.files import cache_folder
from pipeline.meaning import similarity
from pipeline.run.stamp import stamp
from pipeline.run.store import flac
from pipeline.tts import Tts
from pipeline.vad import Vad

State = Literal["works", "loads", "needs options", "missing", "fails"]
Told = tuple[State, str]
Said = dict[str, Sound]
LANGUAGE, SENTENCE = "en", "good morning everybody"
ENOUGH_WORDS = 2  # of the three: the doctor asks whether it works, not how well
SILENT = 1e-3
LEAST_FREE_GB = 0.5  # a hundred calls with their sound take less than a tenth of that
MOST_SPAWN_S = 60.0
SPAWN = get_context("spawn")
# What the shipped release and the voice `heart` are made of.
DEFAULT = {("tts", "hibari"), ("vad", "silero"), ("asr", "faster_whisper")}
# Engines that are not here come last in their stage: nobody knows how long they take.
QUICK_FIRST = ("tone", "pyttsx3", "hibari", "energy", "tones", "faster_whisper", "whisper")
# An ASR needs what the voices have said.
HEARING_LAST = ("tts", "vad", "asr")
INSTALL = re.compile(r"pip install( -[-\w]+)* ('[^']+'|[\w.\[\]=<>~-]*[\w\]])")


@dataclass(frozen=True)
class Trial:
    """Something to try. `attempt` tells what came of it, and raises where it does not work; `needed`: by every call."""

    part: str
    attempt: Callable[[], Told]
    needed: bool = True


@dataclass(frozen=True)
class Finding:
    """What came of a trial: in words, in seconds, and the command that gets what is missing."""

    part: str
    state: State
    about: str
    needed: bool
    seconds: float
    command: str = ""


def examine(trials: Iterable[Trial], begin: Callable[[str], None]) -> list[Finding]:
    """Try all of it. `begin` is told each part's name beforehand; nothing that a part raises gets out of here."""
    findings = []
    for trial in trials:
        begin(trial.part)
        findings.append(_found(trial))
    return findings


def default_path_works(findings: Iterable[Finding]) -> bool:
    """Whether a call can be placed with what ships: all that it needs works."""
    return all(one.state in ("works", "loads") for one in findings if one.needed)


def _found(trial: Trial) -> Finding:
    started, command = time.perf_counter(), ""
    state: State
    try:
        state, about = trial.attempt()
    except (Exception, SystemExit) as error:  # noqa: BLE001  an engine may raise anything; all of it is told
        about = str(error) if isinstance(error, BadlineError) else f"{type(error).__name__}: {error}"
        install = INSTALL.search(about)
        state, command = ("missing", install[0]) if install else ("fails", "")
    return Finding(trial.part, state, about, trial.needed, round(time.perf_counter() - started, 3), command)


def trials() -> Iterator[Trial]:
    """Everything there is to try on this machine, the quick first."""
    yield Trial("python", _python)
    yield Trial("processor", _processor)
    yield Trial("working folder", lambda: _room_in(Path.cwd()))
    yield Trial("cache folder", lambda: _room_in(cache_folder()), needed=False)
    yield Trial("sound files", _sound_files)
    yield from _engines()
    yield Trial("sentence model", _meanings)
    yield Trial("worker process", _worker)


def _python() -> Told:
    if sys.version_info < (3, 11):  # noqa: UP036  whoever runs it from a checkout may have any
        raise BadlineError(f"{platform.python_version()} is too old: 3.11 or newer is needed")
    return (
        "works",
        f"{platform.python_version()} on {platform.system()}, badline {stamp().get('badline', 'not installed')}",
    )


def _processor() -> Told:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    return "works", f"{stamp()['machine']}, vectors {stamp()['vectors']}, {cores} cores, OMP_NUM_THREADS {threads}"


def _room_in(folder: Path) -> Told:
    there = next(one for one in (folder, *folder.parents) if one.is_dir())
    free_gb = shutil.disk_usage(there).free / 1e9
    if free_gb < LEAST_FREE_GB:
        raise BadlineError(f"{folder}: {free_gb:.2f} GB are free; make room for {LEAST_FREE_GB} GB")
    if not os.access(there, os.W_OK):
        raise BadlineError(f"{there}: cannot be written")
    return "works", f"{folder}: {free_gb:.0f} GB free"


def _sound_files() -> Told:
    pcm = np.arange(-3000, 3000, dtype=np.int16).reshape(-1, 2)
    read, _ = soundfile.read(io.BytesIO(flac(pcm)), dtype="int16")
    if not np.array_equal(read, pcm):
        raise BadlineError("a FLAC file does not hold what was written to it")
    return "works", "FLAC written and read back, the same to the bit"


def _meanings() -> Told:
    near, far = similarity("Where is it?", "What is its location?"), similarity("Where is it?", "I like cheese.")
    if near <= far:
        raise BadlineError(f"the sentence model finds a question less like itself ({near:.2f}) than cheese ({far:.2f})")
    return "works", f"one question in two wordings: {near:.2f}; two unrelated sentences: {far:.2f}"


def _worker() -> Told:
    ours, theirs = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=_answer, args=(theirs,))
    process.start()
    theirs.close()
    try:
        if not ours.poll(MOST_SPAWN_S):
            raise BadlineError(f"a new process gave no answer within {MOST_SPAWN_S:.0f} s")
        return "works", f"a new process answers, with Python {ours.recv()}"
    finally:
        process.kill()
        process.join()


def _answer(pipe: "Connection[str, str]") -> None:
    """What the new process does: that it gets here shows that it can load badline."""
    pipe.send(platform.python_version())


def _engines() -> Iterator[Trial]:
    """Every engine as it is by default; voices before those who are to hear what they said."""
    said: Said = {}
    for stage in (*(one for one in engines.STAGES if one not in HEARING_LAST), *HEARING_LAST):
        for name in sorted(engines.known(stage), key=_slowness):
            attempt = partial(_try_engine, stage, name, said)
            yield Trial(f"{engines.noun(stage)} {name}", attempt, needed=(stage, name) in DEFAULT)


def _slowness(name: str) -> int:
    return QUICK_FIRST.index(name) if name in QUICK_FIRST else len(QUICK_FIRST)


def _try_engine(stage: str, name: str, said: Said) -> Told:
    engine = engines.find(stage, name)
    wanted = [option for option, field in engine.options.model_fields.items() if field.is_required()]
    if wanted:
        return "needs options", f"try it in a file of yours, with its {' and '.join(wanted)}"
    built = engine.build(engine.options())
    match stage:
        case "tts":
            return _speak(built, name, said)
        case "vad":
            return _listen(built, said)
        case "asr":
            return _recognise(built, said)
    return "loads", "built as it is by default"


def _speak(voice: Tts, name: str, said: Said) -> Told:
    """It says three words, which are kept for others to hear."""
    if LANGUAGE not in voice.languages:
        return "loads", f"it speaks {', '.join(voice.languages)}; what is tried here is English"
    sound = voice.speak(SENTENCE, seed=0)
    if not np.isfinite(sound.samples).all() or np.abs(sound.samples).max(initial=0.0) < SILENT:
        raise BadlineError(f"what it said in the place of '{SENTENCE}' is no sound")
    said[name] = sound
    return "works", f"said '{SENTENCE}': {sound.seconds:.1f} s of sound"


def _listen(vad: Vad, said: Said) -> Told:
    voice = next(iter(_voices(said)))
    speech = vad.speech(said[voice]).values > 0.5
    if not speech.any():
        raise BadlineError(f"found no speech in what tts {voice} said")
    return "works", f"found speech in {speech.mean():.0%} of what tts {voice} said"


def _recognise(asr: Asr, said: Said) -> Told:
    """It understands one of the voices: a toy understands the toy voice, and nobody else does."""
    if LANGUAGE not in asr.languages:
        return "loads", f"it hears {', '.join(asr.languages)}; what is tried here is English"
    heard = {}
    for voice in _voices(said):
        heard[voice] = asr.transcribe([said[voice]])[0].text
        if len(_words(SENTENCE) & _words(heard[voice])) >= ENOUGH_WORDS:
            return "works", f"heard '{heard[voice]}' where tts {voice} said '{SENTENCE}'"
    voice, text = next(iter(heard.items()))
    raise BadlineError(f"heard '{text}' where tts {voice} said '{SENTENCE}'")


def _voices(said: Said) -> list[str]:
    """Those that have spoken, the usual one first. Raises BadlineError where there is none."""
    if not said:
        raise BadlineError("there is nothing to hear: no voice works")
    return sorted(said, key=lambda name: ("tts", name) not in DEFAULT)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))
