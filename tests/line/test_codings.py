"""Each codec gives back a voice: in time, as long as it was, the same every time, with gaps where packets were."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import signal

from pipeline.errors import MissingPackage
from pipeline.line import amr_wb
from pipeline.line.codings import CODINGS, Losses, opus, packets_lost, through
from pipeline.line.concealment import CONCEALMENTS, zero


def installed(name):
    try:
        CODINGS[name].lacks()
    except MissingPackage:
        return False
    return True


def one(name, bitrate=None):
    """A case; bit rates that are not the default take too long for every run."""
    marks = [pytest.mark.skipif(not installed(name), reason="a system library is missing")]
    if bitrate is None:
        return pytest.param(name, marks=marks)
    slow = [] if bitrate == CODINGS[name].bitrates[0] else [pytest.mark.slow]
    return pytest.param(name, bitrate, marks=marks + slow)


every_coding = pytest.mark.parametrize("name", [one(name) for name in CODINGS])
every_bitrate = pytest.mark.parametrize(
    ("name", "bitrate"), [one(name, bitrate) for name, coding in CODINGS.items() for bitrate in coding.bitrates]
)


every_narrow_coding = pytest.mark.parametrize("name", [one(name) for name in CODINGS if CODINGS[name].rate == 8_000])


def speechlike(rate, seconds=1.5, seed=1):
    """A buzz of 110 to 150 Hz through three formants, in syllables."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * rate)) / rate
    buzz = signal.sawtooth(2 * np.pi * np.cumsum(130 + 20 * np.sin(2 * np.pi * 0.7 * time_s)) / rate)
    voice = 0.02 * rng.standard_normal(len(time_s))
    for hz in (500, 1500, 2500):
        voice += signal.sosfilt(signal.butter(1, [hz * 0.9, hz * 1.1], "bandpass", fs=rate, output="sos"), buzz)
    knots = np.arange(0, seconds + 1, 0.1)
    return (0.2 * voice * np.interp(time_s, knots, rng.uniform(0.1, 1, len(knots)))).astype(np.float32)


def sent(sound, rate, name, bitrate=None, losses=None):
    coding = CODINGS[name]
    return through(sound, rate, coding, bitrate or coding.bitrates[0], losses)


@every_bitrate
def test_a_voice_comes_back_within_a_sample_of_when_it_went(name, bitrate):
    sound = speechlike(16_000)
    heard = sent(sound, 16_000, name, bitrate)
    lags = np.arange(-600, 601)
    middle = slice(4_000, -4_000)
    likeness = [np.dot(heard[middle], np.roll(sound, lag)[middle]) for lag in lags]
    assert abs(lags[np.argmax(likeness)]) <= 1
    assert np.corrcoef(heard[middle], sound[middle])[0, 1] > 0.8


@every_coding
@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_a_voice_is_in_time_at_other_rates_too_to_a_sample_at_16_khz(name, rate):
    sound = speechlike(rate)
    heard = sent(sound, rate, name)
    middle = slice(rate // 4, -rate // 4)
    lags = np.arange(-40 * rate // 1000, 40 * rate // 1000 + 1)
    likeness = [np.dot(heard[middle], np.roll(sound, lag)[middle]) for lag in lags]
    assert abs(lags[np.argmax(likeness)]) <= max(1, rate / 16_000)


def tones(*all_hz, rate):
    """Each with an amplitude of 0.05, for a second."""
    return sum(0.05 * np.sin(2 * np.pi * hz * np.arange(rate) / rate) for hz in all_hz).astype(np.float32)


@every_narrow_coding
@pytest.mark.parametrize("rate", [16_000, 22_050, 48_000])
def test_what_would_fold_back_in_a_codec_of_8_khz_is_30_db_down(name, rate):
    high = tones(4_150, 5_000, 6_300, 7_700, rate=rate)
    assert rms_db(sent(high, rate, name)[rate // 4 :]) < rms_db(high) - 30


@every_narrow_coding
@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_a_codec_of_8_khz_leaves_no_image_of_its_band_above_it(name, rate):
    heard = sent(speechlike(rate), rate, name).astype(np.float64)
    hz, power = signal.periodogram(heard, rate, window="blackmanharris")
    assert power[hz > 4_200].sum() < 1e-3 * power[(hz > 2_000) & (hz < 3_400)].sum()


def rms_db(samples):
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)))


@every_coding
@pytest.mark.parametrize("samples", [1, 161])
def test_however_short_a_sound_is_it_stays_as_long(name, samples):
    assert sent(np.full(samples, 0.3, np.float32), 16_000, name).shape == (samples,)


@every_coding
def test_rows_coded_at_once_have_the_bytes_of_rows_coded_alone(name):
    sounds = [speechlike(16_000, 0.2, seed) for seed in range(4)]
    alone = [sent(sound, 16_000, name).tobytes() for sound in sounds]
    with ThreadPoolExecutor(4) as pool:
        at_once = [heard.tobytes() for heard in pool.map(lambda sound: sent(sound, 16_000, name), sounds)]
    assert at_once == alone


@every_coding
@pytest.mark.parametrize("ms", [300, 319.9])
def test_what_is_heard_does_not_depend_on_what_comes_later_wherever_in_a_frame_it_comes(name, ms):
    sound, at = speechlike(16_000, 0.5), round(ms * 16)
    other = np.concatenate((sound[:at], -3 * sound[:0:-1]))[: len(sound)]
    settled = at - round((CODINGS[name].lookahead_ms + 40) * 16)
    assert np.abs(sent(sound, 16_000, name)[:settled] - sent(other, 16_000, name)[:settled]).max() < 1e-6


@every_coding
def test_a_lost_frame_is_silent_where_its_packet_would_have_been_heard(name):
    tone = (0.3 * np.sin(2 * np.pi * 400 * np.arange(16_000) / 16_000)).astype(np.float32)
    lost = np.arange(50) == 25
    heard = sent(tone, 16_000, name, losses=Losses(lost, 20, zero))
    loudness = np.sqrt(signal.convolve(heard**2, np.ones(40) / 40, "same"))  # over a period of the tone
    silent = 4_000 + np.flatnonzero(loudness[4_000:-1_000] < 0.05)  # behind a codec's start
    delay = CODINGS[name].delay * 16_000 // CODINGS[name].rate
    assert silent[0] == pytest.approx(8_000 - delay, abs=48)
    assert silent[-1] == pytest.approx(8_320 - delay, abs=48)
    assert len(silent) == silent[-1] - silent[0] + 1


@every_coding
@pytest.mark.parametrize("how", CONCEALMENTS)
@pytest.mark.parametrize("frame_ms", [10, 20, 60])
def test_concealment_is_heard_in_lost_frames_and_at_their_joints_and_nowhere_else(name, how, frame_ms):
    sound = speechlike(16_000, 1.2)
    lost = np.isin(np.arange(1_200 // frame_ms), (8, 9, 15))
    change = np.abs(
        sent(sound, 16_000, name, losses=Losses(lost, frame_ms, CONCEALMENTS[how])) - sent(sound, 16_000, name)
    )
    early_ms = CODINGS[name].delay * 1000 / CODINGS[name].rate
    ms = np.arange(len(sound)) / 16 + early_ms
    near = np.zeros(len(sound), np.bool_)
    for first, last in ((8, 10), (15, 16)):  # joints: a quarter period of 15 ms before, 10 ms after (Appendix I)
        near |= (ms >= first * frame_ms - 5) & (ms < last * frame_ms + 11)
    assert change[~near].max() < 0.02 * np.abs(sound).max()
    for frame in np.flatnonzero(lost):
        within = np.floor(ms / frame_ms) == frame
        assert np.std(change[within]) > 0.03 * np.std(sound[within])


def test_opus_conceals_lost_packets_itself_and_heals():
    pcm = np.rint(32767 * speechlike(16_000, 3.0)).astype(np.int16)
    whole, gappy = opus(pcm, 24_000), opus(pcm, 24_000, np.arange(150) == 75)
    changed = np.flatnonzero(np.abs(whole.astype(int) - gappy) > 30)
    assert 75 * 320 - 320 < changed[0] < 75 * 320 + 60
    gap = slice(75 * 320, 76 * 320)
    assert np.abs(gappy[gap].astype(int)).max() > 0.2 * np.abs(whole[gap].astype(int)).max()
    late = slice(110 * 320, None)
    assert np.corrcoef(whole[late], gappy[late])[0, 1] > 0.95


@pytest.mark.parametrize(("frame_ms", "expected"), [(10, [2]), (20, [4, 5]), (40, [8, 9, 10, 11])])
def test_a_packet_is_lost_with_the_frame_in_which_it_begins(frame_ms, expected):
    lost = np.isin(np.arange(60), (4, 5))
    assert np.flatnonzero(packets_lost(lost, frame_ms)).tolist() == expected


@pytest.mark.parametrize(("name", "edge_hz"), [("gsm_fr", 3700), ("amr_nb", 3700), ("g722", 7000), ("opus", 7000)])
def test_wide_codecs_pass_what_narrow_ones_do_not(name, edge_hz):
    hiss = (0.05 * np.random.default_rng(3).standard_normal(32_000)).astype(np.float32)
    hz, density = signal.welch(sent(hiss, 16_000, name), 16_000, nperseg=512)
    above = density[hz > edge_hz + 400].mean() / density[(hz > 1000) & (hz < 3000)].mean()
    assert (above < 0.01) == (edge_hz < 4000)


@pytest.mark.parametrize(("name", "low", "high"), [("g726", 16_000, 40_000), ("g722", 48_000, 64_000)])
def test_more_bits_make_less_noise(name, low, high):
    tone = (0.3 * np.sin(2 * np.pi * 900 * np.arange(16_000) / 16_000)).astype(np.float32)
    noise = [np.std((sent(tone, 16_000, name, bitrate) - tone)[2000:-2000]) for bitrate in (low, high)]
    assert noise[1] < 0.7 * noise[0]


@pytest.mark.skipif(installed("amr_wb"), reason="it is installed here")
def test_a_missing_system_library_is_named_with_what_to_install():
    with pytest.raises(MissingPackage, match=r"'amr_wb'.*apt-get install libvo-amrwbenc0"):
        amr_wb.library()
