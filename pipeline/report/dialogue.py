"""One call as a dialogue: said, heard (errors marked), replied, done, and how it was judged."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.score import criteria_in

MARKS = {"substitute": "bold red", "insert": "bold magenta", "delete": "strike red"}
LEGEND = Text.assemble(
    ("\nheard", "dim"),
    ("  wrong[said]", MARKS["substitute"]),
    ("  -lost-", MARKS["delete"]),
    ("  +nobody said+", MARKS["insert"]),
)
VERDICT = {"passed": "bold green", "resolved_badly": "yellow"}
EVENTS = {
    "premature_endpoint": "the platform took a turn before the caller was done",
    "late_endpoint": "the platform waited long after the caller was done",
    "talked_over": "the agent begins while the caller speaks",
    "barge_in": "the agent falls silent for the caller",
    "false_interruption": "the agent falls silent though nobody spoke to it",
    "missed_barge_in": "the agent talks on over the caller",
    "spurious_turn": "a turn of what was not meant for the agent",
    "no_input": "the platform waited for the caller in vain",
    "dropped": "the line is gone",
    "goodbye": "the caller is done and hangs up",
    "gave_up": "the caller has had enough and hangs up",
    "no_line": "our caller does not know what to say to that",
}
MARKED = ("reply_discarded", "nothing_recognised")  # these stand there, marked
BREAK = re.compile(r"\s+|(?<=\d)-(?=\d)")
DIGIT_LETTERS = 4  # a digit takes as long to say as a short word
CLAUSE_PULL = 0.08  # people pause and are stopped at commas rather than elsewhere: so much of the text nearer


@dataclass(frozen=True)
class Line:
    """A line of a dialogue: when it began (None: with the line above), who, in which style, and the words."""

    ms: int | None
    who: str
    style: str
    text: Text


Block = tuple[int, list[Line]]


def dialogue(facts: Mapping[str, Any]) -> RenderableType:
    """The call line by line, in the order in which things began, and the verdict."""
    call, words = facts["call"], facts["scores"]["words"]["details"]
    heard = {(one["key"], one["attempt"]): one["ops"] for one in words if "ops" in one}
    blocks = [*_caller(call, heard), *_agent(call), *_spurious(words), *_turns(call), *_events(call, words)]
    lines = [line for _, block in sorted(blocks, key=lambda block: block[0]) for line in block]
    erred = any(op[0] in MARKS for ops in heard.values() for op in ops)
    return Group(_grid(lines), *([LEGEND] if erred else []), *verdict(facts))


def _grid(lines: Iterable[Line]) -> Table:
    """Clock, who, and words that wrap in their own column."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", style="dim", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for line in lines:
        clock = "" if line.ms is None else f"{line.ms / 1000:.1f}"
        grid.add_row(clock, Text(line.who, line.style), line.text)
    return grid


def _caller(call: Mapping[str, Any], heard: Mapping[tuple[str, int], Any]) -> Iterator[Block]:
    for one in call["utterances"]:
        ops = heard.get((one["key"], one["attempt"]), [])
        under = [Line(None, "heard", "dim", _marked(ops))] if ops or one["kind"] == "words" else []
        yield one["start_ms"], [Line(one["start_ms"], "caller", "bold cyan", said(one)), *under]


def said(utterance: Mapping[str, Any]) -> Text:
    """What the caller said as it is written for people; what was not meant for the agent is dim."""
    match utterance["kind"]:
        case "words":
            return Text(with_pauses(utterance))
        case "keys":
            return Text(f"presses {utterance['text']}")
        case "cough":
            return Text("(coughs)", "dim")
        case "aside":
            return Text.assemble((with_pauses(utterance), "dim"), ("  (to somebody else)", "dim"))
        case _:
            return Text.assemble((utterance["text"], "dim"), ("  (while listening)", "dim"))


def with_pauses(utterance: Mapping[str, Any]) -> str:
    """The text with dots where the caller hesitated, as near as the times of the pauses tell."""
    text, start, end = utterance["text"], utterance["start_ms"], utterance["end_ms"]
    paused = sum(till - since for since, till in utterance["pauses"])
    spoken, before, cuts = end - start - paused, 0, []
    for since, till in utterance["pauses"]:
        cuts.append(break_near(text, (since - start - before) / spoken if spoken else 0))
        before += till - since
    inner = sorted({cut for cut in cuts if 0 < cut < len(text)})
    parts = [text[since:till].strip() for since, till in pairwise([0, *inner, len(text)])]
    return " ... ".join(parts)


def break_near(text: str, share: float) -> int:
    """Where the text is broken after that share of the time it takes: a boundary of words, or of groups of digits."""
    said_by = [0, *accumulate(DIGIT_LETTERS if sign.isdigit() else 1 for sign in text)]
    breaks = [0, *(found.end() for found in BREAK.finditer(text)), len(text)]

    def distance(place: int) -> float:
        pull = CLAUSE_PULL if text[:place].rstrip().endswith((",", ".", ";", ":", "?", "!")) else 0
        return abs(said_by[place] / said_by[-1] - share) - pull

    return min(breaks, key=distance) if text else 0


def heard_of(reply: Mapping[str, Any]) -> tuple[str, str]:
    """The reply's text up to where it was stopped, and what was never heard of it."""
    text, sounded = reply["text"], reply["end_ms"] - reply["start_ms"]
    if not reply["unplayed_ms"]:
        return text, ""
    place = break_near(text, sounded / (sounded + reply["unplayed_ms"])) if sounded else 0
    return text[:place], text[place:]


def _marked(ops: Any) -> Text:  # noqa: ANN401  JSON: [kind, said, heard]
    """What was heard: wrong words red with what was said, invented ones magenta, lost ones struck through."""
    return Text(" ").join(_mark(*op) for op in ops) if ops else Text("(nothing)", "dim")


def _mark(kind: str, said: str, heard: str) -> Text:
    match kind:
        case "substitute":
            return Text(f"{heard}[{said}]", MARKS[kind])
        case "delete":
            return Text(f"-{said}-", MARKS[kind])
        case "insert":
            return Text(f"+{heard}+", MARKS[kind])
        case _:
            return Text(heard, "dim")


def _agent(call: Mapping[str, Any]) -> Iterator[Block]:
    for one in call["replies"]:
        yield one["start_ms"], [Line(one["start_ms"], "agent", "bold blue", _replied(one)), *_done(one)]


def _replied(reply: Mapping[str, Any]) -> Text:
    """The agent's words; those that nobody heard are struck through."""
    if reply["discarded"]:
        return Text.assemble((reply["text"], "strike dim"), ("  (never played: the caller spoke again)", "dim"))
    heard, rest = heard_of(reply)
    if not reply["unplayed_ms"]:
        return Text(heard)
    seconds = (reply["end_ms"] - reply["start_ms"]) / 1000
    stopped = (f"  (stopped after {seconds:.1f} s)", "yellow")
    return Text.assemble(f"{heard.rstrip(' -')} ".lstrip(), (f"— {rest}" if rest else "", "strike dim"), stopped)


def _done(reply: Mapping[str, Any]) -> Iterator[Line]:
    for action in reply["actions"]:
        arguments = ", ".join(f"{key}={value!r}" for key, value in action["arguments"].items())
        refused = "" if action["done"] else "  refused"
        yield Line(None, "does", "green", Text(f"{action['name']}({arguments}){refused}", "green"))
    if reply["handoff"]:
        yield Line(None, "does", "green", Text(f"hands off: {reply['handoff']['why']}", "green"))


def _spurious(words: Any) -> Iterator[Block]:  # noqa: ANN401  JSON
    for one in words:
        if "spurious" in one:
            text = Text(f"{one['spurious']}  (nobody said this)", "magenta")
            yield one["start_ms"], [Line(one["start_ms"], "heard", "magenta", text)]


def _turns(call: Mapping[str, Any]) -> Iterator[Block]:
    """Turns of keys, and those in which nothing was recognised."""
    for one in call["turns"]:
        if one["kind"] == "dtmf":
            yield one["start_ms"], [Line(one["start_ms"], "heard", "dim", Text(f"keys {one['text']}", "dim"))]
        elif not one["text"].strip():
            text = Text("(a turn without words)", "magenta")
            yield one["start_ms"], [Line(one["start_ms"], "heard", "magenta", text)]


def _events(call: Mapping[str, Any], words: Any) -> Iterator[Block]:  # noqa: ANN401  JSON
    for one in call["events"]:
        if one["name"] not in MARKED and not _is_shown(one, call, words):
            yield one["at_ms"], [Line(one["at_ms"], "", "yellow", Text(_told(one), "yellow"))]


def _is_shown(event: Mapping[str, Any], call: Mapping[str, Any], words: Any) -> bool:  # noqa: ANN401  JSON
    """Whether another line says so: a reply that was stopped, a turn that nobody said."""
    at_ms = event["at_ms"]
    match event["name"]:
        case "barge_in":
            stopped = [one for one in call["replies"] if one["unplayed_ms"] and not one["discarded"]]
            return any(one["start_ms"] <= at_ms <= one["end_ms"] for one in stopped)
        case "spurious_turn":
            shown = {one["start_ms"] for one in words if "spurious" in one}
            cut = [one for one in call["turns"] if one["decided_ms"] == at_ms]
            return any(one["start_ms"] in shown or not one["text"].strip() for one in cut)
        case _:
            return False


def _told(event: Mapping[str, Any]) -> str:
    """Its name, what that means, and the detail."""
    name, meaning = name_of(event["name"]), EVENTS.get(event["name"], "")
    if not meaning:
        return f"{name} {event['detail']}".strip()
    return f"{name}: {meaning}" + (f" ({event['detail']})" if event["detail"] else "")


def name_of(event: str) -> str:
    """An event's name as people write it."""
    return event.replace("_", " ").replace("barge in", "barge-in")


def verdict(facts: Mapping[str, Any]) -> Iterator[Text]:
    """The status and every criterion that was not met."""
    yield Text("")
    status, ended = facts["status"], facts["call"]["ended"].replace("_", " ")
    yield Text.assemble((status.replace("_", " "), VERDICT.get(status, "bold red")), f"  ({ended})")
    for one in criteria_in(facts):
        if not one["met"]:
            what = "not met" if one["met"] is False else "cannot tell"
            yield Text(f"  {what}: {one['name']}: {one['why']}")
    if facts.get("why"):
        yield Text(f"  {facts['why']}", "yellow")
    if facts["call"]["error"]:
        yield Text(f"  the agent failed: {facts['call']['error']}", "red")
