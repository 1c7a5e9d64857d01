import asyncio
import itertools
import json
import re
import socket
import time
from collections import deque
from contextlib import contextmanager, suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from pipeline.agent import Action, AgentError, Gate, Handoff, Heard, Reply
from pipeline.agent.http import Http, Options
from pipeline.agent.python import Options as PythonOptions
from pipeline.agent.python import Python, load_module
from pipeline.audio import Word
from pipeline.errors import BadlineError, InfraError
from pipeline.files import Page, find_named, read_yaml, shipped
from pipeline.run.crew import Crew
from pipeline.run.plan import Job, Unit, read_plan
from pipeline.run.unit import run_unit
from pipeline.spec.scenario import read_scenario
from pipeline.spec.words import words_of

AGENTS = shipped("fixtures") / "agents"
WORLD = read_scenario(shipped("fixtures") / "scenarios" / "change_delivery_address.yaml").given
NOW = datetime(2026, 11, 22, 10)
HELLO = Heard("speech", "hello", confidence=0.5)
PROMISED = {"half": 1000, "drip": 1000, "endless": 10**12}  # bytes, whatever comes
NOTHING_DONE = {"text": "Yes?", "actions": [], "state": {}, "handoff": None}


class Endpoint(ThreadingHTTPServer):
    """Plays answers, each (status, body), in turn and the last one for ever; keeps what it was asked.

    The body `drop` closes the connection without an answer, `half` after the first bytes of one; `drip` gives one byte
    at a time, `endless` all that is taken, and `garbage` is no HTTP.
    """

    daemon_threads = True

    def __init__(self, *answers):
        super().__init__(("127.0.0.1", 0), Endpoint.Answering)
        self.answers, self.asked = deque(answers), []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def bodies(self):
        return [body for _, _, body in self.asked]

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self):
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.server.asked.append((f"{self.command} {self.path}", self.headers, json.loads(raw or "null")))
            answers = self.server.answers
            status, body = answers.popleft() if len(answers) > 1 else answers[0]
            if body in ("drop", "garbage"):
                self.close_connection = True
                self.wfile.write(b"" if body == "drop" else b"\x00\xff\r\n garbage \r\n\r\n")
                return
            sent = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.close_connection = body == "half"
            self.send_header("Content-Length", str(PROMISED.get(str(body)[:10], len(sent))))
            self.end_headers()
            with suppress(OSError):  # the agent's caller may hang up
                self.send_body(body, sent)

        def send_body(self, body, sent):
            match body:
                case "drip":
                    self.drip()
                case "endless":
                    while True:
                        self.wfile.write(b" " * 100_000)
                case _:
                    self.wfile.write(sent)

        do_DELETE = do_POST  # noqa: N815  the name that http.server calls

        def drip(self):
            for _ in range(100):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.02)

        def log_message(self, *args):
            pass


@contextmanager
def serving(server):
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def endpoint():
    """Starts endpoints that play the answers given."""
    started = []

    def start(*answers):
        context = serving(Endpoint(*answers))
        started.append(context)
        return context.__enter__()

    yield start
    for context in started:
        context.__exit__(None, None, None)


@pytest.fixture
def parcels():
    """Starts the reference agent as a server."""
    started = []

    def start(**how):
        release = load_module(AGENTS / "parcels.py").Release11
        context = serving(load_module(AGENTS / "serve.py").Server(release, 0, **how))
        started.append(context)
        return context.__enter__()

    yield start
    for context in started:
        context.__exit__(None, None, None)


def options(**words):
    return words_of(Options, Page(Path("release.yaml"), words, {}))


def answers(agent, *heard, given=None):
    """The opening, and the replies to all that was heard."""

    async def talk():
        async with agent.pick_up("the call", given or {}, NOW) as conversation:
            return [conversation.opening, *[await conversation.reply(one) for one in heard]]

    return asyncio.run(talk())


def asked(url, *heard, **words):
    return answers(Http(options(url=url, **words)), *heard)


def desk(server, **words):
    return Http(options(url=server.url, start={"url": "/start"}, end={"url": "/end"}, **words))


# What is sent and what is read


def test_our_own_shape_needs_no_templates(endpoint):
    action = {"name": "track", "arguments": {"order": "0412-7783"}, "result": "late", "done": False}
    handoff = {"why": "asked", "facts": {"order": "0412-7783"}, "done": ["track"]}
    there = {"text": "Yes?", "actions": [action], "state": {"n": 1}, "handoff": handoff, "ends_call": True}
    [_, reply] = asked(endpoint((200, there)).url, HELLO)
    assert reply == Reply(
        "Yes?",
        (Action("track", {"order": "0412-7783"}, "late", done=False),),
        {"n": 1},
        (),
        Handoff("asked", {"order": "0412-7783"}, ("track",)),
        True,
    )


def test_a_turn_is_told_with_all_that_was_heard(endpoint):
    server = endpoint((200, NOTHING_DONE))
    asked(server.url, Heard("speech", "oh four", (Word("oh", 0, 90, 0.5),), 0.25, 700), Heard("silence"))
    first, second = server.bodies
    assert first | {"session": ""} == {
        "call": "the call",
        "session": "",
        "now": "2026-11-22T10:00:00",
        "turn": 1,
        "kind": "speech",
        "text": "oh four",
        "words": [{"text": "oh", "start_ms": 0, "end_ms": 90, "confidence": 0.5}],
        "confidence": 0.25,
        "played_ms": 700,
    }
    assert (second["turn"], second["kind"], second["text"]) == (2, "silence", "")


def test_every_call_has_a_session_of_its_own_and_keeps_it(endpoint):
    server = endpoint((200, NOTHING_DONE))
    agent = Http(options(url=server.url))
    answers(agent, HELLO, HELLO)
    answers(agent, HELLO)
    first, second, third = [body["session"] for body in server.bodies]
    assert first == second != third


def test_the_start_gives_world_session_and_opening_and_the_end_is_told(endpoint):
    server = endpoint((200, {"session": 0, "text": "Desk, hello."}), (200, NOTHING_DONE), (204, ""))
    start, end = {"url": "/calls"}, {"url": "/calls/{session}", "method": "DELETE", "request": None}
    agent = Http(options(url=f"{server.url}/calls/{{session}}/turns", start=start, end=end))
    assert answers(agent, HELLO, given={"orders": {"1": "lamp"}})[0] == Reply("Desk, hello.")
    assert [line for line, _, _ in server.asked] == ["POST /calls", "POST /calls/0/turns", "DELETE /calls/0"]
    assert server.bodies[0]["given"] == {"orders": {"1": "lamp"}}
    assert server.bodies[1]["session"] == 0
    assert server.bodies[2] is None


def test_what_has_no_path_is_not_shown(endpoint):
    url = endpoint((200, {"text": "hi", "actions": [{"name": "refund"}]})).url
    assert Http(options(url=url)).shows == {"actions", "state", "handoff"}
    quiet = Http(options(url=url, reply={"text": "text"}))
    assert quiet.shows == frozenset()
    assert answers(quiet, HELLO)[1] == Reply("hi")
    assert Http(options(url=url, reply={"text": "text", "actions": "did?"})).shows == {"actions"}


# Endpoints of quite another shape


def recipe(name):
    """A recipe of the docs page, which thereby are tested."""
    page = (Path(__file__).parents[2] / "docs" / "agent" / "http.md").read_text()
    found = re.search(rf"```yaml\n# {name}\n(.*?)```", page, re.DOTALL)
    return found[1]


def words_in(tmp_path, text, url):
    (tmp_path / "agent.yaml").write_text(re.sub(r"https?://[^/\s]+", url, text))
    return read_yaml(tmp_path / "agent.yaml").words["agent"]["http"]


def test_a_rest_channel_of_messages_works_by_templates_alone(tmp_path, endpoint):
    messages = [{"recipient_id": "x", "text": "One."}, {"recipient_id": "x", "image": "y"}, {"text": "Two."}]
    server = endpoint((200, messages), (200, []))
    agent = Http(options(**words_in(tmp_path, recipe("rasa"), server.url)))
    said = answers(agent, HELLO, HELLO)
    assert [reply.text for reply in said[1:]] == ["One. Two.", ""]
    assert server.asked[0][0] == "POST /webhooks/rest/webhook"
    assert server.bodies[0] == {"sender": server.bodies[1]["sender"], "message": "hello"}


def test_chat_completions_work_by_templates_alone(tmp_path, endpoint, monkeypatch):
    monkeypatch.setenv("CHAT_KEY", "sesame")
    tool = {"function": {"name": "track", "arguments": '{"order": "0412-7783"}'}}
    hang_up = {"function": {"name": "hang_up", "arguments": "{}"}}
    server = endpoint(
        (200, {"choices": [{"message": {"content": "It is late.", "tool_calls": [tool]}}]}),
        (200, {"choices": [{"message": {"content": "Bye.", "tool_calls": [hang_up]}}]}),
    )
    agent = Http(options(**words_in(tmp_path, recipe("chat completions"), server.url)))
    opening, first, second = answers(agent, HELLO, Heard("speech", "thanks"))
    assert (opening.text, first.text, first.ends_call) == ("Parcel desk, hello.", "It is late.", False)
    assert first.actions == (Action("track", {"order": "0412-7783"}),)
    assert (second.text, second.ends_call) == ("Bye.", True)
    said = [(message["role"], message["content"]) for message in server.bodies[1]["messages"][1:]]
    assert said == [
        ("assistant", "Parcel desk, hello."),
        ("user", "hello"),
        ("assistant", "It is late."),
        ("user", "thanks"),
    ]


# When it fails


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, '{"error": "planted"}', r'\(status 500\) is no success: {"error": "planted"}'),
        (404, "", r"\(status 404\) is no success: empty"),
        (301, "", r"\(status 301\) is no success"),
        (200, "<html>\n\n hello</html>", r"\(status 200\) is not JSON .*: <html> hello</html>"),
        (200, {"message": "hi"}, r"\(status 200\) has no 'text': {\"message\": \"hi\"}"),
        (200, {"text": "hi"}, r"\(status 200\) has no 'actions'"),
        (200, "x" * 300, f": {'x' * 200}\\.\\.\\.$"),
    ],
)
def test_an_answer_that_is_none_names_url_status_and_how_it_begins(endpoint, status, body, said):
    server = endpoint((status, body))
    with pytest.raises(AgentError, match=rf"^POST {server.url}: the answer .*{said}"):
        asked(server.url, HELLO)
    assert len(server.asked) == 1


def nested(levels):
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    ("flood", "said"),
    [
        ("endless", r"the answer \(status 200\) is longer than 5000000 bytes"),
        ({**NOTHING_DONE, "text": "a" * 50_000_000}, r"the answer \(status 200\) is longer than 5000000 bytes"),
        ({**NOTHING_DONE, "text": "a" * 10_001}, "is too much: its text has 10001 characters, more than 10000"),
        ({**NOTHING_DONE, "actions": [{"name": "a"}] * 10_000}, "is too much: its actions are 10000, more than 1000"),
        (nested(65), "is not JSON .*nested too deeply: more than 64 levels"),
        (nested(100_000), "is not JSON .*nested too deeply"),
    ],
    ids=["endless", "50 MB", "long text", "10,000 actions", "deep", "deeper than Python goes"],
)
def test_a_flood_is_a_failure_of_the_agent_and_does_not_reach_the_call(endpoint, flood, said):
    server = endpoint((200, flood))
    with pytest.raises(AgentError, match=said):
        asked(server.url, HELLO, timeout_s=10)
    assert len(server.asked) == 1


def test_the_longest_text_and_the_deepest_state_are_none(endpoint):
    state = {"a": json.loads(nested(62))}  # two more lie around it
    [_, reply] = asked(endpoint((200, {**NOTHING_DONE, "text": "a" * 10_000, "state": state})).url, HELLO)
    assert (len(reply.text), reply.state) == (10_000, state)


@pytest.mark.parametrize("broken", ["half", "garbage"])
def test_an_answer_that_breaks_off_is_asked_for_again_and_then_an_agent_error(endpoint, broken):
    assert asked(endpoint((200, broken), (200, NOTHING_DONE)).url, HELLO)[1].text == "Yes?"
    server = endpoint((200, broken))
    with pytest.raises(AgentError, match=rf"^POST {server.url}: RemoteProtocolError"):
        asked(server.url, HELLO, retries=1)
    assert len(server.asked) == 2


@pytest.mark.parametrize("nobody_took", [(503, ""), (502, "bad gateway"), (429, ""), (200, "drop")])
def test_what_nobody_took_is_sent_again_under_the_same_key(endpoint, nobody_took):
    server = endpoint(nobody_took, (200, NOTHING_DONE))
    assert asked(server.url, HELLO, HELLO)[1].text == "Yes?"
    first, again, next_turn = [headers["Idempotency-Key"] for _, headers, _ in server.asked]
    assert first == again != next_turn
    assert server.bodies[0] == server.bodies[1]


@pytest.mark.parametrize(
    ("answer", "said"), [((503, "closed"), "status 503.*closed"), ((200, "drop"), "Disconnect|RemoteProt")]
)
def test_the_retries_end_in_an_agent_error(endpoint, answer, said):
    server = endpoint(answer)
    with pytest.raises(AgentError, match=said):
        asked(server.url, HELLO, retries=1)
    assert len(server.asked) == 2


def test_a_start_or_an_end_that_fails_is_an_agent_error(endpoint):
    with pytest.raises(AgentError, match=r"/start: .*status 500"):
        asked(endpoint((500, "")).url, start={"url": "/start"})
    with pytest.raises(AgentError, match=r"/end: .*status 500"):
        asked(endpoint((500, "")).url, end={"url": "/end"})


def test_with_nobody_there_at_pick_up_no_agent_was_tested():
    """A port that was bound and given back is one on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(InfraError, match=rf"^POST http://127.0.0.1:{port}: ConnectError: .*is the agent running\?"):
        asked(f"http://127.0.0.1:{port}", HELLO, retries=0)


def test_an_agent_that_goes_away_in_the_middle_of_a_call_is_at_fault(parcels):
    async def talk():
        with serving(
            load_module(AGENTS / "serve.py").Server(load_module(AGENTS / "parcels.py").Release11, 0)
        ) as server:
            conversation = await desk(server, retries=0).pick_up("c", WORLD, NOW).__aenter__()
        return await conversation.reply(HELLO)

    with pytest.raises(AgentError, match=r"ConnectError|RemoteProtocolError|ReadError"):
        asyncio.run(talk())


def test_a_drip_does_not_hold_the_line(endpoint):
    """Each byte comes in time, the answer never does."""
    with pytest.raises(AgentError, match=r"there was no answer within 0\.3 s"):
        asked(endpoint((200, "drip")).url, HELLO, timeout_s=0.3)


# Waiting for one's turn


def test_each_request_passes_the_gate_also_what_is_sent_again_and_no_timeout_runs_meanwhile(endpoint):
    server = endpoint((200, {}), (503, ""), (200, NOTHING_DONE), (200, {}))
    turns = itertools.cycle([0.15, 0])
    gate = Gate(lambda: next(turns))
    agent = Http(options(url=server.url, start={"url": "/start"}, end={"url": "/end"}, timeout_s=0.1))

    async def talk():
        async with agent.pick_up("the call", {}, NOW, gate) as conversation:
            return await conversation.reply(HELLO)

    assert asyncio.run(talk()).text == "Yes?"
    assert len(server.asked) == 4
    assert gate.waited_s == pytest.approx(4 * 0.15, abs=0.1)


# The reference agent as a server

TALK = (
    Heard("speech", "I want to change the delivery address"),
    Heard("speech", "it's 0412 7783"),
    Heard("speech", "yes that's right"),
    Heard("silence"),
    Heard("speech", "E H 1 3 Q R", confidence=0.5),
    Heard("speech", "yes"),
    Heard("speech", "can I speak to a person"),
)


def test_over_a_socket_the_agent_answers_as_it_does_in_the_process(parcels):
    target = {"target": str(AGENTS / "parcels.py:Release11")}
    here = Python(words_of(PythonOptions, Page(Path("release.yaml"), target, {})))
    there = answers(desk(parcels()), *TALK, given=WORLD)
    assert there == answers(here, *TALK, given=WORLD)
    assert there[-2].actions and there[-1].handoff


def test_calls_at_the_same_time_do_not_mix_and_end(parcels):
    server = parcels()
    agent = desk(server)

    async def talk(order):
        async with agent.pick_up(order, WORLD, NOW) as conversation:
            await conversation.reply(Heard("speech", "track my parcel"))
            return (await conversation.reply(Heard("speech", order))).text

    async def all_of_them():
        return await asyncio.gather(*[talk(order) for order in orders])

    orders = sorted(WORLD["orders"])[:8]
    assert all(order in text for order, text in zip(orders, asyncio.run(all_of_them()), strict=True))
    assert server.sessions == {}


def test_a_slow_agent_is_waited_for(parcels):
    assert answers(desk(parcels(slow_ms=200), timeout_s=5), HELLO, given=WORLD)[1].text


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"slow_ms": 600}, r"no answer within 0\.3 s"),
        ({"fault": "hang"}, r"no answer within 0\.3 s"),
        ({"fault": "error"}, r"status 500\) is no success: {\"error\": \"planted\"}"),
        ({"fault": "nonsense"}, r"is not JSON .*<html>planted"),
    ],
)
def test_each_planted_failure_is_a_result(parcels, how, said):
    with pytest.raises(AgentError, match=said):
        answers(desk(parcels(**how), timeout_s=0.3), HELLO, given=WORLD)


# Words


def test_a_secret_is_in_the_header_and_nowhere_else(endpoint, monkeypatch):
    monkeypatch.setenv("DESK_TOKEN", "sesame")
    server = endpoint((403, "no entry with Bearer sesame"))
    words = options(url=server.url, headers={"Authorization": "Bearer ${DESK_TOKEN}", "X-Team": "parcels"})
    with pytest.raises(AgentError, match=r"no entry with Bearer \$\{DESK_TOKEN\}$"):
        answers(Http(words), HELLO)
    assert server.asked[0][1]["Authorization"] == "Bearer sesame"
    assert words.model_dump(mode="json")["headers"] == ["Authorization", "X-Team"]


def test_a_variable_that_is_not_set_is_refused_when_the_agent_is_built(monkeypatch):
    monkeypatch.delenv("DESK_TOKEN", raising=False)
    words = options(url="http://a/", headers={"Authorization": "Bearer ${DESK_TOKEN}"})
    with pytest.raises(BadlineError, match=r"headers\.Authorization: the environment variable DESK_TOKEN is not set"):
        Http(words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"url": "localhost:8123"}, "is no URL as 'http://"),
        ({"url": "ftp://a/b"}, "is no URL as 'http://"),
        ({"url": "http://me:pass@a/b"}, "give a password as a header"),
        ({"url": "http://a/b", "start": {"url": "//me@b/"}}, r"start\.url: .*give a password as a header"),
        ({"url": "http://a/{sesion}"}, r"url: there is no \{sesion\}.*Did you mean 'session'"),
        ({"url": "http://a/", "request": {"q": ["{txt}"]}}, r"request\.q[.0]*: there is no \{txt\}"),
        ({"url": "http://a/", "start": {"url": "", "request": "{text}"}}, r"start\.request: there is no \{text\}"),
        ({"url": "http://a/{session}", "request": {"say": "{{text}}"}}, "request: never tells .* what the caller said"),
        ({"url": "http://a/", "request": None}, "request: never tells .* what the caller said"),
        ({"url": "http://a/", "reply": {"text": "a..b"}}, r"reply\.text: 'a\.\.b' is no path"),
        ({"url": "http://a/", "reply": {"actions": "a"}}, r"reply\.text: is missing"),
    ],
)
def test_words_that_lead_nowhere_are_refused_where_they_stand(words, said):
    with pytest.raises(BadlineError, match=said):
        options(**words)


@pytest.mark.parametrize(
    "words",
    [{"request": [{"m": "<{text}>"}]}, {"request": ["{*history}"]}, {"url": "http://a/{text}", "request": None}],
)
def test_what_the_caller_said_may_stand_anywhere_in_a_request(words):
    assert options(**{"url": "http://a/"} | words).request == words["request"]


# Whole calls


def job(tmp_path, server):
    """The smoke suite with its release, whose agent answers on this server's port."""
    release = find_named("2026.11-http", folder="fixtures/releases").read_text()
    (tmp_path / "release.yaml").write_text(re.sub(r"http://127\.0\.0\.1:\d+/reply", server.url, release))
    return Job(find_named("smoke", folder="fixtures/suites"), tmp_path / "release.yaml")


@pytest.mark.slow
def test_a_suite_over_a_socket_comes_out_as_in_the_process_call_by_call(tmp_path, parcels):
    suite = find_named("smoke", folder="fixtures/suites")
    here = Crew(read_plan(Job(suite, find_named("2026.11", folder="fixtures/releases"))))
    there = Crew(read_plan(job(tmp_path, parcels())), voices=here.voices)
    units = [unit for unit in here.plan.units if (unit.arm, unit.profile) == ("oracle", "clean_line")]
    units.append(Unit("track_parcel", "cafe", 0.5, units[0].voice, 1, "degraded"))
    assert len(units) == 9
    for unit in units:
        assert run_unit(there, unit).facts == run_unit(here, unit).facts
