from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex

from pipeline.report.plot import MARKS, plot_call, write_plot

RATE = 16_000


@pytest.fixture
def drawn(everything, silence):
    return plot_call(everything, silence(), RATE)


def words(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def legend(figure):
    return [text.get_text() for one in figure.legends for text in one.get_texts()]


def boxes(figure):
    """Start and end in s of every shaded band, without those of no width."""
    bands = [patch for axes in figure.axes for patch in axes.patches]
    return [(round(one.get_x(), 3), round(one.get_x() + one.get_width(), 3)) for one in bands]


def test_every_event_has_its_own_colour_and_marker():
    assert len({mark.marker for mark in MARKS.values()}) == len(MARKS)


def test_events_are_pins_with_names(drawn):
    for label in ("premature endpoint", "missed barge-in", "no input", "unheard under prompt", "dropped"):
        assert words(drawn).count(label) == 1


def test_a_barge_in_that_was_a_false_one_is_pinned_once(drawn):
    assert (words(drawn).count("barge-in"), words(drawn).count("false interruption")) == (1, 1)


def test_words_stand_beneath_and_dollars_stay_dollars(drawn):
    text = " ".join(words(drawn))
    assert "costs $20" in text
    assert not any(text.get_parse_math() for axes in drawn.axes for text in axes.texts)
    assert "and not $30 ?." in text  # no font of a picture has a duck
    assert "(mm-hm)" in text


def overlaps(figure):
    """Pairs of texts that cover each other by more than a hair, at 120 dots an inch."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    for axes in figure.axes:
        places = [text.get_window_extent(renderer) for text in axes.texts]
        for one, other in combinations(places, 2):
            wide = min(one.x1, other.x1) - max(one.x0, other.x0)
            high = min(one.y1, other.y1) - max(one.y0, other.y0)
            if wide > 1 and high > 4:  # lines stand close
                yield one, other


def test_nothing_that_is_written_covers_another(drawn):
    assert not list(overlaps(drawn))


def test_many_words_in_short_time_are_cut(facts_of, silence):
    said = [("open", "Six long words without any room " * 3, at, at + 900, "words", ()) for at in range(0, 9000, 1000)]
    figure = plot_call(facts_of(utterances=said, ended_ms=30_000), silence(30_000), RATE)
    assert not list(overlaps(figure))
    assert sum(text.endswith("…") for text in words(figure)) == 8  # the last has room


def test_nothing_that_is_written_leaves_the_page(facts_of, silence):
    events = [(9_990, "unheard_under_prompt", ""), (10_000, "false_interruption", "")]
    figure = plot_call(facts_of(events=events, ended_ms=10_000), silence(10_000), RATE)
    renderer = FigureCanvasAgg(figure).get_renderer()
    assert {text.get_text() for text in figure.axes[0].texts} == {"unheard under prompt", "false interruption"}
    assert all(text.get_window_extent(renderer).x1 < figure.bbox.x1 for text in figure.axes[0].texts)


def test_speech_pauses_and_replies_are_shaded_when_they_are(drawn):
    for band in ((4.2, 6.0), (6.0, 7.2), (7.2, 9.0), (8.3, 8.8), (8.8, 10.1), (22.8, 24.0), (38.0, 41.0)):
        assert band in boxes(drawn)


def test_what_never_sounded_ends_where_the_next_reply_begins(facts_of, silence):
    stopped, discarded = (None, "One two.", 0, 2000, False, 9000), (0, "Three.", 4000, 8000, True, 0)
    last = (1, "Four.", 6000, 7000, False, 9000)
    figure = plot_call(facts_of(replies=[stopped, discarded, last], ended_ms=9000), silence(9000), RATE)
    assert boxes(figure) == [(0, 2.0), (2.0, 4.0), (4.0, 6.0), (6.0, 7.0), (7.0, 9.0)]


def test_words_show_pauses_and_where_they_were_stopped(drawn):
    text = " ".join(words(drawn))
    assert "like to change ... the" in text
    assert "What is the number?—" in text


def test_a_long_call_wraps_into_equal_rows(facts_of, silence):
    figure = plot_call(facts_of(ended_ms=61_000), silence(61_000), RATE)
    assert [axes.get_xlim() for axes in figure.axes] == [(0, 21), (21, 42), (42, 63)]


def test_what_goes_on_into_the_next_row_is_shaded_in_both_and_written_once(facts_of, silence):
    figure = plot_call(
        facts_of(replies=[(None, "One two three.", 24_000, 29_000)], ended_ms=52_000), silence(52_000), RATE
    )
    assert boxes(figure) == [(24.0, 26.0), (26.0, 29.0)]
    assert words(figure) == ["One two three."]


def test_the_wave_is_as_high_as_the_sound(facts_of):
    time = np.arange(2 * RATE) / RATE
    tone = np.stack([np.where(time < 1, 8000, 4000) * np.sin(2 * np.pi * 300 * time), np.zeros(len(time))], axis=1)
    figure = plot_call(facts_of(ended_ms=2000), tone.astype(np.int16), RATE)
    caller, agent = (wave.get_paths()[0].vertices for wave in figure.axes[0].collections)
    heights = [np.ptp(caller[(caller[:, 0] > start) & (caller[:, 0] < start + 0.8), 1]) for start in (0.1, 1.1)]
    assert heights[1] / heights[0] == pytest.approx(0.5, abs=0.02)
    assert np.ptp(agent[:, 1]) == 0


def test_the_legend_has_only_what_occurs(facts_of, silence, drawn):
    few = plot_call(facts_of(replies=[(None, "Hello.", 0, 900)], events=[(950, "no_input", "")]), silence(), RATE)
    assert legend(few) == ["the agent speaks", "no input: the caller said nothing in time"]
    assert len(legend(drawn)) == 8 + len(MARKS)


def test_an_unknown_event_is_grey_and_has_its_name(facts_of, silence):
    figure = plot_call(facts_of(events=[(950, "ping_pong", "")]), silence(), RATE)
    [text] = figure.axes[0].texts
    assert (text.get_text(), to_hex(text.get_color())) == ("ping pong", "#777777")


def test_the_verdict_stands_on_top_with_its_reasons(facts_of, silence):
    figure = plot_call(facts_of(status="caller_invalid", why="no line for: Colour?"), silence(), RATE)
    assert [text.get_text() for text in figure.texts] == [
        "caller invalid (dropped)",
        "change_address · cafe harsh · heart · trial 1 · degraded",
        "not met: did change_address: it was never called",
        "no line for: Colour?",
    ]


@pytest.mark.parametrize(("ending", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_the_ending_says_the_format(tmp_path, facts_of, silence, ending, begins):
    path = tmp_path / f"call.{ending}"
    write_plot(path, plot_call(facts_of(ended_ms=1000), silence(1000), RATE))
    assert path.read_bytes().startswith(begins)


def test_a_call_of_nothing_can_be_drawn(facts_of, silence):
    assert words(plot_call(facts_of(ended_ms=0), silence(0), RATE)) == []
