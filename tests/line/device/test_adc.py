from dataclasses import replace
from math import log10

import numpy as np
import pytest
from numpy.random import default_rng

from pipeline.audio import to_pcm
from pipeline.levels import leq_dbov
from pipeline.line.device.adc import Adc, Options
from pipeline.line.network.codec import Codec
from pipeline.line.network.codec import Options as CodecOptions
from pipeline.line.scene import Nominal, Scene


def scene(level=0.1, samples=32_000, **changed) -> Scene:
    stems = level * default_rng(1).standard_normal((3, 1, samples)).astype(np.float32)
    return replace(Scene(16_000, *stems, np.zeros_like(stems[0]), (Nominal(-26.0, -30.0),)), **changed)


def after(before, bits=16) -> Scene:
    return Adc(Options(bits=bits))(before, [default_rng(0)])


def test_the_sound_lies_on_the_grid_of_16_bits():
    steps = after(scene()).whole * 32768
    assert np.abs(steps - np.rint(steps)).max() < 0.01
    assert (to_pcm(after(scene()).whole) == to_pcm(scene().whole)).all()


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_the_noise_of_rounding_is_a_twelfth_of_a_step_squared(bits):
    added = (after(scene(), bits).noise - scene().noise)[0]
    assert leq_dbov(added) == pytest.approx(10 * log10(2 ** (2 - 2 * bits) / 12), abs=0.1)


def test_a_snr_is_what_it_was_within_half_a_db_of_16_bits():
    before = scene(noise=scene().noise * np.float32(10 ** (-50 / 20)))
    assert leq_dbov(after(before).noise[0]) == pytest.approx(leq_dbov(before.noise[0]), abs=0.5)


def test_what_is_beyond_full_scale_is_cut_off_and_counted():
    before = scene(level=0.5)
    heard = after(before).whole
    assert (heard.max(), heard.min()) == pytest.approx((1 - 2**-15, -1))
    [share] = after(before).got[0]
    beyond = (before.whole > 1 - 2**-16) | (before.whole < -1 - 2**-16)
    assert (share.name, share.asked, share.kind) == ("share", 0, "drawn")
    assert share.got == pytest.approx(beyond.mean()) and share.got > 0.1


def test_the_words_stay_and_what_rounding_adds_is_noise():
    heard = after(scene(), bits=8)
    assert (heard.speech == scene().speech).all() and (heard.others == scene().others).all()


def test_what_is_on_the_grid_keeps_every_bit():
    once = after(scene().mix())
    assert after(once).speech.tobytes() == once.speech.tobytes()


def test_a_codec_of_its_rate_behind_it_hears_the_same():
    codec, before = Codec(CodecOptions()), scene(rate=8000)
    alone, behind = (codec(one, [default_rng(0)]).speech for one in (before, after(before)))
    assert alone.tobytes() == behind.tobytes()


def test_only_what_is_heard_is_counted_and_silence_not_at_all():
    loud = scene(level=0.5)
    loud.noise[:, 16_000:] = loud.others[:, 16_000:] = loud.speech[:, 16_000:] = 0.1
    assert after(replace(loud, hidden=16_000)).got[0][0].got == 0
    assert after(scene(level=0.0)).got == ((),)


def test_a_converter_is_what_it_is_at_any_severity():
    assert Options(bits=12).at(1) == Options(bits=12).at(0.25) == Options(bits=12)
