import json
from dataclasses import replace

import numpy as np
import pytest

from pipeline import engines
from pipeline.files import canonical_json
from pipeline.run.crew import Crew
from pipeline.run.plan import find_job, read_plan
from pipeline.run.unit import plain, run_unit


@pytest.fixture
def crew(toys):
    return Crew(read_plan(find_job(str(toys.suite), None)))


def unit_of(crew, arm, profile="quiet"):
    return next(unit for unit in crew.plan.units if (unit.arm, unit.profile) == (arm, profile))


def test_a_unit_becomes_facts_that_are_json(crew):
    facts = run_unit(crew, unit_of(crew, "degraded", "noisy")).facts
    assert json.loads(canonical_json(facts)) == facts
    assert {"scenario", "profile", "voice", "trial", "arm", "status", "line", "scores", "call", "sound"} <= set(facts)


def test_the_same_unit_gives_the_same_facts_whatever_ran_before(crew):
    first = run_unit(crew, unit_of(crew, "degraded", "noisy"))
    run_unit(crew, unit_of(crew, "oracle"))
    again = run_unit(crew, unit_of(crew, "degraded", "noisy"))
    fresh = run_unit(Crew(crew.plan), unit_of(crew, "degraded", "noisy"))
    assert first.facts == again.facts == fresh.facts


def test_only_the_degraded_arm_has_a_line(crew):
    effects = {
        arm: run_unit(crew, unit_of(crew, arm, "noisy")).facts["line"] for arm in ("oracle", "clean", "degraded")
    }
    assert [one["name"] for one in effects["degraded"]] == ["noise", "adc", "packet_loss", "codec"]
    assert effects["oracle"] == effects["clean"] == []


def test_a_closer_looks_arm_is_the_degraded_call_without_one_part_of_its_line(crew):
    degraded = unit_of(crew, "degraded", "noisy")
    whole = run_unit(crew, degraded).facts["line"]
    for place in ("room", "network"):
        less = run_unit(crew, replace(degraded, arm=f"without_{place}")).facts["line"]
        assert less == [effect for effect in whole if effect["place"] != place]


def test_with_the_true_words_of_a_turn_that_turn_is_heard_as_it_was_said(toys):
    toys.change("noisy.yaml", "snr_db: [5, 9]", "snr_db: -7")
    crew = Crew(read_plan(find_job(str(toys.suite), None)))
    degraded = replace(unit_of(crew, "degraded", "noisy"), scenario="two")
    turns = run_unit(crew, degraded).facts["call"]["turns"]
    told = run_unit(crew, replace(degraded, arm="true_turn_1")).facts["call"]["turns"]
    assert turns[1]["text"] != told[1]["text"] == "seven, eight, three"
    assert turns[0] == told[0]


def test_sound_off_target_is_a_result_without_a_call(toys, monkeypatch):
    missed = 'Measure("room.deaf", "gain_db", asked=0.0, got=3.0, kind="set", tolerance=0.5)'
    monkeypatch.syspath_prepend(toys.add_effect("deaf", after=f"scene.with_got([[{missed}]] * scene.rows)"))
    engines.known.cache_clear()
    toys.write("noisy.yaml", "name: noisy\nabout: Not what was asked.\nroom: [deaf]")
    crew = Crew(read_plan(find_job(str(toys.suite), None)))
    done = run_unit(crew, unit_of(crew, "degraded", "noisy"))
    engines.known.cache_clear()
    assert (done.facts["status"], done.stereo) == ("sound_invalid", None)
    assert done.facts["why"] == "room.deaf.gain_db: asked 0, got 3, tolerance 0.5"


@pytest.mark.parametrize("arm", ["oracle", "degraded"])
def test_a_reply_in_a_script_that_the_agents_voice_cannot_say_is_the_agents_error(toys, arm):
    toys.change("desk/desk.py", '"hello what is the order number?"', '"Здравствуйте"')
    crew = Crew(read_plan(find_job(str(toys.suite), None)))
    facts = run_unit(crew, unit_of(crew, arm)).facts
    assert facts["status"] == "agent_error"
    assert facts["call"]["error"].startswith(
        "the agent's reply cannot be spoken by its voice: tone: there are no tones"
    )


@pytest.mark.parametrize("text", ["...", "😀", "👍 !"])
def test_a_reply_without_letters_and_digits_is_heard_as_one_without_text(toys, text):
    def sound(before, opening):
        toys.change("desk/desk.py", f'opening = "{before}"', f'opening = "{opening}"')
        crew = Crew(read_plan(find_job(str(toys.suite), None)))
        return run_unit(crew, unit_of(crew, "oracle")).facts["sound"]

    assert sound("hello what is the order number?", "") == sound("", text) != sound(text, "hello")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.1), 0.1),
        (1 / 3, 0.333333),
        (np.int64(7), 7),
        (True, True),
        ((1, [2.0000001]), [1, [2.0]]),
        ({1: None}, {"1": None}),
        (frozenset({"a"}), ["a"]),
    ],
)
def test_plain_is_what_json_holds(value, expected):
    assert plain(value) == expected
