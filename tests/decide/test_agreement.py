import numpy as np
import pytest

from pipeline.decide.agreement import agreement, read_labels
from pipeline.errors import BadlineError
from pipeline.run.judging import Judged, Verdict


def judged(answers):
    verdicts = tuple(Verdict(unit, "passed", answer, "because", "0") for unit, answer in answers.items())
    return Judged("kind", "Was it kind?", verdicts, {})


def of_counts(yes_yes, yes_no, no_yes, no_no):
    """Labels and answers with these counts of (label, answer)."""
    pairs = [("yes", "yes")] * yes_yes + [("yes", "no")] * yes_no + [("no", "yes")] * no_yes + [("no", "no")] * no_no
    labels = {str(i): label for i, (label, _) in enumerate(pairs)}
    return agreement(judged({str(i): answer for i, (_, answer) in enumerate(pairs)}), labels)


def test_kappa_is_that_of_the_textbook():
    # 50 grants, two readers: both yes 20, both no 15, 5 and 10 apart: observed .7, by chance .5.
    assert of_counts(20, 5, 10, 15).kappa == pytest.approx(0.4)


def test_the_interval_of_kappa_is_that_of_resampling():
    told, rng = of_counts(60, 15, 10, 40), np.random.default_rng(1)
    drawn = rng.multinomial(125, np.array([60, 15, 10, 40]) / 125, size=4000) / 125
    agree = drawn[:, 0] + drawn[:, 3]
    row, column = drawn[:, 0] + drawn[:, 1], drawn[:, 0] + drawn[:, 2]
    chance = row * column + (1 - row) * (1 - column)
    low, high = np.quantile((agree - chance) / (1 - chance), [0.025, 0.975])
    assert (told.kappa_low, told.kappa_high) == pytest.approx((low, high), abs=0.02)


def test_sensitivity_is_of_yes_and_specificity_of_no():
    told = of_counts(18, 2, 3, 7)
    assert (told.sensitivity.count, told.sensitivity.of, told.specificity.count, told.specificity.of) == (18, 20, 7, 10)
    assert told.sensitivity.low == pytest.approx(0.699, abs=0.001)  # Wilson, 18 of 20


def test_a_label_without_a_verdict_agrees_with_nothing():
    told = agreement(judged({"a": "yes", "b": "cannot tell"}), {"a": "yes", "b": "yes", "c": "no"})
    assert (told.labels, told.no_verdict, told.sensitivity.of, told.specificity.share) == (3, 2, 1, None)


def test_where_all_say_the_same_there_is_no_kappa():
    assert of_counts(9, 0, 0, 0).kappa is None
    assert (of_counts(6, 0, 4, 0).kappa, of_counts(6, 4, 0, 0).kappa_low) == (None, None)
    assert agreement(judged({}), {"a": "yes"}).kappa is None


def test_where_all_agree_kappa_is_one_without_an_interval():
    told = of_counts(5, 0, 0, 4)
    assert (told.kappa, told.kappa_low, told.kappa_high) == (1.0, None, None)


def test_labels_in_another_encoding_are_refused(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes("unit,label\ncafé,yes\n".encode("cp1252"))
    with pytest.raises(BadlineError, match="is no text in UTF-8"):
        read_labels(path, ["a"])


def test_disagreements_are_named_with_the_judges_reason():
    [one] = of_counts(3, 0, 1, 2).disagreements
    assert (one.label, one.answer, one.reason) == ("no", "yes", "because")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("unit;label\na;yes\n", "1: lacks the column unit"),
        ("unit,label\na,maybe\n", "2: label: 'maybe' is not yes or no"),
        ("unit,label\na,yes\nb1,no\n", "3: unit: the run has no call 'b1'. Did you mean 'b'"),
        ("unit,label\na,yes\na,no\n", "3: unit: 'a' has another label"),
        ("unit,label\n", "holds no label"),
    ],
)
def test_a_wrong_file_of_labels_is_refused_by_line_and_column(tmp_path, text, said):
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(BadlineError, match=said):
        read_labels(path, ["a", "b"])


def test_labels_are_read_whatever_stands_beside_them(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("who,unit,label\nann,a,Yes\nbob,b, no\n")
    assert read_labels(path, ["a", "b"]) == {"a": "yes", "b": "no"}
