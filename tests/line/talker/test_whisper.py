import numpy as np
import pytest
from pydantic import ValidationError
from pystoi import stoi
from scipy.signal import lfilter, welch

from pipeline.chance import stream
from pipeline.line.scene import Nominal, Scene
from pipeline.line.talker.whisper import Options, Whisper
from pipeline.line.voicing import voicing

LADDER = [0.0, 0.25, 0.5, 0.75, 1.0]


def vowels(rate=16_000, seconds=2):
    """A pulse train around 120 Hz through two resonances, in syllables."""
    t = np.arange(seconds * rate) / rate
    phase = 2 * np.pi * np.cumsum(120 + 15 * np.sin(2 * np.pi * t)) / rate
    sound = sum(np.cos(k * phase) for k in range(1, int(0.4 * rate / 135)))
    for hz in (700, 1200):
        pole = np.exp((-np.pi * 100 + 2j * np.pi * hz) / rate)
        sound = lfilter([1 - np.abs(pole)], np.poly([pole, pole.conjugate()]).real, sound)
    return (0.1 * sound / np.abs(sound).max() * (0.55 + 0.45 * np.sin(2 * np.pi * 3 * t))).astype(np.float32)


def whispered(row, rate=16_000, **options):
    silence = np.zeros_like(row)[np.newaxis]
    scene = Scene(rate, row[np.newaxis], silence, silence, silence, (Nominal(-26.0, -30.0),))
    return Whisper(Options(**options))(scene, [stream(1, "whisper")])


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100])
def test_a_whisper_has_no_pitch(rate):
    row = vowels(rate)
    assert (voicing(row, rate).pitch_hz > 0).mean() > 0.8
    assert (voicing(whispered(row, rate).speech[0], rate).pitch_hz > 0).mean() < 0.1


def test_the_spectrum_stays():
    row = vowels()
    hz, before = welch(row, 16_000, nperseg=128)
    after = welch(whispered(row).speech[0], 16_000, nperseg=128)[1]
    inside = (hz > 250) & (hz < 3500)
    assert np.abs(10 * np.log10(after[inside] / before[inside])).max() < 4


@pytest.mark.parametrize("mix", LADDER[1:])
def test_the_level_stays(mix):
    row = vowels()
    after = whispered(row, mix=mix).speech[0]
    assert 10 * np.log10((after**2).sum() / (row**2).sum()) == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("mix", LADDER[1:])
def test_the_share_of_noise_is_as_asked(mix):
    [measure] = whispered(vowels(), mix=mix).got[0]
    assert (measure.name, measure.asked, measure.kind) == ("mix", mix, "set")
    assert measure.got == pytest.approx(mix, abs=0.05)
    assert not measure.off_target


def test_it_is_less_like_the_voice_the_more_of_it_is_breath():
    row = vowels()
    scores = [stoi(row, whispered(row, mix=mix).speech[0], 16_000, extended=True) for mix in LADDER]
    assert all(np.diff(scores) < 0)


def test_what_has_no_voice_stays():
    noise = 0.05 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    after = whispered(np.concatenate((noise, vowels(), noise))).speech[0]
    np.testing.assert_allclose(after[:15_000], noise[:15_000], atol=1e-7)


def test_no_whisper_keeps_every_bit():
    row = vowels()
    assert whispered(row, mix=0).speech[0].tobytes() == row.tobytes()


def test_silence_stays_silence():
    after = whispered(np.zeros(16_000, np.float32))
    assert not after.speech.any()
    assert after.got == ((),)


def test_severity_says_how_much_of_a_whisper():
    assert Options(mix=0.4).at(0.5).mix == pytest.approx(0.4)
    assert Options(mix=0.4).at(0.25).mix == pytest.approx(0.2)
    assert Options().at(1).mix == 1


@pytest.mark.parametrize("mix", [-0.1, 1.1])
def test_shares_out_of_range_are_refused(mix):
    with pytest.raises(ValidationError):
        Options(mix=mix)
