import json

import pytest
from jsonschema import Draft202012Validator

from pipeline.errors import BadlineError
from pipeline.files import read_yaml, shipped
from pipeline.spec.schema import SCHEMAS, schema_of

FOLDERS = {
    "scenario": shipped("fixtures") / "scenarios",
    "profile": shipped("noise_profiles"),
    "release": shipped("fixtures") / "releases",
    "suite": shipped("fixtures") / "suites",
    "voice": shipped("fixtures") / "voices",
}
FILES = [(kind, path) for kind, folder in FOLDERS.items() for path in sorted(folder.glob("*.yaml"))]
every_kind = pytest.mark.parametrize("kind", SCHEMAS)


@pytest.fixture(scope="module")
def validators():
    return {kind: Draft202012Validator(json.loads(json.dumps(schema_of(kind)))) for kind in SCHEMAS}


@every_kind
def test_a_schema_is_one_of_draft_2020_12(kind):
    schema = schema_of(kind)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(("kind", "path"), FILES, ids=[path.stem for _, path in FILES])
def test_every_shipped_file_fits_its_schema_and_an_unknown_key_does_not(validators, kind, path):
    words = read_yaml(path).words
    assert list(validators[kind].iter_errors(words)) == []
    assert not validators[kind].is_valid({**words, "no_such_key": 1})


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        ({"snr_db": 9}, True),
        ({"snr_db": [9, 15]}, True),
        ({"snr_db": {"any_of": [9, 15]}}, True),
        (None, True),
        ({"snr_db": 99}, False),
        ({"snr_db": "9 dB"}, False),
        ({"snr_db": [9]}, False),
        ({"snr": 9}, False),
        ({"kind": ["pink", "white"]}, False),
    ],
)
def test_the_options_of_an_effect_are_in_the_schema(validators, words, fits):
    profile = {"name": "a", "about": "b", "room": [{"noise": words}]}
    assert validators["profile"].is_valid(profile) == fits


def test_words_inside_an_engines_options_are_in_the_schema(validators, right, tmp_path):
    (tmp_path / "release.yaml").write_text(right["release"])
    release = read_yaml(tmp_path / "release.yaml").words
    rule = {"when": "hi", "reply": "hello", "actions": [{"name": "greet"}]}
    assert validators["release"].is_valid({**release, "agent": {"scripted": {"rules": [rule]}}})
    assert not validators["release"].is_valid({**release, "agent": {"scripted": {"rules": [{**rule, "wen": 1}]}}})


def test_an_unknown_kind_is_refused_with_the_nearest():
    with pytest.raises(BadlineError, match=r"There is no kind of file called 'senario'\. Did you mean 'scenario'"):
        schema_of("senario")
