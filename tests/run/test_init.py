import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.agent.http import Options
from pipeline.errors import BadlineError
from pipeline.run.check import check_file
from pipeline.run.init import write_first_suite
from pipeline.run.single import place_once
from pipeline.spec.release import Release, read_release
from pipeline.spec.scenario import Scenario, read_scenario
from pipeline.spec.suite import Suite

URL = "https://desk.example/turn?a=1"
AGENTS = [("python", None), ("http", URL)]
BADLINE = [sys.executable, "-c", "from pipeline.cli import main; main()"]


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Files written for an agent, seen from the folder in which they are."""

    def start(agent="python", url=None):
        files = write_first_suite(tmp_path, agent=agent, url=url).written
        monkeypatch.chdir(tmp_path)
        return files

    return start


def words(files, kind):
    [path] = [path for path in files if path.parent.name == kind]
    return path


@pytest.mark.parametrize(("agent", "url"), AGENTS)
def test_all_that_is_written_is_right_and_found_by_its_name(started, agent, url):
    files = [path for path in started(agent, url) if path.suffix == ".yaml"]
    assert {path.parent.name for path in files} == {"scenarios", "releases", "suites"}
    assert [check_file(path).error for path in files] == [None] * 3


def test_with_perfect_ears_the_written_agent_passes(started):
    release = words(started(), "releases")
    release.write_text(release.read_text().replace("{hibari: {speaker: 0.86}}", "tone"))  # needs no model
    done = place_once("cancel_booking", "clean_line", release="mine", voice="tone", arm="oracle", seed=1)
    assert done.facts["status"] == "passed"


@pytest.mark.parametrize(("kind", "model"), [("scenarios", Scenario), ("suites", Suite), ("releases", Release)])
def test_every_key_stands_in_the_written_file_at_least_in_a_comment(started, kind, model):
    text = words(started(), kind).read_text()
    assert [key for key in model.model_fields if not re.search(rf"^(# )?{key}:", text, re.M)] == []


@pytest.mark.parametrize(("agent", "url"), AGENTS)
def test_what_the_release_says_of_turns_in_its_comments_holds_without_them(started, agent, url):
    path = words(started(agent, url), "releases")
    before = read_release(path)
    written, changes = re.subn("^# (barge_in|no_input_ms|dtmf):", r"\1:", path.read_text(), flags=re.M)
    path.write_text(written)
    assert changes == 3
    assert read_release(path).said() == before.said()


def test_the_line_of_the_scenario_may_be_pressed_as_its_comments_say(started):
    path = words(started(), "scenarios")
    [keys] = re.findall("`(keys: .*?)`", path.read_text())
    path.write_text(path.read_text().replace("booking: {say:", f"booking: {{{keys}, say:"))
    assert read_scenario(path).says["booking"].keys == "{booking}#"


def test_an_http_agent_is_asked_where_the_option_says(started):
    release = read_release(words(started("http", URL), "releases"))
    assert (release.agent.name, release.agent.options.url) == ("http", URL)


def test_the_endpoint_in_the_comments_of_the_release_is_right_too(started):
    path = words(started(), "releases")
    without = re.sub("^agent: .*", "", path.read_text(), flags=re.M)
    path.write_text(re.sub("^# (agent:|  )", r"\1", without, flags=re.M))
    agent = read_release(path).agent
    assert (agent.name, agent.options.reply.actions.path) == ("http", "tools")


def test_an_endpoint_of_another_shape_is_read_as_the_comments_say(started):
    path = words(started("http", URL), "releases")
    text = re.sub(r"^    (start|end): .*", r"    \1: null", path.read_text(), flags=re.M)
    path.write_text(re.sub(r"^    # ((request|reply): .*(conversation|body).*)", r"    \1", text, flags=re.M))
    options = read_release(path).agent.options
    assert (options.start, options.end, options.reply.text) == (None, None, "messages.*.body")
    assert options.request["messages"] == [{"from": "caller", "body": "{text}"}]


@pytest.mark.parametrize("key", Options.model_fields)
def test_every_key_of_an_endpoint_stands_in_its_release_at_least_in_a_comment(started, key):
    text = words(started("http", URL), "releases").read_text()
    assert re.search(rf"^    (# )?{key}:", text, re.M)


def test_a_file_that_is_there_stays_as_it_was_and_nothing_is_written_beside_it(tmp_path):
    mine = tmp_path / "fixtures" / "suites" / "mine.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(BadlineError, match=re.escape(f"{mine} is there already")):
        write_first_suite(tmp_path, agent="python", url=None)
    assert [path.read_text() for path in tmp_path.rglob("*") if path.is_file()] == ["mine"]


@pytest.mark.parametrize(
    ("agent", "url", "why"),
    [
        ("htp", None, "Did you mean 'http'?"),
        ("http", None, "--url http"),
        ("python", URL, "--agent http"),
        ("http", "ftp://desk.example", "--url: 'ftp://desk.example' is no URL"),
    ],
)
def test_an_agent_without_a_template_is_refused_before_anything_is_written(tmp_path, agent, url, why):
    with pytest.raises(BadlineError, match=re.escape(why)):
        write_first_suite(tmp_path / "new", agent=agent, url=url)
    assert not (tmp_path / "new").exists()


def test_the_next_commands_begin_by_going_there(tmp_path, monkeypatch):
    assert write_first_suite(tmp_path / "a b", agent="python", url=None).commands[0] == f"cd '{tmp_path / 'a b'}'"
    monkeypatch.chdir(tmp_path)
    assert write_first_suite(Path(), agent="python", url=None).commands[0].startswith("badline check ")


@pytest.mark.slow
def test_the_next_commands_work_one_after_the_other(tmp_path):
    init = subprocess.run([*BADLINE, "init", "mine", "--json"], cwd=tmp_path, capture_output=True, check=True)
    go, *commands = json.loads(init.stdout)["next"]
    assert go == "cd mine"
    for command in commands:
        done = subprocess.run(
            [*BADLINE, *command.split()[1:]], cwd=tmp_path / "mine", capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert re.search(r"^oracle .* 100\.0% +1/1", done.stdout, re.M)
