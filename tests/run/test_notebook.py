import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline import open_run
from pipeline.errors import BadlineError
from pipeline.files import read_json

UNIT = "one.noisy.typical.tone.1.degraded"


def test_a_runs_tables_are_data_frames(finished):
    run = open_run(finished)
    assert len(run.calls) == 12
    assert run.calls.groupby("arm").size().to_dict() == {"clean": 4, "degraded": 4, "oracle": 4}
    assert set(run.turns.unit) == set(run.manifest["units"])
    assert run.measures[run.measures.unit == UNIT].name.eq("loss_rate").any()
    assert run.calls is run.calls


def test_a_single_call_is_there_with_its_sound(finished):
    run = open_run(str(finished))
    record = run.record(UNIT)
    assert record == read_json(finished / "units" / f"{UNIT}.json")
    kept, _ = soundfile.read(finished / "sound" / f"{record['facts']['sound']}.flac", dtype="int16")
    assert np.array_equal(run.sound(UNIT), kept)
    assert kept.shape[1] == 2


def test_a_unit_that_the_manifest_does_not_list_is_none(finished):
    with pytest.raises(BadlineError, match=f"has no unit 'one.noisi.*Did you mean '{UNIT}'"):
        open_run(finished).record(UNIT.replace("noisy", "noisi"))


def test_a_folder_without_a_manifest_is_no_run(tmp_path):
    with pytest.raises(BadlineError, match="no finished run"):
        open_run(tmp_path)


def test_the_command_line_and_the_workers_load_none_of_it():
    loaded = "import sys, pipeline.cli, pipeline.run.local; print({'pyarrow', 'duckdb', 'pandas'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, check=True).stdout == b"set()\n"


def test_the_docs_lines_run(finished, tmp_path, monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "store.md").read_text(encoding="utf-8")
    [lines] = re.findall(r"```py\n(.*?)```", page, re.DOTALL)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "smoke").symlink_to(finished)
    monkeypatch.chdir(tmp_path)
    exec(lines, {})
