"""What the README and the docs say is true: examples load and run, links resolve, and nothing is left out."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer
from markdown_it import MarkdownIt
from markdown_it.token import Token

from pipeline import engines
from pipeline.cli import app
from pipeline.errors import BadlineError
from pipeline.files import read_yaml
from pipeline.run.check import READERS, kind_of

CHECKOUT = Path(__file__).parents[1]
PAGES = [CHECKOUT / "README.md", CHECKOUT / "CHANGELOG.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
PLACES = {"talker": "line/talker", "room": "line/room", "device": "line/device", "network": "line/network"}
ENGINES = [(stage, name) for stage in engines.STAGES for name in engines.known(stage)]


@dataclass(frozen=True)
class Block:
    """A fenced block of a page. A first line `# folder/file` says where a reader is to save it."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def saved_as(self) -> str | None:
        first = re.match(r"# ((?:\w+/)+[\w.-]+)\n", self.text)
        return first[1] if first else None

    def __str__(self) -> str:
        return f"{self.page.relative_to(CHECKOUT)}:{self.line}"


@cache
def tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


def blocks(*languages: str) -> list[Block]:
    return [
        Block(page, (token.map or [0])[0] + 1, token.info, token.content)
        for page in PAGES
        for token in tokens(page)
        if token.type == "fence" and token.info in languages
    ]


def inline(page: Path, kind: str) -> Iterator[Token]:
    return (child for token in tokens(page) for child in token.children or () if child.type == kind)


def commands() -> list[str]:
    """Every `badline ...` with arguments, in shell blocks and in running text."""
    shell = [line for block in blocks("sh") for line in block.text.splitlines()]
    text = [token.content for page in PAGES for token in inline(page, "code_inline")]
    return sorted({line for line in (*shell, *text) if line.startswith("badline ")})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_link_leads_to_a_file_and_every_anchor_to_a_heading(page: Path) -> None:
    targets = [token.attrs["href"] for token in inline(page, "link_open")]
    targets += [token.attrs["src"] for token in inline(page, "image")]
    for target in map(str, targets):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        leads_to = (page.parent / path).resolve() if path else page
        assert leads_to.exists(), target
        assert not anchor or anchor in anchors(leads_to), target


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    found = tokens(page)
    headings = [found[i + 1].content for i, token in enumerate(found) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_a_python_example_runs(block: Block) -> None:
    exec(compile(block.text, str(block), "exec"), {"__name__": "example"})


@pytest.mark.parametrize("block", blocks("sh"), ids=str)
def test_a_shell_example_parses(block: Block) -> None:
    subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)


@pytest.mark.parametrize("line", commands())
def test_the_command_line_understands_a_command_of_the_docs(line: str) -> None:
    group = typer.main.get_command(app)
    _, *words = shlex.split(line, comments=True)
    try:
        group.make_context("badline", list(words))
        command = group.commands[words[0]]  # type: ignore[attr-defined]  # a group of commands
        within = getattr(command, "commands", {})
        if len(words) == 1 and (within or any(one.required for one in command.params)):
            return  # the command's name alone, in running text
        if within:
            command, words = within[words[1]], words[1:]
        command.make_context(words[0], words[1:])
    except typer.Exit as done:
        assert done.exit_code == 0  # --help


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_a_yaml_example_is_read_by_the_reader_of_its_kind(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_KEY", "which an endpoint asks for")
    path = saved(block, tmp_path)
    READERS[kind_of(path)](path)


def saved(block: Block, folder: Path) -> Path:
    if block.saved_as:
        return save_all(block.page, folder) / block.saved_as
    return completed(block, folder)


def save_all(page: Path, folder: Path) -> Path:
    """Save every block of a page that says where it is to be saved."""
    for block in blocks("yaml", "python", "json"):
        if block.page == page and block.saved_as:
            path = folder / block.saved_as
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
            if block.language == "yaml":
                make_sounds(read_yaml(path).words, path.parent)
    return folder


# A piece of a file is laid over a whole one of its kind: its keys replace those of the whole.
WHOLE = {
    "fixtures/scenarios/change_delivery_address.yaml": {"facts", "says", "expect", "persona", "given", "now"},
    "fixtures/releases/2026.11.yaml": {
        "endpointing",
        "asr",
        "agent",
        "agent_voice",
        "latency",
        "tts",
        "barge_in",
        "limits",
        "claims",
        "knowledge",
    },
    "fixtures/suites/smoke.yaml": {"scenarios", "profiles", "weights", "floors", "trials", "voices", "arms"},
    "noise_profiles/clean_line.yaml": {"talker", "room", "device", "network", "caller"},
}


def completed(block: Block, folder: Path) -> Path:
    """The example as a whole file in a copy of the folders that its paths may lead to."""
    (folder / "fixtures").mkdir()
    (folder / "fixtures" / "agents").symlink_to(CHECKOUT / "fixtures" / "agents")
    (folder / "example.yaml").write_text(block.text, encoding="utf-8")
    words = read_yaml(folder / "example.yaml").words
    fitting = [whole for whole, keys in WHOLE.items() if words.keys() & keys]
    assert len(fitting) == 1, f"{block}: a piece of which file? Its keys: {', '.join(words)}"
    path = folder / fitting[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    voice = {"agent_voice": words.pop("tts")} if "tts" in words else {}
    whole = read_yaml(CHECKOUT / fitting[0]).words
    path.write_text(json.dumps({**whole, **words, **voice}), encoding="utf-8")  # JSON is YAML
    make_sounds(words, path.parent)
    return path


def make_sounds(node: object, near: Path) -> None:
    """The recordings that an example speaks of."""
    match node:
        case {"folder": str(folder)}:
            write_sound(near / folder / "one.wav")
        case {"file": str(file)}:
            write_sound(near / file)
        case dict():
            for value in node.values():
                make_sounds(value, near)
        case list():
            for value in node:
                make_sounds(value, near)


def write_sound(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.sin(np.arange(16000) / 5), 16000)


@pytest.mark.parametrize(("stage", "name"), ENGINES, ids=lambda word: word)
def test_every_engine_has_a_page_with_all_its_options_and_stands_in_the_index(stage: str, name: str) -> None:
    page = f"{PLACES.get(stage, stage)}/{name}.md"
    assert f"({page})" in (CHECKOUT / "docs" / "README.md").read_text(encoding="utf-8")
    text = (CHECKOUT / "docs" / page).read_text(encoding="utf-8")
    assert [option for option in options(stage, name) if f"`{option}`" not in text] == []


def options(stage: str, name: str) -> list[str]:
    try:
        return list(getattr(engines.find(stage, name).options, "model_fields", ()))
    except BadlineError as error:
        pytest.skip(str(error))


def test_every_page_stands_in_the_index() -> None:
    index = CHECKOUT / "docs" / "README.md"
    linked = {(index.parent / str(token.attrs["href"])).resolve() for token in inline(index, "link_open")}
    assert [str(page) for page in PAGES if page.is_relative_to(index.parent) and page not in {index, *linked}] == []


def test_every_command_stands_in_the_readme() -> None:
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    names = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group of commands
    assert [name for name in names if f"| `badline {name}` |" not in text] == []


def test_every_profile_stands_in_the_index() -> None:
    text = (CHECKOUT / "docs" / "README.md").read_text(encoding="utf-8")
    assert [path.stem for path in CHECKOUT.glob("noise_profiles/*.yaml") if f"`{path.stem}`" not in text] == []


@pytest.mark.slow
def test_the_examples_of_the_readme_work_one_after_the_other(tmp_path: Path) -> None:
    readme = CHECKOUT / "README.md"
    save_all(readme, tmp_path)
    lines = [line for block in blocks("sh") if block.page == readme for line in block.text.splitlines()]
    mine = [line for line in lines if "mine/" in line]
    assert {"check", "call", "listen", "run"} == {line.split()[1] for line in mine}
    path = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for line in mine:
        done = subprocess.run(["bash", "-c", line], cwd=tmp_path, env=path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
