from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import periodogram

from pipeline.chance import Chance, stream
from pipeline.levels import leq_dbov
from pipeline.line.device.hum import Hum, Options, strongest_hz
from pipeline.line.draw import draw_line
from pipeline.line.scene import Nominal, Scene
from pipeline.line.window import FADE_MS, Saying, Studio
from pipeline.spec.profile import Profile

RATES = [8000, 16_000, 22_050, 24_000, 44_100, 48_000]


def silence(samples, rate=16_000, rows=1):
    stem = np.zeros((rows, samples), np.float32)
    return Scene(rate, stem, stem, stem, stem, (Nominal(-26.0, -30.0),) * rows)


def hum(samples, rate=16_000, since=0, **options):
    return Hum(Options(**options))(replace(silence(samples, rate), since=(since,)), []).noise[0]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hz", [50, 60])
def test_harmonics_fall_by_6_db_an_octave_and_more_above_1_khz_and_nothing_else_sounds(hz, rate):
    at_hz, power = periodogram(hum(rate, rate, hz=hz).astype(np.float64), rate, scaling="spectrum")
    sounding = at_hz[power > power.max() * 1e-8]
    assert sounding.tolist() == list(range(hz, 3501, hz))
    harmonics = power[sounding.astype(int)]
    amplitudes = 1 / (sounding * (1 + np.square(sounding / 1000)))
    assert np.sqrt(harmonics / harmonics[0]) == pytest.approx(amplitudes / amplitudes[0], rel=0.001)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("hz", "dbov"), [(50, -60.0), (60, -30.0)])
def test_level_and_frequency_are_got_as_asked(hz, dbov, rate):
    scene = Hum(Options(hz=hz, dbov=dbov))(silence(3 * rate, rate), [])
    assert leq_dbov(scene.noise[0]) == pytest.approx(dbov, abs=0.01)
    level, pitch = scene.got[0]
    assert (level.asked, level.got) == (dbov, pytest.approx(dbov, abs=0.01))
    assert (pitch.asked, pitch.got) == (hz, pytest.approx(hz, abs=0.01))


@pytest.mark.parametrize("hz", [47.3, 52.0, 59.98])
def test_the_frequency_is_measured_and_not_copied(hz):
    tone = np.sin(2 * np.pi * hz * np.arange(20_000) / 16_000).astype(np.float32)
    assert strongest_hz(tone, 16_000) == pytest.approx(hz, abs=0.05)


@pytest.mark.parametrize("hz", [50, 60])
@pytest.mark.parametrize("since", [1, 15_360, 100_000])
def test_a_block_of_silence_goes_on_where_the_one_before_it_ends(hz, since):
    whole = hum(since + 4000, hz=hz, phase_deg=77)
    assert np.array_equal(hum(4000, since=since, hz=hz, phase_deg=77), whole[since:])


@pytest.mark.parametrize("hz", [50, 60])
def test_in_a_call_it_leaps_nowhere_in_the_silence_behind_an_utterance_nor_after_pick_up(hz):
    profile = Profile.model_validate({"name": "mine", "about": "A.", "device": [{"hum": {"hz": hz, "dbov": -30}}]})
    studio = Studio(draw_line(profile, Chance(1)), Nominal(-26.0, -30.0), {}, Chance(1))
    words = studio.utterance("order", 1, Saying(np.zeros(7777, np.float32), "Yes."))
    first = studio.gap(words, words.length_ms)
    second = studio.gap(words, words.length_ms + first.length_ms)
    begins = [studio.gap(None, 0), studio.gap(None, 960)]
    for one, other in ((words, first), (first, second), begins):
        fade = FADE_MS * 16  # where both sound
        assert np.abs(one.heard[-fade:].astype(int) - other.heard[:fade]).max() <= 1
    assert np.abs(words.heard.astype(int)).max() > 1000


def test_50_hz_runs_on_over_windows_too_since_the_grid_of_windows_holds_whole_periods():
    assert np.array_equal(hum(4000, since=160 * 16 * 7), hum(4000))


def test_the_phase_is_drawn_once_for_the_call_and_says_where_the_wave_begins():
    phases = [Options().settled(stream(seed, "settled")).phase_deg for seed in range(200)]
    assert min(phases) < 10
    assert max(phases) > 350
    assert Options(phase_deg=0).settled(stream(1, "settled")).phase_deg == 0
    quarter = 16_000 // 50 // 4
    assert hum(4000, phase_deg=90) == pytest.approx(hum(4000, since=quarter, phase_deg=0), abs=1e-8)


def test_it_is_in_the_noise_until_the_stems_end_and_then_in_the_sound():
    speech = np.full((1, 4000), 0.25, np.float32)
    scene = replace(silence(4000), speech=speech)
    apart, mixed = (Hum(Options())(one, []) for one in (scene, scene.mix()))
    assert apart.speech is speech
    assert np.array_equal(apart.mix().speech, mixed.speech)
    assert not mixed.noise.any()


def test_too_little_sound_is_not_measured():
    assert Hum(Options())(silence(1599), []).got == ((),)


def test_a_harsher_hum_has_twice_the_amplitude():
    assert Options().at(1).dbov == pytest.approx(-60 + 6.02, abs=0.01)
    assert Options(dbov=-20).at(1).dbov == -20
