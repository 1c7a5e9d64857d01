from dataclasses import replace

import pytest

from pipeline.errors import BadlineError
from pipeline.run.pair import PAIRINGS, pair_runs, paired
from pipeline.run.plan import Unit
from pipeline.run.store import Store
from pipeline.run.unit import Done

UNIT = Unit("move", "cafe", 0.5, "heart", 1, "degraded")
STAMP = {"numpy": "2.1", "vectors": "avx2", "asr tones": {"model": "a"}}


def call(*utterances, gaps=()):
    """A record's facts with (window, words, sha256, echo) said in it, and gaps of (window, sha256, echo)."""
    said = [
        {"key": name.split("/")[0], "attempt": int(name.split("/")[1]), "text": words, "spoken": words}
        for name, words, _, _ in utterances
    ]
    sounds = [*((name, sha256, echo) for name, _, sha256, echo in utterances), *gaps]
    windows = [{"name": name, "start_ms": 0, "sha256": sha256, "echo_sha256": echo} for name, sha256, echo in sounds]
    return {"line": [], "call": {"utterances": said, "windows": windows}}


HI = call(("open/1", "hi", "s1", None))


def pairings(one, other):
    return {pair.window: pair.pairing for pair in paired(one, other)}


@pytest.fixture
def runs(tmp_path):
    """Two runs' folders with one unit, in which "hi" was said; `write` puts more into them."""

    def write(run, facts=HI, unit=UNIT, **stamp):
        folder = tmp_path / run
        (folder / "units").mkdir(parents=True, exist_ok=True)
        Store(folder).commit(Done(unit, {**facts, "status": "passed"}, None, {}), {"stamp": STAMP | stamp})
        return folder

    return write


@pytest.mark.parametrize(
    ("a", "b", "pairing"),
    [
        (("hi", "s1", None), ("hi", "s1", None), "same"),
        (("hi", "s1", "e1"), ("hi", "s1", "e2"), "same"),
        (("hi", "s1", "e1"), ("hi", "s2", "e2"), "echo_differs"),
        (("hi", "s1", None), ("hi", "s2", "e2"), "echo_differs"),
        (("hi", "s1", None), ("hey", "s2", None), "words_differ"),
        (("hi", "s1", "e1"), ("hey", "s2", "e2"), "words_differ"),
        (("412#", None, None), ("412#", None, None), "same"),
        (("412#", None, None), ("413#", None, None), "words_differ"),
        (("hi", "s1", None), ("hi", "s2", None), "sound_differs"),
        (("hi", "s1", "e1"), ("hi", "s2", "e1"), "sound_differs"),
    ],
)
def test_an_utterance_pairs_by_its_bytes_then_its_words_then_the_echo_in_it(a, b, pairing):
    assert pairings(call(("open/1", *a)), call(("open/1", *b))) == {"open/1": pairing}


def test_an_utterance_that_one_call_lacks_is_told_with_its_side():
    a = call(("open/1", "hi", "s1", None), ("order/1", "four", "s2", None))
    b = call(("open/1", "hi", "s1", None), ("order/2", "four four", "s3", None))
    assert pairings(a, b) == {"open/1": "same", "order/1": "only_in_a", "order/2": "only_in_b"}


def test_only_gaps_that_should_sound_the_same_and_do_not_are_told():
    gaps = [("gap/0/0", "g", None), ("gap/0/1", "g1", "e1"), ("gap/0/2", "g2", None), ("gap/0/3", "g", None)]
    others = [("gap/0/0", "g", None), ("gap/0/1", "g3", "e2"), ("gap/0/2", "g4", None), ("gap/1/0", "g5", None)]
    assert pairings(call(gaps=gaps), call(gaps=others)) == {"gap/0/2": "sound_differs"}


def test_keys_pair_by_what_is_pressed():
    a, b = call(("order/1", "412#", "s1", None)), call(("order/1", "413#", "s2", None))
    for facts in (a, b):
        facts["call"]["utterances"][0] |= {"kind": "keys", "spoken": ""}
    [pair] = paired(a, b)
    assert (pair.kind, pair.pairing, pair.a.words) == ("keys", "words_differ", "412#")


def test_calls_are_paired_by_what_they_are_and_the_rest_is_listed(runs):
    first, second = replace(UNIT, trial=2), replace(UNIT, trial=3)
    runs("a"), runs("a", unit=first), runs("b", unit=second)
    pairs = pair_runs(runs("a"), runs("b"))
    assert [unit.unit for unit in pairs.units] == [UNIT.name]
    assert (pairs.only_in_a, pairs.only_in_b) == ((first.name,), (second.name,))
    assert pairs.exit_code == 0


def test_profiles_and_arms_are_counted_apart(runs):
    units = [UNIT, replace(UNIT, trial=2), replace(UNIT, arm="oracle"), replace(UNIT, profile="bar")]
    for unit in units:
        runs("a", unit=unit), runs("b", unit=unit)
    pairs = pair_runs(runs("a"), runs("b"))
    found = [(row.profile, row.arm, row.units, row.counts["same"]) for row in pairs.rows]
    assert found == [("bar", "degraded", 1, 1), ("cafe", "oracle", 1, 1), ("cafe", "degraded", 2, 2)]
    assert set(pairs.rows[0].counts) == set(PAIRINGS)


def test_two_files_of_units_are_paired_alone(runs):
    for run in "ab":
        runs(run), runs(run, unit=replace(UNIT, trial=2))
    files = [runs(run) / "units" / f"{UNIT.name}.json" for run in "ab"]
    assert [unit.unit for unit in pair_runs(*files).units] == [UNIT.name]


def test_other_bytes_without_a_reason_refuse_the_pair_and_name_what_differs_in_the_stamp(runs):
    other = call(("open/1", "hi", "s2", None))
    pairs = pair_runs(runs("a"), runs("b", other, numpy="2.2", **{"asr tones": {"model": "b"}}))
    [refused] = pairs.refused
    assert (refused.unit, refused.refused) == (UNIT.name, ("open/1",))
    assert refused.reasons == ("numpy: 2.1 and 2.2",)
    assert pairs.exit_code == 4


def test_another_line_is_named_as_what_differs(runs):
    other = {**call(("open/1", "hi", "s2", None)), "line": [{"name": "noise"}]}
    [refused] = pair_runs(runs("a"), runs("b", other)).refused
    assert refused.reasons == ("the line is another: another seed, or a profile that was changed",)


def test_another_machine_alone_refuses_nothing(runs):
    assert pair_runs(runs("a"), runs("b", vectors="avx512f")).exit_code == 0


def test_a_unit_without_a_call_is_listed(runs):
    unit = replace(UNIT, trial=2)
    runs("a", {"why": "noise"}, unit), runs("b", HI, unit)
    assert pair_runs(runs("a"), runs("b")).without_call == (unit.name,)


def test_runs_without_anything_in_common_are_no_zero_but_refused(runs, tmp_path):
    runs("a"), runs("b", unit=replace(UNIT, scenario="track")), runs("c", {"why": "noise"}), runs("d", call())
    with pytest.raises(BadlineError, match=r"no unit in common.*one has move\.cafe.*the other track\.cafe"):
        pair_runs(tmp_path / "a", tmp_path / "b")
    for silent in "cd":
        with pytest.raises(BadlineError, match="no caller said a word in the 1 units"):
            pair_runs(tmp_path / silent, tmp_path / silent)


def test_a_path_that_is_no_run_is_refused(runs, tmp_path):
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(BadlineError, match=r"notes\.json: is no unit's record"):
        pair_runs(runs("a"), tmp_path / "notes.json")
    with pytest.raises(BadlineError, match="holds no finished unit"):
        pair_runs(runs("a"), tmp_path / "nowhere")


def test_a_record_that_was_changed_later_is_refused(runs):
    path = runs("b") / "units" / f"{UNIT.name}.json"
    path.write_text(path.read_text().replace("s1", "s2"))
    with pytest.raises(BadlineError, match="was changed after it was written"):
        pair_runs(runs("a"), runs("b"))


def test_calls_pair_with_those_of_their_own_severity(runs):
    for run in ("a", "b"):
        for severity in (0.25, 0.4, 1.0):
            runs(run, unit=replace(UNIT, severity=severity))
    pairs = pair_runs(runs("a"), runs("b", unit=replace(UNIT, severity=0.9)))
    assert [(row.severity, row.units) for row in pairs.rows] == [(0.25, 1), (0.4, 1), (1.0, 1)]
    assert pairs.only_in_b == ("move.cafe.0_9.heart.1.degraded",)


def test_a_record_without_a_severity_in_its_name_is_none_of_ours(runs):
    folder = runs("a")
    [path] = (folder / "units").glob("*.json")
    path.rename(path.with_name("move.cafe.heart.1.degraded.json"))
    with pytest.raises(BadlineError, match="is no unit's record"):
        pair_runs(folder, folder)
