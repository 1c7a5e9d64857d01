"""What a release lets nobody see is not to be expected of it: refused before any work, with file, line and key."""

import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

from pipeline.agent import Agent
from pipeline.errors import BadlineError
from pipeline.files import Key, find_named, read_yaml
from pipeline.spec.release import Release
from pipeline.spec.scenario import Expect
from pipeline.spec.suite import Cast


def refuse_unseen(cast: Cast, release: Release, suite: Path) -> None:
    """Raises BadlineError, one line a fault, for what a scenario expects and the release's agent does not show.

    The agent is built for that, once: a variable that is not set and code that cannot be loaded show here, too.
    `suite` is the file from which the scenarios were read.
    """
    shows = built_agent(release).shows
    faults = []
    for call, scenario in zip(cast.suite.scenarios, cast.scenarios.values(), strict=True):
        unseen = [(keys, part) for keys, part in _needed(scenario.expect) if part not in shows]
        if unseen:
            page = read_yaml(find_named(call, folder="fixtures/scenarios", near=suite.parent))
            faults += [f"{page.where(keys)}{_wording(part, release)}" for keys, part in unseen]
    if faults:
        raise BadlineError("\n".join(faults))


def built_agent(release: Release) -> Agent:
    """The release's agent. Raises BadlineError where its code or a variable that it needs is missing."""
    with redirect_stdout(sys.stderr):  # an agent may print; stdout is for results
        agent: Agent = release.agent.build()
    return agent


def _needed(expect: Expect) -> Iterator[tuple[tuple[Key, ...], str]]:
    """Each key of a scenario that needs to be seen, and what the agent must show for it."""
    if expect.outcome == "handed_off":
        yield ("expect", "outcome"), "handoff"
    if expect.did:
        yield ("expect", "did"), "actions"
    if expect.state:
        yield ("expect", "state"), "state"
    if expect.never:
        yield ("expect", "never"), "actions"


def _wording(part: str, release: Release) -> str:
    agent = release.agent.name
    whole = {"actions": "its actions", "state": "its state", "handoff": "when it hands over"}[part]
    where = (
        f"say under agent.http.reply where '{part}' stands in its answers" if agent == "http" else "have it show that"
    )
    return (
        f"cannot be observed: the agent ({agent}) of release '{release.name}' does not show {whole}; "
        f"{where}, expect something else here, or take a release that shows it"
    )
