"""What all effects promise, whoever wrote them: a new file in one of the places is tested by being there."""

from dataclasses import replace
from math import ceil
from typing import get_args

import numpy as np
import pytest
from numpy.random import default_rng

from pipeline import engines
from pipeline.chance import stream
from pipeline.levels import active_speech_level, scale_to
from pipeline.line.scene import ANY_SOUND_S, Brief, Device, Nominal, Scene

RATES = (8000, 16000, 22050, 24000, 44100, 48000)
STEMS = ("speech", "others", "noise", "far_end")
EFFECTS = [(place, name) for place in ("talker", "room", "device", "network") for name in engines.known(place)]
ON_THE_WAY = [(place, name) for place, name in EFFECTS if place != "talker"]

every_effect = pytest.mark.parametrize(("place", "name"), EFFECTS, ids=[".".join(one) for one in EFFECTS])
every_effect_after_the_talker = pytest.mark.parametrize(
    ("place", "name"), ON_THE_WAY, ids=[".".join(one) for one in ON_THE_WAY]
)


def built(place: str, name: str):
    engine = engines.find(place, name)
    options = engine.options()
    if hasattr(options, "settled"):
        options = options.settled(stream(1, "settled"))
    return engine.build(options)


def speech_like(rate: int, seconds: float, seed: int):
    """Buzz and hiss in syllables of a quarter of a second, at an active speech level of -26 dBov."""
    rng = default_rng(seed)
    t = np.arange(round(rate * seconds)) / rate
    voice = np.sign(np.sin(2 * np.pi * (110 + 20 * seed) * t)) + rng.standard_normal(len(t))
    syllables = np.clip(np.sin(2 * np.pi * 4 * t + seed) + 0.4, 0.0, None)
    return scale_to((voice * syllables).astype(np.float32), rate, -26.0)


def scene_of(speech, rate: int, kinds=(), **others) -> Scene:
    """A scene in which nothing but `speech` (rows x samples) sounds yet; its arrays cannot be written to."""
    voices = {kind: tuple((speech_like(rate, 2.0, seed),) for seed in (11, 12, 13)) for kind in kinds}
    stems = {stem: np.zeros_like(speech) for stem in STEMS} | {"speech": speech} | others
    for array in (*stems.values(), *said_by(voices)):
        array.flags.writeable = False
    return Scene(rate, **stems, nominal=(Nominal(-26.0, -30.0),) * len(speech), voices=voices)


def said_by(voices) -> list:
    return [sentence for people in voices.values() for person in people for sentence in person]


def call_scene(kinds=(), *, rate: int = 16000, seconds: float = 2.0, rows: int = 3) -> Scene:
    talk = [np.stack([speech_like(rate, seconds, first + row) for row in range(rows)]) for first in (1, 4, 7)]
    noise = 0.002 * default_rng(9).standard_normal(talk[0].shape).astype(np.float32)
    scene = scene_of(talk[0], rate, kinds, others=talk[1] / 4, noise=noise, far_end=talk[2])
    return replace(scene, lost=default_rng(8).random((rows, frames_of(scene.samples, rate))) < 0.1)


def frames_of(samples: int, rate: int) -> int:
    return ceil(samples * 1000 / (rate * 20))


def streams(rows: int = 3, seed: int = 1):
    return [stream(seed, "window", str(row)) for row in range(rows)]


def row_of(scene: Scene, row: int) -> Scene:
    alone = {stem: getattr(scene, stem)[row : row + 1] for stem in STEMS}
    lost = None if scene.lost is None else scene.lost[row : row + 1]
    return replace(scene, **alone, lost=lost, nominal=scene.nominal[row : row + 1], got=scene.got[row : row + 1])


def sounds(scene: Scene) -> dict[str, bytes]:
    lost = b"" if scene.lost is None else scene.lost.tobytes()
    return {stem: getattr(scene, stem).tobytes() for stem in STEMS} | {"lost": lost}


def assert_same_until(one: Scene, other: Scene, samples: int) -> None:
    for stem in STEMS:
        before, after = (getattr(scene, stem)[:, :samples] for scene in (one, other))
        assert before.shape[1] == samples
        assert np.abs(before - after).max() < 1e-6, stem  # transforms round differently; -120 dBov is no sound
    if one.lost is not None:
        frames = samples * 1000 // (one.rate * one.frame_ms)
        assert (one.lost[:, :frames] == other.lost[:, :frames]).all()


def assert_causal(effect, scene: Scene, *stems: str) -> None:
    """The contract of causality: the first second stays when `stems` change after it and the lookahead.

    What follows is other sound, louder in the first row and softer in the second, and silence in the third: a level
    of the whole window cannot stay. Without stems all of them change, and so do the frames that are lost.
    """
    now = scene.rate
    later = now + ceil(effect.lookahead_ms * scene.rate / 1000)
    changed = {stem: getattr(scene, stem).copy() for stem in stems or STEMS}
    for array in changed.values():
        array[:, later:] = np.float32([[3.0], [0.3], [0.0]]) * array[:, later:][:, ::-1]
    if not stems:
        changed["lost"] = scene.lost.copy()
        changed["lost"][:, frames_of(later, scene.rate) :] ^= True
    assert_same_until(effect(scene, streams()), effect(replace(scene, **changed), streams()), now)


def test_the_rows_that_effects_are_tried_on_have_the_nominal_level():
    for row in call_scene().speech:
        assert active_speech_level(row, 16000).asl_dbov == pytest.approx(-26.0, abs=0.05)


@every_effect
def test_an_effect_says_what_the_line_must_know(place, name):
    effect = built(place, name)
    assert effect.version >= 1
    assert effect.order >= 0
    assert effect.lookahead_ms >= 0
    assert isinstance(effect.voices, tuple)


@every_effect
def test_the_same_seed_gives_the_same_bytes(place, name):
    effect = built(place, name)
    scene = call_scene(effect.voices)
    once = effect(scene, streams())
    assert sounds(effect(scene, streams())) == sounds(once), "an effect keeps no state"
    again = built(place, name)(scene, streams())
    assert sounds(again) == sounds(once)
    assert again.got == once.got


@every_effect
def test_an_effect_never_touches_its_input(place, name):
    effect = built(place, name)
    scene, twin = call_scene(effect.voices), call_scene(effect.voices)
    effect(scene, streams())  # its arrays are read-only as well
    assert sounds(scene) == sounds(twin)
    assert scene.got == twin.got
    for before, after in zip(said_by(twin.voices), said_by(scene.voices), strict=True):
        assert (before == after).all()


@every_effect
def test_an_effect_measures_every_row_under_its_own_name(place, name):
    effect = built(place, name)
    after = effect(call_scene(effect.voices), streams())
    assert len(after.got) == 3
    assert {measure.effect for row in after.got for measure in row} <= {f"{place}.{name}"}


@every_effect
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(
    ("samples", "value"),
    [(12000, 0.0), (12000, 0.5), (10, 0.3), (1, 0.3)],
    ids=["silence", "dc", "ten", "one"],
)
def test_an_effect_survives_what_is_no_speech(place, name, rate, samples, value):
    effect = built(place, name)
    rows = np.full((2, samples), value, dtype=np.float32)
    scene = scene_of(rows, rate, effect.voices, far_end=rows.copy())
    after = effect(scene, streams(2))  # a Scene with NaN cannot be made
    for stem in STEMS:
        assert getattr(after, stem).shape == (2, samples)
        assert getattr(after, stem).dtype == np.float32
    assert not any(np.isnan(measure.got) for row in after.got for measure in row)
    assert not any(np.isnan(measure.asked or 0.0) for row in after.got for measure in row)


@every_effect
def test_a_row_has_the_same_bytes_whatever_rows_stand_beside_it(place, name):
    effect = built(place, name)
    scene = call_scene(effect.voices)
    together = effect(scene, streams())
    for row in range(scene.rows):
        alone = effect(row_of(scene, row), streams()[row : row + 1])
        assert sounds(alone) == sounds(row_of(together, row))
        assert alone.got[0] == together.got[row]


def set_measures(scene: Scene) -> set:
    return {measure for row in scene.got for measure in row if measure.kind == "set"}


@every_effect
def test_what_is_set_of_an_effect_that_any_sound_will_do_for_does_not_depend_on_the_sound(place, name):
    effect = built(place, name)
    if not isinstance(effect, Brief) or effect.calibration_s > ANY_SOUND_S:
        return
    long, short = (effect(call_scene(effect.voices, seconds=seconds), streams()) for seconds in (2.0, 0.1))
    assert set_measures(long) == set_measures(short)


# Talker effects are left out of the next two: a talker plans what to say, so that a word may be shaped by the
# one after it, and its level set by the whole utterance, before a sound is made.


@every_effect_after_the_talker
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_what_is_heard_does_not_depend_on_what_comes_later(place, name, rate):
    effect = built(place, name)
    assert_causal(effect, call_scene(effect.voices, rate=rate))


@every_effect_after_the_talker
def test_what_is_heard_does_not_depend_on_what_the_agent_says_later(place, name):
    effect = built(place, name)
    assert_causal(effect, call_scene(effect.voices), "far_end")


@every_effect_after_the_talker
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_a_longer_scene_begins_with_the_same_samples(place, name, rate):
    effect = built(place, name)
    scene = call_scene(effect.voices, rate=rate, seconds=3.0)
    heard = rate
    until = heard + ceil(effect.lookahead_ms * rate / 1000)
    stems = {stem: getattr(scene, stem)[:, :until] for stem in STEMS}
    shorter = replace(scene, **stems, lost=scene.lost[:, : frames_of(until, rate)])
    assert_same_until(effect(scene, streams()), effect(shorter, streams()), heard)


def is_any(place: str, name: str) -> bool:
    return getattr(engines.find(place, name).build, "device", None) == "any"


ANYWHERE = [(place, name) for place, name in EFFECTS if is_any(place, name)]
TORCH = "torch:cpu"


@every_effect
def test_an_effect_says_where_it_can_run(place, name):
    assert getattr(engines.find(place, name).build, "device", None) in get_args(Device)


@pytest.mark.slow
@pytest.mark.parametrize(("place", "name"), ANYWHERE, ids=[".".join(one) for one in ANYWHERE])
def test_an_effect_that_runs_anywhere_makes_the_same_sound_with_numpy_and_with_torch(place, name):
    torch = pytest.importorskip("torch")
    for options in extremes(place, name):
        effect = engines.find(place, name).build(settled(options))
        scene = replace(with_a_whistle(call_scene(effect.voices)), hidden=4000)
        here, there = effect(scene, streams()), effect(scene.on(TORCH), streams())
        assert isinstance(there.speech, torch.Tensor), "it stays where it was"
        for stem in STEMS:
            assert_residual_below_100_db(getattr(here, stem), getattr(there.on("cpu"), stem))
        assert_same_measures(here.got, there.got)


def with_a_whistle(scene: Scene) -> Scene:
    """A pure tone in the first row: between its harmonics lies nothing but rounding."""
    speech = scene.speech.copy()
    speech[0] = 0.1 * np.sin(2 * np.pi * 1000 * np.arange(scene.samples) / scene.rate)
    return replace(scene, speech=speech)


def settled(options):
    return options.settled(stream(1, "settled")) if hasattr(options, "settled") else options


def assert_residual_below_100_db(here, there) -> None:
    """In each row, of its power; of full scale in a silent one."""
    power = np.square(here, dtype=np.float64).mean(axis=1)
    residual = np.square(there.astype(np.float64) - here).mean(axis=1)
    assert (residual <= 1e-10 * np.where(power, power, 1.0)).all(), 10 * np.log10(residual / power)


def assert_same_measures(here, there) -> None:
    for one, other in zip(here, there, strict=True):
        assert [replace(measure, got=0.0) for measure in one] == [replace(measure, got=0.0) for measure in other]
        assert [measure.got for measure in other] == pytest.approx([measure.got for measure in one], rel=1e-3, abs=1e-3)


SEVERITIES = (0.01, 0.25, 0.5, 0.75, 1)


def extremes(place: str, name: str):
    """The effect's Options by default, and with each of its numbers at either end of its range."""
    model = engines.find(place, name).options
    yield model()
    for key, field in model.model_fields.items():
        for limit in field.metadata:
            end = getattr(limit, "ge", getattr(limit, "le", None))
            if end is not None:
                yield model(**{key: int(end) if int in {field.annotation, *get_args(field.annotation)} else float(end)})


@every_effect
def test_the_severity_in_the_middle_is_the_options_as_they_are_written(place, name):
    for options in extremes(place, name):
        assert options.at(0.5) == options


@every_effect
def test_at_every_severity_options_are_within_their_range_and_build_an_effect(place, name):
    for options in extremes(place, name):
        settled = options.settled(stream(1, "settled")) if hasattr(options, "settled") else options
        for severity in SEVERITIES:
            milder_or_harsher = settled.at(severity)
            type(options).model_validate(milder_or_harsher.model_dump())
            engines.find(place, name).build(milder_or_harsher)


@every_effect
def test_no_number_goes_up_and_down_with_severity(place, name):
    for options in extremes(place, name):
        dumps = [options.at(severity).model_dump() for severity in SEVERITIES]
        for key, written in dumps[2].items():
            if isinstance(written, int | float):
                values = [dump[key] for dump in dumps]
                assert values == sorted(values) or values == sorted(values, reverse=True), key


class Planted:
    """An effect that breaks its promise: it declares 20 ms of lookahead, and `cheat` takes what it likes."""

    lookahead_ms = 20

    def __init__(self, cheat) -> None:
        self.cheat = cheat

    def __call__(self, scene: Scene, rngs) -> Scene:
        return replace(scene, **self.cheat(scene))


def ahead(rows, rate: int, ms: int):
    """What sounds so much later, now."""
    return np.roll(rows, -ms * rate // 1000, axis=1)


def levelled(scene: Scene) -> dict:
    """A level set by the whole window: a word of now is softer where a later one is loud."""
    return {"speech": scene.speech / np.abs(scene.speech).max(axis=1, keepdims=True)}


def deaf_before_a_loss(scene: Scene) -> dict:
    """Silence in the frame before a lost one, and in the three before that."""
    soon = np.logical_or.reduce([np.roll(scene.lost, -frames, axis=1) for frames in range(1, 5)])
    samples = np.repeat(soon, scene.rate * scene.frame_ms // 1000, axis=1)[:, : scene.samples]
    return {"speech": np.where(samples, np.float32(0), scene.speech)}


CHEATS = {
    "a word of 60 ms later": lambda scene: {"speech": ahead(scene.speech, scene.rate, 60)},
    "a word of 21 ms later": lambda scene: {"speech": ahead(scene.speech, scene.rate, 21)},
    "the bed to come": lambda scene: {"noise": scene.noise + 0.1 * ahead(scene.noise, scene.rate, 60)},
    "an echo before the voice": lambda scene: {"noise": scene.noise + 0.03 * ahead(scene.far_end, scene.rate, 60)},
    "the level of the whole window": levelled,
    "losses to come": deaf_before_a_loss,
}


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("cheat", CHEATS.values(), ids=CHEATS)
def test_an_effect_that_looks_ahead_further_than_it_says_is_caught(cheat, rate):
    with pytest.raises(AssertionError):
        assert_causal(Planted(cheat), call_scene(rate=rate))


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("ms", [0, 20])
def test_an_effect_that_looks_ahead_as_far_as_it_says_is_not_blamed(ms, rate):
    assert_causal(Planted(lambda scene: {"speech": ahead(scene.speech, rate, ms)}), call_scene(rate=rate))


def test_an_echo_before_the_voice_is_caught_by_the_agents_sound_alone():
    with pytest.raises(AssertionError, match="noise"):
        assert_causal(Planted(CHEATS["an echo before the voice"]), call_scene(), "far_end")


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_scene_refuses_what_is_no_number(stem, broken):
    array = getattr(call_scene(), stem).copy()
    array[1, 100] = broken
    with pytest.raises(ValueError, match="NaN or infinity"):
        replace(call_scene(), **{stem: array})
