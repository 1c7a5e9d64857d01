import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.chance import Chance
from pipeline.line.after import After
from pipeline.line.draw import Line, draw_line
from pipeline.line.scene import Measure
from pipeline.report.table import after_the_line, failing, measures, number, tables, timing
from pipeline.run.summary import Failing, Intent, Row, Slots, Summary, TurnTaking
from pipeline.spec.profile import Profile

WORDS = {"substitutions": 1, "deletions": 0, "insertions": 0, "n_ref": 10}


def shown(renderable, width=80):
    file = io.StringIO()
    Console(file=file, width=width).print(renderable)
    return file.getvalue()


def row(arm, profile, severity=None, **statuses):
    statuses = statuses or {"passed": 8}
    counted = sum(n for status, n in statuses.items() if status != "caller_invalid")
    bad = severity or (0.5 if arm == "degraded" else 0.0)
    return Row(arm, profile, bad, sum(statuses.values()), counted, statuses.get("passed", 0), statuses, WORDS)


COUNTS = {
    "offered": 24,
    "first_try": 20,
    "in_the_end": 22,
    "characters": 192,
    "character_edits": 9,
    "expected": 24,
    "hits": 20,
    "substitutions": 3,
    "deletions": 1,
    "insertions": 2,
}


def summary(*rows, slots=(), intents=(), lost=None, invalid=(), broken=(), production=None):
    return Summary("smoke", "2026.11", rows, slots, intents, (), lost or {}, invalid, broken, production)


PROFILES = ("clean_line", "cafe", "bad_cellular", "kids_in_the_back_of_the_car")


def test_only_statuses_that_occur_have_a_column():
    calm = shown(tables(summary(row("degraded", "cafe"))))
    stormy = shown(tables(summary(row("degraded", "cafe", passed=5, failed=2, caller_invalid=1))))
    assert "failed" not in calm
    assert "failed" in stormy
    assert "caller" in stormy
    assert "error" not in stormy


def test_rates_stand_beside_their_counts():
    [line] = [
        line for line in shown(tables(summary(row("clean", "cafe", passed=5, failed=3)))).splitlines() if "cafe" in line
    ]
    assert line.split() == ["clean", "cafe", "62.5%", "5/8", "3", "10.0%"]


def test_nothing_is_cut_off_in_80_columns():
    statuses = {"passed": 100, "resolved_badly": 11, "failed": 12, "agent_error": 13, "not_evaluated": 14}
    rows = [row(arm, name, **statuses) for arm in ("oracle", "clean", "degraded") for name in PROFILES]
    slots = tuple(Slots("degraded", name, 0.5, "spelled_name", COUNTS) for name in PROFILES)
    text = shown(tables(summary(*rows, slots=slots)))
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_many_profiles_share_a_column_of_slots():
    slots = tuple(Slots("degraded", f"p{i}", 0.5, "digits", COUNTS) for i in range(5))
    assert "100/110/120" in shown(tables(summary(row("degraded", "p0"), slots=slots)))


def test_of_a_traceback_only_the_last_line_is_shown():
    text = shown(
        tables(summary(row("clean", "cafe"), lost={"a.b.none.c.1.clean": "Traceback\n  File\nKeyError: 'x'\n"}))
    )
    assert "lost to a fault of ours: a.b.none.c.1.clean: KeyError: 'x'" in text
    assert "Traceback" not in text


def test_what_makes_a_run_unfit_is_said():
    text = shown(tables(summary(row("clean", "cafe"), invalid=("one",), broken=("two",), production=0.5)))
    assert "INVALID: one" in text
    assert "below its floor: two" in text
    assert "success over the production mix: 50.0%" in text


@pytest.mark.parametrize(("calls", "head"), [(1, "did not succeed: 1"), (5, "did not succeed: 5; the first 3")])
def test_the_first_calls_that_failed_can_be_heard_and_placed_again(calls, head):
    one = Failing("a.b.none.c.1.clean", "agent_error", "desk.py:3: KeyError", "sound/abc.flac", "badline call a")
    lines = list(failing([one] * calls, Path("runs/x")))
    assert lines[0] == head
    assert lines[1:5] == [
        "a.b.none.c.1.clean  agent error",
        "  desk.py:3: KeyError",
        "  hear it: runs/x/sound/abc.flac",
        "  again: badline call a",
    ]
    assert len(lines) == 1 + 4 * min(calls, 3)


def test_nothing_is_said_of_failures_where_there_are_none():
    assert list(failing([], Path("runs/x"))) == []


def test_the_line_and_the_sentence_are_measured_apart():
    line = [Measure("room.noise", "snr_db", 12.0, 12.01, "set", tolerance=0.5)]
    sentence = [Measure("network.packet_loss", "rate", 0.05, 0.07, "drawn", sd=0.02)]
    first, second = shown(measures(line, sentence)).split("drawn: ")
    assert "set: " in first
    assert [word in first for word in ("room.noise", "tolerance", "packet_loss")] == [True, True, False]
    assert [word in second for word in ("room.noise", "sd", "packet_loss")] == [False, True, True]


def test_where_nothing_was_asked_there_is_a_dash():
    text = shown(measures([], [Measure("room.reverb", "t60_s", None, 1.8, "drawn")]))
    [line] = [line for line in text.splitlines() if "reverb" in line]
    assert line.split() == ["room.reverb", "t60_s", "-", "1.8"]


def test_a_line_without_effects_says_so():
    assert "nothing to measure" in shown(measures([], []))


def test_what_was_done_with_a_slot_is_shown_by_recall_precision_and_errors():
    text = shown(tables(summary(row("degraded", "cafe"), slots=(Slots("degraded", "cafe", 0.5, "digits", COUNTS),))))
    [line] = [line for line in text.splitlines() if "9/192" in line]
    assert line.split() == ["digits", "9/192", "20/24", "20/25", "6/24"]


def test_success_is_shown_by_intent_and_arm():
    intents = (Intent("oracle", "refund", 4, 4), Intent("degraded", "refund", 4, 1))
    text = shown(tables(summary(row("degraded", "cafe"), intents=intents)))
    assert any(line.split() == ["refund", "4/4", "1/4"] for line in text.splitlines())


TURNS = {
    "turns": 128,
    "premature_endpoints": 32,
    "endpoints": 120,
    "late_endpoints": 0,
    "stops": 9,
    "false_interruptions": 3,
    "barge_ins": 112,
    "missed_barge_ins": 112,
    "spurious_turns": 16,
    "talk_over_ms": 123_456,
}


def turn_taking(*rows):
    return shown(tables(replace(summary(row("degraded", "cafe")), turn_taking=rows)))


def test_what_went_wrong_with_turns_stands_beside_how_often_it_could():
    lines = turn_taking(TurnTaking("degraded", "cafe", 0.5, TURNS, (1440, 12_310))).splitlines()
    first = next(i for i, line in enumerate(lines) if "32/128" in line)
    wanted = ["degraded", "cafe", "32/128", "0/120", "3/9", "112/112", "16/128", "1.4/12.3", "123.5"]
    assert lines[first].split() == wanted
    assert lines[first + 1].split() == ["25.0%", "100.0%", "12.5%"]  # none of 0, none of 9


def test_percentiles_that_are_hidden_have_a_dash():
    text = turn_taking(TurnTaking("degraded", "cafe", 0.5, TURNS))
    assert any(line.split()[-2:] == ["-", "123.5"] for line in text.splitlines())


def test_turn_taking_is_shown_only_where_there_is_some():
    assert "turn-taking" not in turn_taking()
    assert "turn-taking" not in turn_taking(TurnTaking("degraded", "cafe", 0.5, {"turns": 8, "spurious_turns": 0}))


def test_turn_taking_is_not_cut_off_in_80_columns():
    text = turn_taking(*(TurnTaking("degraded", name, 0.5, TURNS, (1440, 12_310)) for name in PROFILES))
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert "degraded" in text


def test_severities_are_told_where_not_all_lines_are_typical():
    rows = (row("clean", "cafe"), row("degraded", "cafe"), row("degraded", "cafe", 1.0))
    lines = [line.split() for line in shown(tables(summary(*rows))).splitlines()]
    assert ["arm", "profile", "severity", "success", "passed", "WER"] in lines
    assert [line[:3] for line in lines if "cafe" in line] == [
        ["clean", "cafe", "100.0%"],
        ["degraded", "cafe", "typical"],
        ["cafe", "harsh", "100.0%"],
    ]
    assert "severity" not in shown(tables(summary(*rows[:2])))


def test_slots_of_each_severity_have_a_column():
    slots = tuple(Slots("degraded", "cafe", severity, "digits", COUNTS) for severity in (0.5, 1.0))
    text = shown(tables(summary(row("degraded", "cafe"), slots=slots)))
    assert "cafe typical" in text
    assert "cafe harsh" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(22050.0, "22050"), (1234.56, "1235"), (12.3456, "12.35"), (0.0, "0"), (None, "-")],
)
def test_numbers_have_four_digits_and_never_an_exponent_where_they_are_large(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (After(9.8, 11.24), "after the line: SNR 9.8 dB (beds alone 11.2 dB)"),
        (After(-0.04, None), "after the line: SNR -0.0 dB"),
        (After(None, None), ""),
        (After(too_little=True), "after the line: no figure: less than 0.4 s of words arrive"),
    ],
)
def test_what_is_left_of_the_snr_is_told_where_it_is_known(told, text):
    assert shown(after_the_line(told)).strip() == text


def line_of(**places):
    return draw_line(Profile.model_validate({"name": "mine", "about": "A line.", **places}), Chance(1))


def test_how_long_a_line_takes_and_when_it_drops_is_told():
    line = line_of(network=[{"band": {}}, {"delay": {"ms": 60}}, {"drop": {"share": 1, "after_s": 7.5}}])
    ahead_ms = line.effects[1].effect.lookahead_ms
    told = shown(timing(line)).splitlines()
    assert told[0] == f"one way: {60 + ahead_ms} ms (60 ms of the network, {ahead_ms} ms that effects look ahead)"
    assert told[1] == "the line drops 7.5 s after pick-up"


def test_a_line_that_stays_drops_nowhere_and_one_without_effects_tells_nothing():
    assert "drops" not in shown(timing(line_of(network=[{"drop": {"share": 0}}])))
    assert shown(timing(Line())).strip() == ""


def test_what_of_the_cache_was_found_is_told_where_there_was_one():
    bare = summary(row("degraded", "cafe"))
    cache = {"found": {"windows": 2340, "transcripts": 118}, "made": {"windows": 60, "transcripts": 2, "speech": 3}}
    line = "cache: 0 of 3 speech, 2,340 of 2,400 windows, 118 of 120 transcripts found"
    assert line in shown(tables(replace(bare, cache=cache)))
    assert "cache" not in shown(tables(bare))
