"""A finished run of toys, made without worker processes."""

import pytest

from pipeline.run.batch import close_run
from pipeline.run.crew import Crew
from pipeline.run.plan import find_job, read_plan
from pipeline.run.store import Store
from pipeline.run.unit import run_unit

STAMP = {"host": "here", "attempts": 1, "stamp": {"numpy": "2"}}


@pytest.fixture(scope="session")
def finished(make_toys, tmp_path_factory):
    """Its folder: twelve calls, of two scenarios on two lines. Not to be written to."""
    toys = make_toys(tmp_path_factory.mktemp("finished") / "toys")
    plan, store = read_plan(find_job(str(toys.suite), None)), Store(toys.folder / "run")
    store.begin(plan)
    crew = Crew(plan)
    for unit in plan.units:
        store.commit(run_unit(crew, unit), STAMP)
    close_run(plan, store, {})
    return store.folder
