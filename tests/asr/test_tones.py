import io

import numpy as np
import pytest
import soundfile
from numpy.random import Generator, Philox
from scipy.signal import butter, sosfilt

from pipeline.asr import Transcript
from pipeline.asr.tones import Options, Tones
from pipeline.audio import Sound, from_pcm, to_pcm
from pipeline.tts.tone import Options as ToneOptions
from pipeline.tts.tone import Tone

TEXT = "Hi, I'd like to move parcel 0412-7783 to EH1 3QR; maya.chen@example.com, please!"
WORDS = "hi i'd like to move parcel 0412-7783 to eh1 3qr maya.chen@example.com please"


def said(text=TEXT, before_s=0.5, after_s=1.0):
    sound = Tone(ToneOptions()).speak(text, seed=0)
    silence = (round(before_s * sound.rate), round(after_s * sound.rate))
    return Sound(np.pad(sound.samples, silence), sound.rate)


def heard(sound):
    return Tones(Options()).transcribe([sound])[0]


def with_noise(sound, snr_db):
    white = Generator(Philox(5)).standard_normal(len(sound.samples))
    voice = np.mean(Tone(ToneOptions()).speak(TEXT, seed=0).samples ** 2)
    return Sound((sound.samples + np.sqrt(voice / 10 ** (snr_db / 10)) * white).astype(np.float32), sound.rate)


def over_g711(sound):
    file = io.BytesIO()
    soundfile.write(file, sound.at(8000).samples, 8000, format="WAV", subtype="ULAW")
    file.seek(0)
    return Sound(soundfile.read(file, dtype="float32")[0], 8000)


def over_the_telephone_band(sound):
    band = butter(4, (300, 3400), "bandpass", fs=sound.rate, output="sos")
    return Sound(sosfilt(band, sound.samples).astype(np.float32), sound.rate)


@pytest.mark.parametrize("char_ms", [40, 60, 120])
def test_it_hears_the_very_words_that_tone_speaks(char_ms):
    sound = Tone(ToneOptions(char_ms=char_ms)).speak(TEXT, seed=0)
    assert Tones(Options(char_ms=char_ms)).transcribe([sound])[0].text == WORDS


@pytest.mark.parametrize("letters", ["abcdefghijklm", "nopqrstuvwxyz", "0123456789", "a'b-c.d@e+f_g", "zzz0zz"])
def test_every_letter_has_its_tones(letters):
    assert heard(said(letters)).text == letters


@pytest.mark.parametrize("shift", [0, 1, 17, 39, 63])
@pytest.mark.parametrize("snr_db", [20, 5, 0])
def test_noise_down_to_0_db_does_no_harm(shift, snr_db):
    sound = with_noise(said(), snr_db)
    assert heard(Sound(sound.samples[shift:], sound.rate)).text == WORDS


@pytest.mark.parametrize("line", [over_g711, over_the_telephone_band])
def test_a_telephone_line_does_no_harm(line):
    assert heard(line(said())).text == WORDS


def test_sixteen_bits_and_another_level_do_no_harm():
    quiet = from_pcm(to_pcm(said().samples * np.float32(0.05)))
    assert heard(Sound(quiet, 16000)).text == WORDS


def test_much_noise_spoils_words():
    assert heard(with_noise(said(), -12)).text != WORDS


def test_a_lost_letter_is_a_wrong_letter():
    sound = said("parcel", before_s=0.0)
    samples = sound.samples.copy()
    samples[3 * 960 : 4 * 960] = 0.0  # "r": the mark, p and a come before it
    text = heard(Sound(samples, sound.rate)).text
    assert len(text) == 6
    assert text != "parcel"
    assert (text[:2], text[3:]) == ("pa", "cel")


def test_words_have_their_times():
    words = heard(said("my parcel")).words
    assert [word.text for word in words] == ["my", "parcel"]
    # 0.5 s of silence, then a mark and two letters; 80 ms; a mark and six letters.
    expected = [(500, 680), (760, 1180)]
    assert [(word.start_ms, word.end_ms) for word in words] == [
        (pytest.approx(start, abs=10), pytest.approx(end, abs=10)) for start, end in expected
    ]


def test_confidence_falls_with_noise():
    clean, noisy = heard(said()).confidence, heard(with_noise(said(), 0)).confidence
    assert 0.9 < clean <= 1.0
    assert 0.3 < noisy < 0.8


@pytest.mark.parametrize("rate", [8000, 16000])
def test_noise_and_silence_are_no_words(rate):
    white = 0.1 * Generator(Philox(1)).standard_normal(10 * rate)
    nothing = [np.zeros(0), np.zeros(7), np.zeros(rate), white]
    sounds = [Sound(samples.astype(np.float32), rate) for samples in nothing]
    assert Tones(Options()).transcribe(sounds) == [Transcript("")] * 4
