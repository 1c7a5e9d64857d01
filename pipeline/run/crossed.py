"""Two releases crossed: the ears of each with the agent of each, so that one can tell which of them changed what."""

from pathlib import Path

from pipeline.errors import BadlineError
from pipeline.run.plan import Job, find_job, read_plan
from pipeline.spec.profile import JOINT

Cell = tuple[str, str]  # the release that hears, and the one that answers


def crossed_jobs(suite: str, before: str, after: str) -> dict[Cell, Job]:
    """The four jobs, by the names of the releases, all of them read and checked. Raises BadlineError."""
    calls = {(hears, answers): _call(hears, answers) for hears in (before, after) for answers in (before, after)}
    jobs = {cell: find_job(suite, call) for cell, call in calls.items()}
    names = {call: read_plan(jobs[call, call]).release.name for call in (before, after)}
    if names[before] == names[after]:
        raise BadlineError(f"--cross: both releases are called '{names[before]}'; cross one with another")
    for job in jobs.values():
        read_plan(job)
    return {(names[hears], names[answers]): job for (hears, answers), job in jobs.items()}


def _call(hears: str, answers: str) -> str:
    return hears if hears == answers else f"{hears}{JOINT}{answers}"


def folder_of(cell: Cell, out: Path) -> Path:
    """Where its run lies."""
    return out / _call(*cell)
