"""How things are brought out: what each habit does to the words, and what it must never do."""

import re
from pathlib import Path

import numpy as np
import pytest

from pipeline import values
from pipeline.call.asked import Listener
from pipeline.call.english import ENGLISH
from pipeline.call.manner import deliver
from pipeline.chance import Chance
from pipeline.spec.habits import Habits
from pipeline.spec.scenario import read_scenario

SHIPPED = sorted((Path(__file__).parents[2] / "fixtures/scenarios").glob("*.yaml"))
HABITS = ("fillers", "hesitates", "repairs", "changes_mind", "digresses")
SEEDS = range(20)


def said(template, scenario, *, seed=0, slow=False, **habits):
    return deliver(template, scenario, Habits.model_validate(habits), Chance(seed, ("order", "1")), slow=slow)


def texts(template, scenario, **habits):
    return {said(template, scenario, seed=seed, **habits).text for seed in SEEDS}


def templates(scenario):
    for line in scenario.says.values():
        yield from ((words, slow) for words, slow in ((line.say, False), (line.correct, True)) if words)


def given(scenario, delivery):
    """Which facts the words carry, as written and as spoken."""
    texts = (delivery.text, delivery.spoken)
    return [bool(values.find(fact, text, now=scenario.now)) for fact in scenario.facts.values() for text in texts]


def test_without_habits_everything_stands_as_written_and_in_one_breath(parcel):
    delivery = said("It's {order}.", parcel())
    assert (delivery.text, delivery.spoken) == ("It's 0412-7783.", "It's zero four one two, seven seven eight three.")
    assert [part.pause_ms for part in delivery.parts] == [0]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@pytest.mark.slow
def test_no_habit_loses_a_value_or_gives_another_one_away(path):
    scenario = read_scenario(path)
    for template, slow in templates(scenario):
        plain = given(scenario, said(template, scenario, slow=slow))
        for habits in (*({habit: 1.0} for habit in HABITS[1:]), dict.fromkeys(HABITS, 1.0)):
            delivery = said(template, scenario, slow=slow, **habits)
            assert delivery.parts[-1].pause_ms == 0
            assert all(values.has_words(part.spoken) for part in delivery.parts)
            assert given(scenario, delivery) == plain, delivery


def test_a_filler_stands_at_the_start_before_a_value_or_where_a_clause_begins(parcel):
    filler = "|".join(ENGLISH.fillers)
    for text in texts("Hello, the number is {order}, please.", parcel(), fillers=1.0):
        assert re.fullmatch(
            rf"(?i)({filler}), hello, the number is 0412-7783, please\."
            rf"|hello, ({filler}), the number is 0412-7783, please\."
            rf"|hello, the number is, ({filler}), 0412-7783, please\.",
            text,
        )


def test_a_hesitation_is_one_pause_of_the_time_asked_for_within_the_sentence(parcel):
    for seed in SEEDS:
        delivery = said("The number is {order}.", parcel(), seed=seed, hesitates=1.0, pause_ms=[700, 900])
        first, second = delivery.parts
        assert 700 <= first.pause_ms <= 900
        assert first.spoken.endswith((",", "."))  # a voice does not let it fall as at an end
        assert second.spoken.endswith("three.")


def test_a_pause_falls_before_a_value_within_it_and_between_words(parcel):
    ends = {
        said("The number is {order}.", parcel(), seed=seed, hesitates=1.0).parts[0].spoken.split()[-1] for seed in SEEDS
    }
    assert {"is,", "two,"} <= ends


def test_an_um_that_goes_before_a_pause_is_written_too(parcel):
    deliveries = [said("The number is {order}.", parcel(), seed=seed, hesitates=1.0) for seed in SEEDS]
    filled = [d for d in deliveries if re.search(rf"\b({'|'.join(ENGLISH.fillers)}),$", d.parts[0].spoken)]
    assert 0 < len(filled) < len(deliveries)
    assert all(d.parts[0].spoken.split()[-1] in d.text for d in filled)


def test_a_repair_says_a_slip_and_then_the_value(parcel):
    corrections = "|".join(ENGLISH.repairs)
    for text in texts("It's {order}.", parcel(), repairs=1.0):
        found = re.fullmatch(rf"It's (\d{{4}}-\d{{4}}), ({corrections}) 0412-7783\.", text)
        assert found
        assert found[1] != "0412-7783"


def test_a_repair_of_words_without_a_value_starts_again(parcel):
    assert texts("Hello, I need to change an address.", parcel(), repairs=1.0) == {
        "Hello, I need, I need to change an address."
    }


def test_a_change_of_mind_begins_another_line_and_never_says_its_value(parcel):
    scenario = parcel(postcode={"say": "The postcode is {postcode}."})
    heard = texts("Hi, it's {order}.", scenario, changes_mind=1.0)
    assert any(re.fullmatch(r"Hi, the postcode is, .*, it's 0412-7783\.", text) for text in heard)
    assert not any("EH1" in text for text in heard)


def test_a_change_of_mind_without_other_lines_begins_a_stock_question(parcel):
    heard = texts("It's {order}.", parcel(postcode=None), changes_mind=1.0)
    assert all(text.startswith(ENGLISH.starts) and text.endswith("it's 0412-7783.") for text in heard)


def test_a_digression_comes_back_to_the_whole_line(parcel):
    scenario = parcel(digression={"say": "Is my cat allowed in?"})
    for text in texts("Hello, the number is {order}.", scenario, digresses=1.0):
        assert re.fullmatch(r"Hello, the number is, oh, .*, is my cat allowed in\? .* the number is 0412-7783\.", text)


def test_a_digression_of_nobody_in_particular_is_a_stock_question(parcel):
    for text in texts("{order}", parcel(), digresses=1.0):
        assert any(question.lower() in text.lower() for question in ENGLISH.digressions)
        assert text.endswith("0412-7783")


def test_a_digression_is_no_answer_to_a_question(parcel):
    scenario = parcel(digression={"say": "Is {order} a nice number?"}, order=None)
    listener = Listener(scenario, lambda sentences: np.zeros((len(sentences), 1), np.float32))
    for question in ("What is your digression?", "What is your order number?"):
        assert listener.asked(question, frozenset()).kind != "lines"


def test_of_three_ways_to_go_astray_one_shows(parcel):
    astray = {"repairs": 1.0, "changes_mind": 1.0, "digresses": 1.0}
    assert texts("It's {order}.", parcel(), **astray) == texts("It's {order}.", parcel(), repairs=1.0)


@pytest.mark.parametrize("habit", HABITS)
def test_a_habit_shows_in_its_share_of_utterances(parcel, habit):
    scenario, count = parcel(), 150
    plain = said("The number is {order}.", scenario)
    shown = sum(said("The number is {order}.", scenario, seed=seed, **{habit: 0.3}) != plain for seed in range(count))
    assert shown / count == pytest.approx(0.3, abs=0.1)  # 2.7 standard deviations


def test_a_further_habit_moves_nothing_of_another(parcel):
    for seed in SEEDS:
        alone = said("It's {order}.", parcel(), seed=seed, repairs=0.5)
        coughing = said("It's {order}.", parcel(), seed=seed, repairs=0.5, coughs_per_min=3)
        stammering = said("It's {order}.", parcel(), seed=seed, repairs=0.5, fillers=1.0, hesitates=1.0)
        assert alone == coughing
        assert re.findall(r"[\d-]{9}", alone.text) == re.findall(r"[\d-]{9}", stammering.text)


@pytest.mark.parametrize("habit", ["fillers", "hesitates"])
def test_nobody_stops_where_the_value_would_be_lost(parcel, habit):
    scenario, lost = parcel(facts={"day": {"date": "2026-12-03"}}), "On the third of, um, December."
    assert values.find(scenario.facts["day"], lost, now=scenario.now) is None
    for seed in SEEDS:
        delivery = said("On the third of December.", scenario, seed=seed, **{habit: 1.0})
        assert given(scenario, delivery)[-2:] == [True, True]


@pytest.mark.parametrize("template", ["Thank you.", "No.", "Yes, please."])
def test_what_is_too_short_to_stumble_in_is_said_as_it_is(parcel, template):
    assert said(template, parcel(), hesitates=1.0, repairs=1.0).spoken == template
