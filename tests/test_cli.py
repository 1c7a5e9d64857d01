import json
import sys
from pathlib import Path

import pytest
import soundfile

from pipeline import cli
from pipeline.run.crew import Crew
from pipeline.run.plan import find_job, read_plan
from pipeline.run.single import place_once
from pipeline.run.store import Store
from pipeline.run.unit import run_unit

COMMANDS = (
    "run",
    "call",
    "plot",
    "listen",
    "profiles",
    "check",
    "pair",
    "init",
    "doctor",
    "engines",
    "schema",
    "query",
    "blame",
    "score",
    "confusions",
    "judge",
    "judge-check",
)


@pytest.fixture
def badline(monkeypatch, capfd, toys):
    """Types a command in the toys' folder: its exit code, stdout and stderr."""
    monkeypatch.chdir(toys.folder)

    def typed(*words):
        monkeypatch.setattr(sys, "argv", ["badline", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code or 0, *capfd.readouterr()

    return typed


ALONE = ("--release", "./release.yaml", "--seed", "3")


def test_help_shows_an_example(badline):
    code, text, _ = badline("--help")
    assert code == 0
    assert "Example: badline run smoke" in text
    assert all(f"\n  {command} " in text for command in COMMANDS)
    assert "..." not in text.replace("COMMAND [ARGS]...", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_commands_help_shows_an_example(badline, command):
    code, text, _ = badline(command, "--help")
    assert code == 0
    assert f"Example: badline {command}" in text


def test_a_run_prints_results_on_stdout_and_progress_on_stderr(badline):
    code, results, progress = badline("run", "./suite.yaml", "--out", "out")
    assert code == 0
    assert "toys, release toy" in results
    assert "records: out/units" in results
    assert "12/12" in progress
    assert "passed" in progress
    assert "calls/min" not in results


def test_what_an_agent_prints_is_no_result(badline, toys):
    toys.spring("print('chatter', flush=True)")
    toys.change("suite.yaml", "weights: {quiet: 3, noisy: 1}", "arms: [oracle]")
    _, of_a_run, beside = badline("run", "./suite.yaml", "--out", "out", "--json")
    _, of_a_call, _ = badline("call", "./one.yaml", *ALONE, "--json")
    assert json.loads(of_a_run)["release"] == "toy"
    assert json.loads(of_a_call)["facts"]["status"] == "passed"
    assert "chatter" in beside


def test_a_failing_call_is_placed_again_by_the_command_that_a_run_prints(badline, toys):
    toys.spring("order = 1 / 0 if order == '783' else order")
    toys.change("suite.yaml", "weights: {quiet: 3, noisy: 1}", "arms: [degraded]")
    _, results, _ = badline("run", "./suite.yaml", "--out", "out")
    [sound, *_] = [line.split(": ")[1] for line in results.splitlines() if line.startswith("  hear it: ")]
    [command, *_] = [line.split(": ")[1] for line in results.splitlines() if line.startswith("  again: ")]
    _, again, _ = badline(*command.split()[1:], "--json")
    call = json.loads(again)
    record = json.loads(Path(f"out/units/{call['unit']}.json").read_text())
    assert call["facts_sha256"] == record["facts_sha256"]
    assert soundfile.info(sound).samplerate == 16000
    assert Path(sound).stem == call["facts"]["sound"]


@pytest.mark.parametrize(("floors", "code"), [("{oracle: 0.5}", 0), ("{degraded: 1.0}", 1)])
def test_a_run_ends_with_1_only_where_a_floor_is_broken(badline, toys, floors, code):
    toys.spring("order = 1 / 0 if order == '783' else order")
    toys.change("suite.yaml", "weights: {quiet: 3, noisy: 1}", f"floors: {floors}")
    toys.change("suite.yaml", "[./quiet.yaml, ./noisy.yaml]", "[./quiet.yaml]")
    assert badline("run", "./suite.yaml", "--out", "out")[0] == code


def test_a_run_that_lost_calls_to_us_ends_with_4(badline, toys):
    toys.spring("__import__('os')._exit(9)")  # its worker process dies with every call
    toys.change("suite.yaml", "weights: {quiet: 3, noisy: 1}", "arms: [oracle]")
    code, results, _ = badline("run", "./suite.yaml", "--out", "out")
    assert code == 4
    assert "INVALID: 4 of 4 units were lost to faults of ours" in results


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("run", "smoek", "--out", "out"), "Did you mean 'smoke'"),
        (("run", "./one.yaml", "--out", "out"), "one.yaml:"),
        (("run", "./suite.yaml", "--out", "suite.yaml"), "suite.yaml"),
        (("run", "./suite.yaml", "--out", "out", "--release", "toi"), "There is no release called 'toi'"),
        (("call", "./none.yaml"), "none.yaml: there is no such file"),
        (("call", "./one.yaml", *ALONE, "--profile", "caffe"), "Did you mean 'cafe'"),
        (("call", "./one.yaml", *ALONE, "-o", "none/call.wav"), "there is no folder none"),
        (("call", "./one.yaml", *ALONE, "-o", "call.mp4"), "ends in .wav or .flac"),
        (("listen", "hello", "--voice", "heard"), "Did you mean 'heart'"),
        (("call", "./one.yaml", *ALONE, "-o", "/proc/call.wav"), "nothing can be written in /proc"),
        (("call", "./one.yaml", *ALONE, "-o", "folder.wav"), "folder.wav is a folder"),
        (
            ("call", "./one.yaml", *ALONE, "--plot", "call.gif"),
            "--plot: call.gif: give it a name that ends in .png, .svg",
        ),
        (("plot", "./one.yaml", "-o", "none/call.png"), "there is no folder none"),
        (("plot", "./one.yaml"), "one.yaml"),
        (("plot", "none.json"), "none.json: there is no such file"),
        (("listen", " "), "TEXT: is empty"),
        (("schema", "scene"), "scenario"),
    ],
)
def test_what_a_person_can_mend_is_one_line_on_stderr_and_2(badline, toys, words, says):
    (toys.folder / "folder.wav").mkdir()
    code, results, errors = badline(*words)
    assert (code, results) == (2, "")
    assert says in errors
    assert "Traceback" not in errors
    assert not errors.startswith(("Usage", "┏"))


def test_a_changed_plan_ends_with_2_and_one_line(badline, toys):
    toys.change("suite.yaml", "weights: {quiet: 3, noisy: 1}", "arms: [oracle]")
    badline("run", "./suite.yaml", "--out", "out")
    toys.change("one.yaml", "412", "413")
    code, results, errors = badline("run", "./suite.yaml", "--out", "out")
    assert (code, results, len(errors.splitlines())) == (2, "", 1)
    assert "what differs: scenario one" in errors


def test_a_call_is_a_dialogue_and_a_recording_named_after_it(badline):
    code, text, _ = badline("call", "./one.yaml", *ALONE)
    assert code == 0
    assert "track(order='412')" in text
    assert "one.clean_line.none.tone.1.degraded.flac" in text
    assert soundfile.info("one.clean_line.none.tone.1.degraded.flac").channels == 2
    assert soundfile.info("one.clean_line.none.tone.1.degraded.clean.flac").channels == 1


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_a_recording_is_of_the_kind_that_its_name_says(badline, ending):
    badline("call", "./one.yaml", *ALONE, "-o", f"call.{ending}")
    both, clean = soundfile.info(f"call.{ending}"), soundfile.info(f"call.clean.{ending}")
    assert (both.format, clean.format) == (ending.upper(), ending.upper())
    assert both.frames == clean.frames


def test_a_call_can_be_drawn(badline):
    _, text, _ = badline("call", "./one.yaml", *ALONE, "--plot", "call.png", "--json")
    assert json.loads(text)["plot"] == "call.png"
    assert Path("call.png").read_bytes().startswith(b"\x89PNG")


def test_a_call_of_a_run_can_be_drawn_later(badline):
    for folder in ("units", "sound"):
        Path("out", folder).mkdir(parents=True)
    done = place_once("./one.yaml", "clean_line", release="./release.yaml", voice=None, arm="oracle", seed=3)
    Store(Path("out")).commit(done, {})
    [unit] = Path("out/units").iterdir()
    code, text, _ = badline("plot", unit, "-o", "call.svg")
    assert (code, text) == (0, "call.svg\n")
    assert Path("call.svg").read_text().startswith("<?xml")


def test_a_sentence_is_measured_and_recorded(badline):
    words = ("listen", "hello there", "--voice", "tone", "--profile", "./noisy.yaml")
    _, text, _ = badline(*words)
    _, words_for_programs, _ = badline(*words, "--json", "-o", "hello.wav")
    got = json.loads(words_for_programs)
    assert "set: " in text
    assert "drawn: " in text
    after = got["after"]
    assert f"after the line: SNR {after['snr_db']:.1f} dB (beds alone {after['stems_db']:.1f} dB)" in text
    assert after["snr_db"] < after["stems_db"]
    assert {one["kind"] for one in got["set"]} == {"set"}
    assert {one["kind"] for one in got["drawn"]} == {"drawn"}
    assert [one["name"] for one in got["line"]] == ["noise", "adc", "packet_loss", "codec"]
    assert soundfile.info("listen.wav").frames == soundfile.info(got["recording"]).frames


def test_two_sounds_are_measured_side_by_side(badline):
    words = ("listen", "hello there", "--voice", "tone", "--profile", "./noisy.yaml", "--against", "mild")
    _, text, _ = badline(*words)
    _, words_for_programs, _ = badline(*words, "--json")
    got = json.loads(words_for_programs)
    assert "noisy typical" in text and "noisy mild" in text
    assert (got["recording"], got["against"]["recording"]) == ("listen.wav", "listen.against.wav")
    assert set(got["against"]) == set(got) - {"against"}
    assert soundfile.info("listen.against.wav").frames == soundfile.info("listen.wav").frames


def test_a_sentence_is_compared_with_a_recording_and_drawn(badline):
    words = ("listen", "hello there", "--voice", "tone", "--profile", "./noisy.yaml")
    badline(*words, "-o", "real.wav")
    code, text, _ = badline(*words, "--against", "real.wav", "--explain", "stages.svg", "--json")
    got = json.loads(text)
    assert (code, got["picture"]) == (0, "stages.svg")
    assert got["against"]["heard"] == got["heard"]
    assert "set" not in got["against"]
    assert Path("stages.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize("recording", ["a.wav", "./a.against.wav"])
def test_a_recording_is_never_written_over(badline, recording):
    Path(recording).write_bytes(b"precious")
    code, _, told = badline("listen", "hello", "--voice", "tone", "--against", recording, "-o", "a.wav")
    assert (code, Path(recording).read_bytes()) == (2, b"precious")
    assert "would write over the recording" in told


def test_checked_files_are_told_for_programs(badline, toys):
    toys.change("two.yaml", "says:", "sais:")
    code, text, _ = badline("check", "one.yaml", "two.yaml", "--json")
    [right, wrong] = json.loads(text)
    assert (code, right["error"]) == (2, None)
    assert "sais" in wrong["error"]


def test_engines_are_listed_for_people_and_programs(badline):
    _, text, _ = badline("engines")
    _, words, _ = badline("engines", "--json")
    assert {"stage", "name", "about", "installed"} <= set(json.loads(words)[0])
    assert all(one["name"] in text for one in json.loads(words))


def test_a_bug_of_ours_ends_with_4_and_its_traceback_and_never_as_a_broken_floor(capfd):
    assert cli._guarded(lambda: {}["key"]) == 4
    assert cli._guarded(lambda: (_ for _ in ()).throw(OSError("no file's name"))) == 4
    results, errors = capfd.readouterr()
    assert results == ""
    assert "KeyError: 'key'" in errors
    assert errors.splitlines()[-1].startswith("This is a bug of badline")


def test_a_missing_package_is_a_note_unless_the_file_is_named(badline, lacking):
    code, _, notes = badline("check")
    assert code == 0
    assert f"cannot be checked here: {lacking.resolve()}:4: room.0: The room effect 'rare' needs" in notes
    _, words, _ = badline("check", "--json")
    assert str(lacking) in {one["file"] for one in json.loads(words) if one["missing_package"]}
    assert badline("check", lacking)[0] == 2


def test_a_run_that_is_refused_leaves_no_folder(badline, toys):
    toys.change("release.yaml", "desk.py:Desk", "desk.py:Dessk")
    assert badline("run", "./suite.yaml", "--out", "out")[0] == 2
    assert not Path("out").exists()


@pytest.fixture
def placed(toys):
    """Places the calls of the toys' suite, as it is now, into a run's folder."""

    def place(folder):
        plan, store = read_plan(find_job(str(toys.suite), None)), Store(toys.folder / folder)
        store.begin(plan)
        crew = Crew(plan)
        for unit in plan.units:
            store.commit(run_unit(crew, unit), {"stamp": crew.stamp(unit)})

    return place


def test_runs_of_a_slower_release_hear_the_same_and_those_of_another_seed_are_refused(badline, toys, placed):
    toys.change("suite.yaml", "weights: {quiet: 3, noisy: 1}", "arms: [degraded]")
    placed("a")
    toys.change("release.yaml", "agent_ms: [100, 300]", "agent_ms: 900")
    placed("b")
    toys.change("suite.yaml", "seed: 3", "seed: 4")
    placed("c")
    code, table, _ = badline("pair", "a", "b")
    found = [
        window["pairing"]
        for unit in json.loads(badline("pair", "a", "b", "--json")[1])["units"]
        for window in unit["windows"]
    ]
    assert (code, "same" in found) == (0, True)
    assert set(found) <= {"same", "only_in_a", "only_in_b"}
    assert [line.split()[1:3] for line in table.splitlines()[-2:]] == [["degraded", "2"]] * 2
    code, _, errors = badline("pair", "a", "c")
    assert code == 4
    assert "what differs: the line is another: another seed" in errors


def test_runs_without_a_common_unit_end_with_2(badline, toys, placed):
    toys.change("suite.yaml", "weights: {quiet: 3, noisy: 1}", "arms: [oracle]")
    placed("a")
    toys.change("suite.yaml", "arms: [oracle]", "arms: [clean]")
    placed("b")
    code, results, errors = badline("pair", "a", "b")
    assert (code, results) == (2, "")
    assert "have no unit in common" in errors


@pytest.mark.parametrize(
    "command",
    [("run", "./suite.yaml", "--out", "out"), ("call", "./one.yaml"), ("listen", "hello")],
    ids=lambda c: c[0],
)
def test_a_gpu_that_is_not_there_is_an_error_before_any_work(badline, toys, command):
    if pytest.importorskip("torch").cuda.is_available():
        pytest.skip("a GPU is there")
    code, results, message = badline(*command, "--device", "cuda")
    assert (code, results) == (2, "")
    assert "--device: 'cuda' needs a GPU, and torch finds none here; use 'cpu'" in message
    assert not (toys.folder / "out").exists()


def test_a_wrong_query_and_a_run_that_is_not_finished_end_with_2(badline, toys):
    (toys.folder / "runs" / "begun").mkdir(parents=True)
    (toys.folder / "runs" / "begun" / "plan.json").write_text('{"schema": 2, "suite": "a"}')
    code, results, said = badline("query", "select 1", "runs/begun")
    assert (code, results) == (2, "")
    assert "runs/begun: has no manifest.json" in said
    code, _, said = badline("query", "select 1")
    assert code == 2
    assert "left out, not finished: runs/begun" in said
    assert "no finished run" in said


def test_a_query_prints_a_table_json_or_csv(badline):
    badline("run", "./suite.yaml", "--out", "runs/one", "--workers", "1")
    sql = "select run, count(*) as calls from calls group by run"
    assert all(part in badline("query", sql)[1] for part in ("runs/one", "calls", "12"))
    assert json.loads(badline("query", sql, "--json")[1]) == [{"run": "runs/one", "calls": 12}]
    assert badline("query", sql, "runs/one", "--csv")[1] == "run,calls\nruns/one,12\n"
    code, results, said = badline("query", "selec 1")
    assert (code, results) == (2, "")
    assert "Parser Error" in said


def test_blame_tells_what_failed_on_the_line_and_wants_a_finished_run(badline, toys):
    toys.change("noisy.yaml", "snr_db: [5, 9]", "snr_db: [-10, -9]")
    badline("run", "./suite.yaml", "--out", "runs/one", "--workers", "1")
    code, table, _ = badline("blame", "runs/one")
    told = json.loads(badline("blame", "runs/one", "--json")[1])
    assert (code, {one["blame"] for one in told["blamed"]}) == (0, {"line"})
    assert {one["profile"] for one in told["blamed"]} == {"noisy"}
    assert f"{told['failed']} of {told['calls']} degraded calls failed" in table
    Path("runs/one/manifest.json").unlink()
    code, results, said = badline("blame", "runs/one")
    assert (code, results) == (2, "")
    assert "runs/one: has no manifest.json, so it is no finished run" in said


def test_a_run_of_which_only_expectations_changed_is_scored_anew(badline, toys):
    badline("run", "./suite.yaml", "--out", "out", "--workers", "1")
    code, results, _ = badline("score", "out")
    assert (code, "no call counts as something else" in results) == (0, True)
    toys.change("one.yaml", "outcome: resolved", "outcome: refused")
    _, results, _ = badline("score", "out", "--out", "anew", "--json")
    told = json.loads(results)
    assert {(one["before"], one["now"]) for one in told["changed"]} == {("passed", "failed")}
    assert len(told["changed"]) == 6
    toys.change("one.yaml", "hello where is my parcel", "hello you")
    assert "what differs: scenario one" in badline("score", "out", "--out", "third")[2]


def test_a_run_tells_what_was_taken_for_what(badline):
    badline("run", "./suite.yaml", "--out", "out", "--workers", "1")
    assert json.loads(badline("confusions", "out", "--json")[1])["calls"] == 4
    assert "letters and digits" in badline("confusions", "out")[1]
    assert badline("confusions", "out", "--arm", "no")[0] == 2


@pytest.mark.slow
def test_two_releases_crossed_are_four_runs_and_tell_whose_change_it_was(badline, toys):
    init, reply = "def __init__(self, *given): pass", "def reply(self, heard): return 'no'"
    toys.write("desk/mute.py", f"class Desk:\n    {init}\n    {reply}\n")
    release = (toys.folder / "release.yaml").read_text()
    toys.write("next.yaml", release.replace("name: toy", "name: next").replace("desk/desk.py", "desk/mute.py"))
    words = ("run", "./suite.yaml", "--cross", "./release.yaml", "./next.yaml", "--out", "out")
    code, results, _ = badline(*words, "--json")
    told = json.loads(results)
    assert code == 0
    assert {path.name for path in Path("out").iterdir()} == {"toy", "toy+next", "next+toy", "next"}
    by_change = {(one["arm"], one["changed"], one["beside"]): one["lost"] for one in told["changes"]}
    assert (by_change["oracle", "agent", "toy"], by_change["oracle", "ears", "toy"]) == (4, 0)
    assert "from toy to next, on the same calls" in badline(*words)[1]
    assert badline(*words, "--release", "./next.yaml")[0] == 2
