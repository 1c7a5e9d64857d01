"""Whose change did what: calls are paired with themselves, and scenarios are what differs."""

import json

import pytest
from scipy.stats import t

from pipeline.decide.cross import cross
from pipeline.files import canonical_json, json_hash


def run_of(folder, statuses):
    """A finished run whose degraded calls, by scenario and trial, came out so."""
    (folder / "units").mkdir(parents=True)
    listed = {}
    for (scenario, trial), status in statuses.items():
        unit, facts = f"{scenario}.{trial}", {"scenario": scenario, "arm": "degraded", "status": status}
        listed[unit] = json_hash(facts)
        words = {"unit": unit, "facts": facts, "facts_sha256": listed[unit], "run": {}}
        (folder / "units" / f"{unit}.json").write_text(canonical_json(words))
    (folder / "manifest.json").write_text(json.dumps({"units": listed}))
    return folder


def crossed(tmp_path, **statuses):
    """Four runs: `old`, `new_ears`, `new_agent` and `new`, each as successes by scenario."""
    cells = {"old": ("a", "a"), "new_ears": ("b", "a"), "new_agent": ("a", "b"), "new": ("b", "b")}
    runs = {cells[name]: run_of(tmp_path / name, calls) for name, calls in statuses.items()}
    return cross(runs, "a", "b")


def calls(*successes):
    return {(f"s{i}", 1): "passed" if success else "failed" for i, success in enumerate(successes)}


@pytest.fixture
def told(tmp_path):
    half = (1, 0, 1, 0, 1, 0, 1, 0, 1, 0)
    return crossed(
        tmp_path, old=calls(*half), new_ears=calls(*[1] * 9, 0), new_agent=calls(*[0] * 10), new=calls(*half)
    )


def change(told, changed, beside):
    [one] = [one for one in told.changes if (one.changed, one.beside) == (changed, beside)]
    return one


def test_each_change_counts_what_it_gained_and_lost_beside_the_same_other_part(told):
    assert [(change(told, *at).gained, change(told, *at).lost) for at in (("ears", "a"), ("ears", "b"))] == [
        (4, 0),
        (5, 0),
    ]
    assert [(change(told, *at).gained, change(told, *at).lost) for at in (("agent", "a"), ("agent", "b"))] == [
        (0, 5),
        (0, 4),
    ]


def test_a_difference_is_the_mean_over_scenarios_with_students_interval(told):
    one, steps = change(told, "ears", "a"), [0, 1, 0, 1, 0, 1, 0, 1, 0, 0]
    deviation = (sum((step - 0.4) ** 2 for step in steps) / 9) ** 0.5
    reach = t.ppf(0.975, 9) * deviation / 10**0.5
    assert (one.difference, one.low, one.high) == pytest.approx((0.4, 0.4 - reach, 0.4 + reach))


def test_the_table_of_success_holds_all_four(told):
    assert {(one.hearing, one.answering): (one.passed, one.counted) for one in told.rates} == {
        ("a", "a"): (5, 10), ("b", "a"): (9, 10), ("a", "b"): (0, 10), ("b", "b"): (5, 10),
    }  # fmt: skip


def test_a_call_that_counts_in_one_of_them_only_proves_nothing(tmp_path):
    gone = calls(1, 1) | {("s1", 1): "caller_invalid"}
    told = crossed(tmp_path, old=calls(0, 0), new_ears=gone, new_agent=calls(0, 0), new=calls(0, 0))
    one = change(told, "ears", "a")
    assert (one.calls, one.gained, one.difference) == (1, 1, 1.0)


def test_few_scenarios_have_no_interval(tmp_path):
    told = crossed(tmp_path, old=calls(0, 1), new_ears=calls(1, 1), new_agent=calls(0, 0), new=calls(0, 0))
    assert {(one.low, one.high) for one in told.changes} == {(None, None)}


def test_scenarios_that_all_differ_alike_have_no_interval(tmp_path):
    third = {(f"s{i}", k): "passed" if k == 1 else "failed" for i in range(10) for k in (1, 2, 3)}
    none = {key: "failed" for key in third}
    told = crossed(tmp_path, old=none, new_ears=third, new_agent=none, new=none)
    one = change(told, "ears", "a")
    assert (one.difference, one.low, one.high) == (pytest.approx(1 / 3), None, None)
