"""Mumbling is not a filter: at equal level, band and long-term spectrum, words, vowels and syllables are still lost.

The control goes the other way: clean sentences through the filter that gives them the mumbled ones' spectrum.
"""

from functools import cache
from itertools import pairwise

import librosa
import numpy as np
import pytest
from scipy.signal import butter, fftconvolve, firwin2, hilbert, lfilter, resample_poly, sosfiltfilt, welch

from pipeline.audio import Sound
from pipeline.files import find_named
from pipeline.levels import active_speech_level, scale_to
from pipeline.line.scene import Nominal
from pipeline.line.talker.mumble import Mumble, Options
from pipeline.line.window import RATE, scene_of
from pipeline.run.crew import Voices
from pipeline.run.survey import errors_in, sentences
from pipeline.score._tokens import tokens
from pipeline.spec.release import read_release
from pipeline.spec.voice import voice_named

pytestmark = pytest.mark.slow
SEVERITIES = (0.0, 0.25, 0.5, 0.75, 1.0)
FORMANT_RATE = 10_000
F1_HZ, F2_HZ = (200, 1000), (1000, 3000)
HALF_OCTAVES_HZ = tuple(pairwise(250 * 2 ** np.arange(0, 4.1, 0.5)))
ENVELOPE_HZ = 100


def mumbled(row, severity):
    scene = scene_of(row, rate=RATE, nominal=Nominal(-26.0, -30.0), voices={}, hidden=0)
    return Mumble(Options(severity=severity))(scene, []).speech[0]


def long_term(row):
    """Frequencies and power; what lies 90 dB below the strongest is not made louder than that."""
    hz, power = welch(row, RATE, nperseg=512)
    return hz, power + 1e-9 * power.max()


def shaped_as(row, other):
    """The row through the linear-phase filter that gives it the long-term spectrum of another, and at its level."""
    hz, has = long_term(row)
    response = firwin2(1025, hz, np.sqrt(long_term(other)[1] / has), fs=RATE)
    shaped = fftconvolve(row, response, mode="same").astype(np.float32)
    return scale_to(shaped, RATE, active_speech_level(other, RATE).asl_dbov)


def apart_db(row, other):
    """How far two long-term spectra lie apart in any third of an octave from 125 Hz to 6.3 kHz."""
    (hz, one), (_, two) = long_term(row), long_term(other)
    thirds = [(hz > f / 2 ** (1 / 6)) & (hz < f * 2 ** (1 / 6)) for f in 125 * 2 ** (np.arange(18) / 3)]
    return max(abs(10 * np.log10(one[third].sum() / two[third].sum())) for third in thirds)


def frames_of(row):
    """50 ms every 10 ms, the average slope of the spectrum taken out by a predictor of first order."""
    low = resample_poly(row.astype(np.float64), 5, 8)
    flat = np.convolve(low, librosa.lpc(low, order=1))[: len(low)]
    return librosa.util.frame(flat, frame_length=500, hop_length=100).T * np.hanning(500)


def voiced(row):
    """Frames within 20 dB of the loudest that repeat themselves after 2.5 to 14 ms."""
    frames = frames_of(row)
    repeats = np.fft.irfft(np.abs(np.fft.rfft(frames, 1024)) ** 2)
    power = repeats[:, 0]
    return (power > power.max() / 100) & (repeats[:, 25:143].max(axis=1) > 0.4 * power)


def formants_hz(row, where):
    """Frames x 2: where the resonances of a linear predictor have their weight, below and above 1 kHz.

    Its roots would be no measure: of a flat spectrum they are scattered by chance.
    """
    predictors = librosa.lpc(frames_of(row)[where], order=10)
    power = 1 / np.abs(np.fft.rfft(predictors, 1024)) ** 2
    hz = np.fft.rfftfreq(1024, 1 / FORMANT_RATE)
    return np.stack([centre(hz, power, band) for band in (F1_HZ, F2_HZ)], axis=1)


def centre(hz, power, band_hz):
    inside = (hz >= band_hz[0]) & (hz < band_hz[1])
    return (power[:, inside] * hz[inside]).sum(axis=1) / power[:, inside].sum(axis=1)


def formant_space(rows, clean):
    """In Hz squared: the root of the determinant of the covariance of F1 and F2, in frames voiced in the clean ones."""
    found = [formants_hz(row, voiced(one)) for row, one in zip(rows, clean, strict=True)]
    return float(np.sqrt(np.linalg.det(np.cov(np.concatenate(found).T))))


def modulation(rows):
    """The power of band envelopes from 4 to 16 Hz by the square of their mean: the mean of half octaves to 4 kHz."""
    return float(np.mean([_modulation(row, *band) for row in rows for band in HALF_OCTAVES_HZ]))


def _modulation(row, low_hz, high_hz):
    band = sosfiltfilt(butter(2, (low_hz, high_hz), "bandpass", fs=RATE, output="sos"), row)
    envelope = resample_poly(np.abs(hilbert(band)), 1, RATE // ENVELOPE_HZ)
    hz = np.fft.rfftfreq(len(envelope), 1 / ENVELOPE_HZ)
    power = 2 * np.abs(np.fft.rfft(envelope / envelope.mean()) / len(envelope)) ** 2
    return power[(hz >= 4) & (hz <= 16)].sum()


@cache
def spoken():
    """Sentences in three voices, each with its text."""
    voices = Voices()
    speakers = [voices.voice(voice_named(name), "en") for name in ("heart", "deep", "high")]
    texts = sentences()[12:18]
    return tuple((text, speakers[i % 3].speak(text)) for i, text in enumerate(texts))


@cache
def sounds(severity):
    """The sentences clean, mumbled but equalised, and clean but filtered as the mumbling does."""
    clean = [row for _, row in spoken()]
    dull = [mumbled(row, severity) for row in clean]
    equal = [shaped_as(one, row) for one, row in zip(dull, clean, strict=True)]
    control = [shaped_as(row, one) for one, row in zip(dull, clean, strict=True)]
    return clean, equal, control, dull


def word_errors(rows):
    """Of all words, by the reference recogniser."""
    recogniser = asr()
    said = [tokens(text) for text, _ in spoken()]
    found = recogniser.transcribe([Sound(np.pad(row, RATE // 3), RATE) for row in rows])
    errors = [errors_in(words, tokens(one.text)) for words, one in zip(said, found, strict=True)]
    return sum(errors) / sum(map(len, said))


@cache
def asr():
    return read_release(find_named("2026.11", folder="fixtures/releases")).asr.build()


@pytest.mark.parametrize("severity", SEVERITIES)
def test_the_equaliser_takes_away_what_a_filter_and_a_gain_can_do(severity):
    clean, equal, control, dull = sounds(severity)
    assert max(map(apart_db, equal, clean)) < 2
    assert max(map(apart_db, control, dull)) < 2
    for row, one in zip(equal, clean, strict=True):
        levels = [active_speech_level(sound, RATE).asl_dbov for sound in (row, one)]
        assert levels[0] == pytest.approx(levels[1], abs=0.01)


def test_vowels_move_together_with_severity_and_no_filter_does_that():
    clean, _, control, _ = sounds(1.0)
    spaces = [formant_space(sounds(severity)[1], clean) for severity in SEVERITIES]
    assert all(np.diff(spaces) < 0)
    assert spaces[-1] < 0.6 * spaces[0]
    assert formant_space(control, clean) > 0.75 * spaces[0]


def test_syllables_flatten_with_severity_and_no_filter_does_that():
    modulations = [modulation(sounds(severity)[1]) for severity in SEVERITIES]
    assert all(np.diff(modulations) < 0)
    assert modulations[-1] < 0.6 * modulations[0]
    assert modulation(sounds(1.0)[2]) > 0.8 * modulations[0]


def test_words_are_lost_and_no_filter_does_that():
    clean, equal, control, _ = sounds(1.0)
    heard = word_errors(clean)
    assert word_errors(equal) > heard + 0.05
    assert word_errors(control) < heard + 0.02


@pytest.mark.parametrize(("hz", "vowel"), [((730, 1090), "a"), ((270, 2290), "i")])
def test_the_measure_finds_the_formants_of_a_made_up_vowel(hz, vowel):
    """Men's means of Peterson & Barney 1952; the weight of a resonance lies near it, and nearer to the middle."""
    sound = np.zeros(RATE // 2)
    sound[:: RATE // 110] = 1
    for one in hz:
        pole = np.exp(-np.pi * 60 / RATE + 2j * np.pi * one / RATE)
        sound = lfilter([1], np.poly([pole, pole.conjugate()]).real, sound)
    found = np.median(formants_hz(sound, voiced(sound)), axis=0)
    assert found == pytest.approx(hz, abs=150), vowel


@pytest.mark.parametrize("depth", [0.2, 0.8])
def test_the_measure_finds_the_modulation_of_made_up_syllables(depth):
    """Of noise, whose own envelope wavers too: what is added is half the depth's square."""
    t = np.arange(8 * RATE) / RATE
    noise = np.random.default_rng(1).standard_normal(len(t))
    more = modulation([noise * (1 + depth * np.sin(2 * np.pi * 8 * t))]) - modulation([noise])
    assert more == pytest.approx(depth**2 / 2, rel=0.25)
