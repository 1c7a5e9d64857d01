"""A codec takes the stems' place, delays nothing, and conceals the frames that were lost."""

import io

import numpy as np
import pytest
import soundfile
from pydantic import ValidationError
from pystoi import stoi
from scipy import signal

from pipeline.errors import MissingPackage
from pipeline.levels import scale_to
from pipeline.line import amr_wb
from pipeline.line.network.codec import Codec, Options
from pipeline.line.network.packet_loss import Options as LossOptions
from pipeline.line.network.packet_loss import PacketLoss
from pipeline.line.scene import Nominal, Scene


def scene(sound, rate=16_000, *, hidden=0, **marks):
    rows = np.atleast_2d(sound).astype(np.float32)
    silence = np.zeros_like(rows)
    nominals = (Nominal(-26.0, -30.0),) * len(rows)
    return Scene(rate, rows, silence, silence, silence, nominals, hidden=hidden, **marks)


def coded(before, **options):
    return Codec(Options(**options))(before, [np.random.default_rng(row) for row in range(before.rows)])


def speechlike(rate, seconds=3.0, seed=1):
    """A buzz of 110 to 150 Hz through three formants, in syllables."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * rate)) / rate
    buzz = signal.sawtooth(2 * np.pi * np.cumsum(130 + 20 * np.sin(2 * np.pi * 0.7 * time_s)) / rate)
    voice = 0.02 * rng.standard_normal(len(time_s))
    for hz in (500, 1500, 2500):
        voice += signal.sosfilt(signal.butter(1, [hz * 0.9, hz * 1.1], "bandpass", fs=rate, output="sos"), buzz)
    loud = np.interp(time_s, np.arange(0, seconds + 1, 0.1), rng.uniform(0.1, 1, len(np.arange(0, seconds + 1, 0.1))))
    return 0.2 * voice * loud


def measured(after, name):
    return next(one for one in after.got[0] if one.name == name)


def has_amr_wb():
    try:
        return bool(amr_wb.library())
    except MissingPackage:
        return False


AMR_WB = pytest.param("amr_wb", marks=pytest.mark.skipif(not has_amr_wb(), reason="a system library is missing"))
NAMES = ["g711u", "g711a", "gsm_fr", "amr_nb", AMR_WB, "g722", "g726", "opus", "msbc"]
TANDEMS = [["amr_nb", "g711a"], ["msbc", "amr_nb"], ["gsm_fr", "g726", "g711u"], ["opus", "g722", "msbc", "amr_nb"]]


@pytest.mark.parametrize(("name", "subtype"), [("g711u", "ULAW"), ("g711a", "ALAW")])
def test_every_16_bit_sample_arrives_as_from_libsndfile(name, subtype):
    every = np.arange(-32768, 32768).astype(np.int16)
    file = io.BytesIO()
    soundfile.write(file, every, 8_000, format="WAV", subtype=subtype)
    file.seek(0)
    there, _ = soundfile.read(file, dtype="float32")
    assert np.array_equal(coded(scene(every / 32768, 8_000), name=name).speech[0], there)


@pytest.mark.parametrize("names", TANDEMS, ids="+".join)
def test_a_voice_comes_out_of_a_tandem_within_a_sample_of_when_it_went(names):
    sound = speechlike(16_000, 2.0)
    heard = coded(scene(sound), name=names).speech[0]
    lags, middle = np.arange(-600, 601), slice(4_000, -4_000)
    likeness = [np.dot(heard[middle], np.roll(sound, lag)[middle]) for lag in lags]
    assert abs(lags[np.argmax(likeness)]) <= 1


@pytest.mark.parametrize("names", TANDEMS, ids="+".join)
def test_the_delay_of_a_tandem_is_measured_and_a_sample_for_each_codec_forgiven(names):
    delay = measured(coded(scene(np.zeros(10)), name=names), "delay_ms")
    assert delay.tolerance == pytest.approx(len(names) / 16)
    assert not delay.off_target


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("name", NAMES)
def test_the_delay_is_measured_and_none_is_left(rate, name):
    delay = measured(coded(scene(np.zeros(10), rate), name=name), "delay_ms")
    assert delay.kind == "set"
    assert not delay.off_target
    assert abs(delay.got) <= 1000 / 16_000 + 1e-9 or rate == 8_000


def test_a_tandem_sounds_as_one_codec_after_the_other():
    sound = speechlike(16_000, 1.0)
    both = coded(scene(sound), name=["amr_nb", "g711a"], bitrate=[5_900, 64_000])
    turns = coded(scene(coded(scene(sound), name="amr_nb", bitrate=5_900).speech), name="g711a")
    assert np.array_equal(both.speech, turns.speech)


def test_what_is_lost_is_lost_on_the_last_of_a_tandem():
    lost = np.isin(np.arange(50), 25)[None]
    sound = speechlike(16_000, 1.0)
    both = coded(scene(sound, lost=lost), name=["g711u", "g722"], conceal="zero").speech
    first = coded(scene(sound), name="g711u").speech
    assert np.array_equal(both, coded(scene(first, lost=lost), name="g722", conceal="zero").speech)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"name": "amr_nb", "bitrate": 9_000}, "is 9000, but amr_nb has 4750, 5150, 5900"),
        ({"name": ["amr_nb", "g711u"], "bitrate": 5_900}, "one for each codec: 2, not 1"),
        ({"name": "amr_nb", "conceal": "codec"}, "amr_nb's decoder conceals nothing; these do: opus"),
        ({"name": "opus", "bitrate": [16_000, 24_000]}, r"1, not 2; a range it cannot have: write {any_of: \[one"),
        ({"name": []}, "wants one to four codecs, not 0"),
        ({"name": ["g711u"] * 5}, "wants one to four codecs, not 5"),
    ],
)
def test_what_a_codec_cannot_do_is_refused_with_what_it_can(words, message):
    with pytest.raises(ValidationError, match=message):
        Options(**words)


@pytest.mark.skipif(has_amr_wb(), reason="it is installed here")
def test_a_codec_that_is_not_installed_is_refused_by_name_as_missing():
    with pytest.raises(ValidationError, match=r"'amr_wb'.*apt-get install libvo-amrwbenc0") as refusal:
        Options(name="amr_wb")
    assert refusal.value.errors()[0]["type"] == "missing_package"


@pytest.mark.parametrize(
    ("name", "low", "high", "default"), [("g726", 16_000, 40_000, 32_000), ("amr_nb", 4_750, 12_200, 12_200)]
)
def test_a_codec_has_the_bit_rate_that_is_asked_for(name, low, high, default):
    sound = speechlike(16_000, 1.0)
    few, many, middling, written = (
        coded(scene(sound), name=name, **bits).speech
        for bits in ({"bitrate": low}, {"bitrate": high}, {"bitrate": default}, {})
    )
    middle = slice(4_000, -4_000)
    likeness = [np.corrcoef(heard[0, middle], sound[middle])[0, 1] for heard in (few, many)]
    assert likeness[0] < likeness[1] - 0.01
    assert np.array_equal(middling, written)


def test_only_frames_that_are_heard_count_as_concealed():
    lost = np.isin(np.arange(50), (3, 4, 30))[None]
    before = scene(speechlike(16_000, 1.0), lost=lost, hidden=8_000)
    assert measured(coded(before), "concealed_by_pcm").got == pytest.approx(1 / 25)


def test_what_opus_conceals_itself_is_said_to_be_its_decoders():
    lost = np.isin(np.arange(50), (20, 30))[None]
    before = scene(speechlike(16_000, 1.0), lost=lost)
    assert measured(coded(before, name="opus", conceal="codec"), "concealed_by_decoder").got == pytest.approx(2 / 50)
    assert measured(coded(before, name="opus"), "concealed_by_pcm").got == pytest.approx(2 / 50)


def test_a_tone_is_35_db_above_the_noise_of_coding():
    tone = 0.3 * np.sin(2 * np.pi * 1020 * np.arange(16_000) / 8_000)
    noise = coded(scene(tone, 8_000)).speech[0] - tone
    assert 35 < 10 * np.log10(np.mean(tone**2) / np.mean(noise**2)) < 42


def test_nothing_above_4_khz_comes_through_or_comes_back_below():
    tone = 0.3 * np.sin(2 * np.pi * 5000 * np.arange(32_000) / 16_000)
    assert np.sqrt(np.mean(coded(scene(tone)).speech[0, 1000:-1000] ** 2)) < 1e-3


def test_stems_end_here_and_losses_are_used_up():
    lost = np.zeros((1, 50), np.bool_)
    before = scene(speechlike(16_000, 1.0), lost=lost)
    after = coded(before)
    assert after.mixed
    assert after.lost is None


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050])
def test_only_lost_frames_are_silent_where_losses_become_silence(rate):
    lost = np.zeros((1, 150), np.bool_)
    lost[0, [10, 11, 40]] = True
    sound = 0.3 * np.sin(2 * np.pi * 400 * np.arange(3 * rate) / rate)
    after = coded(scene(sound, rate, lost=lost), conceal="zero").speech[0]
    # Whole periods of the tone, away from the edges, where the filter rings.
    frames = after[: 150 * (rate // 50)].reshape(150, -1)[:, rate // 200 : -rate // 200]
    silent = np.sqrt(np.mean(frames**2, axis=1)) < 0.05
    assert np.flatnonzero(silent).tolist() == [10, 11, 40]
    assert measured(coded(scene(sound, rate, lost=lost)), "concealed_by_pcm").got == pytest.approx(3 / 150)


@pytest.mark.parametrize("frame_ms", [10, 20, 40, 60])
@pytest.mark.parametrize("conceal", ["zero", "repeat", "g711_app1"])
def test_losses_at_either_end_and_everywhere_are_survived(conceal, frame_ms):
    sound = speechlike(8_000, 0.33)
    for lost in (np.array([True] * 33), np.array([True, False] * 17)):
        after = coded(scene(sound, 8_000, lost=lost[None], frame_ms=frame_ms), conceal=conceal)
        assert np.isfinite(after.speech).all()
        assert np.abs(after.speech).max() < 1


def test_concealment_is_heard_better_than_repetition_and_that_better_than_silence():
    sound = np.concatenate([speechlike(8_000, 4.0, seed) for seed in range(2)])
    lost = np.random.default_rng(2).random((1, len(sound) // 160)) < 0.1
    scores = [
        stoi(sound, coded(scene(sound, 8_000, lost=lost), conceal=how).speech[0], 8_000, extended=True)
        for how in ("zero", "repeat", "g711_app1")
    ]
    assert scores == sorted(scores)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_a_longer_scene_begins_with_the_same_sound(rate):
    sound = speechlike(rate, 5.0)
    lost = np.random.default_rng(3).random((1, 250)) < 0.2
    part = round(2.22 * rate)
    long, short = coded(scene(sound, rate, lost=lost)), coded(scene(sound[:part], rate, lost=lost[:, :111]))
    settled = part - Codec(Options()).lookahead_ms * rate // 1000
    assert np.abs(long.speech[0, :settled] - short.speech[0, :settled]).max() < 1e-6  # a codec's step is 2.4e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", ["g711u", "amr_nb"])
def test_pesq_falls_with_what_is_lost_and_rises_with_concealment(name):
    pesq = pytest.importorskip("pesq").pesq
    from pipeline.tts.hibari import Hibari
    from pipeline.tts.hibari import Options as Voice

    text = "Hello, my order number is zero four one two. I would like to know where the parcel is, and when it comes."
    voice = scale_to(Hibari(Voice()).speak(text, seed=1).at(8_000).samples, 8_000, -26.0)
    scores = {}
    for conceal in ("zero", "g711_app1"):
        for rate in (0.0, 0.03, 0.1, 0.3):
            lossy = PacketLoss(LossOptions(rate=rate))(scene(voice, 8_000), [np.random.default_rng(1)])
            heard = coded(lossy, name=name, conceal=conceal).speech[0]
            scores[conceal, rate] = pesq(8_000, voice, heard, "nb")
    silent, concealed = np.reshape(list(scores.values()), (2, 4))
    assert (np.diff(silent) < -0.2).all()
    assert (np.diff(concealed) < -0.2).all()
    assert (concealed[1:] > silent[1:] + 0.1).all()
