import subprocess
import sys
from dataclasses import fields, replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest

from pipeline.audio import pcm_hash
from pipeline.chance import Chance
from pipeline.errors import SoundInvalid
from pipeline.files import shipped
from pipeline.levels import active_speech_level, scale_to
from pipeline.line.draw import Line, PlacedEffect, draw_line
from pipeline.line.scene import ANY_SOUND_S, Device, Measure, Nominal
from pipeline.line.window import FADE_MS, GAP_MS, GRID_MS, HIDDEN_MS, RATE, Saying, Studio, calibrate, on_grid
from pipeline.spec.profile import Profile, read_profile
from pipeline.tts.tone import Options as ToneOptions
from pipeline.tts.tone import Tone

NOISY = {
    "room": [{"noise": {"kind": "pink", "snr_db": [10, 20]}}],
    "network": [{"band": {"kind": "nb"}}, {"packet_loss": {"rate": 0.1}}, {"codec": {}}],
}
SAID = "order 0412-7783"
PER_MS = RATE // 1000


def tones(text=SAID):
    return Tone(ToneOptions()).speak(text, seed=0).samples


def studio(seed=1, *names, **places) -> Studio:
    profile = Profile.model_validate({"name": "mine", "about": "A line.", **(places or NOISY)})
    chance = Chance(seed).named("call", *names)
    return Studio(draw_line(profile, chance), Nominal(-26.0, -27.0), {}, chance)


def utterance(studio, key="order", attempt=1, text=SAID):
    return studio.utterance(key, attempt, Saying(tones(text), text))


def test_a_window_has_the_same_bytes_whatever_was_rendered_before():
    one, other = studio(), studio()
    first = [said := utterance(one), one.gap(said, 0), utterance(one, "postcode", 2), one.gap(said, 960)]
    again = [other.gap(said, 960), utterance(other, "postcode", 2), other.gap(said, 0), utterance(other)]
    for a, b in zip(first, reversed(again), strict=True):
        assert (a.name, a.sha256, a.got) == (b.name, b.sha256, b.got)
        assert (a.pcm == b.pcm).all()


def test_a_window_has_the_same_bytes_in_another_process():
    program = f"""
import runpy
there = runpy.run_path({__file__!r})
print(there["utterance"](there["studio"]()).sha256)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == utterance(studio()).sha256


@pytest.mark.parametrize(
    "other",
    [
        utterance(studio(), "postcode"),
        utterance(studio(), attempt=2),
        utterance(studio(2)),
        utterance(studio(1, "another trial")),
        utterance(studio(), text="order 0412-7784"),
    ],
    ids=["key", "attempt", "seed", "call", "words"],
)
def test_another_name_gives_other_bytes(other):
    assert other.sha256 != utterance(studio()).sha256


def test_gaps_differ_by_what_they_follow_and_how_long_after():
    afters = (None, utterance(studio()), utterance(studio(), attempt=2))
    gaps = [studio().gap(after, since_ms) for after in afters for since_ms in (0, 960)]
    assert len({gap.sha256 for gap in gaps}) == 6
    assert [gap.name for gap in gaps[1:4]] == ["gap/pick_up/960", "gap/order/1/0", "gap/order/1/960"]


def talking(seed=1):
    """A line on which nothing but another person sounds, half of the time."""
    said = tuple(scale_to(tones(text), RATE, -26.0) for text in ("what a day it was", "so she said to him"))
    return replace(studio(seed, room=[{"crosstalk": {"overlap": 0.5, "sir_db": 0}}]), voices={"adult": (said,)})


def test_talk_runs_on_from_block_to_block_of_a_gap():
    blocks = [talking().gap(None, block * GAP_MS) for block in range(8)]
    for one, after in pairwise(blocks):
        assert np.array_equal(one.heard[GAP_MS * PER_MS :], after.heard[: FADE_MS * PER_MS])
        assert np.array_equal(one.pcm[GAP_MS * PER_MS :], after.pcm[: len(one.pcm) - GAP_MS * PER_MS])
    heard = np.concatenate([one.heard[: GAP_MS * PER_MS] for one in blocks])
    assert 0.2 < np.mean(np.abs(heard) > 30) < 0.9


def test_talk_runs_on_from_an_utterance_into_the_silence_behind_it_wherever_that_begins():
    """Sample by sample, since here nothing but talk sounds after the caller's word."""
    for seed in range(4):
        said = talking(seed).utterance("order", 1, Saying(np.full(100, 0.1, np.float32)))
        for since_ms in (said.length_ms, said.length_ms - 5 * GRID_MS):
            behind = talking(seed).gap(said, since_ms)
            both = (said.length_ms - since_ms + FADE_MS) * PER_MS
            assert np.array_equal(said.heard[-both:], behind.heard[:both])


def test_nobody_is_heard_in_mid_word_where_an_utterance_begins():
    """Whose words are tones of 200 ms with pauses of 50 ms between: the first that is heard is a whole one."""
    word = np.zeros(250 * PER_MS, np.float32)
    word[: 200 * PER_MS] = 0.1 * np.sin(np.arange(200 * PER_MS))
    place = studio(room=[{"crosstalk": {"overlap": 0.9, "sir_db": 0, "t60_s": 0.05, "drr_db": 40}}])
    place = replace(place, voices={"adult": ((np.tile(word, 12),),)})
    for attempt in range(12):
        loud = np.flatnonzero(np.abs(place.utterance("order", attempt, Saying()).heard) > 300)
        over = np.flatnonzero(np.diff(loud) > 30 * PER_MS)[0]
        assert loud[over] - loud[0] == pytest.approx(200 * PER_MS, abs=12 * PER_MS)


def test_the_talk_of_one_gap_is_not_that_of_another_nor_that_of_a_window_named_gap():
    said = [utterance(talking()), talking().utterance("gap", 1, Saying(np.zeros(100, np.float32)))]
    gaps = [
        [talking().gap(after, since_ms).heard for since_ms in range(0, 6 * GAP_MS, GAP_MS)] for after in (None, *said)
    ]
    one, other, named = (np.concatenate(blocks) for blocks in gaps)
    assert not np.array_equal(one, other)
    assert not np.array_equal(other, named)
    assert not np.array_equal(one, named)


def test_a_line_key_named_gap_is_no_gap():
    assert studio().utterance("gap", 1, Saying()).sha256 != studio().gap(None, 1).sha256


def hum(start_ms, end_ms):
    """An agent that hums at 1 kHz."""
    times_ms = np.arange(start_ms * PER_MS, end_ms * PER_MS) / PER_MS
    return (3000 * np.sin(2 * np.pi * times_ms)).astype(np.int16)


def silent(start_ms, end_ms):
    return np.zeros((end_ms - start_ms) * PER_MS, np.int16)


def test_the_agents_voice_changes_no_window_of_a_line_without_echo():
    def loud(start_ms, end_ms):
        raise AssertionError(f"nobody asked what the agent said from {start_ms} to {end_ms} ms")

    said, with_agent = Saying(tones(), SAID), studio().utterance("order", 1, Saying(tones(), SAID), loud)
    assert with_agent.sha256 == studio().utterance("order", 1, said).sha256
    assert with_agent.echo_sha256 is None


def test_a_silent_agent_leaks_nothing_and_leaves_every_bit():
    one, other = (studio(**NOISY, device=[{"echo": {}}]).gap(None, 0, far_end) for far_end in (None, silent))
    assert one.sha256 == other.sha256
    assert one.echo_sha256 is other.echo_sha256 is None


def test_a_window_asks_no_further_back_than_the_echo_reaches():
    asked = []

    def far_end(start_ms, end_ms):
        asked.append((start_ms, end_ms))
        return hum(start_ms, end_ms)

    place = studio(device=[{"echo": {"delay_ms": 300}}])
    window = place.gap(None, 0, far_end)
    assert asked == [(-place.line.reach_ms, GAP_MS + FADE_MS)]
    assert 300 < place.line.reach_ms < 500
    assert window.heard.any()
    assert window.echo_sha256


def test_the_same_window_rendered_again_has_its_name_and_words():
    place = studio(room=[{"noise": {}}], device=[{"echo": {"erle_db": 10}}])
    one = utterance(place)
    other = place.again(one, hum)
    assert (other.names, other.saying, other.length_ms) == (one.names, one.saying, one.length_ms)
    assert other.sha256 != one.sha256
    assert place.again(other, silent).sha256 == one.sha256


def test_a_window_knows_nothing_of_when_or_under_which_release_it_is_heard():
    memos = {"windows", "paces"}  # which give what it would make itself
    assert {field.name for field in fields(Studio)} - memos == {"line", "nominal", "voices", "chance", "device"}


def test_the_hash_is_that_of_the_bytes():
    window = utterance(studio())
    assert window.sha256 == pcm_hash(window.pcm)
    assert window.pcm.dtype == np.int16


@pytest.mark.parametrize("seconds", [0.001, 0.16, 1.0, 3.21])
def test_lead_in_speech_and_tail_are_as_long_as_declared(seconds):
    speech = np.full(round(seconds * RATE), 0.1, np.float32)
    window = studio(room=[]).utterance("a", 1, Saying(speech))
    heard = np.flatnonzero(window.heard)
    assert heard[0] == 500 * PER_MS
    assert heard[-1] + 1 == 500 * PER_MS + len(speech)
    assert window.speech_ms == (500, 500 + -(-len(speech) // PER_MS))
    tail_ms = window.length_ms - window.speech_ms[1]
    assert 2500 <= tail_ms < 2500 + GRID_MS


@pytest.mark.parametrize("window", [utterance(studio()), studio().gap(None, 0)], ids=["utterance", "gap"])
def test_a_window_fills_the_grid_with_two_seconds_hidden_and_a_fade(window):
    assert window.length_ms % 160 == 0
    assert HIDDEN_MS % 160 == 0
    assert HIDDEN_MS >= 2000
    assert len(window.pcm) == (HIDDEN_MS + window.length_ms + FADE_MS) * PER_MS
    assert len(window.heard) == (window.length_ms + FADE_MS) * PER_MS


def test_vad_frames_of_10_20_and_32_ms_fall_alike_in_each_window():
    for frame_ms in (10, 20, 32):
        assert GRID_MS % frame_ms == 0
        assert HIDDEN_MS % frame_ms == 0


def test_a_gap_holds_the_line_and_nobodys_words():
    gap = studio().gap(None, 0)
    assert gap.speech_ms is None
    assert gap.saying.words == ""
    assert gap.heard.any()
    assert not studio(room=[]).gap(None, 0).heard.any()


@pytest.mark.parametrize(("ms", "on"), [(0, 0), (1, 160), (160, 160), (161, 320), (-1, 0)])
def test_the_grid_is_reached_at_or_after_a_moment(ms, on):
    assert on_grid(ms) == on


def test_the_bed_already_sounds_in_the_pre_roll_and_does_not_step():
    window = utterance(studio(room=[{"noise": {"kind": "white", "snr_db": 10.0}}]))
    hidden, lead_in = window.pcm[: HIDDEN_MS * PER_MS], window.heard[: 500 * PER_MS]
    assert rms_db(hidden) == pytest.approx(rms_db(lead_in), abs=0.3)


class Early:
    """Lets noise through 40 ms before it sounds, as a filter without delay looks ahead."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 1
    device: ClassVar[Device] = "cpu"
    lookahead_ms = 40
    voices: tuple[str, ...] = ()

    def __call__(self, scene, rngs):
        noise = np.zeros_like(scene.noise)
        noise[:, : -40 * PER_MS] = scene.noise[:, 40 * PER_MS :]
        return replace(scene, noise=noise)


def test_an_effect_that_looks_ahead_does_not_hear_a_window_end():
    plain = studio(room=[{"noise": {"kind": "white", "snr_db": 0.0}}])
    early = replace(plain, line=Line((*plain.line.effects, PlacedEffect("device", "early", None, Early()))))
    now, before = plain.gap(None, 0).pcm, early.gap(None, 0).pcm
    assert len(before) == len(now)
    assert (before[: -40 * PER_MS] == now[40 * PER_MS :]).all()
    assert rms_db(before[-40 * PER_MS :]) == pytest.approx(rms_db(now), abs=1.5)


def test_a_window_begins_as_a_longer_one_does():
    """Until the speech of the shorter one ends, and what the line looks ahead before that."""
    one = studio()
    words = tones("a b c d e f g")
    whole, part = one.utterance("a", 1, Saying(words)), one.utterance("a", 1, Saying(words[: len(words) // 2]))
    until = (500 - one.line.lookahead_ms) * PER_MS + len(words) // 2
    assert (whole.heard[:until] == part.heard[:until]).all()
    assert (whole.heard[until : until + 2000] != part.heard[until : until + 2000]).any()


def test_speech_passes_a_line_without_effects_at_its_level():
    words = scale_to(tones("one two three four five six"), RATE, -26.0)
    window = studio(room=[]).utterance("a", 1, Saying(words))
    start_ms, end_ms = window.speech_ms
    heard = window.heard[start_ms * PER_MS : end_ms * PER_MS].astype(np.float32) / 32768
    assert active_speech_level(heard, RATE).asl_dbov == pytest.approx(-26.0, abs=0.1)


def test_the_noise_of_gaps_lies_below_the_talker_by_the_a_weighted_snr():
    place = studio(room=[{"noise": {"kind": "speech_shaped", "snr_db": 12.0}}])
    bed = np.concatenate([place.gap(None, block * GAP_MS).heard[: 960 * PER_MS] for block in range(30)])
    assert place.nominal.weighted_dbov - a_weighted_db(bed) == pytest.approx(12.0, abs=0.3)


def test_what_a_window_got_is_recorded_and_not_judged():
    got = utterance(studio()).got
    assert {measure.name for measure in got} >= {"snr_db", "low_hz", "loss_rate"}
    assert {measure.kind for measure in got} == {"drawn"}
    assert all(measure.tolerance is None for measure in got)
    chancy = [measure for measure in got if measure.sd is not None]
    assert {measure.name for measure in chancy} <= {"loss_rate", "mean_burst"}


class Liar:
    """Promises to lower the speech by 6 dB and lowers it by `really_db`."""

    version: ClassVar[int] = 1
    order: ClassVar[int] = 1
    device: ClassVar[Device] = "cpu"
    lookahead_ms = 0
    voices: tuple[str, ...] = ()

    def __init__(self, really_db, tolerance=0.5):
        self.really_db = really_db
        self.tolerance = tolerance

    def __call__(self, scene, rngs):
        speech = scene.speech * np.float32(10 ** (-self.really_db / 20))
        got = [rms_db(before) - rms_db(after) for before, after in zip(scene.speech, speech, strict=True)]
        rows = [(Measure("device.liar", "loss_db", 6.0, one, "set", self.tolerance),) for one in got]
        return replace(scene, speech=speech).with_got(rows)


def with_liar(*liars):
    placed = [PlacedEffect("device", "liar", None, liar) for liar in liars]
    before = studio()
    return replace(before, line=Line((*placed, *before.line.effects)))


def test_an_effect_on_target_passes_the_calibration():
    measures = calibrate(with_liar(Liar(6.1)), tones())
    assert [measure.got for measure in measures if measure.effect == "device.liar"] == [pytest.approx(6.1, abs=0.01)]
    assert {measure.kind for measure in measures} == {"set"}


@pytest.mark.parametrize("really_db", [5.0, 7.0, 0.0])
def test_an_effect_that_lies_makes_the_sound_invalid_and_is_named(really_db):
    with pytest.raises(SoundInvalid, match=rf"device\.liar\.loss_db: asked 6, got {really_db:g}.*, tolerance 0\.5"):
        calibrate(with_liar(Liar(really_db)), tones())


class Slow(Liar):
    """It measures a signal of its own, and the sound of a minute would take it long."""

    calibration_s = ANY_SOUND_S

    def __call__(self, scene, rngs):
        assert scene.samples < RATE
        return super().__call__(scene, rngs)


def test_an_effect_that_measures_a_signal_of_its_own_is_spared_the_minute():
    measures = calibrate(with_liar(Slow(6.1), Liar(5.9)), tones())
    assert sorted(round(one.got, 2) for one in measures if one.effect == "device.liar") == [5.9, 6.1]
    with pytest.raises(SoundInvalid, match="got 7"):
        calibrate(with_liar(Slow(7.0)), tones())


def test_every_effect_that_lies_is_named():
    with pytest.raises(SoundInvalid, match=r"got 1\b.*; .*got 2\b"):
        calibrate(with_liar(Liar(1.0), Liar(2.0)), tones())


def test_an_effect_that_declares_no_tolerance_must_be_exact():
    with pytest.raises(SoundInvalid, match="tolerance 0"):
        calibrate(with_liar(Liar(6.2, tolerance=None)), tones())


SHIPPED = sorted(path.stem for path in shipped("noise_profiles").glob("*.yaml"))


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.slow
def test_the_shipped_profiles_pass_their_calibration(name, seed):
    profile, chance = read_profile(shipped("noise_profiles") / f"{name}.yaml"), Chance(seed)
    line = draw_line(profile, chance)
    speech = scale_to(tones("one two three four five six seven eight nine ten"), RATE, -26.0)
    others = tuple((scale_to(tones(text), RATE, -26.0),) for text in ("what a day it was", "so she said to him"))
    weighted = Nominal(-26.0, a_weighted_db(speech * 32768))
    calibrate(Studio(line, weighted, dict.fromkeys(line.voices, others), chance), speech)


def rms_db(samples):
    return 10 * np.log10(np.mean(samples.astype(np.float64) ** 2))


def a_weighted_db(pcm):
    """The A-weighted Leq in dBov of 16-bit samples, by the formula of IEC 61672-1 on one spectrum."""
    power = np.abs(np.fft.rfft(pcm / 32768)) ** 2
    hz = np.fft.rfftfreq(len(pcm), 1 / RATE)
    squares = hz**2 + 1e-9
    curve = 12194**2 * squares**2 / ((squares + 20.6**2) * (squares + 12194**2))
    curve /= np.sqrt((squares + 107.7**2) * (squares + 737.9**2))
    return 10 * np.log10(2 * np.sum(power * curve**2) / len(pcm) ** 2) + 2.0
