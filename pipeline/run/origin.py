"""The words that a finished run was made of: found again by what its manifest calls them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.errors import BadlineError
from pipeline.files import Json, read_json
from pipeline.line.arrays import CPU
from pipeline.run.plan import EXPECTED, Job, Plan, find_job, planned
from pipeline.run.store import PLAN, differing, read_manifest

MOST_SHOWN = 5
VERSION = "version of "
SCORING = (EXPECTED, "version of score ")


def plan_behind(run: Path, *, suite: str | None = None, release: str | None = None) -> Plan:
    """The plan of a finished run, read from the files it was read from, or from others that say the same.

    Raises BadlineError where they are not there, or say something else by now.
    """
    plan = planned(_job(run, suite, release), device=_device(run))
    if others := differing(_sources(run), plan.sources):
        raise BadlineError(f"{run}: was made of other words; what differs: {_some(others)}. {_MEND}")
    return plan


def plan_to_score(run: Path, *, suite: str | None = None, release: str | None = None) -> Plan:
    """The plan of a finished run with the expectations and the scores of now. Raises BadlineError for other changes.

    What else badline itself does otherwise by now changes no call that was placed: its versions stay as they were.
    """
    plan, was = planned(_job(run, suite, release), device=_device(run)), _sources(run)
    if others := [key for key in differing(was, plan.sources) if not key.startswith((EXPECTED, VERSION))]:
        raise BadlineError(
            f"{run}: its calls were made of other words; what differs: {_some(others)}. Only what is under `expect`, "
            f"`tags`, `claims` and `knowledge` may change without a new call. {_MEND}"
        )
    kept = {key: value for key, value in was.items() if not key.startswith(SCORING)}
    return replace(plan, sources=kept | {key: value for key, value in plan.sources.items() if key.startswith(SCORING)})


_MEND = "Put the files back as they were, or name others: --suite, --release"


def _some(names: Sequence[str]) -> str:
    """The first few, and how many more."""
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return f"{', '.join(names[:MOST_SHOWN])}{more}"


def _job(run: Path, suite: str | None, release: str | None) -> Job:
    """How the run's words are called."""
    called = read_manifest(run).get("job") or {}
    if not (suite or called.get("suite")):
        raise BadlineError(f"{run}: does not tell of which suite it is; say it: --suite NAME")
    return find_job(suite or called["suite"], release or called.get("release"))


def _sources(run: Path) -> dict[str, Json]:
    return dict(read_json(run / PLAN))


def _device(run: Path) -> str:
    return str(_sources(run).get("device", CPU))
