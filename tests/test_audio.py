import hashlib

import numpy as np
import pytest
import soundfile

from pipeline.audio import Sound, from_pcm, pcm_hash, read_sound, to_pcm, write_pcm


def tone(hz, rate, seconds=1.0):
    times = np.arange(round(seconds * rate)) / rate
    return Sound(np.sin(2 * np.pi * hz * times).astype(np.float32), rate)


def test_a_sound_says_how_long_it_lasts():
    assert tone(100, 16000, 0.25).seconds == 0.25


def test_at_its_own_rate_a_sound_is_itself():
    sound = tone(440, 16000)
    assert sound.at(16000) is sound


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 44100])
def test_a_tone_keeps_its_pitch_and_level_at_another_rate(rate):
    there, wanted = tone(440, 48000).at(rate), tone(440, rate)
    middle = slice(rate // 10, -rate // 10)
    assert there.samples.dtype == np.float32
    assert len(there.samples) == rate
    assert np.abs(there.samples - wanted.samples)[middle].max() < 1e-3  # -60 dB


def test_what_lies_above_half_the_new_rate_is_gone():
    assert np.abs(tone(6000, 48000).at(8000).samples[800:-800]).max() < 1e-4


def test_every_16_bit_value_survives_the_way_through_floats():
    every = np.arange(-32768, 32768, dtype=np.int16)
    assert np.array_equal(to_pcm(from_pcm(every)), every)


def test_a_converter_rounds_and_limits_at_full_scale():
    samples = np.array([1.0, -1.0, 9.0, -9.0, 0.4 / 32768, 0.6 / 32768, -0.6 / 32768, 0.5], np.float32)
    assert to_pcm(samples).tolist() == [32767, -32768, 32767, -32768, 0, 1, -1, 16384]


def test_what_is_not_a_number_has_no_sample():
    with pytest.raises(ValueError, match="NaN"):
        to_pcm(np.array([0, np.nan], np.float32))


def test_a_hash_is_that_of_little_endian_bytes_whatever_the_layout():
    pcm = np.array([1, -1, 256], np.int16)
    wanted = hashlib.sha256(b"\x01\x00\xff\xff\x00\x01").hexdigest()
    assert pcm_hash(pcm) == pcm_hash(pcm.astype(">i2")) == pcm_hash(np.repeat(pcm, 2)[::2]) == wanted


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_samples_come_back_from_a_file_as_they_were(tmp_path, ending):
    pcm = np.array([0, 1, -1, 32767, -32768] * 100, np.int16)
    write_pcm(tmp_path / f"a.{ending}", pcm, 8000)
    sound = read_sound(tmp_path / f"a.{ending}")
    assert sound.rate == 8000
    assert np.array_equal(to_pcm(sound.samples), pcm)


def test_several_channels_are_averaged(tmp_path):
    write_pcm(tmp_path / "a.wav", np.array([[1000, 3000], [-2000, 0]], np.int16), 8000)
    assert to_pcm(read_sound(tmp_path / "a.wav").samples).tolist() == [2000, -1000]


def test_what_is_no_sound_is_refused(tmp_path):
    (tmp_path / "a.wav").write_text("not a sound")
    with pytest.raises(soundfile.LibsndfileError):
        read_sound(tmp_path / "a.wav")
