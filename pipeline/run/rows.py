"""What a record is in the tables of a run: a row for its call, one for each turn, one for each measure."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pipeline.files import json_hash
from pipeline.run.plan import Plan
from pipeline.run.summary import why_not
from pipeline.score import SUCCESS, criteria_in

# Of the columns below. Another column, type or meaning is another version.
TABLES_VERSION = 2

Columns = Mapping[str, str]
CALLS: Columns = {
    "unit": "string",
    "scenario": "string",
    "profile": "string",
    "severity": "double",
    "voice": "string",
    "trial": "int32",
    "arm": "string",
    "intent": "string",
    "suite": "string",
    "release": "string",
    "status": "string",
    "success": "bool",
    "why": "string",
    "ended": "string",
    "call_ms": "int64",
    "turns": "int32",
    "utterances": "int32",
    "caller_turns": "int32",
    "repeats": "int32",
    "reprompts": "int32",
    "reasks": "int32",
    "loops": "int32",
    "repairs_tried": "int32",
    "repaired": "int32",
    "contained": "bool",
    "contained_unresolved": "bool",
    "handed_off": "bool",
    "packet_lacks": "int32",
    "false_claims": "int32",
    "unsupported": "int32",
    "hallucinated_turns": "int32",
    "criteria": "int32",
    "criteria_met": "int32",
    "words": "int32",
    "word_errors": "int32",
    "word_substitutions": "int32",
    "word_deletions": "int32",
    "word_insertions": "int32",
    "slots_offered": "int32",
    "slots_first_try": "int32",
    "slots_in_the_end": "int32",
    "responses": "int32",
    "response_ms": "int64",
    "endpoints": "int32",
    "premature_endpoints": "int32",
    "late_endpoints": "int32",
    "stops": "int32",
    "false_interruptions": "int32",
    "barge_ins": "int32",
    "missed_barge_ins": "int32",
    "spurious_turns": "int32",
    "talk_over_ms": "int64",
    "sound": "string",
    "clean_sound": "string",
    "facts_sha256": "string",
    "stamp_sha256": "string",
    "record_schema": "int32",
    "started": "timestamp",
    "wall_s": "double",
    "host": "string",
    "attempts": "int32",
}
TURNS: Columns = {
    "unit": "string",
    "turn": "int32",
    "kind": "string",
    "start_ms": "int64",
    "end_ms": "int64",
    "decided_ms": "int64",
    "said": "string",
    "windows": "strings",
    "heard": "string",
    "confidence": "double",
    "reply": "string",
    "reply_start_ms": "int64",
    "reply_end_ms": "int64",
    "unplayed_ms": "int64",
    "actions": "strings",
    "latency_ms": "int64",
    "response_ms": "int64",
}
MEASURES: Columns = {
    "unit": "string",
    "window": "string",
    "effect": "string",
    "name": "string",
    "kind": "string",
    "asked": "double",
    "got": "double",
    "tolerance": "double",
    "sd": "double",
}
TABLES: Mapping[str, Columns] = {"calls": CALLS, "turns": TURNS, "measures": MEASURES}
# Of the counts and facts, those that a row of `calls` has under the same name.
NAMED = ("scenario", "profile", "severity", "voice", "trial", "arm", "status", "sound", "clean_sound")
TURN_COUNTS = (
    "responses",
    "response_ms",
    "endpoints",
    "premature_endpoints",
    "late_endpoints",
    "stops",
    "false_interruptions",
    "barge_ins",
    "missed_barge_ins",
    "spurious_turns",
    "talk_over_ms",
)


def call_row(plan: Plan, record: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a call. What its record does not hold, as of one without sound, is None."""
    facts, run = record["facts"], record["run"]
    call, scores = facts.get("call", {}), facts.get("scores", {})
    criteria = criteria_in(facts)
    tags = plan.cast.scenarios[facts["scenario"]].tags
    words, turns, task = (scores.get(name, {}).get("counts", {}) for name in ("words", "turn_taking", "task"))
    return {
        **{name: facts.get(name) for name in NAMED},
        "unit": record["unit"],
        "intent": tags[0] if tags else None,
        "suite": plan.cast.suite.name,
        "release": plan.release.name,
        "success": SUCCESS[facts["status"]],
        "why": None if facts["status"] == "passed" else why_not(facts),
        "ended": call.get("ended"),
        "call_ms": call.get("ended_ms"),
        "turns": len(call["turns"]) if call else None,
        "utterances": len(call["utterances"]) if call else None,
        **{name: task.get(name) for name in ("caller_turns", "repeats")},
        **_effort(scores),
        "criteria": len(criteria) if scores else None,
        "criteria_met": sum(bool(one["met"]) for one in criteria) if scores else None,
        **_words(words),
        **_slots(scores.get("slots", {}).get("counts", {})),
        **{name: turns.get(name) for name in TURN_COUNTS},
        "facts_sha256": record["facts_sha256"],
        "stamp_sha256": json_hash(run["stamp"]) if "stamp" in run else None,
        "record_schema": facts["schema"],
        "started": _utc(run["started"]) if "started" in run else None,
        "wall_s": run.get("seconds"),
        "host": run.get("host"),
        "attempts": run.get("attempts"),
    }


def _effort(scores: Mapping[str, Any]) -> dict[str, Any]:
    """What the call cost the caller, and what the agent said that was not so."""
    if not scores:
        return {}
    counts = {name: scores.get(name, {}).get("counts", {}) for name in scores}
    effort, task, handoff = (counts.get(name, {}) for name in ("effort", "task", "handoff"))
    return {
        **{name: effort.get(name) for name in ("reprompts", "reasks", "loops", "repairs_tried", "repaired")},
        **{name: bool(task.get(name)) for name in ("contained", "contained_unresolved")},
        "handed_off": bool(handoff.get("rightly") or handoff.get("wrongly")) if "not_seen" not in handoff else None,
        "packet_lacks": handoff.get("would_reask"),
        "false_claims": counts.get("claims", {}).get("false_claims"),
        "unsupported": counts.get("knowledge", {}).get("unsupported"),
        "hallucinated_turns": counts.get("words", {}).get("hallucinated_turns"),
    }


def _utc(moment: str) -> datetime:
    """Without a zone of its own: DuckDB hands out no other without one more package."""
    return datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None)


def _words(counts: Mapping[str, int]) -> dict[str, int | None]:
    kinds = ("substitutions", "deletions", "insertions")
    return {
        "words": counts.get("n_ref"),
        "word_errors": sum(counts.get(kind, 0) for kind in kinds) if counts else None,
        **{f"word_{kind}": counts.get(kind) for kind in kinds},
    }


def _slots(counts: Mapping[str, int]) -> dict[str, int]:
    """Over all types: a name is `type.count`."""
    wanted = ("offered", "first_try", "in_the_end")
    return {f"slots_{what}": sum(n for name, n in counts.items() if name.rpartition(".")[2] == what) for what in wanted}


def turn_rows(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each turn that the platform cut out, with what was said in it and what came of it.

    `windows` are the names of what was said, as measures have them. To the reply's sound, `latency_ms` is from the
    decision and `response_ms` from the end of the words, at the platform. Replies that were never played are none.
    """
    facts = record["facts"]
    call = facts.get("call", {})
    replies = {one["turn"]: one for one in call.get("replies", ()) if not one["discarded"]}
    details = facts.get("scores", {}).get("turn_taking", {}).get("details", ())
    waited = {one["at_ms"]: one["response_ms"] for one in details if "response_ms" in one}
    for number, turn in enumerate(call.get("turns", ())):
        said = [one for one in call["utterances"] if _is_heard(one, turn)]
        yield {
            "unit": record["unit"],
            "turn": number,
            **{name: turn.get(name) for name in ("kind", "start_ms", "end_ms", "decided_ms", "confidence")},
            "said": " ".join(one["spoken"] for one in said),
            "windows": [f"{one['key']}/{one['attempt']}" for one in said],
            "heard": turn["text"],
            **_reply(replies.get(number), turn, waited),
        }


def _is_heard(utterance: Mapping[str, Any], turn: Mapping[str, Any]) -> bool:
    """Whether the turn holds some of it."""
    same = (utterance.get("kind") == "keys") == (turn.get("kind") == "dtmf")
    return same and utterance["start_ms"] < turn["end_ms"] and utterance["end_ms"] > turn["start_ms"]


def _reply(reply: Mapping[str, Any] | None, turn: Mapping[str, Any], waited: Mapping[int, int]) -> dict[str, Any]:
    if reply is None:
        return {"actions": []}
    return {
        "reply": reply["text"],
        "reply_start_ms": reply["start_ms"],
        "reply_end_ms": reply["end_ms"],
        "unplayed_ms": reply["unplayed_ms"],
        "actions": [action["name"] for action in reply["actions"]],
        "latency_ms": reply["start_ms"] - turn["decided_ms"],
        "response_ms": waited.get(reply["start_ms"]),
    }


def measure_rows(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each measure of asked and got: those of the calibration have no window."""
    call = record["facts"].get("call", {})
    for one in call.get("calibration", ()):
        yield {**one, "unit": record["unit"], "window": None}
    for window, measures in (call.get("measures") or {}).items():
        for one in measures:
            yield {**one, "unit": record["unit"], "window": window}
