"""One call as a dialogue: said, heard (errors marked), replied, done, and how it was judged."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

MARKS = {"substitute": "bold red", "insert": "bold magenta", "delete": "strike red"}
VERDICT = {"passed": "bold green", "resolved_badly": "yellow"}


def dialogue(facts: Mapping[str, Any]) -> Iterator[Text]:
    """The call line by line, in the order in which things began."""
    call, words = facts["call"], facts["scores"]["words"]["details"]
    heard = {(one["key"], one["attempt"]): one["ops"] for one in words if "ops" in one}
    lines = [*_caller(call, heard), *_agent(call), *_spurious(words), *_events(call)]
    for _, block in sorted(lines, key=lambda line: line[0]):
        yield from block
    yield from verdict(facts)


Block = tuple[int, list[Text]]


def _caller(call: Mapping[str, Any], heard: Mapping[tuple[str, int], Any]) -> Iterator[Block]:
    for one in call["utterances"]:
        said = _line(one["start_ms"], "caller", "bold cyan", Text(one["text"]))
        ops = heard.get((one["key"], one["attempt"]), [])
        yield one["start_ms"], [said, _line(None, "heard", "dim", _marked(ops))]


def _marked(ops: Any) -> Text:  # noqa: ANN401  JSON: [kind, said, heard]
    """What was heard: wrong words red with what was said, invented ones magenta, lost ones struck through."""
    marked = Text()
    for kind, said, heard in ops:
        match kind:
            case "substitute":
                marked.append(f"{heard}[{said}] ", MARKS[kind])
            case "delete":
                marked.append(f"-{said}- ", MARKS[kind])
            case "insert":
                marked.append(f"+{heard}+ ", MARKS[kind])
            case _:
                marked.append(f"{heard} ", "dim")
    return marked or Text("(nothing)", "dim")


def _agent(call: Mapping[str, Any]) -> Iterator[Block]:
    for one in call["replies"]:
        text = Text(one["text"], "strike dim" if one["discarded"] else "")
        if one["discarded"]:
            text.append("  (never played: the caller spoke again)", "dim")
        yield one["start_ms"], [_line(one["start_ms"], "agent", "bold blue", text), *_done(one)]


def _done(reply: Mapping[str, Any]) -> Iterator[Text]:
    for action in reply["actions"]:
        arguments = ", ".join(f"{key}={value!r}" for key, value in action["arguments"].items())
        refused = "" if action["done"] else "  refused"
        yield _line(None, "does", "green", Text(f"{action['name']}({arguments}){refused}", "green"))
    if reply["handoff"]:
        yield _line(None, "does", "green", Text(f"hands off: {reply['handoff']['why']}", "green"))


def _spurious(words: Any) -> Iterator[Block]:  # noqa: ANN401  JSON
    for one in words:
        if "spurious" in one:
            text = Text(f"{one['spurious']}  (nobody said this)", "magenta")
            yield one["start_ms"], [_line(one["start_ms"], "heard", "magenta", text)]


def _events(call: Mapping[str, Any]) -> Iterator[Block]:
    for one in call["events"]:
        text = Text(f"{one['name'].replace('_', ' ')} {one['detail']}".strip(), "yellow")
        yield one["at_ms"], [_line(one["at_ms"], "", "yellow", text)]


def _line(ms: int | None, who: str, style: str, text: Text) -> Text:
    clock = "" if ms is None else f"{ms / 1000:6.2f}"
    return Text.assemble((f"{clock:>7}  ", "dim"), (f"{who:<7}", style), text)


def verdict(facts: Mapping[str, Any]) -> Iterator[Text]:
    """The status and every criterion that was not met."""
    yield Text("")
    status = facts["status"]
    yield Text.assemble((status.replace("_", " "), VERDICT.get(status, "bold red")), f"  ({facts['call']['ended']})")
    for one in facts["scores"]["task"]["criteria"]:
        if not one["met"]:
            what = "not met" if one["met"] is False else "cannot tell"
            yield Text(f"  {what}: {one['name']}: {one['why']}")
    for sentence in facts["call"]["unmatched"]:
        yield Text(f"  our caller had no line for: {sentence}", "yellow")
    if facts["call"]["error"]:
        yield Text(f"  the agent failed: {facts['call']['error']}", "red")
