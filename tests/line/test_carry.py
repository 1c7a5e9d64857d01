from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from pipeline.audio import to_pcm
from pipeline.chance import Chance, stream
from pipeline.line.carry import carry, scene_of
from pipeline.line.draw import Line, PlacedEffect, draw_line
from pipeline.line.scene import Device, Measure, Nominal
from pipeline.spec.profile import Profile

RATE = 16000
NOMINAL = Nominal(-26.0, -30.0)
SPEECH = (0.05 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)


class Hiss:
    """White noise in the noise stem, and a measure of its name."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 1
    device: ClassVar[Device] = "cpu"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, name):
        self.name = name

    def __call__(self, scene, rngs):
        noise = np.stack([rng.standard_normal(scene.samples).astype(np.float32) for rng in rngs]) / 100
        measure = Measure(self.name, "seen", 1.0, 1.0, "set", tolerance=0.1)
        return replace(scene, noise=scene.noise + noise).with_got([(measure,)] * scene.rows)


def line_of(*names):
    return Line(tuple(PlacedEffect("room", name, None, Hiss(name)) for name in names))


def scene(rows=1):
    one = scene_of(SPEECH, rate=RATE, nominal=NOMINAL, voices={}, hidden=0)
    stems = {stem: np.repeat(getattr(one, stem), rows, axis=0) for stem in ("speech", "others", "noise", "far_end")}
    return replace(one, **stems, nominal=(NOMINAL,) * rows)


def chances(*names):
    return [Chance(1).named(name) for name in names]


def noise_of(line, name):
    return carry(line, scene(), chances(name)).pcm[0].astype(int) - to_pcm(SPEECH).astype(int)


def test_a_line_without_effects_gives_the_speech_as_16_bits():
    arrived = carry(Line(), scene(), chances("a"))
    assert arrived.pcm.dtype == np.int16
    assert (arrived.pcm[0] == np.rint(SPEECH * 32768)).all()
    assert arrived.got == ((),)


def test_what_16_bits_cut_off_at_the_end_is_told_where_there_is_any():
    loud = replace(scene(2), speech=np.stack([0.9 * SPEECH, 30 * SPEECH]), hidden=RATE // 2)
    quiet, [cut] = carry(Line(), loud, chances("a", "b")).got
    assert quiet == ()
    assert (cut.effect, cut.name, cut.asked, cut.kind) == ("line", "share", 0, "drawn")
    # A sine of 1.5 is over 1 for a share of 1 - 2 asin(1 / 1.5) / pi of the time.
    assert cut.got == pytest.approx(1 - 2 * np.arcsin(1 / 1.5) / np.pi, abs=0.01)


def test_an_effect_draws_by_the_names_of_the_row_its_place_and_itself():
    expected = stream(1, "a", "room", "rain").standard_normal(RATE) / 100 * 32768
    assert np.abs(noise_of(line_of("rain"), "a") - expected).max() <= 1


def test_another_effect_leaves_the_bytes_of_the_others_noise_as_they_were():
    alone, other = noise_of(line_of("rain"), "a"), noise_of(line_of("wind"), "a")
    for both in (line_of("rain", "wind"), line_of("wind", "rain")):
        assert np.abs(noise_of(both, "a") - alone - other).max() <= 2  # each is rounded on its own


def test_a_drawn_noise_has_the_same_samples_with_other_effects_beside_it():
    def noise(**places):
        profile = Profile.model_validate({"name": "mine", "about": "A line.", **places})
        line = draw_line(profile, Chance(1))
        return carry(line, scene(), chances("a")).pcm[0].astype(int)

    bed = {"noise": {"kind": "pink", "snr_db": [10, 20]}}
    muttering = noise(room=[bed], talker=[{"mumble": {"severity": 0.0}}], network=[{"delay": {}}])
    assert (muttering == noise(room=[bed])).all()


def test_a_row_arrives_the_same_whatever_rows_stand_beside_it():
    line = line_of("rain", "wind")
    together = carry(line, scene(3), chances("a", "b", "c"))
    for row, name in enumerate("abc"):
        assert (carry(line, scene(), chances(name)).pcm[0] == together.pcm[row]).all()


def test_measures_stand_in_the_order_of_the_effects():
    arrived = carry(line_of("rain", "wind"), scene(2), chances("a", "b"))
    assert [[measure.effect for measure in row] for row in arrived.got] == [["rain", "wind"]] * 2


def test_too_loud_a_sound_is_limited_and_does_not_wrap_around():
    loud = scene_of(SPEECH * 40, rate=RATE, nominal=NOMINAL, voices={}, hidden=0)
    pcm = carry(Line(), loud, chances("a")).pcm[0]
    assert pcm.max() == 32767
    assert pcm.min() == -32768
    assert (np.sign(pcm[np.abs(SPEECH) > 0.03]) == np.sign(SPEECH[np.abs(SPEECH) > 0.03])).all()


def test_what_is_lost_and_not_concealed_is_silence():
    lossy = replace(scene(), lost=np.arange(50)[np.newaxis] % 10 == 3)
    pcm = carry(Line(), lossy, chances("a")).pcm[0].reshape(50, 320)
    whole = carry(Line(), scene(), chances("a")).pcm[0].reshape(50, 320)
    assert not pcm[3::10].any()
    kept = np.arange(50) % 10 != 3
    assert (pcm[kept] == whole[kept]).all()


def test_a_scene_that_begins_holds_speech_alone():
    begun = scene_of(SPEECH, rate=RATE, nominal=NOMINAL, voices={}, hidden=7)
    assert (begun.speech[0] == SPEECH).all()
    assert not begun.others.any() and not begun.noise.any() and not begun.far_end.any()
    assert begun.hidden == 7
    assert not begun.mixed


def test_every_row_needs_a_chance_of_its_own():
    with pytest.raises(ValueError):
        carry(line_of("rain"), scene(3), chances("a", "b"))


class Seen:
    """Leaves the sound as it is, and keeps by which library it came."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 1
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, device):
        self.device = device
        self.libraries = []

    def __call__(self, scene, rngs):
        stems = (scene.speech, scene.others, scene.noise, scene.far_end)
        self.libraries.append([type(stem).__module__ for stem in stems])
        return scene


@pytest.mark.parametrize(("device", "library"), [("cpu", "numpy"), ("torch:cpu", "torch")])
def test_only_effects_that_run_anywhere_see_stems_that_lie_elsewhere(device, library):
    pytest.importorskip("torch")
    effects = [Seen("any"), Seen("any"), Seen("cpu"), Seen("any")]
    line = Line(tuple(PlacedEffect("room", str(k), None, effect) for k, effect in enumerate(effects)))
    arrived = carry(line, scene(), chances("a"), device=device)
    there, here = [library] * 3 + ["numpy"], ["numpy"] * 4
    assert [effect.libraries for effect in effects] == [[there], [there], [here], [there]]
    assert np.array_equal(arrived.pcm[0], to_pcm(SPEECH))


def test_stems_that_stay_on_a_device_are_not_moved():
    pytest.importorskip("torch")
    there = scene().on("torch:cpu")
    assert there.on("torch:cpu") is there
    here = scene()
    assert here.on("cpu") is here
