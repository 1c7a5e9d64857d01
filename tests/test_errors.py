import pytest

from pipeline.errors import did_you_mean, nearest

KNOWN = ["about", "agent", "faster_whisper", "noise", "snr_db", "tones"]


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("abuot", "about"),
        ("Noise", "noise"),
        ("NOISE", "noise"),
        ("snr", "snr_db"),
        ("snr-db", "snr_db"),
        ("tonse", "tones"),
        ("fasterwhisper", "faster_whisper"),
        ("whisperr", "faster_whisper"),
    ],
)
def test_a_slip_is_recognised(slip, meant):
    assert nearest(slip, KNOWN) == meant


@pytest.mark.parametrize("other", ["", "barge_in", "x", "reverb"])
def test_another_word_is_no_slip(other):
    assert nearest(other, KNOWN) is None


def test_all_known_names_are_listed_in_order():
    assert did_you_mean("", ["b", "a"]) == "Known: a, b."
    assert did_you_mean("x", []) == "Known: none."
    assert did_you_mean("nois", ["noise", "band"]) == "Did you mean 'noise'? Known: band, noise."
