import pytest

from pipeline.errors import BadlineError
from pipeline.run.crossed import crossed_jobs, folder_of
from pipeline.run.plan import find_job, read_plan


@pytest.fixture
def releases(toys):
    """The toys' release, and another with another platform and another agent."""
    text = (toys.folder / "release.yaml").read_text()
    text = text.replace("name: toy", "name: next").replace("silence_ms: 700", "silence_ms: 900")
    other = toys.write(
        "next.yaml", text.replace("agent_ms: [100, 300]", "agent_ms: 50").replace("asr_ms: 100", "asr_ms: 10")
    )
    return str(toys.folder / "release.yaml"), str(other)


def test_two_releases_crossed_hear_as_the_first_and_answer_as_the_second(toys, releases):
    release = read_plan(find_job(str(toys.suite), "+".join(releases))).release
    assert release.name == "toy+next"
    assert (release.endpointing.silence_ms, release.latency.asr_ms, release.latency.agent_ms) == (
        700, (100, 100), (50, 50),
    )  # fmt: skip


def test_a_cross_has_four_jobs_and_its_corners_are_the_releases_themselves(toys, releases):
    jobs = crossed_jobs(str(toys.suite), *releases)
    assert list(jobs) == [("toy", "toy"), ("toy", "next"), ("next", "toy"), ("next", "next")]
    assert read_plan(jobs["toy", "toy"]).sha256 == read_plan(find_job(str(toys.suite), releases[0])).sha256
    assert len({read_plan(job).sha256 for job in jobs.values()}) == 4
    assert [folder_of(cell, toys.folder).name for cell in jobs] == ["toy", "toy+next", "next+toy", "next"]


def test_a_crossed_call_can_be_placed_alone(toys, releases):
    plan = read_plan(find_job(str(toys.suite), "+".join(releases)))
    assert f"--release {'+'.join(releases)}" in plan.command(plan.units[0])


@pytest.mark.parametrize(("call", "said"), [("a+b+c", "hearing\\+answering"), ("2026.11+", "hearing\\+answering")])
def test_what_is_no_cross_is_refused(toys, call, said):
    with pytest.raises(BadlineError, match=said):
        find_job(str(toys.suite), call)


def test_a_release_is_not_crossed_with_itself(toys, releases):
    with pytest.raises(BadlineError, match="both releases are called 'toy'"):
        crossed_jobs(
            str(toys.suite), releases[0], str(toys.write("same.yaml", (toys.folder / "release.yaml").read_text()))
        )
