from typing import get_args

import numpy as np
import pytest

from pipeline.chance import Chance, stream
from pipeline.levels import active_speech_level
from pipeline.line.draw import Line, draw_line
from pipeline.line.moods import MOODS, in_mood
from pipeline.line.scene import Nominal, Retimes, Scene
from pipeline.line.voicing import voicing
from pipeline.spec.profile import Profile
from pipeline.spec.scenario import Mood

LOUD = [mood for mood in get_args(Mood) if mood != "calm"]
CALM_HZ = 150.0


def talk(rate=16_000, seconds=3):
    """Harmonics of 150 Hz, swinging by three semitones to either side once a second, in soft syllables."""
    t = np.arange(seconds * rate) / rate
    phase = 2 * np.pi * np.cumsum(CALM_HZ * 2 ** (3 / 12 * np.sin(2 * np.pi * t))) / rate
    sound = sum(np.cos(k * phase) / k for k in range(1, 18)) * (0.55 + 0.45 * np.sin(2 * np.pi * 3 * t))
    return (0.03 * sound).astype(np.float32)


def said(mood, row):
    """The row as somebody in this mood says it, and the scene after all effects."""
    effects = [placed.effect for placed in in_mood(Line(), mood).effects]
    for effect in effects:
        row = effect.retimed(row, 16_000) if isinstance(effect, Retimes) else row
    silence = np.zeros_like(row)[np.newaxis]
    scene = Scene(16_000, row[np.newaxis], silence, silence, silence, (Nominal(-26.0, -30.0),))
    for effect in effects:
        scene = effect(scene, [stream(1)])
    return scene


def swing(row):
    pitch_hz = voicing(row, 16_000).pitch_hz
    low, high = np.percentile(np.log2(pitch_hz[pitch_hz > 0]), (5, 95))
    return high - low


def test_there_is_a_shift_for_every_mood():
    assert set(MOODS) == set(get_args(Mood))


def test_a_calm_caller_has_no_effects_and_no_pauses_of_their_own():
    assert in_mood(Line(), "calm") == Line()
    assert not MOODS["calm"].pauses.model_dump(exclude_none=True)


@pytest.mark.parametrize("mood", LOUD)
def test_duration_is_as_asked(mood):
    row = talk()
    assert len(row) / said(mood, row).samples == pytest.approx(MOODS[mood].rate, rel=0.01)


@pytest.mark.parametrize("mood", LOUD)
def test_the_median_pitch_is_as_asked(mood):
    after = voicing(said(mood, talk()).speech[0], 16_000).median_hz
    assert after == pytest.approx(CALM_HZ * 2 ** (MOODS[mood].semitones / 12), rel=0.02)


@pytest.mark.parametrize("mood", LOUD)
def test_the_range_of_the_pitch_is_as_asked(mood):
    row = talk()
    assert swing(said(mood, row).speech[0]) / swing(row) == pytest.approx(MOODS[mood].range_factor, rel=0.1)


@pytest.mark.parametrize("mood", LOUD)
def test_the_level_is_as_asked_and_the_nominal_one_stays(mood):
    row = talk()
    after = said(mood, row)
    levels = [active_speech_level(one, 16_000).asl_dbov for one in (row, after.speech[0])]
    assert levels[1] - levels[0] == pytest.approx(MOODS[mood].level_db, abs=1)
    assert after.nominal[0].asl_dbov == -26


def test_an_angry_voice_is_brighter():
    noise = 0.02 * np.random.default_rng(0).standard_normal(32_000).astype(np.float32)
    [loudness] = [one.effect for one in in_mood(Line(), "angry").effects if one.name == "mood.loudness"]
    silence = np.zeros((1, 32_000), np.float32)
    scene = Scene(16_000, noise[np.newaxis], silence, silence, silence, (Nominal(-26.0, -30.0),))
    before, after = (np.abs(np.fft.rfft(row)) ** 2 for row in (noise, loudness(scene, []).speech[0]))
    gains_db = [
        10 * np.log10(after[2 * hz - 300 : 2 * hz + 300].sum() / before[2 * hz - 300 : 2 * hz + 300].sum())
        for hz in (400, 1600, 3200)
    ]
    assert np.diff(gains_db) == pytest.approx([2, 2], abs=0.4)


@pytest.mark.parametrize("mood", LOUD)
def test_every_shift_is_measured_and_on_target(mood):
    shift = MOODS[mood]
    measures = {(one.effect, one.name): one for one in said(mood, talk()).got[0]}
    assert measures["talker.rate", "factor"].asked == shift.rate
    assert ("talker.pitch", "semitones") in measures
    assert ("talker.mood", "level_db") in measures
    assert not any(one.off_target for one in measures.values())


def test_a_mood_moves_nothing_that_the_profile_draws():
    words = {"name": "mine", "about": "A line.", "talker": [{"rate": {"factor": [1.0, 1.2]}}], "room": [{"noise": {}}]}
    line = draw_line(Profile.model_validate(words), Chance(1))
    moody = in_mood(line, "angry")
    assert [one for one in moody.effects if not one.name.startswith("mood.")] == list(line.effects)
    assert [one.effect.order for one in moody.effects if one.place == "talker"] == sorted(
        one.effect.order for one in moody.effects if one.place == "talker"
    )
    assert moody.said()[0]["name"].startswith("mood.")


def test_silence_stays_silence_in_any_mood():
    for mood in LOUD:
        after = said(mood, np.zeros(16_000, np.float32))
        assert not after.speech.any()
        assert after.got == ((),)


@pytest.mark.slow
@pytest.mark.parametrize("mood", ["angry", "stressed"])
def test_a_mood_is_as_loud_and_as_bright_with_torch_as_with_numpy(mood):
    pytest.importorskip("torch")
    [loudness] = [one.effect for one in in_mood(Line(), mood).effects if one.name == "mood.loudness"]
    rows = 0.1 * stream(1, "rows").standard_normal((2, 16000), dtype=np.float32)
    scene = Scene(16000, rows, rows, rows, rows, (Nominal(-26.0, -30.0),) * 2)
    here, there = loudness(scene, []), loudness(scene.on("torch:cpu"), []).on("cpu")
    residual = np.square(here.speech - there.speech, dtype=np.float64).mean()
    assert residual <= 1e-10 * np.square(here.speech, dtype=np.float64).mean()  # -100 dB
    assert [m.got for [m] in there.got] == pytest.approx([m.got for [m] in here.got], abs=1e-3)
