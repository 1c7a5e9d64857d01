"""Music in the room: its level, its pulse, its loudspeaker, and that it goes on without a seam."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
from numpy.random import default_rng
from scipy.signal import welch

from pipeline import levels
from pipeline.audio import Sound
from pipeline.chance import stream
from pipeline.line.room.music import Music, Options
from pipeline.line.scene import Nominal, Scene
from pipeline.line.tunes import STEP_S, Note, composed, from_small_speaker, play
from pipeline.line.window import GRID_MS

RATES = (8000, 22050)


def silent_scene(seconds: float, rate: int = 16000, *, rows: int = 1) -> Scene:
    stem = np.zeros((rows, round(seconds * rate)), dtype=np.float32)
    return Scene(rate, stem, stem, stem, stem, (Nominal(-26.0, -30.0),) * rows)


def streams(rows: int = 1):
    return [stream(1, str(row)) for row in range(rows)]


def played(options: Options, seconds: float, rate: int = 16000):
    return Music(options)(silent_scene(seconds, rate), streams()).noise[0]


@pytest.mark.parametrize(("seed", "rate"), [*((1, rate) for rate in RATES), (2, 8000)])
def test_the_snr_holds_a_weighted_over_a_minute(seed, rate):
    weighted = levels.a_weighted(played(Options(tune=seed, snr_db=12.0), 60.0, rate), rate)
    assert -30.0 - levels.leq_dbov(weighted) == pytest.approx(12.0, abs=0.2)


def test_a_tune_is_drawn_for_the_call_and_another_for_another():
    settled = [Options().settled(stream(seed, "music")) for seed in (1, 1, 2)]
    assert settled[0] == settled[1] != settled[2]
    assert (played(settled[0], 5.0) != played(settled[2], 5.0)).any()
    assert Options(tune=7).settled(stream(1, "music")).tune == 7


def test_the_pulse_stands_on_the_grid_on_which_windows_start():
    assert STEP_S * 1000 == GRID_MS
    scene = silent_scene(4.0, rows=4)
    rises = np.diff(np.square(Music(Options(tune=3))(scene, streams(4)).noise).reshape(4, -1, 160).sum(axis=2), axis=1)
    onsets = np.argsort(rises, axis=1)[:, -6:] + 1  # the strongest, in frames of 10 ms
    assert (np.minimum(onsets % 16, -onsets % 16) <= 1).mean() > 0.9


def test_a_tune_keeps_to_a_scale_over_four_bars_of_harmony():
    for seed in range(20):
        notes = composed(8, 4, stream(seed, "tune"))
        tones = {note.pitch % 12 for note in notes if note.pitch}
        assert len(tones) <= 7
        chords = [tuple(n.pitch for n in notes if n.instrument == "keys" and n.step // 16 == bar) for bar in range(8)]
        assert chords[:4] == chords[4:]


@pytest.mark.parametrize("instrument", ["bass", "keys", "lead", "drum"])
def test_what_reaches_beyond_the_end_of_the_loop_sounds_at_its_beginning(instrument):
    step = round(STEP_S * 16000)
    first, last = np.zeros((2, 6 * step), np.float32)
    play(Note(0, 1, 60, instrument, 0.5), 16000, first)
    play(Note(5, 1, 60, instrument, 0.5), 16000, last)
    assert np.abs(last[:step]).max() > 0.005
    assert (np.roll(first, 5 * step) == last).all()


def test_music_runs_on_from_block_to_block_of_a_silence():
    options = Options(tune=3)
    blocks = Music(options)(replace(silent_scene(2.0, rows=2), since=(0, 32000)), streams() + streams())
    assert (blocks.noise.reshape(-1) == played(options, 4.0)).all()


def test_a_small_loudspeaker_has_no_bass_and_leaves_the_middle():
    hiss = Sound(default_rng(1).standard_normal(480000).astype(np.float32), 48000)
    hz, before = welch(hiss.samples, 48000, nperseg=8192)
    gains = 10 * np.log10(welch(from_small_speaker(hiss).samples, 48000, nperseg=8192)[1] / before)
    at = {asked: float(gains[np.abs(hz / asked - 1) < 0.08].mean()) for asked in (62.5, 125, 250, 2000, 9000, 18000)}
    # A Butterworth band-pass of two poles to each side: 10 log10(1 + (f0/f)^4) down
    assert at[2000] == pytest.approx(0, abs=0.3)
    assert [at[250], at[9000]] == pytest.approx([-3.01] * 2, abs=0.6)
    assert [at[125], at[18000]] == pytest.approx([-12.3] * 2, abs=0.8)
    assert at[62.5] == pytest.approx(-24.1, abs=1.0)


def test_a_recording_is_played_instead_at_the_same_snr(tmp_path):
    soundfile.write(tmp_path / "song.wav", 0.1 * default_rng(1).standard_normal(48000), 16000)
    for loudspeaker in ("small", "none"):
        options = Options(folder=tmp_path, snr_db=9.0, loudspeaker=loudspeaker).settled(stream(1, "music"))
        (measure,) = Music(options)(silent_scene(60.0), streams()).got[0]
        assert (measure.effect, measure.name, measure.kind) == ("room.music", "snr_db", "set")
        assert measure.got == pytest.approx(9.0, abs=0.1)


def test_music_is_6_db_louder_at_twice_the_severity():
    assert [Options().at(s).snr_db for s in (0.25, 0.5, 1)] == pytest.approx([24.02, 18, 11.98], abs=0.01)
