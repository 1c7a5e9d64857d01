"""Who is to blame follows from which of the easier arms fails first."""

import pytest

from pipeline.decide.attribute import attribute
from pipeline.errors import BadlineError

OK, BAD, CALLER = "passed", "failed", "caller_invalid"


def record(arm, status, *, trial=1, severity=0.0, scenario="track", slots=()):
    severity = 0.5 if arm == "degraded" and not severity else severity
    unit = f"{scenario}.cafe.{severity}.heart.{trial}.{arm}"
    facts = {
        "scenario": scenario, "profile": "cafe", "voice": "heart", "trial": trial, "arm": arm, "severity": severity,
        "status": status, "scores": {"slots": {"details": list(slots)}},
    }  # fmt: skip
    return {"unit": unit, "facts": facts}


def slot(fact, *, first_try, in_the_end, expected=1):
    return {
        "fact": fact, "offered": True, "expected": expected, "first_try": first_try, "in_the_end": in_the_end,
    }  # fmt: skip


def of_arms(**statuses):
    return attribute([record(arm, status) for arm, status in statuses.items()])


@pytest.mark.parametrize(
    ("arms", "blame"),
    [
        ({"oracle": BAD, "clean": BAD}, "agent"),
        ({"oracle": BAD, "clean": OK}, "agent"),
        ({"oracle": "not_evaluated", "clean": OK}, "unknown"),
        ({"oracle": OK, "clean": "not_evaluated"}, "unknown"),
        ({"oracle": OK, "clean": BAD, "clean_turns": "not_evaluated"}, "hearing"),
        ({"oracle": OK, "clean": OK}, "line"),
        ({"oracle": OK, "clean": "resolved_badly", "clean_turns": BAD}, "line"),
        ({"oracle": OK, "clean": BAD, "clean_turns": OK}, "turn_taking"),
        ({"oracle": OK, "clean": BAD, "clean_turns": BAD}, "recogniser"),
        ({"oracle": OK, "clean": BAD}, "hearing"),
        ({"oracle": OK, "clean": BAD, "clean_turns": CALLER}, "hearing"),
        ({"oracle": CALLER, "clean": OK}, "unknown"),
        ({"oracle": OK, "clean": "dropped"}, "unknown"),
        ({"clean": OK}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_the_first_arm_that_fails_is_to_blame(arms, blame):
    [one] = of_arms(**arms, degraded=BAD).blamed
    assert one.blame == blame
    assert one.statuses == {**arms, "degraded": BAD}


@pytest.mark.parametrize(
    ("status", "blame", "failed"),
    [
        ("agent_error", "agent", 1),
        ("caller_invalid", "caller", 0),
        ("sound_invalid", "infrastructure", 0),
        ("not_evaluated", "unknown", 1),
    ],
)
def test_what_failed_for_a_reason_of_its_own_needs_no_other_arm_and_ours_counts_in_no_rate(status, blame, failed):
    told = of_arms(oracle=OK, clean=OK, degraded=status)
    assert ([one.blame for one in told.blamed], told.failed, told.calls) == ([blame], failed, failed)


def test_a_run_without_degraded_calls_blames_nobody_aloud():
    with pytest.raises(BadlineError, match="there is no degraded call"):
        of_arms(oracle=OK, clean=BAD)


@pytest.mark.parametrize("status", ["passed", "resolved_badly", "dropped"])
def test_a_call_that_did_not_fail_is_blamed_on_nobody(status):
    told = of_arms(oracle=BAD, clean=BAD, degraded=status)
    assert (told.blamed, told.shares, told.failed) == ((), (), 0)


def test_an_agent_that_gets_there_in_some_trials_only_is_unstable_and_another_scenario_is_none_of_its_business():
    told = attribute(
        [
            *(record("oracle", status, trial=k) for k, status in enumerate((OK, BAD), 1)),
            *(record("degraded", BAD, trial=k) for k in (1, 2)),
            record("clean", OK, trial=1),
            record("oracle", BAD, scenario="other"),
            record("degraded", BAD, scenario="other"),
        ]
    )
    assert [(one.scenario, one.trial, one.blame) for one in told.blamed] == [
        ("other", 1, "agent"), ("track", 1, "line"), ("track", 2, "unstable"),
    ]  # fmt: skip


def test_all_severities_share_their_easier_arms():
    told = attribute(
        [record("oracle", OK), record("clean", OK), *(record("degraded", BAD, severity=s) for s in (0.25, 1.0))]
    )
    assert [(one.severity, one.blame) for one in told.blamed] == [(0.25, "line"), (1.0, "line")]


def test_shares_are_of_failed_calls_with_wilsons_interval():
    failed = [("agent", BAD), *[("line", OK)] * 3]
    told = attribute(
        [
            record(arm, status, trial=trial, scenario=f"s{trial}")
            for trial, (_, oracle) in enumerate(failed, 1)
            for arm, status in (("oracle", oracle), ("clean", OK), ("degraded", BAD))
        ]
    )
    told_of = [(one.blame, one.calls, one.scenarios, one.share) for one in told.shares]
    assert told_of == [("agent", 1, 1, 0.25), ("line", 3, 3, 0.75)]
    # Wilson's interval for 1 of 4: (p + z2/2n +- z sqrt(p q / n + z2 / 4n2)) / (1 + z2 / n), z = 1.959964
    assert [told.shares[0].low, told.shares[0].high] == pytest.approx([0.045587, 0.699358], abs=1e-6)


def test_facts_lost_in_failed_calls_are_harmful_and_those_won_back_are_recovered():
    slots = (
        slot("order", first_try=False, in_the_end=False),
        slot("postcode", first_try=False, in_the_end=True),
        slot("name", first_try=True, in_the_end=False),
        slot("nickname", first_try=False, in_the_end=False, expected=0),
    )
    told = attribute([record("degraded", BAD, slots=slots), record("degraded", OK, trial=2, slots=slots)])
    assert (told.blamed[0].lost, told.harmful, told.recovered) == (("order",), 1, 2)
