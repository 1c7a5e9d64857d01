"""SNR after the line: from the spectra where a band is all there is, from the textbook for codec, losses and hiss."""

from dataclasses import replace
from typing import ClassVar

import librosa
import numpy as np
import pytest
from numpy.random import default_rng
from scipy.signal import freqz

from pipeline.chance import Chance
from pipeline.levels import scale_to
from pipeline.line.after import After, after_line
from pipeline.line.beds import SPECTRA, coloured
from pipeline.line.carry import scene_of
from pipeline.line.draw import Line, PlacedEffect, draw_line
from pipeline.line.network.band import PASSBANDS, passband_taps
from pipeline.line.network.line_noise import LineNoise, Options
from pipeline.line.scene import Device, Nominal
from pipeline.spec.profile import Profile

RATE = 16_000
HZ = np.arange(20.0, 8000.0, 5.0)
A_CURVE = 10 ** (librosa.A_weighting(HZ) / 10)
_, _response = freqz(passband_taps(PASSBANDS["nb"], RATE), worN=HZ, fs=RATE)
NARROW = np.square(np.abs(_response))


def line(**places) -> Line:
    return draw_line(Profile.model_validate({"name": "mine", "about": "A line.", **places}), Chance(1))


def steady(kind, seconds=6.0, seed=1):
    """Noise of a spectrum in the place of speech, at -26 dBov."""
    return scale_to(coloured(kind, RATE).draw(round(seconds * RATE), default_rng(seed)), RATE, -26.0)


def scene(speech, *, around_s=0.0, weighted_dbov=-30.0):
    row = np.pad(speech, round(around_s * RATE)).astype(np.float32)
    return scene_of(row, rate=RATE, nominal=Nominal(-26.0, weighted_dbov), voices={}, hidden=0)


def after(way: Line, begun) -> After:
    [told] = after_line(way, begun, [Chance(1).named("a")])
    return told


def weighted_db(spectrum, passed=1.0):
    """Of what passes of a spectrum, against all of it without weighting."""
    density = spectrum(HZ) if callable(spectrum) else spectrum
    return 10 * np.log10((density * A_CURVE * passed).sum() / density.sum())


SPEECH_LOSES_DB = weighted_db(SPECTRA["speech_shaped"])


@pytest.mark.parametrize("kind", ["white", "car", "hoth"])
def test_a_band_takes_from_words_and_noise_what_their_spectra_have_outside_it(kind):
    way = line(room=[{"noise": {"kind": kind, "snr_db": 10}}], network=[{"band": {"kind": "nb"}}])
    words, noise = (weighted_db(SPECTRA[one], NARROW) - weighted_db(SPECTRA[one]) for one in ("speech_shaped", kind))
    told = after(way, scene(steady("speech_shaped"), weighted_dbov=-26 + SPEECH_LOSES_DB))
    assert told.snr_db == pytest.approx(10 + words - noise, abs=0.3)
    assert told.stems_db == told.snr_db


def test_nothing_comes_on_top_where_no_effect_mixes():
    way = line(room=[{"noise": {"kind": "white", "snr_db": 10}}], network=[{"delay": {}}])
    told = after(way, scene(steady("speech_shaped"), weighted_dbov=-26 + SPEECH_LOSES_DB))
    assert told.snr_db == told.stems_db == pytest.approx(10, abs=0.2)


def test_silence_around_the_words_does_not_matter():
    way = line(room=[{"noise": {"kind": "white", "snr_db": 10}}], network=[{"codec": {}}])
    short, long = (after(way, scene(steady("speech_shaped"), around_s=around_s)) for around_s in (0.5, 6.0))
    assert short.snr_db == pytest.approx(long.snr_db, abs=0.3)


def test_g711_alone_has_the_snr_of_its_quantisation():
    """Of a Laplacian or Gaussian signal at `load` of full scale (Jayant and Noll 1984, 5.3.2): white up to 4 kHz."""
    load, mu = 10 ** (26 / 20), 255
    snr_db = 6.02 * 8 + 4.77 - 20 * np.log10(np.log(1 + mu))
    snr_db -= 10 * np.log10(1 + (load / mu) ** 2 + np.sqrt(2) * load / mu)
    noise_loses_db = weighted_db((HZ < 4000).astype(float))
    told = after(line(network=[{"codec": {"name": "g711u"}}]), scene(steady("speech_shaped"), around_s=1.0))
    assert told.snr_db == pytest.approx(snr_db + SPEECH_LOSES_DB - noise_loses_db, abs=0.7)
    assert told.stems_db > 70  # the converter's rounding alone


@pytest.mark.parametrize("rate", [0.05, 0.2])
@pytest.mark.parametrize("then", [[], [{"line_noise": {"dbov": -80}}]])
def test_a_lost_frame_that_nobody_conceals_is_residual(rate, then):
    """Kept samples are x, lost ones 0: of y, 1 - p times x is a filter of x, and p (1 - p) of its power is not."""
    loss = {"packet_loss": {"rate": rate, "mean_burst": 1 / (1 - rate)}}
    way, begun = line(network=[loss, *then]), scene(steady("white", 30.0))
    [placed] = [one for one in way.effects if one.name == "packet_loss"]
    lost = float(np.mean(placed.effect(begun, [Chance(1).named("a", "network", "packet_loss").stream()]).lost))
    assert after(way, begun).snr_db == pytest.approx(10 * np.log10((1 - lost) / lost), abs=0.3)


class Mixes:
    """Leaves the sound as it is, and its stems mixed."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 50
    device: ClassVar[Device] = "cpu"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __call__(self, scene, rngs):
        return scene.mix()


def mixing(*effects) -> Line:
    return Line(tuple(PlacedEffect("network", str(k), None, one) for k, one in enumerate((Mixes(), *effects))))


@pytest.mark.parametrize("way", [mixing(LineNoise(Options(dbov=-50))), line(network=[{"line_noise": {"dbov": -50}}])])
def test_hiss_counts_alike_before_the_stems_end_and_after(way):
    hiss = (HZ < 3400) + (HZ >= 3400) * (HZ < 4000) * np.cos(np.pi / 2 * (HZ - 3400) / 600) ** 2
    told = after(way, scene(steady("speech_shaped"), around_s=1.0))
    assert told.snr_db == pytest.approx(24 + SPEECH_LOSES_DB - weighted_db(hiss), abs=0.3)


def test_what_passes_unchanged_has_no_residual():
    told = after(mixing(), scene(steady("speech_shaped")))
    assert told.stems_db is None and told.snr_db > 75  # rounding of 32-bit spectra


def test_a_clock_that_drifts_adds_no_noise():
    codec, clock = {"codec": {}}, {"clock_ppm": {"ppm": 200}}
    begun = scene(steady("speech_shaped"))
    with_clock, without = (after(line(network=way), begun) for way in ([codec, clock], [codec]))
    assert with_clock.snr_db == pytest.approx(without.snr_db, abs=0.5)


def words_below(hz, seconds=4.0, seed=1):
    """Noise up to so many Hz in syllables, with no more above than roundings, at -26 dBov."""
    spectrum = np.fft.rfft(steady("white", seconds, seed))
    spectrum[np.fft.rfftfreq(round(seconds * RATE), 1 / RATE) > hz] = 0
    syllables = np.clip(np.sin(8 * np.pi * np.arange(round(seconds * RATE)) / RATE) + 0.4, 0, None)
    return scale_to((np.fft.irfft(spectrum) * syllables).astype(np.float32), RATE, -26.0)


@pytest.mark.parametrize(("codec", "up_to_hz"), [("g722", 7000), ("g711u", 4000)])
@pytest.mark.parametrize("words_hz", [2000, 3500])
def test_what_a_codec_does_to_noise_where_nobody_speaks_is_told_by_what_is_near_and_by_what_arrives(
    codec, up_to_hz, words_hz
):
    begun = scene(words_below(words_hz))
    hiss = coloured("white", RATE).draw(begun.samples, default_rng(2))[np.newaxis] * np.float32(10**-2)
    told = after(line(network=[{"codec": {"name": codec}}]), replace(begun, noise=hiss))
    words_db = weighted_db((words_hz > HZ).astype(float))
    assert told.stems_db == pytest.approx(-26 + 40 + words_db - weighted_db(np.ones(len(HZ)), up_to_hz > HZ), abs=0.5)


def test_words_of_which_less_arrives_than_noise_still_tell_their_share():
    """Of seven frames in ten lost, .09 of the power is filtered words and .21 is not; noise passes as words do."""
    begun = scene(steady("white", 30.0))
    lost = default_rng(3).random((1, 1500)) < 0.7
    noise = coloured("white", RATE).draw(begun.samples, default_rng(2))[np.newaxis] * np.float32(10 ** (-56 / 20))
    told = after(Line(), replace(begun, lost=lost, noise=noise))
    assert told.snr_db == pytest.approx(10 * np.log10((1 - lost.mean()) / lost.mean()), abs=0.3)
    assert told.stems_db == pytest.approx(30, abs=0.3)


class Swaps:
    """Above 2 kHz puts noise in the place of the words, as loud as they are."""

    version, order, device, lookahead_ms, voices = 1, 50, "cpu", 0, ()

    def __call__(self, scene, rngs):
        high = np.fft.rfftfreq(scene.samples, 1 / RATE) > 2000
        spectra = (np.fft.rfft(row) for row in (scene.speech[0], steady("white", scene.samples / RATE, 9)))
        sound = np.fft.irfft(np.where(high, *reversed([*spectra])), scene.samples)
        return replace(scene.mix(), speech=sound[np.newaxis].astype(np.float32))


def test_what_a_codec_makes_up_is_residual_however_loud_the_words_were_there():
    told = after(Line((PlacedEffect("network", "swaps", None, Swaps()),)), scene(steady("white", 20.0)))
    kept, made_up = weighted_db((HZ < 2000).astype(float)), weighted_db((HZ >= 2000).astype(float))
    assert told.snr_db == pytest.approx(kept - made_up + 10 * np.log10(2 / 6), abs=0.3)


@pytest.mark.parametrize("codec", ["g722", "opus", "msbc"])
def test_six_pairs_of_tones_tell_enough_of_a_codec(codec):
    """Between them there is next to nothing of the words, and some noise of the codec's."""
    t, rng = np.arange(RATE // 10) / RATE, default_rng(1)
    pairs = [
        np.sin(2 * np.pi * hz * t) for low, high in rng.uniform((300, 1200), (900, 3000), (6, 2)) for hz in (low, high)
    ]
    words = np.concatenate(
        [np.hanning(len(t)) * (one + other) for one, other in zip(pairs[::2], pairs[1::2], strict=True)]
    )
    begun = scene(scale_to(words.astype(np.float32), RATE, -26.0), around_s=0.5)
    hiss = replace(begun, noise=coloured("white", RATE).draw(begun.samples, rng)[np.newaxis] * np.float32(10**-2))
    told = after(line(network=[{"codec": {"name": codec}}]), hiss)
    assert told.stems_db == pytest.approx(after(Line(), hiss).stems_db, abs=1.0)


def test_hiss_on_the_wire_says_nothing_of_the_stems():
    room = [{"noise": {"kind": "white", "snr_db": 20}}]
    codec, hiss = {"codec": {}}, {"line_noise": {"dbov": -40}}
    begun = scene(words_below(3500, 0.6), around_s=0.5)
    noisy, quiet = (after(line(room=room, network=way), begun) for way in ([codec, hiss], [codec]))
    assert noisy.stems_db == pytest.approx(quiet.stems_db, abs=0.4)
    assert noisy.snr_db < quiet.snr_db - 3


def test_short_words_have_as_much_residual_as_long_ones():
    """A filter that is fitted to 14 windows takes a fourteenth of any noise, 0.3 dB, unless that is given back."""
    way = mixing(LineNoise(Options(dbov=-40)))
    short = [after(way, scene(steady("white", 0.5, seed))).snr_db for seed in range(40)]
    assert np.mean(short) == pytest.approx(after(way, scene(steady("white", 20.0))).snr_db, abs=0.12)


def test_hidden_sound_does_not_count():
    loud, soft, way = steady("white", 2.0), steady("white", 2.0) / 10, mixing(LineNoise(Options(dbov=-60)))
    hidden = replace(scene(np.concatenate((loud, soft))), hidden=len(loud))
    assert after(way, hidden).snr_db == pytest.approx(after(way, scene(soft)).snr_db, abs=0.3)


@pytest.mark.parametrize(
    "speech", [np.zeros(RATE), np.zeros(10), np.zeros(0), np.r_[np.zeros(RATE), 0.1, np.zeros(RATE)]]
)
@pytest.mark.parametrize("network", [[], [{"codec": {}}]])
def test_where_nobody_speaks_there_is_no_figure(speech, network):
    way = line(room=[{"noise": {"kind": "white", "snr_db": 10}}], network=network)
    assert after(way, scene(speech)) == After(too_little=True)


def test_words_of_which_nothing_arrives_have_no_figure():
    begun = scene(steady("speech_shaped", 1.0))
    assert after(Line(), replace(begun, lost=np.ones((1, 50), np.bool_))) == After(too_little=True)


def test_a_line_without_effects_has_no_figure():
    assert after(Line(), scene(steady("speech_shaped"))) == After(None, None)


def test_each_row_has_its_own():
    one, two = steady("speech_shaped"), steady("speech_shaped", seed=2) * np.float32(0.5)
    nothing = np.zeros((2, len(one)), np.float32)
    stems = {"others": nothing, "noise": nothing, "far_end": nothing}
    both = replace(scene(one), speech=np.stack((one, two)), **stems, nominal=(Nominal(-26.0, -30.0),) * 2)
    told = after_line(mixing(LineNoise(Options(dbov=-50))), both, [Chance(1).named("a"), Chance(1).named("b")])
    assert told[0].snr_db - told[1].snr_db == pytest.approx(6.02, abs=0.2)


def test_where_a_line_destroys_the_words_too_few_of_them_arrive():
    way = line(network=[{"dropout": {"per_min": 60, "ms": 2000}}])
    assert after(way, scene(steady("speech_shaped"), around_s=1.0)) == After(too_little=True)
