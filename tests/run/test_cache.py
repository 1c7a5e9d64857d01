"""Bytes by the hash of what determines them: whole or not there, and no more of them than there is room for."""

import os
import signal
import subprocess
import sys
import time

import pytest

from pipeline.errors import BadlineError
from pipeline.run.cache import Cache, bytes_in, contents, opened

KEYS = [f"{k:064x}" for k in range(100)]
ENDLESS = """
import sys
from pipeline.run.cache import Cache
cache = Cache(sys.argv[1])
for k in range(10**9):
    cache.keep("windows", f"{k % 100:064x}", str(k % 100).encode() * 400_000)
"""


@pytest.fixture(params=["folder", "memory"])
def url(request, tmp_path):
    return str(tmp_path / "cache") if request.param == "folder" else f"memory://{tmp_path.name}"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def file_of(folder, kind="windows", key=KEYS[0]):
    return folder / kind / key[:2] / key


def test_another_finds_what_one_has_kept(url):
    Cache(url).keep("windows", KEYS[0], b"sound")
    assert Cache(url).content("windows", KEYS[0]) == b"sound"
    assert Cache(url).content("windows", KEYS[1]) is None
    assert Cache(url).content("speech", KEYS[0]) is None


def test_it_counts_what_was_found_and_made_until_it_is_asked(url):
    cache = Cache(url)
    cache.keep("windows", KEYS[0], b"sound")
    for key in KEYS[:2]:
        cache.content("windows", key)
    assert cache.counts() == {"found": {"windows": 1}, "made": {"windows": 1}}
    assert cache.counts() == {"found": {}, "made": {}}


@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:-1], lambda raw: raw[:-1] + b"?", lambda _: b"", lambda raw: raw + b"?"]
)
def test_what_was_damaged_is_removed_and_told_of(folder, capsys, damage):
    cache = Cache(str(folder))
    cache.keep("windows", KEYS[0], b"sound")
    file = file_of(folder)
    file.write_bytes(damage(file.read_bytes()))
    assert cache.content("windows", KEYS[0]) is None
    assert not file.exists()
    assert capsys.readouterr().err == f"cache: {file}: was damaged; it is made anew\n"


def test_what_cannot_be_kept_is_told_of_once_and_the_work_goes_on(folder, capsys):
    folder.mkdir()
    (folder / "windows").write_text("no folder")
    cache = Cache(str(folder))
    for key in KEYS[:3]:
        cache.keep("windows", key, b"sound")
    assert cache.content("windows", KEYS[0]) is None
    assert capsys.readouterr().err.count("nothing more is kept") == 1


def test_what_was_used_longest_ago_goes_first(folder):
    cache = Cache(str(folder))
    for k, key in enumerate(KEYS[:12]):
        cache.keep("windows", key, bytes(1000))
        os.utime(file_of(folder, key=key), (k, k))
    removed = cache.prune(10 * 1032)
    assert [entry.path.rpartition("/")[2] for entry in removed] == KEYS[:3]
    assert cache.content("windows", KEYS[2]) is None and cache.content("windows", KEYS[3])


def test_a_use_is_noted_so_that_it_stays(folder):
    cache = Cache(str(folder))
    cache.keep("windows", KEYS[0], b"sound")
    os.utime(file_of(folder), (0, 0))
    cache.content("windows", KEYS[0])
    assert time.time() - file_of(folder).stat().st_mtime < 60


def test_there_is_never_much_more_than_there_is_room_for(folder):
    cache = Cache(str(folder), limit_bytes=50_000)
    for key in KEYS:
        cache.keep("windows", key, bytes(2000))
        assert sum(entry.size for entry in cache.entries()) < 50_000 + 2 * 2032


def test_nothing_in_the_folder_is_touched_that_is_not_the_caches(folder):
    (folder / "whisper").mkdir(parents=True)
    (folder / "whisper" / "model").write_bytes(bytes(10_000))
    cache = Cache(str(folder), limit_bytes=1)
    cache.keep("windows", KEYS[0], b"sound")
    cache.prune()
    assert list(cache.entries()) == [] and (folder / "whisper" / "model").exists()


def test_all_of_it_is_read_and_what_is_damaged_removed(folder):
    cache = Cache(str(folder))
    for key in KEYS[:3]:
        cache.keep("windows", key, b"sound")
    file_of(folder, key=KEYS[1]).write_bytes(b"?")
    assert [is_whole for _, is_whole in cache.verify()] == [True, False, True]
    assert [is_whole for _, is_whole in cache.verify()] == [True, True]


def test_its_contents_are_told_by_kind(url):
    cache = Cache(url)
    cache.keep("windows", KEYS[0], bytes(68))
    cache.keep("windows", KEYS[1], bytes(168))
    cache.keep("speech", KEYS[0], bytes(8))
    told = contents(cache)
    assert {kind: (one.entries, one.bytes) for kind, one in told.items()} == {"speech": (1, 40), "windows": (2, 300)}


@pytest.mark.slow
def test_processes_that_write_at_once_and_are_killed_leave_only_whole_entries(folder):
    writers = [subprocess.Popen([sys.executable, "-c", ENDLESS, str(folder)], stdout=subprocess.PIPE) for _ in range(3)]
    deadline_s = time.monotonic() + 60
    while len(list(folder.glob("windows/*/*"))) < 20:  # they are in the midst of it
        assert time.monotonic() < deadline_s
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
    checked = list(Cache(str(folder)).verify())
    assert len(checked) > 10 and all(is_whole for _, is_whole in checked)
    for k, key in enumerate(KEYS):
        assert Cache(str(folder)).content("windows", key) in (None, str(k).encode() * 400_000)


def test_parts_of_what_was_never_finished_are_no_entries_and_go_in_time(folder):
    part = file_of(folder).with_name(".abc.1.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half")
    cache = Cache(str(folder))
    assert list(cache.entries()) == [] and cache.prune() == [] and part.exists()
    os.utime(part, (0, 0))
    cache.prune()
    assert not part.exists()


@pytest.mark.parametrize(
    ("size", "count"), [("500", 500), ("2KB", 2048), ("1.5 MB", 1_572_864), ("20GB", 20 * 2**30), ("1gib", 2**30)]
)
def test_a_size_is_a_number_and_a_unit(size, count):
    assert bytes_in(size) == count


@pytest.mark.parametrize("size", ["", "GB", "-1GB", "0", "much", "1 XB", "nan"])
def test_what_is_no_size_is_refused(size):
    with pytest.raises(BadlineError, match=r"--cache-size: .*20GB"):
        bytes_in(size)


def test_none_is_no_cache_and_a_place_that_cannot_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    assert opened("none", None) is None
    with pytest.raises(BadlineError, match="is a file"):
        opened(str(tmp_path / "file"), None)
    with pytest.raises(BadlineError, match="--cache: 'nowhere://x' cannot be reached"):
        opened("nowhere://x", None)
