"""Every effect on any sound: all lengths, rates, levels, options and severities that hypothesis thinks of."""

from dataclasses import dataclass, replace
from functools import cache
from math import ceil, isfinite
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from numpy.random import default_rng
from pydantic import ValidationError

from pipeline import engines
from pipeline.chance import stream
from pipeline.levels import scale_to
from pipeline.line.scene import Nominal, Retimes, Scene

EFFECTS = [(place, name) for place in ("talker", "room", "device", "network") for name in engines.known(place)]
every_effect = pytest.mark.parametrize(("place", "name"), EFFECTS, ids=[".".join(one) for one in EFFECTS])
STEMS = ("speech", "others", "noise", "far_end")
MOST_SAMPLES = 20_000
FRAME_MS = 20
RATES = (8000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
SOUNDS = ("silence", "dc", "square", "faint", "impulse", "impulses", "noise", "speech")
CALIBRATED_S = 20


def examples(count: int):
    """The same ones every time."""
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    return settings(derandomize=True, deadline=None, database=None, max_examples=count, suppress_health_check=slow)


def sound(kind: str, samples: int, rate: int, seed: int):
    """One row; `square` is as loud as can be, `faint` beyond 16 bits."""
    rng, n = default_rng(seed), np.arange(samples)
    made = {
        "silence": lambda: np.zeros(samples),
        "dc": lambda: np.full(samples, 0.5),
        "square": lambda: np.where(n // 40 % 2, -1.0, 1.0),
        "faint": lambda: 1e-6 * rng.standard_normal(samples),
        "impulse": lambda: n == samples // 2,
        "impulses": lambda: np.where(n % 997 == seed, -1.0, 0.0),
        "noise": lambda: rng.uniform(-1, 1, samples),
        "speech": lambda: talk(rate, seed)[n % (2 * rate)],
    }
    return made[kind]().astype(np.float32)


@cache
def talk(rate: int, seed: int):
    """Two seconds of buzz and hiss in syllables, at an active speech level of -26 dBov."""
    t = np.arange(2 * rate) / rate
    voice = np.sign(np.sin(2 * np.pi * (110 + 20 * seed) * t)) + 0.2 * default_rng(seed).standard_normal(len(t))
    syllables = np.clip(np.sin(2 * np.pi * 4 * t + seed) + 0.4, 0.0, None)
    said = scale_to((voice * syllables).astype(np.float32), rate, -26.0)
    said.flags.writeable = False
    return said


@dataclass(frozen=True)
class Case:
    """An effect with its options, and what it is given."""

    effect: Any
    scene: Scene
    words: str

    def after(self, rows: slice = slice(None)) -> Scene:
        """What comes of some of the rows."""
        scene = row_of(self.scene, rows)
        return self.effect(scene, [stream(1, "row", str(row)) for row in range(self.scene.rows)][rows])


def row_of(scene: Scene, rows: slice) -> Scene:
    stems = {stem: getattr(scene, stem)[rows] for stem in STEMS}
    lost = None if scene.lost is None else scene.lost[rows]
    return replace(scene, **stems, lost=lost, nominal=scene.nominal[rows], got=scene.got[rows])


@st.composite
def cases(draw, place: str, name: str) -> Case:
    effect, words = draw(effects(place, name))
    scene = draw(scenes(effect))
    return Case(effect, scene, words)


@st.composite
def effects(draw, place: str, name: str):
    """An effect built from options anywhere in their ranges, at any severity, and its options as words."""
    engine = engines.find(place, name)
    words = {
        key: draw(value) for key, field in engine.options.model_fields.items() if (value := anywhere(field)) is not None
    }
    try:
        options = engine.options(**words)
    except ValidationError:
        reject()  # options may exclude each other
    settled = options.settled(stream(1, "settled")) if hasattr(options, "settled") else options
    severity = draw(st.sampled_from((0.01, 0.25, 0.5, 1.0)))
    settled = settled.at(severity)
    return engine.build(settled), f"{settled!r} at {severity}"


def anywhere(field) -> st.SearchStrategy | None:
    """Both ends of its range and what lies between, or any choice; None where words alone could say it."""
    kinds = {field.annotation, *get_args(field.annotation)}
    missing = [st.none()] if type(None) in kinds and field.default is None else []
    choices = [kind for kind in kinds if get_origin(kind) is Literal] or [field.annotation]
    if get_origin(choices[0]) is Literal:
        return st.one_of(*missing, st.sampled_from(get_args(choices[0])))
    if bool in kinds:
        return st.booleans()
    low, high = (end(field, name) for name in ("ge", "le"))
    if low is None or high is None:
        return None
    whole = int in kinds
    within = st.integers(int(low), int(high)) if whole else st.floats(low, high, allow_subnormal=False)
    return st.one_of(*missing, st.sampled_from((low, high)), within)


def end(field, name: str) -> float | None:
    return next((getattr(limit, name) for limit in field.metadata if hasattr(limit, name)), None)


@st.composite
def scenes(draw, effect) -> Scene:
    """One to three rows of any sound in any stem, some of it hidden, some of it lost, or all of it mixed."""
    rate, rows = draw(st.sampled_from(RATES)), draw(st.integers(1, 3))
    samples = draw(st.one_of(st.integers(1, 20), st.integers(1, MOST_SAMPLES)))
    mixed = draw(st.booleans())
    stems = {stem: draw(row_sounds(rows, samples, rate)) for stem in STEMS}
    if mixed:
        stems |= {"others": np.zeros((rows, samples), np.float32), "noise": np.zeros((rows, samples), np.float32)}
    for array in stems.values():
        array.flags.writeable = False
    voices = {kind: tuple((talk(rate, seed),) for seed in (11, 12, 13)) for kind in effect.voices}
    hidden = draw(st.sampled_from((0, samples // 3)))
    nominal = (Nominal(-26.0, -30.0),) * rows
    return Scene(
        rate, **stems, nominal=nominal, voices=voices, hidden=hidden, mixed=mixed,
        lost=draw(losses(rows, ceil(samples * 1000 / (rate * FRAME_MS)))),
    )  # fmt: skip


@st.composite
def row_sounds(draw, rows: int, samples: int, rate: int):
    kinds = [draw(st.sampled_from(SOUNDS)) for _ in range(rows)]
    return np.stack([sound(kind, samples, rate, seed) for seed, kind in enumerate(kinds)])


def losses(rows: int, frames: int) -> st.SearchStrategy:
    """No frames, all of them, or some."""
    shape = (rows, frames)
    some = default_rng(8).random(shape) < 0.2
    return st.sampled_from((None, np.ones(shape, bool), some))


def sounds(scene: Scene) -> tuple[bytes, ...]:
    lost = b"" if scene.lost is None else scene.lost.tobytes()
    return (*(getattr(scene, stem).tobytes() for stem in STEMS), lost)


def check(case: Case) -> None:
    """All that an effect promises of any sound."""
    before = sounds(case.scene)
    after = case.after()
    assert sounds(case.scene) == before, "the input was written to"
    assert {(getattr(after, stem).shape, getattr(after, stem).dtype.name) for stem in STEMS} == {
        (case.scene.speech.shape, "float32")
    }
    assert after.rate == case.scene.rate
    assert after.far_end.tobytes() == case.scene.far_end.tobytes(), "what the agent says is not the line's"
    assert not [one for row in after.got for one in row if not (isfinite(one.asked or 0.0) and isfinite(one.got))]
    again = case.after()
    assert (sounds(again), again.got) == (sounds(after), after.got)
    for row in range(case.scene.rows):
        alone = case.after(slice(row, row + 1))
        assert sounds(alone) == sounds(row_of(after, slice(row, row + 1))), "a row depends on those beside it"


@every_effect
@given(data=st.data())
@examples(4)
def test_an_effect_keeps_its_promises_on_any_sound(place, name, data):
    check(data.draw(cases(place, name)))


@pytest.mark.slow
@every_effect
@given(data=st.data())
@examples(25)
def test_an_effect_keeps_its_promises_on_very_many_sounds(place, name, data):
    check(data.draw(cases(place, name)))


RETIMING = [one for one in EFFECTS if isinstance(engines.find(*one).build(engines.find(*one).options()), Retimes)]


@pytest.mark.parametrize(("place", "name"), RETIMING)
@given(data=st.data(), kind=st.sampled_from(SOUNDS), samples=st.integers(0, MOST_SAMPLES), rate=st.sampled_from(RATES))
@examples(30)
def test_words_in_another_time_are_sound_whatever_they_were(place, name, data, kind, samples, rate):
    effect, _ = data.draw(effects(place, name))
    words = sound(kind, samples, rate, 1)
    words.flags.writeable = False
    retimed = effect.retimed(words, rate)
    assert (retimed.ndim, retimed.dtype) == (1, np.float32)
    assert np.isfinite(retimed).all()
    assert effect.retimed(words, rate).tobytes() == retimed.tobytes()


def asked_and_got(place: str, name: str, data) -> None:
    """What is `set` is met on speech at the nominal level, twenty seconds long."""
    effect, words = data.draw(effects(place, name))
    rate = data.draw(st.sampled_from((8000, 16_000, 44_100)))
    speech = np.tile(talk(rate, 1), CALIBRATED_S // 2)[np.newaxis]
    silence = np.zeros_like(speech)
    voices = {kind: tuple((talk(rate, seed),) for seed in (11, 12, 13)) for kind in effect.voices}
    scene = Scene(rate, speech, silence, silence, silence, (Nominal(-26.0, -30.0),), voices)
    after = effect(scene, [stream(1, "row")])
    assert not [one for row in after.got for one in row if one.off_target], words


@pytest.mark.slow
@every_effect
@given(data=st.data())
@examples(8)
def test_what_is_asked_is_got_whatever_the_options(place, name, data):
    asked_and_got(place, name, data)
