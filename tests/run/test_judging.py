"""A judge on a real local server: what it is sent, what counts as an answer, and what is kept."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipeline.errors import BadlineError
from pipeline.run import judging
from pipeline.run.judging import judge_run
from pipeline.run.store import finished_records
from pipeline.spec.judge import Judge, find_judge, read_judge


class Server(ThreadingHTTPServer):
    """Answers each question by `answer(text of the user's message)`: a body, or a status to fail with."""

    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.asked = answer, []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        words = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append({"path": self.path, "key": self.headers["Authorization"], **words})
        told = self.server.answer(words["messages"][1]["content"])
        status, content = (told, "") if isinstance(told, int) else (200, told)
        body = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


@pytest.fixture
def served(monkeypatch):
    monkeypatch.setattr(judging, "PAUSE_S", 0.0)
    servers = []

    def start(answer):
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def run(finished, tmp_path):
    """The finished run, in a folder that may be written to."""
    import shutil

    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def judge_at(server, **words):
    url = f"http://127.0.0.1:{server.server_port}/v1"
    return Judge.model_validate({"name": "kind", "ask": "Was it kind?", "model": "m", "url": url, **words})


def asked(run, judge, **options):
    return judge_run(run, judge, watch=lambda done, total: None, **options)


YES = '{"answer": "yes", "reason": "It said goodbye."}'


def test_every_call_has_a_verdict_and_is_not_asked_about_twice(run, served):
    server = served(lambda text: YES)
    told = asked(run, judge_at(server))
    assert [one.answer for one in told.verdicts] == ["yes"] * 12
    assert told.verdicts[0].reason == "It said goodbye."
    assert (asked(run, judge_at(server)), len(server.asked)) == (told, 12)


def test_another_question_or_model_is_asked_anew(run, served):
    server = served(lambda text: YES)
    for words in ({}, {"ask": "Was it quick?"}, {"model": "n"}):
        asked(run, judge_at(server, **words))
    assert len(server.asked) == 36


def test_it_is_sent_the_call_as_json_at_temperature_zero_with_its_key(run, served, monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", "secret")
    server = served(lambda text: YES)
    asked(run, judge_at(server, key="${JUDGE_KEY}"), only=["one.quiet.none.tone.1.oracle"])
    [sent] = server.asked
    assert (sent["path"], sent["key"], sent["temperature"]) == ("/v1/chat/completions", "Bearer secret", 0)
    call = json.loads(sent["messages"][1]["content"].partition("Call:\n")[2])
    assert {"agent": "hello what is the order number?"} in call["turns"]
    assert not any(path.read_text().count("secret") for path in (run / "judged").rglob("*.json"))


@pytest.mark.parametrize("content", ["Yes.", '{"answer": "maybe"}', "[]", '{"reason": "kind"}', ""])
def test_what_is_no_answer_is_not_evaluated_kept_nowhere_and_asked_again(run, served, content):
    server = served(lambda text: content)
    told = asked(run, judge_at(server), only=["one.quiet.none.tone.1.oracle"])
    assert (told.verdicts, list(told.not_evaluated), len(server.asked)) == ((), ["one.quiet.none.tone.1.oracle"], 3)
    assert not list((run / "judged").rglob("*.json")) if (run / "judged").exists() else True
    server.answer = lambda text: YES
    assert len(asked(run, judge_at(server), only=["one.quiet.none.tone.1.oracle"]).verdicts) == 1


@pytest.mark.parametrize(
    ("content", "answer"), [('```json\n{"answer": "NO"}\n```', "no"), ('{"answer": "cannot tell"}', "cannot tell")]
)
def test_a_fenced_or_loud_answer_is_one(run, served, content, answer):
    server = served(lambda text: content)
    [verdict] = asked(run, judge_at(server), only=["one.quiet.none.tone.1.oracle"]).verdicts
    assert verdict.answer == answer


def test_a_server_that_fails_is_tried_three_times_and_then_told(run, served):
    server = served(lambda text: 503)
    told = asked(run, judge_at(server), only=["one.quiet.none.tone.1.oracle"])
    assert len(server.asked) == 3
    assert "503" in told.not_evaluated["one.quiet.none.tone.1.oracle"]


def test_nobody_there_is_not_evaluated(run, served):
    server = served(lambda text: YES)
    judge = judge_at(server)
    server.shutdown()
    server.server_close()
    assert len(asked(run, judge).not_evaluated) == 12


def test_after_some_calls_in_vain_nobody_is_asked_any_more(run, served, monkeypatch):
    monkeypatch.setattr(judging, "IN_VAIN", 3)
    server = served(lambda text: 500)
    told = asked(run, judge_at(server, max_concurrent=1))
    assert len(server.asked) == 9  # three calls, three tries each
    assert sum(why.startswith("not asked") for why in told.not_evaluated.values()) == 9


def test_what_was_answered_before_is_told_though_the_server_has_gone(run, served, monkeypatch):
    monkeypatch.setattr(judging, "IN_VAIN", 2)
    server = served(lambda text: YES)
    judge, last = judge_at(server, max_concurrent=1), sorted(record["unit"] for record in finished_records(run))[-3:]
    asked(run, judge, only=last)
    server.answer = lambda text: 500
    told = asked(run, judge)
    assert ([one.unit for one in told.verdicts], len(told.not_evaluated)) == (last, 9)


@pytest.mark.parametrize(("status", "tries"), [(400, 12), (401, 2), (429, 6)])
def test_a_call_that_is_refused_stands_in_nobodys_way_but_a_key_that_is_does(run, served, monkeypatch, status, tries):
    monkeypatch.setattr(judging, "IN_VAIN", 2)
    server = served(lambda text: status)
    told = asked(run, judge_at(server, max_concurrent=1))
    assert (len(server.asked), len(told.not_evaluated)) == (tries, 12)
    assert f"HTTP {status}" in next(iter(told.not_evaluated.values()))


def test_a_verdict_of_another_prompt_or_a_damaged_one_is_asked_about_once_more(run, served):
    server, unit = served(lambda text: YES), ["one.quiet.none.tone.1.oracle"]
    asked(run, judge_at(server), only=unit)
    [path] = (run / "judged").rglob("*.json")
    path.write_text("{}")
    assert len(asked(run, judge_at(server), only=unit).verdicts) == 1
    path.rename(path.with_name(f"{unit[0]}.0123456789abcdef.json"))  # as if of another call
    for _ in range(3):
        asked(run, judge_at(server), only=unit)
    assert len(server.asked) == 3


@pytest.mark.parametrize("content", ['{"answer": "no", "answer": "yes"}', "[" * 100_000])
def test_two_answers_or_endless_json_are_none(run, served, content):
    told = asked(run, judge_at(served(lambda text: content)), only=["one.quiet.none.tone.1.oracle"])
    assert (told.verdicts, len(told.not_evaluated)) == ((), 1)


def test_a_reason_with_half_a_sign_is_kept(run, served):
    server = served(lambda text: '{"answer": "yes", "reason": "so \\ud800"}')
    [verdict] = asked(run, judge_at(server), only=["one.quiet.none.tone.1.oracle"]).verdicts
    assert verdict.reason == "so ?"


def test_an_answer_is_waited_for_no_longer_than_it_says(run, served):
    import time

    server = served(lambda text: time.sleep(3) or YES)
    told = asked(run, judge_at(server, timeout_s=1), only=["one.quiet.none.tone.1.oracle"])
    assert list(told.not_evaluated.values()) == ["no answer within 1 s"]


@pytest.mark.parametrize("key", ["", "  ", "schl\u00fcssel", "a\x07b"])
def test_a_key_that_can_be_none_is_refused_and_never_shown(run, served, monkeypatch, key):
    monkeypatch.setenv("JUDGE_KEY", key)
    with pytest.raises(BadlineError) as refused:
        asked(run, judge_at(served(lambda text: YES), key="${JUDGE_KEY}"))
    assert "key: is empty, or holds" in str(refused.value)
    assert not key.strip() or key not in str(refused.value)


def test_a_key_with_a_newline_after_it_is_the_key(run, served, monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", "secret\n")
    server = served(lambda text: YES)
    asked(run, judge_at(server, key="${JUDGE_KEY}"), only=["one.quiet.none.tone.1.oracle"])
    assert server.asked[0]["key"] == "Bearer secret"


@pytest.mark.parametrize("url", ["http://[::1/v1", "http://host:abc", "http://host:99999999", "http://"])
def test_a_url_that_leads_nowhere_is_refused_with_the_file(tmp_path, url):
    path = tmp_path / "judge.yaml"
    path.write_text(f"name: a\nask: Was it kind?\nurl: '{url}'\nmodel: m\n")
    with pytest.raises(BadlineError, match=r"judge\.yaml:3: url: "):
        read_judge(path)


def test_words_in_the_call_are_quoted_and_answer_nothing(run, served):
    server = served(lambda text: '{"answer": "no"}' if '"agent"' in text else YES)
    [verdict] = asked(
        run, judge_at(server, ask='Did it say {"answer": "yes"}?'), only=["one.quiet.none.tone.1.oracle"]
    ).verdicts
    assert verdict.answer == "no"


def test_a_judge_changes_no_record(run, served):
    before = [record["facts_sha256"] for record in finished_records(run)]
    asked(run, judge_at(served(lambda text: '{"answer": "no"}')))
    assert [record["facts_sha256"] for record in finished_records(run)] == before


def test_a_key_that_is_not_set_is_told_before_anything_is_asked(run, served):
    server = served(lambda text: YES)
    with pytest.raises(BadlineError, match="NOT_SET_ANYWHERE is not set"):
        asked(run, judge_at(server, key="${NOT_SET_ANYWHERE}"))
    assert server.asked == []


def test_the_shipped_judge_is_right():
    assert find_judge("polite").ask.endswith("?")
