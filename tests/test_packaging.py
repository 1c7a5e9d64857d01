"""The wheel: what is in it, and that it works where there is no checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
SHIPPED = "pipeline/_shipped/"
BADLINE = [sys.executable, "-c", "from pipeline.cli import main; main()"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=CHECKOUT, check=True, capture_output=True)
    [path] = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture
def outside(wheel: zipfile.ZipFile, tmp_path: Path) -> dict[str, str]:
    """An environment in which the unpacked wheel is found before the checkout; unpacking is all that pip does."""
    wheel.extractall(tmp_path / "site")
    return {**os.environ, "PYTHONPATH": str(tmp_path / "site")}


def test_every_shipped_file_is_in_the_wheel_and_nothing_that_a_run_left_behind(wheel: zipfile.ZipFile) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "noise_profiles", "fixtures"],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    inside = {name.removeprefix(SHIPPED) for name in wheel.namelist() if name.startswith(SHIPPED)}
    assert inside == {name for name in tracked if (CHECKOUT / name).is_file()}


def test_the_wheel_says_that_it_is_typed_and_carries_the_licence(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert "pipeline/py.typed" in names
    [licence] = [name for name in names if name.endswith("/licenses/LICENSE")]
    assert b"Apache License" in wheel.read(licence)


def test_an_installed_wheel_checks_what_it_ships(outside: dict[str, str], tmp_path: Path) -> None:
    check = subprocess.run([*BADLINE, "check"], cwd=tmp_path, env=outside, capture_output=True, text=True, check=False)
    assert (check.returncode, check.stderr) == (0, "")
    total = len(list(CHECKOUT.glob("fixtures/*/*.yaml"))) + len(list(CHECKOUT.glob("noise_profiles/*.yaml")))
    assert check.stdout == f"{total} of {total} files are right\n"


def test_an_installed_wheel_writes_a_first_suite(outside: dict[str, str], tmp_path: Path) -> None:
    subprocess.run([*BADLINE, "init", "mine"], cwd=tmp_path, env=outside, check=True, capture_output=True)
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.glob("mine/*/*/*")}
    assert "mine/fixtures/suites/mine.yaml" in written
    assert len(written) == 4


@pytest.mark.slow
def test_an_installed_wheel_places_a_call(outside: dict[str, str], tmp_path: Path) -> None:
    call = [*BADLINE, "call", "track_parcel", "--arm", "oracle"]
    said = subprocess.run(call, cwd=tmp_path, env=outside, capture_output=True, text=True, check=True).stdout
    assert "passed" in said
    assert len(list(tmp_path.glob("*.flac"))) == 2  # what was heard, and what was said
