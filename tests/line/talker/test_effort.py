from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.optimize import brentq
from scipy.signal import welch

from pipeline.levels import active_speech_level, leq_dbov
from pipeline.line.scene import Nominal, Scene
from pipeline.line.talker.effort import Effort, Options, raised_by

RATES = [8000, 16_000, 22_050, 24_000, 44_100, 48_000]
# ANSI S3.5-1997, table 1 (critical bands; the effect has table 3, of thirds of an octave): normal, raised, loud, shout.
CRITICAL_BANDS_DB = {
    350: (34.14, 38.62, 43.68, 47.14),
    570: (33.17, 39.44, 45.34, 50.17),
    840: (27.59, 35.85, 43.60, 51.43),
    1370: (22.28, 30.91, 39.68, 49.03),
    2150: (16.37, 24.34, 33.17, 43.13),
    2900: (12.21, 21.04, 29.01, 39.15),
    4000: (9.33, 16.78, 25.41, 34.41),
}
# Overall levels of the same standard, dB SPL.
OVERALL_DB = (62.35, 68.34, 74.85, 82.30)


def talk(rate=16_000, seconds=3.0, seed=0):
    """Syllables of noise that falls by 6 dB an octave."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    spectrum = np.fft.rfft(rng.standard_normal(len(t)))
    spectrum /= 1 + np.fft.rfftfreq(len(t), 1 / rate) / 300
    return (np.fft.irfft(spectrum, len(t)) * 0.05 * np.clip(np.sin(8 * np.pi * t) + 0.4, 0, None)).astype(np.float32)


def scene_of(*rows, rate=16_000):
    speech = np.array(rows, np.float32)
    silence = np.zeros_like(speech)
    return Scene(rate, speech, silence, silence, silence, (Nominal(-26.0, -30.0),) * len(rows))


def effort(row, rate=16_000, **options):
    return Effort(Options(**options))(scene_of(row, rate=rate), [])


def curve_db(before, after, rate=16_000):
    hz, power = welch(before, rate, nperseg=512)
    return hz, 10 * np.log10(welch(after, rate, nperseg=512)[1] / power)


@pytest.mark.parametrize(
    ("options", "rise_db"),
    [
        ({"noise_dba": 45.0}, 0),
        ({"noise_dba": 74.0}, 14.5),
        ({"noise_dba": 74.0, "slope": 0.65, "knee_dba": 43.3}, 0.65 * 29),
        ({"noise_dba": 64.0, "knee_dba": 48.0}, 0.24 * 3 + 0.5 * 16),
        ({"noise_dba": 35.0}, -2.4),
        ({"noise_dba": 30.0, "knee_dba": 40.0}, -0.5 * 5 - 0.24 * 10),
    ],
)
def test_the_voice_rises_with_the_noise_by_two_slopes(options, rise_db):
    assert Options(**options).rise_db() == pytest.approx(rise_db)


@pytest.mark.parametrize("noise_dba", [30.0, 55.0, 64.0, 74.0])
@pytest.mark.parametrize("rate", RATES)
def test_the_rise_is_got_a_weighted(noise_dba, rate):
    after = effort(talk(rate), rate, noise_dba=noise_dba)
    weighted, plain = after.got[0]
    assert (weighted.effect, weighted.name, weighted.kind) == ("talker.effort", "weighted_db", "set")
    assert weighted.asked == pytest.approx(Options(noise_dba=noise_dba).rise_db())
    assert not weighted.off_target
    assert (plain.name, plain.kind) == ("plain_db", "drawn")
    assert plain.got == pytest.approx(leq_dbov(after.speech[0]) - leq_dbov(talk(rate)), abs=0.01)


def test_the_nominal_level_follows():
    [nominal] = effort(talk(), noise_dba=64.0).nominal
    assert nominal.weighted_dbov == pytest.approx(-30 + 9.5)
    assert -26 + 6 < nominal.asl_dbov < -26 + 9.5  # the low notes rise less


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_a_voice_that_rises_as_far_as_the_standards_has_its_spectrum_and_level(kind):
    standard_db = OVERALL_DB[kind] - OVERALL_DB[0] - 0.1  # its sums are rounded: a shout may not be reached
    weighted_db = brentq(lambda db: raised_by(db, 16_000).asl_db - standard_db, 0, 24, xtol=0.01)
    row = np.random.default_rng(0).standard_normal(20 * 16_000).astype(np.float32)
    hz, got_db = curve_db(row, raised_by(weighted_db, 16_000).voiced(row))
    expected = [levels[kind] - levels[0] for levels in CRITICAL_BANDS_DB.values()]
    assert np.interp(list(CRITICAL_BANDS_DB), hz, got_db) == pytest.approx(expected, abs=0.7)


def test_nobody_gets_louder_than_shouting():
    loudest = [effort(talk(), noise_dba=90.0, slope=slope).nominal[0].asl_dbov for slope in (0.6, 0.7)]
    assert loudest[0] == loudest[1]
    assert loudest[0] == pytest.approx(-26 + OVERALL_DB[3] - OVERALL_DB[0], abs=0.15)


def test_a_softer_voice_is_duller():
    hz, got_db = curve_db(talk(seconds=10), effort(talk(seconds=10), noise_dba=30.0).speech[0])
    assert got_db[(hz > 1000) & (hz < 4000)].mean() < got_db[(hz > 150) & (hz < 500)].mean() - 1


def test_a_quiet_room_keeps_every_bit():
    scene = scene_of(talk(), talk(seed=1))
    after = Effort(Options())(scene, [])
    assert np.array_equal(after.speech, scene.speech)
    assert after.nominal == scene.nominal
    assert [measure.got for measure in after.got[0]] == [0, 0]


def test_around_the_words_there_stays_exact_silence():
    row = np.pad(talk(), 8000)
    after = effort(row, noise_dba=74.0).speech[0]
    reach = 8 * 16
    assert not after[: 8000 - reach].any()
    assert not after[-8000 + reach :].any()


def test_what_is_hidden_does_not_count_for_the_level():
    loud = np.concatenate((np.full(16_000, 0.9, np.float32), talk()))
    scene = replace(scene_of(loud), hidden=16_000)
    heard = Effort(Options(noise_dba=64.0))(scene, []).speech[0, 16_000:]
    alone = effort(talk(), noise_dba=64.0).speech[0]
    assert active_speech_level(heard, 16_000).asl_dbov == pytest.approx(
        active_speech_level(alone, 16_000).asl_dbov, abs=0.1
    )


def test_silence_is_raised_in_name_only():
    after = effort(np.zeros(8000), noise_dba=64.0)
    assert not after.speech.any()
    assert after.got == ((),)
    assert after.nominal[0].weighted_dbov == pytest.approx(-20.5)


@pytest.mark.parametrize(("severity", "noise_dba"), [(0.25, 57.98), (0.5, 64), (1, 70.02)])
def test_severity_is_how_loud_the_noise_is(severity, noise_dba):
    assert Options(noise_dba=64.0).at(severity).noise_dba == pytest.approx(noise_dba, abs=0.01)


def test_severity_one_half_is_as_written_and_the_limits_hold():
    assert Options(noise_dba=64.0, slope=0.3).at(0.5) == Options(noise_dba=64.0, slope=0.3)
    assert Options(noise_dba=88.0).at(1).noise_dba == 90
    assert Options(noise_dba=33.0).at(0.25).noise_dba == 30


@pytest.mark.parametrize(
    "wrong", [{"noise_dba": 29}, {"noise_dba": 91}, {"slope": 0.1}, {"slope": 0.8}, {"knee_dba": 30}]
)
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        Options(**wrong)
