import pytest

from pipeline.errors import BadlineError
from pipeline.run.check import check_file
from pipeline.run.plan import Job, read_plan

HTTP = 'agent: {http: {url: "http://127.0.0.1:9/reply", reply: {text: text%s}}}'
PYTHON = 'agent: {python: {target: "desk/desk.py:Desk"}}'
DID = 'expect: {outcome: resolved, did: [{track: {order: "{order}"}}]}'


@pytest.fixture
def refused(toys):
    """What is said against the toys when the first scenario expects this, and an endpoint shows that."""

    def refuse(expect, shows=""):
        toys.change("release.yaml", PYTHON, HTTP % shows)
        for name in ("one.yaml", "two.yaml"):
            toys.change(name, DID, "expect: {outcome: resolved, must_say: [goodbye]}")
        toys.change("one.yaml", "expect: {outcome: resolved, must_say: [goodbye]}", expect)
        return check_file(toys.suite).error

    return refuse


@pytest.mark.parametrize(
    ("expect", "key", "what"),
    [
        (DID, "expect.did", "actions"),
        ("expect: {outcome: resolved, state: {a: 1}}", "expect.state", "state"),
        ("expect: {outcome: refused, never: [track]}", "expect.never", "actions"),
        ("expect:\n  outcome: handed_off", "expect.outcome", "handoff"),
    ],
)
def test_what_the_agent_does_not_show_cannot_be_expected(toys, refused, expect, key, what):
    line = 13 if "\n" in expect else 12
    error = refused(expect)
    assert error.startswith(f"{toys.folder}/one.yaml:{line}: {key}: cannot be observed: ")
    assert f"say under agent.http.reply where '{what}' stands in its answers" in error


@pytest.mark.parametrize(
    ("expect", "shows"),
    [
        (DID, ", actions: tools"),
        ("expect: {outcome: resolved, state: {a: 1}}", ", state: state"),
        ("expect: {outcome: refused, never: [track]}", ", actions: tools"),
        ("expect: {outcome: handed_off}", ", handoff: to"),
        ("expect: {outcome: refused, must_say: [no]}", ""),
    ],
)
def test_what_it_shows_can_be_expected(refused, expect, shows):
    assert refused(expect, shows) is None


def test_every_fault_has_a_line_of_its_own(refused):
    error = refused("expect: {outcome: handed_off, did: [track], never: [cancel], state: {a: 1}}")
    assert [line.split(": ")[1] for line in error.splitlines()] == [
        "expect.outcome",
        "expect.did",
        "expect.state",
        "expect.never",
    ]


def test_a_run_is_refused_like_the_suite_s_check(toys):
    toys.change("release.yaml", PYTHON, HTTP % "")
    with pytest.raises(BadlineError, match=r"one\.yaml:12: expect\.did: cannot be observed.*\n.*two\.yaml:12"):
        read_plan(Job(toys.suite, toys.folder / "release.yaml"))


def test_a_suite_can_be_checked_with_another_release_than_its_own(toys):
    other = toys.write("other.yaml", (toys.folder / "release.yaml").read_text().replace(PYTHON, HTTP % ""))
    assert check_file(toys.suite).error is None
    assert "cannot be observed: the agent (http) of release 'toy'" in check_file(toys.suite, str(other)).error


def test_a_variable_that_is_not_set_is_told_before_any_work(toys, monkeypatch):
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    http = '{url: "http://127.0.0.1:9/reply", headers: {Authorization: "Bearer ${NO_SUCH_TOKEN}"}}'
    toys.change("release.yaml", PYTHON, f"agent: {{http: {http}}}")
    assert "the environment variable NO_SUCH_TOKEN is not set" in check_file(toys.suite).error


def test_an_agent_s_file_that_cannot_be_loaded_is_told_before_any_work(toys):
    toys.write("desk/desk.py", "1 / 0\n")
    assert check_file(toys.suite).error == f"{toys.desk}:1: cannot be loaded: ZeroDivisionError: division by zero"


def test_what_an_agent_s_file_prints_is_no_result(toys, capsys):
    toys.write("desk/desk.py", "print('hello')\nclass Desk: ...\n")
    assert check_file(toys.suite).error is None
    assert capsys.readouterr() == ("", "hello\n")
