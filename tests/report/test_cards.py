"""The table of profiles: what was not measured shows as a dash, what has changed as a star."""

from rich.console import Console

from pipeline.report.cards import cards_table
from pipeline.run.cards import STRENGTHS, Card, Figures, Strength
from pipeline.run.survey import Rate


def told(*cards: Card) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        console.print(cards_table(cards))
    return captured.get()


def figures(snr_db: float | None) -> Figures:
    rates = {"mild": 0.02, "typical": 0.05, "harsh": 0.154}
    strengths = {name: Strength(snr_db, 0.8, Rate(rates[name], 0.0, 1.0)) for name in STRENGTHS}
    return Figures("0", "2026.11", 210, strengths)


def test_word_errors_stand_in_per_cent_by_strength():
    assert "2.0 / 5.0 / 15.4" in told(Card("cafe", "At a table.", figures(12.0)))


def test_what_was_not_measured_is_a_dash_and_the_way_to_measure_it_is_told():
    text = told(Card("mine", "At my desk.", None))
    assert "- not measured" in text
    assert "0.80" not in text


def test_a_profile_that_has_changed_has_a_star():
    assert "cafe *" in told(Card("cafe", "At a table.", figures(None), is_current=False))


def test_it_says_who_heard_it():
    assert "release 2026.11: 210 utterances" in told(Card("cafe", "At a table.", figures(12.0)))
