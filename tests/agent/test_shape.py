import pytest

from pipeline.agent import Action, Decision, Handoff, Reply
from pipeline.agent._shape import Misshapen, Where, find, parsed, reply_in, session_in
from pipeline.errors import BadlineError
from pipeline.files import Page
from pipeline.spec.words import words_of

ANSWER = {"a": {"b": [{"c": 1}, {"c": 2}, {"d": 3}]}, "null": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".", ANSWER),
        ("a.b.0.c", 1),
        ("a.b.-1", {"d": 3}),
        ("a.b.*.c?", [1, 2]),
        ("null", None),
        ("a.x?", None),
        ("a.b.7?", None),
        ("a.b.x?", None),
        ("null.deeper?", None),
    ],
)
def test_a_path_leads_through_keys_and_items(path, found):
    assert find(ANSWER, path) == found


@pytest.mark.parametrize("path", ["x", "a.b.3", "a.b.*.c", "a.*", "a.b.0.c.d", "null.deeper"])
def test_what_is_missing_and_may_not_be_is_told(path):
    with pytest.raises(Misshapen, match=rf"has no '{path}'".replace("*", r"\*")):
        find(ANSWER, path)


@pytest.mark.parametrize("path", ["", "a..b", "a.", ".a", "a?.b", "??"])
def test_a_path_that_is_none_is_refused_with_its_line(tmp_path, path):
    page = Page(tmp_path / "release.yaml", {"text": path}, {("text",): 3})
    with pytest.raises(BadlineError, match=r"release\.yaml:3: text: '.*' is no path"):
        words_of(Where, page)


def reply(answer, **paths):
    return reply_in(answer, Where.model_validate({"text": "text?", **paths}))


def test_several_texts_are_said_one_after_the_other():
    assert reply_in([{"text": "One."}, {"image": "x"}, {"text": "Two."}], Where(text="*.text?")) == Reply("One. Two.")


def test_actions_are_read_from_each_item_of_a_list():
    answer = {"did": [{"tool": "track", "with": {"order": "0412"}, "status": "ok"}, {"tool": "pay", "status": "no"}]}
    at = {"path": "did", "name": "tool", "arguments": "with?", "done": {"path": "status", "equals": "ok"}}
    assert reply(answer, actions=at).actions == (Action("track", {"order": "0412"}), Action("pay", done=False))


def test_arguments_may_be_a_text_of_json():
    answer = {"actions": [{"name": "track", "arguments": '{"order": "0412"}'}]}
    assert reply(answer, actions="actions").actions == (Action("track", {"order": "0412"}),)


def test_a_flag_compares_and_looks_among_many():
    at = {"path": "calls.*.name?", "equals": "hang_up"}
    assert reply({"calls": [{"name": "track"}, {"name": "hang_up"}]}, ends_call=at).ends_call
    assert not reply({"calls": [{"name": "track"}]}, ends_call=at).ends_call
    assert not reply({}, ends_call=at).ends_call


def test_a_handoff_is_read_from_an_object_or_told_by_a_value():
    facts = {"why": "asked", "facts": {"order": "0412"}, "done": ["track"]}
    assert reply({"handoff": facts}, handoff="handoff").handoff == Handoff("asked", {"order": "0412"}, ("track",))
    assert reply({"handoff": None}, handoff="handoff").handoff is None
    at = {"path": "status", "equals": "transfer", "facts": "slots"}
    assert reply({"status": "transfer", "slots": {"a": 1}}, handoff=at).handoff == Handoff("", {"a": 1})
    assert reply({"status": "open"}, handoff=at).handoff is None


def test_decisions_are_read_with_their_value_and_reason():
    answer = {"decisions": [{"name": "refused", "why": "policy"}, {"name": "amount", "value": 3}]}
    assert reply(answer, decisions="decisions").decisions == (Decision("refused", why="policy"), Decision("amount", 3))


@pytest.mark.parametrize(
    ("answer", "paths", "said"),
    [
        ({"text": 7}, {}, r"a number as 'text\?', where a text should be"),
        ({"text": None}, {"text": "text"}, "null as 'text', where a text should be"),
        ({"text": ["a", {}]}, {}, r"a list as 'text\?', where a text should be"),
        ({"actions": {}}, {"actions": "actions"}, "an object as 'actions', where a list should be"),
        ({"actions": ["track"]}, {"actions": "actions"}, "has no 'name'"),
        ({"actions": [{"name": "a", "arguments": "{"}]}, {"actions": "actions"}, "a text as 'arguments"),
        ({"actions": [{"name": "a", "arguments": '{"x": NaN}'}]}, {"actions": "actions"}, "a text as 'arguments"),
        ({"actions": [{"name": "a", "done": "no"}]}, {"actions": "actions"}, "a text as 'done.', where true or false"),
        ({"state": [1]}, {"state": "state"}, "a list as 'state', where an object should be"),
        ({"ends_call": "yes"}, {"ends_call": "ends_call"}, "a text as 'ends_call', where true or false should be"),
    ],
)
def test_a_part_of_a_wrong_type_is_told(answer, paths, said):
    with pytest.raises(Misshapen, match=said):
        reply(answer, **paths)


@pytest.mark.parametrize("session", [True, ["s"], {"id": 1}])
def test_a_session_is_a_text_or_a_number(session):
    with pytest.raises(Misshapen, match="a session is a text or a number"):
        session_in({"id": session}, Where(text="text", session="id"))


@pytest.mark.parametrize("text", ["<html>", '{"a": NaN}', '{"a": 1e999}', '"\\ud800"', "[" * 100_000, b"\xff\xfe\xfd"])
def test_json_that_no_record_can_keep_is_none(text):
    with pytest.raises(ValueError, match=r"."):
        parsed(text)
