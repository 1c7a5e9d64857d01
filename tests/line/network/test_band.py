from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.line.network.band import Band, Options
from pipeline.line.scene import Nominal, Scene

RATES = [8000, 16_000, 22_050, 24_000, 44_100, 48_000]
EDGES = {"nb": (300, 3400), "wb": (50, 7000)}
TOLERANCES = {"nb": (30, 60), "wb": (5, 120)}
# dB re 1 kHz of the modified IRS in the sending direction.
IRS = {100: -28, 200: -9.6, 300: -5, 500: -2.6, 1250: 1.4, 2000: 3.6, 3150: 5.8, 3400: 4.3, 4000: 0}


def scene_of(speech, rate=16_000):
    silence = np.zeros_like(speech)
    return Scene(rate, speech, silence, silence, silence, (Nominal(-26.0, -30.0),) * len(speech))


def noise(rows, samples, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (rows, samples)).astype(np.float32)


def passed(kind, rate):
    """What comes out where a click goes in, in the middle of a second."""
    click = np.zeros((1, rate), np.float32)
    click[0, rate // 2] = 1
    return Band(Options(kind=kind))(scene_of(click, rate), []).speech[0]


def gains_db(kind, rate, hz):
    response = np.abs(np.fft.rfft(passed(kind, rate)))  # of a second: a bin a hertz
    return 20 * np.log10(response[hz] + 1e-9)


@pytest.mark.parametrize("kind", ["nb", "wb"])
@pytest.mark.parametrize("rate", RATES)
def test_half_the_power_passes_at_the_edges(kind, rate):
    hz = np.arange(10, rate // 2)
    through = hz[gains_db(kind, rate, hz) - gains_db(kind, rate, [1000]) >= -3.01]
    (low, high), (low_miss, high_miss) = EDGES[kind], TOLERANCES[kind]
    assert abs(through[0] - low) <= low_miss
    assert abs(through[-1] - high) <= high_miss or high > rate / 2


@pytest.mark.parametrize("rate", RATES[1:])
def test_what_would_fold_back_at_8_khz_is_30_db_down(rate):
    assert gains_db("nb", rate, np.arange(4000, rate // 2, 10)).max() < -30


@pytest.mark.parametrize("kind", ["nb", "wb"])
def test_the_middle_of_the_band_is_flat_and_keeps_its_level(kind):
    assert np.abs(gains_db(kind, 16_000, np.arange(450, 3200, 10))).max() < 0.2
    assert gains_db(kind, 16_000, [1000])[0] == pytest.approx(0, abs=0.005)


@pytest.mark.parametrize("rate", RATES)
def test_irs_follows_the_send_response(rate):
    hz = [point for point in IRS if point < rate / 2]
    relative = gains_db("irs", rate, hz) - gains_db("irs", rate, [1000])
    assert np.abs(relative - [IRS[point] for point in hz]).max() < 0.5


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", ["nb", "wb", "irs"])
def test_the_sound_keeps_its_place_and_rings_no_earlier_than_declared(kind, rate):
    click = passed(kind, rate)
    ahead = Band(Options(kind=kind)).lookahead_ms * rate // 1000
    assert np.abs(click).argmax() == rate // 2
    assert np.abs(click[: rate // 2 - ahead]).max() < 1e-6
    assert np.allclose(click[rate // 2 :][:ahead], click[rate // 2 :: -1][:ahead], atol=1e-6)


def test_the_agents_sound_passes_untouched_and_all_other_stems_are_filtered():
    scene = replace(scene_of(noise(1, 8000)), others=noise(1, 8000, 1), noise=noise(1, 8000, 2))
    scene = replace(scene, far_end=noise(1, 8000, 3))
    heard = Band(Options())(scene, [])
    assert np.array_equal(heard.far_end, scene.far_end)
    for stem in ("speech", "others", "noise"):
        alone = Band(Options())(scene_of(getattr(scene, stem)), []).speech
        assert np.array_equal(getattr(heard, stem), alone)


@pytest.mark.parametrize(("kind", "rate", "names"), [("nb", 8000, ["low_hz", "high_hz"]), ("wb", 8000, ["low_hz"])])
def test_the_edges_that_exist_are_measured(kind, rate, names):
    measures = Band(Options(kind=kind))(scene_of(noise(2, 100), rate), []).got
    assert measures[0] == measures[1]
    assert [measure.name for measure in measures[0]] == names
    assert [measure.asked for measure in measures[0]] == list(EDGES[kind][: len(names)])


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", ["nb", "wb", "irs"])
def test_every_filter_is_on_target(kind, rate):
    [measures] = Band(Options(kind=kind))(scene_of(noise(1, 10), rate), []).got
    assert measures
    assert not any(measure.off_target for measure in measures)


def test_a_row_has_the_same_bits_alone_and_in_a_batch():
    rows = noise(3, 20_000)
    together = Band(Options())(scene_of(rows), []).speech
    assert np.array_equal(together[1], Band(Options())(scene_of(rows[1:2]), []).speech[0])


def test_a_longer_scene_begins_with_the_same_samples():
    rows = noise(1, 40_000)
    band = Band(Options())
    same = 25_000 - band.lookahead_ms * 16
    longer, shorter = band(scene_of(rows), []).speech, band(scene_of(rows[:, :25_000]), []).speech
    np.testing.assert_allclose(shorter[:, :same], longer[:, :same], atol=1e-6)


def test_a_band_nobody_knows_is_refused():
    with pytest.raises(ValidationError):
        Options(kind="hd")
