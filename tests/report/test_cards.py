"""The table of profiles: what was not measured shows as a dash, what has changed as a star."""

from rich.console import Console

from pipeline.report.cards import cards_table
from pipeline.run.cards import STRENGTHS, Card, Figures, Strength
from pipeline.run.survey import Rate


def told(*cards: Card, width: int = 160) -> str:
    console = Console(width=width)
    with console.capture() as captured:
        console.print(cards_table(cards))
    return captured.get()


def figures(snr_db: float | None, after_db: float | None = None) -> Figures:
    rates = {"mild": 0.02, "typical": 0.05, "harsh": 0.154}
    strengths = {name: Strength(snr_db, 0.8, Rate(rates[name], 0.0, 1.0), None, after_db) for name in STRENGTHS}
    return Figures("0", "2026.11", 210, strengths)


def figures_in(text: str) -> list[list[str]]:
    """The last five cells of the lines that have them, by strength."""
    lines = (line.split() for line in text.splitlines())
    return [line[-5:] for line in lines if set(line) & {*STRENGTHS}]


def test_each_strength_has_its_line_and_word_errors_stand_in_per_cent():
    assert figures_in(told(Card("cafe", "At a table.", figures(12.0)))) == [
        ["mild", "12.0", "-", "0.80", "2.0"],
        ["typical", "12.0", "-", "0.80", "5.0"],
        ["harsh", "12.0", "-", "0.80", "15.4"],
    ]


def test_what_is_left_of_the_snr_stands_beside_that_at_the_microphone():
    assert [line[1:3] for line in figures_in(told(Card("cafe", "At a table.", figures(12.0, 8.3))))] == [
        ["12.0", "8.3"]
    ] * 3


def test_figures_are_whole_in_80_columns():
    text = told(Card("kitchen_speakerphone", "Somebody hands-free beside a tap.", figures(-12.0, -10.1)), width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert figures_in(text)[2] == ["harsh", "-12.0", "-10.1", "0.80", "15.4"]
    assert "…" not in text


def test_what_was_not_measured_is_a_dash_and_the_way_to_measure_it_is_told():
    text = told(Card("mine", "At my desk.", None))
    assert "- not measured" in text
    assert "0.80" not in text


def test_a_profile_that_has_changed_has_a_star():
    assert "cafe *" in told(Card("cafe", "At a table.", figures(None), is_current=False))


def test_it_says_who_heard_it():
    assert "release 2026.11: 210 utterances" in told(Card("cafe", "At a table.", figures(12.0)))
