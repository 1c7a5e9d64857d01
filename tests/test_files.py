import hashlib
import json

import pytest

from pipeline.errors import BadlineError
from pipeline.files import (
    canonical_json,
    create_file,
    file_hash,
    find_named,
    installed,
    json_hash,
    read_json,
    read_yaml,
    shipped,
)


@pytest.fixture
def page(tmp_path):
    def read(text):
        (tmp_path / "a.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_yaml(tmp_path / "a.yaml")

    return read


def test_yaml_is_1_2(page):
    words = page("a: 0412\nb: yes\nc: 0o17\nd: 12:30\ne: 2026-11-22\nf: ~\ng: true\nh: 1e3\n").words
    assert words == {
        "a": 412, "b": "yes", "c": 15, "d": "12:30", "e": "2026-11-22", "f": None, "g": True, "h": 1000.0,
    }  # fmt: skip


def test_values_are_plain(page):
    words = page("a: 0412\nb: 1.50\nc: 'x'\nd: |\n  y\ne: &t true\nf: *t\ng: 0x1F\n").words
    assert [type(one) for one in words.values()] == [int, float, str, str, bool, bool, int]
    assert type(page("a: {b: [1]}").words["a"]["b"]) is list


def test_a_page_knows_the_line_of_each_key(page):
    read = page("# words\na:\n  - b: 1\n    c: 2\n  - d\ne: {f: 3}\n")
    wanted = {("a",): 2, ("a", 0, "b"): 3, ("a", 0, "c"): 4, ("a", 1): 5, ("e", "f"): 6, ("e", "no"): 6, ("no",): 1}
    assert {keys: read.line(keys) for keys in wanted} == wanted


def test_keys_may_be_merged_and_marks_and_windows_line_ends_do_no_harm(page):
    assert page("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n").words["c"] == {"b": 1, "d": 2}
    assert page("\ufeffa: 1\r\nb: 2\r\n").line(["b"]) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n\tb: 2", "2: is not YAML: a tab stands where spaces should"),
        ("a: 1\nb: 2\na: 3", "3: is not YAML: 'a' stands here twice"),
        ("a: 1\n b: 2", "2: is not YAML: a ':' where no key can stand"),
        ("a: x: y", "1: is not YAML: a ':' where no key can stand"),
        ("a: [1,\nb: 2", "1: is not YAML: a ']' is missing"),
        ("a: {b: 1", "1: is not YAML: a '}' is missing"),
        ("a: 'b\nc: d", "1: is not YAML: a quote is opened and not closed"),
        ("a: @b", "1: is not YAML: a text that begins with '@' needs quotes"),
        ("a: %b", "1: is not YAML: a text that begins with '%' needs quotes"),
        ("a: *b", "1: is not YAML: a text that begins with '*' needs quotes"),
        ("a: - b", "1: is not YAML: a list begins on a line of its own"),
        ("- a\nb: 1", "2: is not YAML: does not fit the lines above"),
        ("a: 1\n---\nb: 1", "2: is not YAML: a second '---'"),
        ("a: 1\nb: !x y", "2: b: has the tag '!x'"),
        ("a: !!python/object:os.system x", "1: a: has the tag '!!python/object:os.system'"),
        ("a: {0412: x}", "1: a.412: is no text; put the key in quotes"),
        ("a: {true: x}", "1: a.True: is no text; put the key in quotes"),
        ("a: {b: 0,5}", "1: a.5: is a number without a key; is it a decimal comma?"),
        ("a:\n- .inf", "2: a.0: wants a finite number, not inf"),
        ("a: !!binary aGk=", "1: a: wants a text, a number, a list or keys"),
        ("a: b\nc: é".encode("latin-1"), "2: is not text in UTF-8"),
        ("a: b".encode("utf-16"), "1: is not text in UTF-8"),
        (b"a: \x00", " holds characters that no text has"),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_line(page, tmp_path, text, message):
    with pytest.raises(BadlineError) as error:
        page(text)
    assert str(error.value).startswith(f"{tmp_path / 'a.yaml'}:{message}")


@pytest.mark.parametrize("read", [read_yaml, read_json])
def test_a_missing_file_and_a_folder_are_refused(tmp_path, read):
    with pytest.raises(BadlineError, match="there is no such file"):
        read(tmp_path / "none")
    with pytest.raises(BadlineError, match="is a folder; name a file in it"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"), [('{"a": 1,\n}', ":2: is not JSON"), ('{"a": NaN}', ": is not JSON: NaN")]
)
def test_what_is_not_json_is_refused(tmp_path, text, message):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(BadlineError, match=f"a.json{message}"):
        read_json(tmp_path / "a.json")


def test_equal_values_have_one_spelling_and_one_hash():
    assert canonical_json({"b": [1, 2.5, None], "a": "é"}) == '{"a":"é","b":[1,2.5,null]}'
    assert json_hash({"a": 1, "b": 2}) == json_hash({"b": 2, "a": 1}) == hashlib.sha256(b'{"a":1,"b":2}').hexdigest()
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json({"a": float("nan")})


def test_a_files_hash_is_that_of_its_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert file_hash(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_file_is_created_whole_and_never_over_another(tmp_path):
    assert create_file(tmp_path / "a.json", b"first")
    assert not create_file(tmp_path / "a.json", b"second")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_bytes() == b"first"


def test_a_name_is_looked_for_here_then_among_the_shipped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_named("cafe", folder="noise_profiles") == shipped("noise_profiles") / "cafe.yaml"
    (tmp_path / "noise_profiles").mkdir()
    (tmp_path / "noise_profiles" / "cafe.yaml").write_text("")
    assert find_named("cafe", folder="noise_profiles").resolve() == tmp_path / "noise_profiles" / "cafe.yaml"


def test_a_path_leads_from_the_file_that_says_it(tmp_path):
    (tmp_path / "mine.yaml").write_text("")
    assert find_named("mine.yaml", folder="noise_profiles", near=tmp_path) == tmp_path / "mine.yaml"
    with pytest.raises(BadlineError, match=r"mien\.yaml: there is no such file\. Did you mean 'mine\.yaml'\?"):
        find_named("mien.yaml", folder="noise_profiles", near=tmp_path)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(BadlineError, match=r"There is no noise profile called 'caffe'\. Did you mean 'cafe'\?"):
        find_named("caffe", folder="noise_profiles")


def test_a_package_is_found_without_importing_it():
    assert installed("json").samefile(json.__path__[0])
    assert installed("a_package_nobody_has") is None


@pytest.mark.parametrize("name", ["mine", "./mine"])
def test_a_folder_in_the_place_of_a_file_is_called_one(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    with pytest.raises(BadlineError, match=r"mine: is a folder; name a file in it that ends in \.yaml"):
        find_named(name, folder="noise_profiles")
