import math
from dataclasses import replace

import pytest

from pipeline.run.plan import find_job, read_plan
from pipeline.run.summary import Intent, summarise


@pytest.fixture
def plan(toys):
    toys.change("suite.yaml", "seed: 3", "seed: 3\ntrials: 25")  # 300 units
    return read_plan(find_job(str(toys.suite), None))


def record(unit, status="passed", words=None, slots=None, measures=None, why=""):
    """What a unit's record holds of all that a summary reads."""
    criteria = [{"name": "outcome", "met": not why, "why": why}]
    scores = {
        "task": {"criteria": criteria},
        "words": {"counts": words or {}},
        "slots": {"counts": slots or {}},
    }
    call = {"call": unit.name, "error": None, "measures": measures or {}}
    names = {key: getattr(unit, key) for key in ("scenario", "profile", "severity", "voice", "trial", "arm")}
    return {"facts": {**names, "status": status, "scores": scores, "call": call, "sound": "abc"}}


def records(plan, *statuses, **rest):
    """Every unit's record; the first ones of the degraded, noisy arm have the `statuses`, all others passed."""
    given = iter(statuses)
    return [
        record(unit, next(given, "passed") if (unit.arm, unit.profile) == ("degraded", "noisy") else "passed", **rest)
        for unit in plan.units
    ]


def row(summary, arm="degraded", profile="noisy"):
    [found] = [row for row in summary.rows if (row.arm, row.profile) == (arm, profile)]
    return found


@pytest.mark.parametrize(
    ("status", "passed", "counted"),
    [
        ("passed", 50, 50),
        ("resolved_badly", 50, 50),
        ("failed", 49, 50),
        ("agent_error", 49, 50),
        ("not_evaluated", 49, 50),
        ("dropped", 49, 49),
        ("caller_invalid", 49, 49),
        ("sound_invalid", 49, 49),
    ],
)
def test_what_counts_how(plan, status, passed, counted):
    one = row(summarise(plan, records(plan, status), {}))
    assert (one.units, one.passed, one.counted) == (50, passed, counted)
    assert one.success == pytest.approx(passed / counted)


def test_words_are_summed_before_they_are_divided(plan):
    # 1 of 2 and 0 of 98: 1 % of all words, though the mean of the rates is 25 %.
    few = {"hits": 1, "substitutions": 1, "deletions": 0, "insertions": 0, "n_ref": 2, "n_hyp": 2}
    many = {"hits": 98, "substitutions": 0, "deletions": 0, "insertions": 0, "n_ref": 98, "n_hyp": 98}
    units = [unit for unit in plan.units if (unit.arm, unit.profile) == ("degraded", "noisy")][:2]
    both = [record(unit, words=words) for unit, words in zip(units, (few, many), strict=True)]
    assert row(summarise(plan, both, {})).wer == pytest.approx(0.01)


def test_slots_are_counted_by_type(plan):
    first, second = {"digits.offered": 2, "digits.hits": 1}, {"digits.offered": 1, "digits.hits": 1}
    same = [unit for unit in plan.units if (unit.arm, unit.profile) == ("degraded", "noisy")][:2]
    both = [record(unit, slots=slots) for unit, slots in zip(same, (first, second), strict=True)]
    [counted] = summarise(plan, both, {}).slots
    assert (counted.type, counted.counts) == ("digits", {"offered": 3, "hits": 2})


def test_the_first_tag_of_a_scenario_is_its_intent(plan):
    tagged = {name: one.model_copy(update={"tags": ("greet", "short")}) for name, one in plan.cast.scenarios.items()}
    plan = replace(plan, cast=replace(plan.cast, scenarios=tagged))
    intents = summarise(plan, records(plan, "failed", "caller_invalid"), {}).intents
    counted = sum(unit.arm == "degraded" for unit in plan.units) - 1
    assert Intent("degraded", "greet", counted, counted - 1) in intents


def test_arms_stand_together_perfect_ears_first(plan):
    rows = summarise(plan, reversed(records(plan)), {}).rows
    assert [one.arm for one in rows] == ["oracle", "oracle", "clean", "clean", "degraded", "degraded"]


def loss(got, sd=0.1, asked=0.05, kind="drawn"):
    return {"effect": "network.packet_loss", "name": "rate", "asked": asked, "got": got, "kind": kind, "sd": sd}


def test_drawn_measures_are_judged_by_their_total(plan):
    # Two windows 0.05 too high, of sd 0.1 each: z = 0.1 / (0.1 sqrt 2).
    measures = {"open/1": [loss(0.10)], "order/1": [loss(0.10)]}
    [drawn] = summarise(plan, [record(plan.units[2], measures=measures)], {}).drawn
    assert (drawn.measure, drawn.windows) == ("network.packet_loss.rate", 2)
    assert drawn.z == pytest.approx(1 / math.sqrt(2))


def test_a_window_that_arms_share_counts_once_and_those_of_trials_each(plan):
    units = [unit for unit in plan.units if unit.scenario == "one" and unit.profile == "noisy" and unit.trial <= 2]
    shared = [record(unit, measures={"open/1": [loss(0.0)]}) for unit in units]
    assert len(shared) == 6
    assert summarise(plan, shared, {}).drawn[0].windows == 2


def test_what_chance_cannot_judge_is_left_out(plan):
    measures = {"open/1": [loss(0.9, sd=None), loss(0.9, kind="set")]}
    assert summarise(plan, [record(plan.units[2], measures=measures)], {}).drawn == ()


def test_what_nobody_asked_for_is_not_judged(plan):
    measures = {"open/1": [loss(0.9, asked=None), loss(0.05)]}
    [drawn] = summarise(plan, [record(plan.units[2], measures=measures)], {}).drawn
    assert (drawn.windows, drawn.got) == (1, 0.05)


def test_a_line_that_is_not_what_was_asked_makes_the_run_invalid(plan):
    within = summarise(plan, records(plan, measures={"open/1": [loss(0.05)]}), {})
    beyond = summarise(plan, records(plan, measures={"open/1": [loss(0.11)]}), {})
    assert within.exit_code == 0
    assert beyond.exit_code == 4
    assert "network.packet_loss.rate at typical: asked 0.05, got 0.11 (z +4.2)" in beyond.invalid


@pytest.mark.parametrize(("lost", "code"), [(3, 0), (4, 4)])
def test_more_than_one_in_a_hundred_lost_to_us_makes_the_run_invalid(plan, lost, code):
    gone = {unit.name: "why" for unit in plan.units[: lost - 1]}
    kept = [one for one in records(plan, "sound_invalid") if one["facts"]["call"]["call"] not in gone]
    summary = summarise(plan, kept, gone)
    assert summary.exit_code == code
    assert bool(summary.invalid) == (code == 4)


def test_units_that_were_not_run_make_the_run_invalid(plan):
    assert summarise(plan, records(plan)[:-1], {}).invalid == ("1 of 300 units were not run",)


@pytest.mark.parametrize(
    ("floors", "failed", "code"),
    [
        ("{degraded: 0.99}", 1, 0),
        ("{degraded: 0.99}", 2, 1),
        ("{noisy: 0.98}", 1, 0),
        ("{noisy: 0.98}", 2, 1),
        ("{oracle: 1.0, quiet: 1.0}", 50, 0),
    ],
)
def test_a_floor_is_about_an_arm_or_a_degraded_profile(toys, floors, failed, code):
    toys.change("suite.yaml", "weights: {quiet: 3, noisy: 1}", f"trials: 25\nfloors: {floors}")
    plan = read_plan(find_job(str(toys.suite), None))
    assert summarise(plan, records(plan, *["failed"] * failed), {}).exit_code == code


def test_a_floor_under_nothing_is_broken(toys):
    toys.change("suite.yaml", "weights: {quiet: 3, noisy: 1}", "floors: {noisy: 0.1}")
    plan = read_plan(find_job(str(toys.suite), None))
    assert summarise(plan, records(plan, *["caller_invalid"] * 2), {}).broken


def test_the_production_mix_weighs_profiles(plan):
    # quiet 100 %, three parts; noisy 50 %, one part.
    assert summarise(plan, records(plan, *["failed"] * 25), {}).production == pytest.approx(0.875)
    assert summarise(plan, records(plan, *["caller_invalid"] * 50), {}).production is None


def test_calls_that_failed_are_named_with_recording_and_command(plan):
    [one] = summarise(plan, records(plan, "agent_error"), {}).failing
    assert one.unit == "one.noisy.typical.tone.1.degraded"
    assert one.sound == "sound/abc.flac"
    assert one.command.startswith("badline call ")


def turn_taking(plan, *tallies):
    """What a run says of the calls with these tallies, all of one arm and profile."""
    same = [unit for unit in plan.units if (unit.arm, unit.profile) == ("degraded", "noisy")]
    facts = [record(unit) for unit in same[: len(tallies)]]
    for fact, (counts, details) in zip(facts, tallies, strict=True):
        fact["facts"]["scores"]["turn_taking"] = {"counts": counts, "details": details}
    [one] = summarise(plan, facts, {}).turn_taking
    return one


def test_turn_taking_is_summed_by_arm_and_profile(plan):
    one = turn_taking(plan, ({"turns": 3, "spurious_turns": 1}, []), ({"turns": 2, "spurious_turns": 0}, []))
    assert (one.arm, one.profile, one.counts) == ("degraded", "noisy", {"turns": 5, "spurious_turns": 1})


def test_percentiles_are_of_single_latencies(plan):
    # Of 0, 100 ... 2000 ms the median is 1000; the 95th percentile lies 0.95 x 20 = 19 steps up.
    details = [{"response_ms": 100 * i} for i in range(21)]
    one = turn_taking(plan, ({}, details[:5]), ({}, details[5:]))
    assert (one.response_ms, one.yield_ms) == ((1000, 1900), None)


@pytest.mark.parametrize(("events", "rate", "percentiles"), [(9, None, None), (10, 0.1, (500, 500))])
def test_rates_and_percentiles_of_fewer_than_ten_are_hidden(plan, events, rate, percentiles):
    counts = {"turns": events, "premature_endpoints": 1}
    one = turn_taking(plan, (counts, [{"response_ms": 500}] * events))
    assert (one.rate("premature_endpoints", "turns"), one.response_ms) == (rate, percentiles)


def test_a_run_without_turn_taking_says_nothing_of_it(plan):
    assert summarise(plan, records(plan), {}).turn_taking == ()


@pytest.fixture
def graded(toys):
    """A plan of three severities: of each two noisy degraded calls."""
    toys.change("suite.yaml", "seed: 3", "seed: 3\nseverities: [mild, typical, harsh]")
    return read_plan(find_job(str(toys.suite), None))


def test_every_severity_has_a_row_and_arms_without_a_line_one(graded):
    summary = summarise(graded, records(graded), {})
    noisy = [(one.arm, one.severity) for one in summary.rows if one.profile == "noisy"]
    assert noisy == [("oracle", 0), ("clean", 0), ("degraded", 0.25), ("degraded", 0.5), ("degraded", 1)]
    assert {one.units for one in summary.rows} == {2}


def test_each_severity_is_judged_alone_for_they_share_their_chance(graded):
    # In each of three severities one window 1.5 deviations too high: together that would look like 2.6.
    units = [one for one in graded.units if (one.scenario, one.profile, one.arm) == ("one", "noisy", "degraded")]
    drawn = summarise(graded, [record(unit, measures={"open/1": [loss(0.2)]}) for unit in units], {}).drawn
    assert [(one.severity, one.windows) for one in drawn] == [(0.25, 1), (0.5, 1), (1, 1)]
    assert [one.z for one in drawn] == pytest.approx([1.5, 1.5, 1.5])


def test_the_production_mix_and_floors_count_all_severities_alike(graded):
    # Of six noisy calls the three first fail: 50 %, one part; quiet 100 %, three parts.
    assert summarise(graded, records(graded, *["failed"] * 3), {}).production == pytest.approx(0.875)
    suite = graded.cast.suite.model_copy(update={"floors": {"noisy": 0.6}})
    plan = replace(graded, cast=replace(graded.cast, suite=suite))
    assert summarise(plan, records(plan, *["failed"] * 3), {}).broken == ("noisy: 3 of 6 passed, the floor is 60%",)


def test_what_was_found_and_made_is_summed_over_the_records(plan):
    told = [{"found": {"windows": 3}, "made": {"speech": 1}}, {"found": {"windows": 4, "speech": 2}, "made": {}}]
    both = [{**one, "run": {"cache": cache}} for one, cache in zip(records(plan)[:2], told, strict=True)]
    assert summarise(plan, both, {}).cache == {"found": {"windows": 7, "speech": 2}, "made": {"speech": 1}}
    assert summarise(plan, records(plan), {}).cache == {}
