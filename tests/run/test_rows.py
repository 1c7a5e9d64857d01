from dataclasses import replace
from datetime import datetime

import pytest

from pipeline.files import json_hash
from pipeline.run.crew import Crew
from pipeline.run.plan import find_job, read_plan
from pipeline.run.rows import CALLS, MEASURES, TABLES, TABLES_VERSION, TURNS, call_row, measure_rows, turn_rows
from pipeline.run.unit import run_unit

PINNED = {2: "90d65d25e05e475208b3e4bd96ac007daab1764373f3b55cefd033fea45e81d2"}
RUN = {"host": "here", "attempts": 2, "stamp": {"numpy": "2"}, "started": "2026-11-22T12:00:00+02:00", "seconds": 1.5}


@pytest.fixture
def plan(toys):
    return read_plan(find_job(str(toys.suite), None))


@pytest.fixture
def record(plan):
    """That of a noisy call."""
    unit = next(unit for unit in plan.units if (unit.profile, unit.arm) == ("noisy", "degraded"))
    return {**run_unit(Crew(plan), unit).record({}), "run": RUN}


def test_another_column_or_type_is_another_version():
    spelled = json_hash({name: list(columns.items()) for name, columns in TABLES.items()})
    assert spelled == PINNED[TABLES_VERSION]


def test_a_call_is_a_row_of_what_its_record_holds(plan, record):
    row, call = call_row(plan, record), record["facts"]["call"]
    counts = record["facts"]["scores"]["words"]["counts"]
    assert set(row) == set(CALLS)
    assert (row["unit"], row["suite"], row["release"]) == (call["call"], "toys", "toy")
    assert (row["call_ms"], row["turns"], row["ended"]) == (call["ended_ms"], len(call["turns"]), call["ended"])
    assert row["word_errors"] == counts["substitutions"] + counts["deletions"] + counts["insertions"]
    assert (row["started"], row["wall_s"]) == (datetime(2026, 11, 22, 10), 1.5)  # UTC
    assert row["stamp_sha256"] == json_hash(RUN["stamp"])


@pytest.mark.parametrize(
    ("status", "success", "why"),
    [("passed", True, None), ("failed", False, "state: no"), ("resolved_badly", True, "state: no")],
)
def test_why_it_did_not_succeed_is_told(plan, record, status, success, why):
    record["facts"]["status"] = status
    record["facts"]["scores"]["task"]["criteria"] = [{"name": "state", "met": False, "why": "no"}]
    row = call_row(plan, record)
    assert (row["success"], row["why"]) == (success, why)


def test_slots_are_counted_over_all_types(plan, record):
    counts = {"digits.offered": 2, "digits.first_try": 1, "postcode.offered": 3, "postcode.in_the_end": 3}
    record["facts"]["scores"]["slots"]["counts"] = counts
    row = call_row(plan, record)
    assert (row["slots_offered"], row["slots_first_try"], row["slots_in_the_end"]) == (5, 1, 3)


def test_a_unit_without_sound_is_a_row_and_has_no_turns(plan, record):
    facts = {
        key: record["facts"][key] for key in ("schema", "scenario", "profile", "severity", "voice", "trial", "arm")
    }
    lost = {**record, "facts": {**facts, "status": "sound_invalid", "why": "too loud"}}
    row = call_row(plan, lost)
    assert (row["status"], row["success"], row["why"], row["words"]) == ("sound_invalid", None, "too loud", None)
    assert [*turn_rows(lost), *measure_rows(lost)] == []


def test_a_turn_tells_what_was_said_what_was_heard_and_what_came_of_it(record):
    rows, call = list(turn_rows(record)), record["facts"]["call"]
    assert all(set(row) <= set(TURNS) for row in rows)
    # The noise alone is taken for speech twice.
    assert [row["said"] for row in rows] == ["", "", "four one two"]
    assert [row["windows"] for row in rows] == [[], [], ["order/1"]]
    assert [row["heard"] for row in rows] == [turn["text"] for turn in call["turns"]]
    last, reply = rows[-1], call["replies"][-1]
    assert (last["actions"], last["reply"]) == (["track"], "it is on its way goodbye")
    assert last["latency_ms"] == reply["start_ms"] - call["turns"][-1]["decided_ms"]
    assert last["response_ms"] == reply["start_ms"] - call["utterances"][-1]["end_ms"]


def test_a_reply_that_was_never_played_is_none(record):
    for reply in record["facts"]["call"]["replies"]:
        reply["discarded"] = True
    assert all("reply" not in row for row in turn_rows(record))


def test_keys_are_no_words(record):
    for utterance in record["facts"]["call"]["utterances"]:
        utterance["kind"] = "keys"
    assert {row["said"] for row in turn_rows(record)} == {""}


def test_each_measure_is_a_row_and_that_of_the_calibration_has_no_window(record):
    rows, call = list(measure_rows(record)), record["facts"]["call"]
    assert all(set(row) == set(MEASURES) for row in rows)
    assert [row["window"] for row in rows[: len(call["calibration"])]] == [None] * len(call["calibration"])
    drawn = {row["window"]: row["got"] for row in rows if row["name"] == "loss_rate" and row["window"]}
    asked = {
        name: [one["got"] for one in all_of if one["name"] == "loss_rate"] for name, all_of in call["measures"].items()
    }
    assert {name: [got] for name, got in drawn.items()} == asked


def test_a_scenario_without_tags_has_no_intent(plan, record):
    assert call_row(plan, record)["intent"] is None
    tagged = {name: one.model_copy(update={"tags": ("parcel", "short")}) for name, one in plan.cast.scenarios.items()}
    assert call_row(replace(plan, cast=replace(plan.cast, scenarios=tagged)), record)["intent"] == "parcel"
