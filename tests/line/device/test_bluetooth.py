"""A Bluetooth link has its codec's band, and breaks off as often as it is asked to."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import signal

from pipeline.line.device.bluetooth import Bluetooth, Options, dropouts_sd
from pipeline.line.scene import Nominal, Scene

RATE = 16_000


def scene(*rows, lost=None):
    speech = np.array(rows, np.float32)
    silence = np.zeros_like(speech)
    return Scene(RATE, speech, silence, silence, silence, (Nominal(-26.0, -30.0),) * len(rows), lost=lost)


def linked(before, seed=1, **options):
    return Bluetooth(Options(**options))(before, [default_rng(seed + row) for row in range(before.rows)])


def tone(seconds, hz=400):
    return 0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)


def measured(after, name, row=0):
    return next(one for one in after.got[row] if one.name == name)


@pytest.mark.parametrize(("codec", "high_hz"), [("cvsd", 4_000), ("msbc", 8_000)])
def test_each_codec_has_its_band(codec, high_hz):
    hiss = 0.05 * default_rng(3).standard_normal(2 * RATE)
    after = linked(scene(hiss), codec=codec, dropouts_per_min=0)
    hz, density = signal.welch(after.speech[0], RATE, nperseg=512)
    passed = hz[density > 0.1 * density[(hz > 500) & (hz < 3000)].mean()]
    assert 0.85 * high_hz < passed.max() <= 1.01 * high_hz


@pytest.mark.parametrize("codec", ["cvsd", "msbc"])
def test_the_link_delays_nothing(codec):
    delay = measured(linked(scene(np.zeros(100)), codec=codec), "delay_ms")
    assert abs(delay.got) <= 1000 / RATE
    assert delay.kind == "set"


def test_a_dropout_of_a_cvsd_link_is_silent_for_as_many_packets_as_are_lost():
    link = Bluetooth(Options(codec="cvsd", dropouts_per_min=60, dropout_ms=100))
    lost = link._lost(667, default_rng(1))
    heard = link(scene(tone(5)), [default_rng(1)]).speech[0]
    loudness = np.sqrt(signal.oaconvolve(heard**2, np.ones(40) / 40, "same").clip(0))
    packets = loudness[: 666 * 120].reshape(666, 120)[:, 40:80].mean(axis=1)
    assert lost.sum() > 20
    assert np.array_equal(packets[10:] < 0.1, lost[10:666])


@pytest.mark.parametrize(("per_min", "ms"), [(6, 60), (60, 300)])
def test_so_many_dropouts_of_such_a_length_take_their_share_of_the_time(per_min, ms):
    lost = Bluetooth(Options(dropouts_per_min=per_min, dropout_ms=ms))._lost(1_000_000, default_rng(1))
    assert lost.mean() == pytest.approx(per_min * ms / 60_000, rel=0.06)


@pytest.mark.parametrize(("codec", "goes_on"), [("msbc", True), ("cvsd", False)])
def test_in_a_short_dropout_an_msbc_link_goes_on_with_the_last_pitch_periods(codec, goes_on):
    heard = linked(scene(tone(10)), codec=codec, dropouts_per_min=60, dropout_ms=10).speech[0]
    whole = linked(scene(tone(10)), codec=codec, dropouts_per_min=0).speech[0]
    assert not np.array_equal(whole, heard)
    loudness = np.sqrt(signal.oaconvolve(heard**2, np.ones(40) / 40, "same").clip(0))[RATE // 2 : -RATE // 2]
    assert (loudness.min() > 0.5 * np.median(loudness)) == goes_on


def test_stems_end_here_and_what_the_network_loses_is_left_to_it():
    lost = np.ones((1, 50), np.bool_)
    after = linked(scene(tone(1), lost=lost))
    assert after.mixed
    assert after.lost is lost


@pytest.mark.parametrize(("per_min", "ms"), [(4, 60), (60, 200)])
def test_dropouts_come_as_often_as_asked_and_scatter_as_chance_alone_has_it(per_min, ms):
    link = Bluetooth(Options(dropouts_per_min=per_min, dropout_ms=ms))
    heard = scene(np.zeros(8 * RATE))
    rng = default_rng(5)
    got = [link._dropouts(link._lost(1067, rng), heard)[0] for _ in range(1_000)]
    counts = np.array([one.got for one in got])
    assert counts.mean() == pytest.approx(per_min, abs=4 * got[0].sd / np.sqrt(1_000))
    assert counts.std() == pytest.approx(got[0].sd, rel=0.1)


def test_rare_dropouts_scatter_as_a_poisson_count():
    hour = 3_600_000 / 7.5
    assert dropouts_sd(round(hour), per_min=0.1, packets=2) == pytest.approx(np.sqrt(6), rel=0.01)


def test_severity_moves_how_often_the_link_breaks_off_and_not_for_how_long():
    harsh = Options(dropouts_per_min=4, dropout_ms=80).at(1)
    assert (harsh.dropouts_per_min, harsh.dropout_ms) == (8, 80)
