from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.signal import lfilter

from pipeline.levels import a_weighted, active_speech_level, scale_to
from pipeline.line.scene import Nominal, Scene
from pipeline.line.talker.distance import Distance
from pipeline.line.talker.distance import Options as Far
from pipeline.line.talker.effort import Effort
from pipeline.line.talker.effort import Options as InNoise
from pipeline.line.talker.level import Level, Options

USUAL = Nominal(-26.0, -30.0)


def talk(asl_dbov=-26.0, rate=16_000, seconds=3.0):
    rng = np.random.default_rng(3)
    t = np.arange(round(seconds * rate)) / rate
    falling = lfilter([1], [1, -0.9], rng.standard_normal(len(t)))  # with frequency, as voices do
    row = falling * np.clip(np.sin(8 * np.pi * t) + 0.4, 0, None)
    return scale_to(row.astype(np.float32), rate, asl_dbov)


def scene_of(*rows, rate=16_000, nominal=USUAL):
    speech = np.array(rows, np.float32)
    silence = np.zeros_like(speech)
    return Scene(rate, speech, silence, silence, silence, (nominal,) * len(rows))


def level_dbov(row, rate=16_000):
    return active_speech_level(row, rate).asl_dbov


@pytest.mark.parametrize("asl_dbov", [-45.0, -33.0, -12.0])
@pytest.mark.parametrize("rate", [8000, 16_000, 44_100])
def test_speech_of_the_nominal_level_comes_out_at_the_level_asked(asl_dbov, rate):
    after = Level(Options(asl_dbov=asl_dbov))(scene_of(talk(rate=rate), rate=rate), [])
    assert level_dbov(after.speech[0], rate) == pytest.approx(asl_dbov, abs=0.05)
    assert after.nominal[0].asl_dbov == pytest.approx(asl_dbov)
    assert after.nominal[0].weighted_dbov == pytest.approx(asl_dbov - 4)


def test_who_mumbles_stays_below_the_level_asked():
    after = Level(Options(asl_dbov=-20.0))(scene_of(talk(-32.0)), [])
    assert level_dbov(after.speech[0]) == pytest.approx(-26, abs=0.05)
    gain, level = after.got[0]
    assert (gain.name, gain.kind, gain.asked) == ("gain_db", "set", 6.0)
    assert gain.got == pytest.approx(6, abs=1e-3)
    assert (level.name, level.kind, level.asked) == ("asl_dbov", "drawn", -20.0)
    assert level.got == pytest.approx(-26, abs=0.05)


def test_the_level_is_that_after_distance():
    after = Level(Options())(Distance(Far(m=0.5))(scene_of(talk()), []), [])
    assert level_dbov(after.speech[0]) == pytest.approx(-26, abs=0.05)


def test_the_level_is_that_after_effort_and_what_is_known_a_weighted_holds():
    known = Nominal(-26.0, level_dbov(a_weighted(talk(), 16_000)))
    after = Level(Options())(Effort(InNoise(noise_dba=74))(scene_of(talk(), nominal=known), []), [])
    assert after.nominal[0].asl_dbov == pytest.approx(-26)
    weighted_dbov = level_dbov(a_weighted(after.speech[0], 16_000))
    assert weighted_dbov == pytest.approx(after.nominal[0].weighted_dbov, abs=0.1)


def test_level_stands_behind_effort_and_distance():
    assert Effort.order < Distance.order < Level.order


def test_each_row_is_raised_from_its_own_nominal_level():
    scene = replace(scene_of(talk(-26.0), talk(-36.0)), nominal=(USUAL, Nominal(-36.0, -40.0)))
    after = Level(Options(asl_dbov=-30.0))(scene, [])
    assert [level_dbov(row) for row in after.speech] == pytest.approx([-30, -30], abs=0.05)


def test_the_level_that_is_there_keeps_every_bit():
    scene = scene_of(talk())
    after = Level(Options())(scene, [])
    assert after.speech is scene.speech
    assert after.nominal == scene.nominal


def test_silence_has_no_measures_and_a_nominal_level_all_the_same():
    after = Level(Options(asl_dbov=-40.0))(scene_of(np.zeros(8000)), [])
    assert after.got == ((),)
    assert after.nominal[0].asl_dbov == pytest.approx(-40)


@pytest.mark.parametrize(
    ("written", "severity", "expected"),
    [(-34, 0.5, -34), (-34, 0.25, -30), (-34, 1, -42), (-40, 1, -45), (-17, 1, -12), (-26, 1, -26)],
)
def test_severity_moves_the_level_away_from_the_usual_one(written, severity, expected):
    assert Options(asl_dbov=written).at(severity) == Options(asl_dbov=expected)


@pytest.mark.parametrize("asl_dbov", [-46, -11])
def test_levels_out_of_range_are_refused(asl_dbov):
    with pytest.raises(ValidationError):
        Options(asl_dbov=asl_dbov)
