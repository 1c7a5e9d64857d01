from itertools import combinations

import pytest
from matplotlib.textpath import TextPath

from pipeline.report.fit import Print, lanes, printable

SMALL = Print(7)
WORDS = "The new address is good from tomorrow on, and that is all that you have to do."


def test_a_width_is_that_of_the_outlines():
    outlined = TextPath((0, 0), WORDS, prop=SMALL.font).get_extents().width / 72
    assert SMALL.width(WORDS) == pytest.approx(outlined, rel=0.03)


def test_twice_the_print_is_twice_as_wide():
    assert Print(14).width(WORDS) == pytest.approx(2 * SMALL.width(WORDS), rel=0.02)


@pytest.mark.parametrize("width", [0.6, 1.0, 2.5])
def test_wrapped_lines_keep_every_word_within_the_width(width):
    lines = SMALL.wrap(WORDS, width)
    assert " ".join(lines) == WORDS
    assert all(SMALL.width(line) <= width for line in lines)


def test_words_stay_under_what_they_belong_to_while_they_fit():
    lines = SMALL.fit(WORDS, own=2.0, room=9.0, lines=3)
    assert " ".join(lines) == WORDS
    assert all(SMALL.width(line) <= 2.0 for line in lines)


def test_words_take_more_room_only_where_they_need_it():
    lines = SMALL.fit(WORDS, own=0.5, room=9.0, lines=2)
    assert " ".join(lines) == WORDS
    assert len(lines) == 2


def test_words_without_room_are_cut():
    first, second = SMALL.fit(WORDS, own=0.5, room=1.0, lines=2)
    assert WORDS.startswith(first)
    assert second.endswith("…")
    assert SMALL.width(second) <= 1.0


def test_where_not_four_letters_fit_there_are_none():
    assert SMALL.fit(WORDS, own=0.1, room=0.15, lines=3) == []
    assert SMALL.fit("", own=1, room=1, lines=3) == []


def test_dollars_are_words_and_no_formula():
    assert SMALL.width("$a_1$") > SMALL.width("a_1")


def test_what_the_font_lacks_is_a_question_mark():
    assert printable("a\N{DUCK}\nb Lärkstraße") == "a? b Lärkstraße"


def test_no_two_spans_of_a_lane_meet_and_no_stem_crosses_a_label():
    spans = [(0.0, 4.0), (1.0, 5.0), (1.0, 3.0), (4.5, 6.0), (9.0, 12.0)]
    found = lanes(spans)
    for (one, here), (other, there) in combinations(zip(spans, found, strict=True), 2):
        assert here != there or one[1] <= other[0] or other[1] <= one[0]
        if there < here:  # the stem of `one` comes down at its start
            assert not other[0] < one[0] < other[1]


def test_spans_apart_share_the_lowest_lane():
    assert lanes([(0, 1), (2, 3), (4, 5)]) == [0, 0, 0]
