import asyncio
import itertools
import sys
import threading
from datetime import datetime

import pytest

from pipeline.agent import AgentError, Gate, Heard, Reply
from pipeline.agent.python import Options, Python, load_class, load_module
from pipeline.errors import BadlineError
from pipeline.files import Page
from pipeline.spec.words import words_of

NOW = datetime(2026, 11, 22, 10)
HEAD = "from pipeline.agent import Action, Handoff, Reply\nclass Desk:\n"
MADE = "    def __init__(self, given, now): self.given, self.now = given, now\n"


def options(folder, body, name="Desk", **given):
    (folder / "desk.py").write_text(HEAD + body)
    words = {"target": f"desk.py:{name}", "options": given}
    return words_of(Options, Page(folder / "release.yaml", words, {}))


def answers(folder, body, *heard, given=None, **options_given):
    """The opening, and the replies to all that was heard."""

    async def talk():
        agent = Python(options(folder, body, **options_given))
        async with agent.pick_up("call", given or {}, NOW) as conversation:
            return [conversation.opening, *[await conversation.reply(one) for one in heard]]

    return asyncio.run(talk())


def test_a_str_is_a_reply_without_actions_or_state(tmp_path):
    body = MADE + "    def reply(self, heard): return 'You said ' + heard.text"
    assert answers(tmp_path, body, Heard("speech", "hello")) == [None, Reply("You said hello")]


def test_a_reply_is_awaited_where_it_is_async(tmp_path):
    body = MADE + "    async def reply(self, heard): return Reply('bye', ends_call=True)"
    assert answers(tmp_path, body, Heard("speech", "hello"))[1] == Reply("bye", ends_call=True)


def test_what_it_says_first_may_be_an_attribute_or_a_property(tmp_path):
    attribute = "    opening = 'Hello.'\n" + MADE
    a_property = MADE + "    @property\n    def opening(self): return Reply(f'It is {self.now:%H:%M}.')"
    assert answers(tmp_path, attribute) == [Reply("Hello.")]
    assert answers(tmp_path, a_property) == [Reply("It is 10:00.")]


def test_options_reach_the_class_by_name(tmp_path):
    body = "    def __init__(self, given, now, city): self.opening = city\n"
    assert answers(tmp_path, body, city="Leith") == [Reply("Leith")]


def test_a_call_cannot_change_the_world_of_another(tmp_path):
    body = MADE + "    def reply(self, heard):\n        self.given['orders'].clear()\n        return 'gone'"
    given = {"orders": {"1": "lamp"}}
    answers(tmp_path, body, Heard("speech", "go"), given=given)
    assert given == {"orders": {"1": "lamp"}}


def test_a_state_that_was_shown_stays_as_it_was_shown(tmp_path):
    body = (
        "    def __init__(self, given, now): self.state = {'turns': 0}\n"
        "    def reply(self, heard):\n"
        "        self.state['turns'] += 1\n"
        "        return Reply('ok', state=self.state)"
    )
    _, first, second = answers(tmp_path, body, Heard("speech", "a"), Heard("speech", "b"))
    assert (first.state, second.state) == ({"turns": 1}, {"turns": 2})


def test_an_exception_names_its_type_message_and_the_users_own_line(tmp_path):
    body = MADE + "    def reply(self, heard):\n        import json\n        return json.loads('{')"
    with pytest.raises(AgentError, match=r"^desk\.py:6: JSONDecodeError: Expecting property name"):
        answers(tmp_path, body, Heard("speech", "a"))


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ("raise KeyError('order')", "KeyError: 'order'"),
        ("raise StopIteration", "StopIteration"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("assert False, 'never'", "AssertionError: never"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("import asyncio; raise asyncio.CancelledError", "CancelledError"),
        ("raise ValueError(chr(0xD800))", r"ValueError: \\ud800"),
    ],
)
def test_whatever_is_raised_is_an_agent_error(tmp_path, raised, said):
    body = MADE + f"    def reply(self, heard):\n        {raised}"
    with pytest.raises(AgentError, match=rf"^desk\.py:5: {said}"):
        answers(tmp_path, body, Heard("speech", "a"))


def test_an_async_reply_that_raises_names_its_line_too(tmp_path):
    body = MADE + "    async def reply(self, heard):\n        raise LookupError('no such order')"
    with pytest.raises(AgentError, match=r"^desk\.py:5: LookupError: no such order"):
        answers(tmp_path, body, Heard("speech", "a"))


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("None", "gave NoneType, not a Reply or a str"),
        ("{'text': 'hi'}", "gave dict, not a Reply or a str"),
        ("Reply(7)", "text is int: .* string"),
        ("chr(0xD800)", "text is str: .* unicode"),
        ("Reply('a', actions=('track',))", r"actions\.0 is str: .* instance of Action"),
        ("Reply('a', actions=Action('track'))", "actions is Action: .* tuple"),
        ("Reply('a', actions=[Action(5)])", r"actions\.0\.name is int: .* string"),
        ("Reply('a', actions=[Action('track', done='no')])", r"actions\.0\.done is str: .* boolean"),
        ("Reply('a', decisions=('refused',))", r"decisions\.0 is str: .* instance of Decision"),
        ("Reply('a', handoff='person')", "handoff is str: .* instance of Handoff"),
        ("Reply('a', handoff=Handoff(None, None, None))", r"handoff\.why is NoneType: .*; handoff\.facts is NoneType"),
        ("Reply('a', ends_call='no')", "ends_call is str: .* boolean"),
        ("Reply('a', state=['at'])", "state is list: .* dictionary"),
        ("Reply('a', state={1: 'at'})", r"state\.1\.\[key\] is int: .* string"),
        ("Reply('a', state={'at': self.now})", r"state\.at is datetime: .* not JSON"),
        ("Reply('a', state={'at': [chr(0xD800)]})", r"state\.at is list: .* surrogates"),
        (
            "Reply('a', actions=(Action('track', {'at': self.now}),))",
            r"actions\.0\.arguments\.at is datetime: .* not JSON",
        ),
        ("Reply('a', handoff=Handoff('why', {'at': {1, 2}}))", r"handoff\.facts\.at is set: .* not JSON"),
        ("'a' * 10_001", "text has 10001 characters, more than 10000"),
        ("'a' * 50_000_000", "text is str: .* at most 1000000 characters"),
        ("Reply('a', tuple([Action('b')] * 10_000))", "actions are 10000, more than 1000"),
        (
            "Reply('a', state={'at': __import__('json').loads('[' * 65 + ']' * 65)})",
            "state.at is list: .*nested too deeply",
        ),
    ],
)
def test_a_reply_of_a_wrong_type_is_an_agent_error_at_the_line_of_the_method(tmp_path, returned, said):
    body = MADE + f"    def reply(self, heard): return {returned}"
    with pytest.raises(AgentError, match=rf"^desk\.py:4: reply .*{said}"):
        answers(tmp_path, body, Heard("speech", "a"))


def test_a_constructor_that_fails_is_an_agent_error_when_the_call_is_picked_up(tmp_path):
    with pytest.raises(AgentError, match=r"desk\.py:3: ZeroDivisionError"):
        answers(tmp_path, "    def __init__(self, given, now): 1 / 0")
    with pytest.raises(AgentError, match=r"TypeError: .*unexpected keyword argument 'city'"):
        answers(tmp_path, MADE, city="Leith")


def test_a_class_without_a_reply_is_an_agent_error(tmp_path):
    with pytest.raises(AgentError, match=r"desk\.py:2: the class has no method reply"):
        answers(tmp_path, MADE, Heard("speech", "a"))


def test_a_slow_agent_does_not_hold_up_the_others(tmp_path):
    """Two calls wait for each other inside their replies: one after the other they would wait for ever."""
    (tmp_path / "gate.py").write_text("import threading\nboth = threading.Barrier(2, timeout=5)\n")
    body = (
        MADE + "    def reply(self, heard):\n        from .gate import both\n        both.wait()\n        return 'ok'"
    )
    agent = Python(options(tmp_path, body))

    async def talk():
        async with agent.pick_up("call", {}, NOW) as conversation:
            return await conversation.reply(Heard("speech", "a"))

    async def both():
        return await asyncio.gather(talk(), talk())

    assert asyncio.run(both()) == [Reply("ok"), Reply("ok")]


@pytest.mark.parametrize(
    "body",
    [
        "    def reply(self, heard): time.sleep(60)",
        "    async def reply(self, heard): time.sleep(60)",
        "    async def reply(self, heard): await asyncio.sleep(60)",
    ],
)
def test_one_that_never_answers_fails_in_time_and_keeps_no_process(tmp_path, body):
    (tmp_path / "desk.py").write_text(f"import asyncio, time\n{HEAD}{MADE}{body}")
    words = {"target": "desk.py:Desk", "timeout_s": 0.2}
    agent = Python(words_of(Options, Page(tmp_path / "release.yaml", words, {})))

    async def talk():
        async with agent.pick_up("call", {}, NOW) as conversation:
            await conversation.reply(Heard("speech", "a"))

    with pytest.raises(AgentError, match=r"desk\.py:5: reply did not answer within 0\.2 s"):
        asyncio.run(talk())
    assert all(thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())


def test_making_it_and_each_reply_pass_the_gate_and_no_timeout_runs_meanwhile(tmp_path):
    (tmp_path / "desk.py").write_text(f"{HEAD}{MADE}    def reply(self, heard): return 'ok'")
    words = {"target": "desk.py:Desk", "timeout_s": 0.1}
    agent = Python(words_of(Options, Page(tmp_path / "release.yaml", words, {})))
    turns = itertools.cycle([0.15, 0])
    gate = Gate(lambda: next(turns))

    async def talk():
        async with agent.pick_up("call", {}, NOW, gate) as conversation:
            return await conversation.reply(Heard("speech", "a"))

    assert asyncio.run(talk()) == Reply("ok")
    assert gate.waited_s == pytest.approx(2 * 0.15, abs=0.1)


def test_what_belongs_to_a_thread_lasts_for_a_call(tmp_path):
    body = (
        "    def __init__(self, given, now):\n"
        "        import sqlite3\n"
        "        self.base = sqlite3.connect(':memory:')\n"
        "    def reply(self, heard): return self.base.execute(\"select 'ok'\").fetchone()[0]"
    )
    assert answers(tmp_path, body, Heard("speech", "a"), Heard("speech", "b"))[1:] == [Reply("ok"), Reply("ok")]


def test_an_agent_imports_its_neighbours_and_shadows_nothing(tmp_path):
    (tmp_path / "json.py").write_text("answer = 'ours'\n")
    body = "    import json\n    from .json import answer as opening\n" + MADE + "    real = json.dumps\n"
    assert answers(tmp_path, body) == [Reply("ours")]
    assert hasattr(sys.modules["json"], "dumps")
    assert str(tmp_path) not in sys.path


def test_two_files_of_one_name_are_two_agents(tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "desk.py").write_text(f"class Desk:\n    opening = '{name}'\n")
    classes = [load_class(tmp_path / name / "desk.py", "Desk") for name in ("old", "new")]
    assert [found.opening for found in classes] == ["old", "new"]


def test_a_file_that_was_changed_is_loaded_anew(tmp_path):
    path = tmp_path / "desk.py"
    path.write_text("answer = 1\n")
    assert load_module(path).answer == 1
    path.write_text("answer = 22\n")
    assert load_module(path).answer == 22


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("desk.py", "wants a file and a class"),
        ("desk:Desk", "wants a file and a class"),
        ("desk.py:", "wants a file and a class"),
        ("desc.py:Desk", r"there is no file .*desc\.py"),
    ],
)
def test_a_target_that_leads_nowhere_is_refused_with_its_line(tmp_path, target, said):
    (tmp_path / "desk.py").write_text(HEAD + MADE)
    page = Page(tmp_path / "release.yaml", {"target": target}, {("target",): 4})
    with pytest.raises(BadlineError, match=rf"release\.yaml:4: target: .*{said}"):
        words_of(Options, page)


def test_an_absent_class_is_refused_with_the_nearest_one(tmp_path):
    with pytest.raises(BadlineError, match=r"desk\.py: there is no class 'Desc'. Did you mean 'Desk'\?"):
        Python(options(tmp_path, MADE, name="Desc"))


def test_a_file_that_cannot_be_loaded_is_refused_with_its_line(tmp_path):
    with pytest.raises(BadlineError, match=r"desk\.py:3: is not Python: "):
        Python(options(tmp_path, "    def __init__(self:\n"))
    with pytest.raises(BadlineError, match=r"desk\.py:3: cannot be loaded: ModuleNotFoundError: .*nowhere"):
        Python(options(tmp_path, "    import nowhere\n"))


def test_records_do_not_name_the_folders_of_a_machine(tmp_path):
    assert options(tmp_path, MADE).model_dump() == {"target": "desk.py:Desk", "options": {}, "timeout_s": 30.0}


@pytest.mark.parametrize(("file", "counts"), [("near.py", True), ("knowledge.json", True), ("notes.txt", False)])
def test_code_and_json_beside_the_target_are_the_agents_files(tmp_path, file, counts):
    agent = options(tmp_path, MADE)
    before = agent.content()
    (tmp_path / file).write_text("{}", encoding="utf-8")
    assert (agent.content() != before) == counts
