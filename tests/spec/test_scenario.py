import pytest
from pydantic import ValidationError

from pipeline.files import shipped
from pipeline.spec.scenario import read_scenario
from pipeline.values import keyed

SHIPPED = sorted((shipped("fixtures") / "scenarios").glob("*.yaml"))
ID, DID = '{alnum_id: "0412-7783"}', 'did: [{change: {order: "{order}"}}]'


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_shipped_scenarios_are_read(path):
    assert read_scenario(path).name == path.stem


def test_a_scenario_is_frozen(right, tmp_path):
    (tmp_path / "a.yaml").write_text(right["scenario"])
    scenario = read_scenario(tmp_path / "a.yaml")
    with pytest.raises(ValidationError, match="frozen"):
        scenario.name = "other"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("about", "abuot", "2: abuot: is not a key here. Did you mean 'about'?"),
        ("name: move", "name: a b", "1: name: is 'a b', but wants only letters, digits"),
        ("name: move", "name: 12", "1: name: 12 is a number here: put it in quotes"),
        ("name: move\n", "", "1: name: is missing"),
    ],
)  # fmt: skip
def test_keys_and_names_are_refused_where_they_stand(wrong, old, new, message):
    assert wrong(read_scenario, "scenario", old, new).startswith(f"words.yaml:{message}")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("persona: {voise: low}", "persona.voise: is not a key here."),
        ("persona: {voice: haert}", "persona.voice: There is no voice called"),
        ("persona:", "persona: is empty. Known: age, habits, mood, patience, voice."),
        ("persona: low", "persona: wants 'key: value' pairs, not 'low'."),
        ("tags: a", "tags: wants a list, not 'a': write ['a']"),
        ("language: de", "language: wants 'en', 'en-GB' or 'en-US', not 'de'"),
        ("given: {orders: parcels_50}", "given.orders: There is no world called"),
        ("given: {o: ./none.json}", "given.o: none.json: there is no such file"),
    ],
)
def test_what_is_optional_is_refused_where_it_stands(wrong, words, message):
    said = wrong(read_scenario, "scenario", "about: A parcel is moved.", f"about: x\n{words}")
    assert said.startswith(f"words.yaml:3: {message}")


@pytest.mark.parametrize(
    ("fact", "message"),
    [
        ("{digits: 0412}", ".digits: 412 is a number here: put it in quotes"),
        ("{digits: true}", ".digits: true is no text here: put it in quotes"),
        ("{digits: }", ".digits: is empty: write a text"),
        ('{digits: ""}', ".digits: is empty"),
        ("{digits: [1]}", ".digits: wants a text, not [1]"),
        ('{digit: "0412"}', ".digit: there is no type 'digit'. Did you mean 'digits'?"),
        ('"0412"', ": wants one value as '{type: \"value\"}'. Known: alnum_id,"),
        ('{digits: "1", date: "2026-11-22"}', ": wants one value as"),
        ('{postcode: "EH1"}', ".postcode: 'EH1' is not a UK postcode"),
        ('{phone: "12"}', ".phone: '12' is not a valid phone number"),
        ('{date: "2026-02-30"}', ".date: '2026-02-30' is not a date"),
        ('{digits: "1", accept: "2"}', ".accept: wants a list"),
    ],
)
def test_a_fact_is_refused_where_it_stands(wrong, fact, message):
    assert wrong(read_scenario, "scenario", ID, fact).startswith(f"words.yaml:5: facts.order{message}")


@pytest.mark.parametrize("now", ["tomorrow", "2026-11-22", "5", '"2026-11-22T10:00Z"', "2026-13-22T10:00", "10:00"])
def test_a_clock_is_the_callers_date_and_time(wrong, now):
    said = wrong(read_scenario, "scenario", '"2026-11-22T10:00"', now)
    assert said.startswith("words.yaml:3: now: ")
    assert "is no time that there is" in said or 'as "2026-11-22T10:00", not ' in said


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{order}.", "{oder}.", "8: says.order.say: there is no fact 'oder'. Did you mean 'order'?"),
        ("{order}.", "{order:slwo}.", "8: says.order.say: 'slwo' is no way to speak. Did you mean 'slow'?"),
        ("{order}.", "{order.", "8: says.order.say: a brace in 'It's {order.' belongs to no fact"),
        ("{order}.", "{}.", "8: says.order.say: a brace"),
        ('  order: {alnum', '  my order: {alnum', "5: facts.my order: wants one word as its name"),
        ('open: {say: "Hi."}', 'opne: {say: "Hi."}', "6: says: has no 'open'"),
        ('open: {say: "Hi."}', 'open: "Hi."', "7: says.open: wants 'key: value' pairs, not 'Hi.'."),
        ('open: {say: "Hi."}', 'open: {say: " "}', "7: says.open.say: is empty"),
        ('open: {say: "Hi."}', 'open: {say: "..."}', "7: says.open.say: '...' has no letter and no digit"),
        ('open: {say: "Hi."}', 'open: {say: Hi, correct: "😀"}', "7: says.open.correct: '😀' has no letter"),
        ('{say: "Hi."}', '{say: Hi, asked: ["(x"]}', "7: says.open.asked.0: is not a regular expression: missing )"),
    ],
)  # fmt: skip
def test_what_is_said_is_refused_where_it_stands(wrong, old, new, message):
    assert wrong(read_scenario, "scenario", old, new).startswith(f"words.yaml:{message}")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("outcome: resolved", "outcome: solved", "10: expect.outcome: wants 'resolved', 'handed_off'"),
        (DID, "never: [x]", "9: expect: 'resolved' needs did, state or must_say"),
        (DID, "did: []", "9: expect: 'resolved' needs"),
        (DID, "did: {change: {}}", "11: expect.did: wants a list as '[{action: {argument: value}}]', not"),
        (DID, "did: [{change: 5}]", "11: expect.did.0: wants one action as 'name: {argument: value}', not"),
        (DID, 'did: [change: {order: "{ordr}"}]', "11: expect.did.change.order: there is no fact 'ordr'."),
        (DID, 'state: {orders: {"{ordr}": 1}}', "11: expect.state.orders.{ordr}: there is no fact 'ordr'."),
        (DID, "state: {orders: {0412: 1}}", "11: expect.state.orders.412: is no text; put the key in quotes"),
        (DID, "did: [x]\n  never: [y, x]", "12: expect.never.1: 'x' stands under did, too"),
        (DID, "did: [x]\n  effort: {max_turns: 0}", "12: expect.effort.max_turns: 0 is below 1"),
        (DID, "did: [x: {a: .nan}]", "11: expect.did.x.a: wants a finite number, not nan"),
    ],
)
def test_what_is_expected_is_refused_where_it_stands(wrong, old, new, message):
    assert wrong(read_scenario, "scenario", old, new).startswith(f"words.yaml:{message}")


KEYS = ('{say: "It\'s {order}."}', '{say: "It\'s {order}.", keys: KEYS}')


@pytest.mark.parametrize(
    ("fact", "keys", "message"),
    [
        (ID, '"{oder}#"', "there is no fact 'oder'. Did you mean 'order'?"),
        (ID, '"{order:slow}#"', "'{order:slow}' cannot be pressed; write 0 to 9, *, # and facts as {fact}"),
        (ID, '"order #"', "'order' cannot be pressed"),
        (ID, '"{order"', "a brace in '{order' belongs to no fact"),
        (ID, '" "', "is empty"),
        (ID, "12", "12 is a number here: put it in quotes"),
        ('{alnum_id: "B73T-9914"}', '"{order}#"', "{order} is B73T9914, which has more than digits in it"),
        ('{date: "2026-11-24"}', '"{order}#"', "{order} is 2026-11-24, which has more than digits in it"),
    ],
)
def test_keys_that_no_telephone_has_are_refused_where_they_stand(right, refusal, fact, keys, message):
    text = right["scenario"].replace(ID, fact).replace(KEYS[0], KEYS[1].replace("KEYS", keys))
    assert refusal(read_scenario, text).startswith(f"words.yaml:8: says.order.keys: {message}")


def test_a_line_may_be_pressed_instead_of_said(right, tmp_path):
    path = tmp_path / "words.yaml"
    path.write_text(right["scenario"].replace(KEYS[0], KEYS[1].replace("KEYS", '"{order}#"')))
    scenario = read_scenario(path)
    assert keyed(scenario.says["order"].keys, scenario.facts) == "04127783#"
    assert scenario.says["open"].keys is None
