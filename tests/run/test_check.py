import pytest

from pipeline.run.check import check_file, shipped_words

KINDS = {
    "scenario": 'name: a\nabout: b\nnow: "2026-11-22T10:00"\nsays: {open: {say: Hi}}\nexpect: {outcome: refused}\n',
    "profile": "name: a\nabout: b\nroom: [noise]\n",
    "release": "name: a\nendpointing: {vad: energy}\nasr: tones\nagent: scripted\nagent_voice: tone\n",
    "suite": "name: a\nscenarios: [track_parcel]\nprofiles: [cafe]\n",
    "judge": "name: a\nask: Was it kind?\nurl: http://localhost/v1\nmodel: m\n",
    "voice": "tone: {}\n",
}
NO_KEY = "has no key that tells what it is"
MAY_BE = "it may be a scenario, profile, release, suite, voice, judge"
FOLDERS = {
    "scenario": "scenarios",
    "profile": "noise_profiles",
    "release": "releases",
    "suite": "suites",
    "judge": "judges",
    "voice": "voices",
}


@pytest.fixture
def checked(tmp_path):
    def check(text, folder="anywhere"):
        path = tmp_path / folder / "words.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return check_file(path)

    return check


@pytest.mark.parametrize("path", shipped_words(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_all_shipped_words_are_right(path):
    result = check_file(path)
    assert result.error is None or result.missing_package


def test_every_kind_is_among_the_shipped_words():
    assert {path.parent.name for path in shipped_words()} == set(FOLDERS.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_told_by_its_keys_and_by_its_folder(checked, kind):
    by_keys, by_folder = checked(KINDS[kind]), checked(KINDS[kind], FOLDERS[kind])
    assert (by_keys.kind, by_keys.error) == (by_folder.kind, by_folder.error) == (kind, None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_says_the_kind_even_of_an_empty_file(checked, kind):
    empty = checked("", FOLDERS[kind])
    assert empty.kind == kind
    assert "words.yaml:1: " in empty.error


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1: is empty; it may be a scenario, profile, release, suite, voice, judge"),
        ("- a", "1: wants keys; it may be"),
        ("colour: red", "1: has no key that tells what it is; it may be"),
        ("name: a\nabout: b\nnetwrk: [codec]", f"1: {NO_KEY}; {MAY_BE}. Did you mean 'network'?"),
        ("scenaros: [a]", "1: has no key that tells what it is; it may be a scenario, profile, release, suite"),
        ("a: [", "1: is not YAML"),
    ],
)  # fmt: skip
def test_a_file_of_no_known_kind_is_refused(checked, text, message):
    result = checked(text)
    assert result.kind == "unknown"
    assert f"words.yaml:{message}" in result.error


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert check_file(tmp_path / "none.yaml").error == f"{tmp_path}/none.yaml: there is no such file"
    assert "is a folder" in check_file(tmp_path).error


def test_a_suite_is_checked_with_the_release_it_names(checked):
    named = checked(KINDS["suite"] + 'release: "2026.111"\n')
    assert "words.yaml:4: release: There is no release called '2026.111'. Did you mean '2026.11'?" in named.error


def test_a_missing_package_is_told_apart_from_a_mistake_and_has_its_line(lacking):
    result = check_file(lacking)
    assert result.missing_package
    assert result.error.startswith(
        f"{lacking}:4: room.0: The room effect 'rare' needs the package 'a_package_nobody_has'"
    )


def test_a_mistake_beside_a_missing_package_is_a_mistake(lacking):
    lacking.write_text(lacking.read_text() + "colour: red\n")
    result = check_file(lacking)
    assert not result.missing_package


def test_a_release_alone_is_checked_with_its_agent(toys):
    toys.change("release.yaml", "desk.py:Desk", "desk.py:Dessk")
    result = check_file(toys.folder / "release.yaml")
    assert result.error == f"{toys.desk}: there is no class 'Dessk'. Did you mean 'Desk'? Known: Action, Desk, Reply."
