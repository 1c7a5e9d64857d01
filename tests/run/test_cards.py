"""Cards of profiles: their figures, whether those still hold, and how they are measured."""

import json

import pytest

from pipeline.errors import BadlineError
from pipeline.files import file_hash
from pipeline.run.cards import STRENGTHS, Figures, Strength, measured_cards, read_figures, shipped_cards, write_figures
from pipeline.run.survey import MOST_UTTERANCES, Rate


def ignore(done: int, total: int) -> None:
    """Nobody watches."""


def figures(sha256: str = "0") -> Figures:
    rate = Rate(0.1, 0.05, 0.15)
    return Figures(sha256, "2026.11", 210, {name: Strength(12.0, 0.8, rate, rate, 9.5) for name in STRENGTHS})


def test_figures_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "measured.json"
    write_figures(path, {"cafe": figures()})
    assert read_figures(path) == {"cafe": figures()}


def test_figures_of_before_the_snr_after_the_line_are_still_read(tmp_path):
    path = tmp_path / "measured.json"
    write_figures(path, {"cafe": figures()})
    words = json.loads(path.read_text())
    for strength in words["cafe"]["strengths"].values():
        del strength["after_db"]
    path.write_text(json.dumps(words))
    assert {one.after_db for one in read_figures(path)["cafe"].strengths.values()} == {None}


def test_every_profile_has_a_card_that_says_who_calls():
    cards = {card.name: card for card in shipped_cards()}
    assert {"cafe", "mumbler", "clean_line"} <= cards.keys()
    assert all(card.about for card in cards.values())


def test_a_profile_of_ones_own_has_a_card_without_figures(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "noise_profiles").mkdir()
    (tmp_path / "noise_profiles/mine.yaml").write_text("name: mine\nabout: Mine.\n")
    [mine] = [card for card in shipped_cards() if card.name == "mine"]
    assert mine.figures is None


def test_figures_of_another_version_of_the_file_are_not_current(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "noise_profiles").mkdir()
    (tmp_path / "noise_profiles/cafe.yaml").write_text("name: cafe\nabout: Another one.\n")
    [cafe] = [card for card in shipped_cards() if card.name == "cafe"]
    assert cafe.figures is None or not cafe.is_current


def test_a_profile_that_stands_twice_is_refused_before_any_work():
    with pytest.raises(BadlineError, match="stands there twice"):
        measured_cards(["cafe", "cafe"], "2026.11", utterances=1, workers=1, watch=ignore)


@pytest.mark.slow
def test_a_profile_is_measured_at_three_strengths(tmp_path):
    path = tmp_path / "loud.yaml"
    path.write_text("name: loud\nabout: Loud.\nroom: [{noise: {kind: white, snr_db: 0}}]\n")
    [card] = measured_cards([str(path)], "2026.11", utterances=6, workers=2, watch=ignore)
    mild, typical, harsh = (card.figures.strengths[name] for name in STRENGTHS)
    assert [one.snr_db for one in (mild, typical, harsh)] == pytest.approx([6.02, 0.0, -6.02], abs=0.5)
    assert [one.after_db for one in (mild, typical, harsh)] == pytest.approx([6.02, 0.0, -6.02], abs=1.5)
    assert mild.estoi > typical.estoi > harsh.estoi
    assert mild.wer.wer < harsh.wer.wer
    assert harsh.worse.wer == pytest.approx(harsh.wer.wer - typical.wer.wer)
    assert card.figures.sha256 == file_hash(path)


def test_figures_are_plain_json(tmp_path):
    path = tmp_path / "measured.json"
    write_figures(path, {"cafe": figures()})
    assert json.loads(path.read_text())["cafe"]["strengths"]["mild"]["wer"]["wer"] == 0.1


def test_every_shipped_profile_has_figures_of_what_its_file_says_now():
    cards = shipped_cards()
    assert [card.name for card in cards if card.figures is None or not card.is_current] == []
    assert {card.figures.utterances for card in cards} == {MOST_UTTERANCES}


def test_where_the_noise_is_loud_a_harsher_line_costs_more_words_than_chance_would():
    steps = [
        (card.name, strength, one.worse)
        for card in shipped_cards()
        for strength, one in card.figures.strengths.items()
        if one.worse and card.figures.strengths["harsh"].snr_db is not None
    ]
    loud = {card.name for card in shipped_cards() if (card.figures.strengths["harsh"].snr_db or 99) <= 15}
    assert len(loud) > 8 and [step for step in steps if step[0] in loud and step[2].low <= 0] == []
    assert [step for step in steps if step[2].high < 0] == []
