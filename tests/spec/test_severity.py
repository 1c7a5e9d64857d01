import pytest

from pipeline.errors import BadlineError
from pipeline.spec.severity import in_file_names, louder_db, of_file_names, severity_name, severity_named


@pytest.mark.parametrize(("word", "number"), [("none", 0), ("mild", 0.25), ("typical", 0.5), ("harsh", 1)])
def test_a_word_stands_for_a_number_and_is_its_name(word, number):
    assert severity_named(word) == severity_named(str(number)) == number
    assert severity_name(number) == in_file_names(number) == word


def test_any_other_number_is_its_own_name():
    assert severity_name(severity_named("0.40")) == "0.4"


@pytest.mark.parametrize("number", [0, 0.01, 0.25, 0.29, 0.5, 0.99, 1])
def test_a_file_name_has_it_without_points_and_gives_it_back(number):
    assert "." not in in_file_names(number)
    assert of_file_names(in_file_names(number)) == number


@pytest.mark.parametrize("name", ["", "heart", "1", "0.25", "0_25", "nan", "0_4_1"])
def test_what_no_severity_is_called_is_none(name):
    assert of_file_names(name) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hrsh", "--severity: wants a word or a number from 0 to 1, not 'hrsh'. Did you mean 'harsh'?"),
        ("1.5", "--severity: 1.5 is above 1"),
        ("-1", "--severity: -1.0 is below 0"),
        ("0.123", "--severity: 0.123 is finer than can be told; write 0.12"),
        ("nan", "--severity: wants a word or a number from 0 to 1, not NaN"),
    ],
)
def test_what_is_no_severity_is_refused(text, message):
    with pytest.raises(BadlineError) as error:
        severity_named(text)
    assert str(error.value).startswith(message)


def test_amplitudes_are_proportional_to_it():
    # Half and twice the amplitude are 6.02 dB.
    assert [louder_db(severity) for severity in (0.25, 0.5, 1)] == pytest.approx([-6.0206, 0, 6.0206], abs=1e-4)
