"""The talker in a room: what the room adds to the words, and that it adds nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
from numpy.random import default_rng
from pystoi import stoi
from scipy import signal

from pipeline.chance import stream
from pipeline.errors import BadlineError
from pipeline.files import read_yaml
from pipeline.levels import leq_dbov, scale_to
from pipeline.line.room.reverb import Options, Reverb
from pipeline.line.rooms import room_response
from pipeline.line.scene import Nominal, Scene
from pipeline.spec.profile import read_profile
from pipeline.spec.severity import severity_of
from pipeline.spec.words import words_of

RATE = 16_000


def scene_of(speech, rate=RATE, hidden=0):
    silence = np.zeros_like(speech)
    return Scene(rate, speech, silence, silence, silence, (Nominal(-26.0, -30.0),) * len(speech), hidden=hidden)


def click(seconds=4.0, rate=RATE, at=0):
    rows = np.zeros((1, round(seconds * rate)), np.float32)
    rows[0, at] = 1.0
    return rows


def syllables(seconds, seed=1):
    """Noise with a vowel-like tilt in four syllables a second, at -26 dBov."""
    t = np.arange(round(seconds * RATE)) / RATE
    voice = signal.lfilter([1], [1, -0.9], default_rng(seed).standard_normal(len(t)))
    return scale_to((voice * np.clip(np.sin(2 * np.pi * 4 * t), 0, None)).astype(np.float32), RATE, -26.0)


def in_room(speech, rate=RATE, hidden=0, **options):
    rows = np.atleast_2d(speech)
    return Reverb(Options(**options))(scene_of(rows, rate, hidden), [default_rng(1)] * len(rows))


def got(scene, row=0):
    return {measure.name: measure for measure in scene.got[row]}


def recording(path, t60_s=0.5, gain=0.2):
    samples = gain * room_response(t60_s, 6.0, 60.0, 48_000, default_rng(3))
    soundfile.write(path, np.concatenate((np.zeros(480), samples)), 48_000, subtype="FLOAT")
    return path


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 48_000])
def test_a_click_becomes_itself_and_a_tail_and_nothing_comes_before_it(rate):
    heard = in_room(click(2.0, rate, at=rate), rate, drr_db=0.0).speech[0]
    assert np.abs(heard[:rate]).max() < 1e-6
    assert heard[rate] == pytest.approx(1, abs=1e-5)
    assert np.abs(heard[rate + 1 : rate + rate // 400]).max() < 1e-6
    assert leq_dbov(heard[rate + rate // 400 :]) == pytest.approx(-10 * np.log10(rate * (1 - 1 / 400)), abs=0.1)


def test_the_tail_of_a_late_word_does_not_wrap_to_the_beginning():
    heard = in_room(click(1.0, at=RATE - 10), t60_s=3.0, drr_db=-10.0).speech[0]
    assert np.abs(heard[: RATE - 10]).max() < 1e-6


def test_a_room_is_the_convolution_with_its_response():
    response = in_room(click(), t60_s=0.7, drr_db=2.0).speech[0]
    speech = syllables(3.0)
    heard = in_room(speech, t60_s=0.7, drr_db=2.0).speech[0]
    assert heard == pytest.approx(signal.fftconvolve(speech, response)[: len(speech)], abs=2e-6)


@pytest.mark.parametrize("level_db", [-40, -20, 12])
def test_the_room_is_linear_in_level(level_db):
    gain = np.float32(10 ** (level_db / 20))
    soft, loud = in_room(syllables(2.0)).speech[0], in_room(syllables(2.0) * gain).speech[0]
    assert loud / gain == pytest.approx(soft, abs=1e-6)


@pytest.mark.parametrize(("t60_s", "drr_db"), [(0.05, -20), (0.06, -2), (0.4, 13), (0.7, 10), (1.8, 15), (3.0, 40)])
@pytest.mark.parametrize("seed", [0, 1])
def test_what_was_asked_is_got(t60_s, drr_db, seed):
    measures = got(in_room(syllables(1.0), t60_s=t60_s, drr_db=drr_db, room_seed=seed))
    assert measures["t60_s"].asked == t60_s
    assert measures["drr_db"].asked == drr_db
    assert {measures[name].kind for name in ("t60_s", "drr_db")} == {"set"}
    assert not any(measure.off_target for measure in measures.values())


def test_the_direct_sound_keeps_its_level_so_reverberation_makes_speech_louder():
    # Equal parts of direct and reflected sound that do not know each other: 3 dB.
    scene = in_room(default_rng(2).standard_normal(20 * RATE).astype(np.float32) / 20, drr_db=0.0)
    assert got(scene)["gain_db"].got == pytest.approx(3.01, abs=0.15)
    assert got(scene)["gain_db"].asked == pytest.approx(3.01, abs=0.01)
    assert scene.nominal == (Nominal(-26.0, -30.0),)


def test_in_silence_no_gain_is_measured():
    assert "gain_db" not in got(in_room(np.zeros(RATE, np.float32)))
    hidden = np.concatenate((syllables(1.0), np.zeros(RATE, np.float32)))
    assert "gain_db" not in got(in_room(hidden, hidden=RATE))


def test_others_and_noise_have_ways_of_their_own():
    stem = syllables(1.0)[np.newaxis]
    scene = replace(scene_of(stem), others=stem / 2, noise=stem / 4, far_end=stem / 8)
    after = Reverb(Options())(scene, [default_rng(1)])
    assert all(getattr(after, name) is getattr(scene, name) for name in ("others", "noise", "far_end"))


def test_one_room_a_call_and_another_in_the_next():
    one, same, other = (Options().settled(stream(seed, "settled")) for seed in (1, 1, 2))
    assert one == same
    rooms = [Reverb(options)(scene_of(click(1.0)), [default_rng(9)]).speech for options in (one, same, other)]
    assert np.array_equal(rooms[0], rooms[1])
    assert not np.array_equal(rooms[0], rooms[2])


def test_intelligibility_falls_strictly_with_severity():
    speech = syllables(4.0)
    typical = Options(t60_s=0.6, drr_db=0.0)
    heard = [
        Reverb(typical.at(severity))(scene_of(speech[np.newaxis]), [default_rng(1)]).speech[0]
        for severity in (0.125, 0.25, 0.5, 0.75, 1.0)
    ]
    scores = [stoi(speech, one, RATE, extended=True) for one in heard]
    assert all(np.diff(scores) < -0.005), scores


@pytest.mark.parametrize(("word", "times"), [("mild", 0.5), ("typical", 1.0), ("harsh", 2.0)])
def test_severity_moves_t60_in_proportion_and_leaves_the_talker_where_they_are(word, times):
    typical = Options(t60_s=0.5, drr_db=6.0, room_seed=5)
    moved = typical.at(severity_of(word))
    assert moved.t60_s == pytest.approx(0.5 * times)
    # At one distance in one room the reverberant energy is proportional to T60 (Kuttruff).
    assert moved.drr_db == pytest.approx(6.0 - 10 * np.log10(times))
    assert (moved == typical) == (times == 1.0)


@pytest.mark.parametrize("t60_s", [0.05, 0.06, 2.0, 3.0])
@pytest.mark.parametrize("drr_db", [-20, 40])
@pytest.mark.parametrize("severity", [0.01, 0.25, 1.0])
def test_any_severity_stays_within_the_ranges(t60_s, drr_db, severity):
    moved = Options(t60_s=t60_s, drr_db=drr_db).at(severity)
    assert Options.model_validate(moved.model_dump()) == moved


def test_a_recording_is_heard_with_the_reverberation_that_it_has(tmp_path):
    scene = in_room(syllables(1.0), rir=recording(tmp_path / "hall.wav"))
    assert got(scene)["t60_s"].got == pytest.approx(0.5, rel=0.1)
    assert got(scene)["drr_db"].got == pytest.approx(6, abs=1)
    assert {measure.kind for measure in scene.got[0]} == {"drawn"}
    assert [got(scene)[name].asked for name in ("t60_s", "drr_db")] == [None, None]


def test_the_path_of_a_recording_leads_from_the_profile(tmp_path):
    recording(tmp_path / "hall.wav")
    path = tmp_path / "p.yaml"
    path.write_text("name: p\nabout: a hall\nroom: [{reverb: {rir: hall.wav}}]\n")
    [effect] = read_profile(path).room
    assert effect.settle({}).rir == tmp_path / "hall.wav"


def test_one_recording_of_a_folder_is_picked_for_a_call(tmp_path):
    files = [recording(tmp_path / f"{n}.wav") for n in range(3)]
    options = Options(rir=tmp_path)
    picked = {options.settled(stream(seed, "settled")).rir for seed in range(30)}
    assert picked == set(files)
    with pytest.raises(ValueError, match="not settled"):
        Reverb(options)


def test_a_recorded_room_has_no_degree(tmp_path):
    options = Options(rir=recording(tmp_path / "hall.wav"))
    assert options.at(1.0) == options


def test_a_recording_that_changes_is_noticed_and_heard(tmp_path):
    options = Options(rir=recording(tmp_path / "hall.wav"))
    before, sound = options.content(), in_room(click(), rir=options.rir).speech
    recording(tmp_path / "hall.wav", t60_s=0.9)
    assert options.content() != before
    assert not np.array_equal(in_room(click(), rir=options.rir).speech, sound)
    assert Options().content() == ""


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("{rir: none.wav}", "none.wav: there is no such file"),
        ("{rir: empty}", "no sound file lies in it"),
        ("{rir: text.wav}", "is not a sound file"),
        ("{rir: hall.wav, t60_s: 0.6}", "t60_s: is what a recorded room has of its own"),
        ("{t60_s: 4}", "t60_s"),
    ],
)
def test_what_makes_no_room_is_refused(tmp_path, words, wrong):
    recording(tmp_path / "hall.wav")
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.wav").write_text("no sound")
    path = tmp_path / "reverb.yaml"
    path.write_text(words)
    with pytest.raises(BadlineError, match=wrong):
        words_of(Options, read_yaml(path))
