"""One call as a dialogue: said, heard (errors marked), replied, done, and how it was judged."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

MARKS = {"substitute": "bold red", "insert": "bold magenta", "delete": "strike red"}
LEGEND = Text.assemble(
    ("\nheard", "dim"),
    ("  wrong[said]", MARKS["substitute"]),
    ("  -lost-", MARKS["delete"]),
    ("  +nobody said+", MARKS["insert"]),
)
VERDICT = {"passed": "bold green", "resolved_badly": "yellow"}


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
    blocks = [*_caller(call, heard), *_agent(call), *_spurious(words), *_noises(call), *_events(call)]
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
        said = Line(one["start_ms"], "caller", "bold cyan", Text(one["text"]))
        ops = heard.get((one["key"], one["attempt"]), [])
        yield one["start_ms"], [said, Line(None, "heard", "dim", _marked(ops))]


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
        text = Text(one["text"], "strike dim" if one["discarded"] else "")
        if one["discarded"]:
            text.append("  (never played: the caller spoke again)", "dim")
        yield one["start_ms"], [Line(one["start_ms"], "agent", "bold blue", text), *_done(one)]


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


def _noises(call: Mapping[str, Any]) -> Iterator[Block]:
    """Turns in which nothing was recognised."""
    for one in call["turns"]:
        if not one["text"].strip():
            text = Text("(a turn without words)", "magenta")
            yield one["start_ms"], [Line(one["start_ms"], "heard", "magenta", text)]


def _events(call: Mapping[str, Any]) -> Iterator[Block]:
    for one in call["events"]:
        if one["name"] in ("reply_discarded", "nothing_recognised"):  # these stand there, marked
            continue
        text = Text(f"{one['name'].replace('_', ' ')} {one['detail']}".strip(), "yellow")
        yield one["at_ms"], [Line(one["at_ms"], "", "yellow", text)]


def verdict(facts: Mapping[str, Any]) -> Iterator[Text]:
    """The status and every criterion that was not met."""
    yield Text("")
    status, ended = facts["status"], facts["call"]["ended"].replace("_", " ")
    yield Text.assemble((status.replace("_", " "), VERDICT.get(status, "bold red")), f"  ({ended})")
    for one in facts["scores"]["task"]["criteria"]:
        if not one["met"]:
            what = "not met" if one["met"] is False else "cannot tell"
            yield Text(f"  {what}: {one['name']}: {one['why']}")
    if facts.get("why"):
        yield Text(f"  {facts['why']}", "yellow")
    if facts["call"]["error"]:
        yield Text(f"  the agent failed: {facts['call']['error']}", "red")
