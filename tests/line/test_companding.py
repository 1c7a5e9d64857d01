"""Mu-law and A-law are G.711's."""

import io

import numpy as np
import pytest
import soundfile

from pipeline.line.companding import a_law, mu_law

EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)


@pytest.mark.parametrize(("law", "subtype"), [(mu_law, "ULAW"), (a_law, "ALAW")])
def test_every_sample_comes_back_as_from_libsndfile(law, subtype):
    file = io.BytesIO()
    soundfile.write(file, EVERY_SAMPLE, 8_000, format="WAV", subtype=subtype)
    file.seek(0)
    assert np.array_equal(law(EVERY_SAMPLE), soundfile.read(file, dtype="int16")[0])
