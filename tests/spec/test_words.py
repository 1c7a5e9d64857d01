"""The page, the keys and the values that any words may hold."""

from typing import Annotated

import pytest
from pydantic import Field, ValidationError

from pipeline.run.plan import Unit
from pipeline.spec.words import LONGEST_NAME, Name, Text, Words, read_words


class Inner(Words):
    wait_ms: Annotated[int, Field(ge=0, lt=100)] = 0
    tired: bool = False


class Outer(Words):
    name: Name = "x"
    about: Text = "y"
    count: int = 1
    share: float = 0.5
    inner: Inner = Inner()


def read(path):
    return read_words(Outer, path)


@pytest.fixture
def outer(tmp_path):
    def read_text(text):
        (tmp_path / "words.yaml").write_text(text, encoding="utf-8")
        return read(tmp_path / "words.yaml")

    return read_text


def test_words_are_frozen(outer):
    with pytest.raises(ValidationError, match="frozen"):
        outer("count: 2").count = 3


def test_yes_and_no_are_texts_and_a_leading_zero_is_no_octal(outer):
    words = outer("about: no\ncount: 0412\nshare: 1")
    assert (words.about, words.count, words.share) == ("no", 412, 1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nmae: x", "1: nmae: is not a key here. Did you mean 'name'? Known: about, count, inner, name, share."),
        ("NAME: x", "1: NAME: is not a key here. Did you mean 'name'?"),
        ("a: 1\nwholly_other: x", "1: a: is not a key here. Known: "),
        ("inner:\n  wait: 5", "2: inner.wait: is not a key here. Did you mean 'wait_ms'? Known: tired, wait_ms."),
        ("name:", "1: name: is empty: write a text"),
        (f"name: {'a' * 65}", "1: name: is 65 letters long, more than 64: files are named after it"),
        ("about: ' '", "1: about: is empty: write a text"),
        ("about: 5", "1: about: 5 is a number here: put it in quotes, so that it stays as it is written"),
        ("about: [a]", '1: about: wants a text, not ["a"]'),
        ("count: 2.5", "1: count: wants a whole number, not 2.5"),
        ("count: '3'", "1: count: wants a whole number, not '3': write 3"),
        ("count: three", "1: count: wants a whole number, not 'three'"),
        ("share: 5 %", "1: share: wants a number, not '5 %': write 0.05"),
        ("share: true", "1: share: wants a number, not true"),
        ("share: .nan", "1: share: wants a finite number, not nan"),
        ("inner: {tired: yes}", "1: inner.tired: wants true or false, not 'yes': write true"),
        ("inner: {wait_ms: 100}", "1: inner.wait_ms: 100 is not below 100 ms"),
        ("inner: {wait_ms: -1}", "1: inner.wait_ms: -1 is below 0 ms"),
        ("inner: [wait_ms]", "1: inner: wants 'key: value' pairs, not [\"wait_ms\"]. Known: tired, wait_ms."),
        ("", "1: is empty. Known: about, count, inner, name, share."),
        ("# nothing", "1: is empty."),
        ("- name", "1: wants 'key: value' pairs, not [\"name\"]."),
    ],
)
def test_a_value_is_refused_with_file_line_key_and_what_is_right(refusal, text, message):
    assert refusal(read, text).startswith(f"words.yaml:{message}")


def test_every_fault_of_a_file_is_said_at_once(refusal):
    assert len(refusal(read, "name: a b\ncount: x\ninner: {wait_ms: -1}").splitlines()) == 3


def test_a_long_value_is_cut(refusal):
    assert len(refusal(read, f"count: {'long ' * 100}")) < 120


def test_three_of_the_longest_names_fit_into_a_record_s_file_name(outer):
    longest = outer(f"name: {'a' * LONGEST_NAME}").name
    unit = Unit(longest, longest, 0.29, longest, trial=1000, arm="degraded")
    assert len(f".{unit.name}.json.4194304.part") <= 255
