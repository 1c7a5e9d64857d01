"""What the doctor found, as a table in a terminal."""

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.run.doctor import Finding, default_path_works

COLOUR = {"works": "green", "loads": "green", "needs options": "", "missing": "yellow", "fails": "bold red"}


def health(findings: Sequence[Finding]) -> RenderableType:
    """A row for each part, then what gets the missing ones, then the verdict."""
    return Group(_parts(findings), Text(), *_commands(findings), _verdict(findings))


def _parts(findings: Sequence[Finding]) -> Table:
    """The longest column folds; nothing is cut off."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("part", "state"):
        table.add_column(name, no_wrap=True)
    table.add_column("seconds", justify="right")
    table.add_column("what was tried", overflow="fold")
    for one in findings:
        table.add_row(one.part, Text(one.state, COLOUR[one.state]), f"{one.seconds:.1f}", Text(one.about))
    return table


def _commands(findings: Sequence[Finding]) -> list[Text]:
    """Each command once, with the parts that it gets."""
    commands = dict.fromkeys(one.command for one in findings if one.command)
    parts = {command: ", ".join(one.part for one in findings if one.command == command) for command in commands}
    return [Text(f"to get {parts[command]}: {command}") for command in commands]


def _verdict(findings: Sequence[Finding]) -> Text:
    if default_path_works(findings):
        return Text("all that the shipped release needs works", "bold green")
    broken = ", ".join(one.part for one in findings if one.needed and one.state not in ("works", "loads"))
    return Text(f"calls with the shipped release cannot be placed: {broken}", "bold red")
