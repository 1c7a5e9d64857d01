import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.line.scene import Nominal, Scene
from pipeline.line.talker.distance import Distance, Options


def scene_of(*rows):
    speech = np.array(rows, np.float32)
    silence = np.zeros_like(speech)
    return Scene(16_000, speech, silence, silence, silence, (Nominal(-26.0, -30.0),) * len(rows))


def talk():
    return 0.05 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)


@pytest.mark.parametrize(("m", "factor"), [(0.02, 6), (0.06, 2), (0.24, 0.5), (1.2, 0.1), (4.8, 0.025)])
def test_pressure_falls_as_one_over_the_distance(m, factor):
    after = Distance(Options(m=m))(scene_of(talk()), [])
    np.testing.assert_allclose(after.speech[0], factor * talk(), rtol=1e-5)


def test_ten_times_as_far_is_20_db_less_of_the_nominal_level_too():
    after = Distance(Options(m=1.2))(scene_of(talk(), talk()), [])
    for nominal in after.nominal:
        assert nominal.asl_dbov == pytest.approx(-46)
        assert nominal.weighted_dbov == pytest.approx(-50)


def test_the_gain_is_measured():
    [measure] = Distance(Options(m=1.2))(scene_of(talk()), []).got[0]
    assert (measure.effect, measure.name, measure.kind) == ("talker.distance", "gain_db", "set")
    assert measure.asked == pytest.approx(-20)
    assert measure.got == pytest.approx(-20, abs=1e-4)


def test_a_telephone_at_the_ear_keeps_every_bit():
    scene = scene_of(talk())
    after = Distance(Options())(scene, [])
    assert after.speech is scene.speech
    assert after.nominal == scene.nominal


def test_silence_has_no_measures_and_is_further_away_all_the_same():
    after = Distance(Options(m=1.2))(scene_of(np.zeros(100)), [])
    assert after.got == ((),)
    assert after.nominal[0].asl_dbov == pytest.approx(-46)


@pytest.mark.parametrize(
    ("written", "severity", "expected"),
    [(1.0, 0.5, 1.0), (1.0, 0.25, 0.56), (1.0, 1, 1.88), (4.0, 1, 5.0), (0.05, 1, 0.02), (0.12, 1, 0.12)],
)
def test_severity_moves_the_mouth_away_from_where_a_telephone_is_held(written, severity, expected):
    assert Options(m=written).at(severity).m == pytest.approx(expected)


def test_severity_one_half_is_as_written():
    assert Options(m=0.7).at(0.5) == Options(m=0.7)


@pytest.mark.parametrize("m", [0.01, 5.1])
def test_distances_out_of_range_are_refused(m):
    with pytest.raises(ValidationError):
        Options(m=m)
