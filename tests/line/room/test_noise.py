"""Beds of noise: their spectrum, their level against the talker, where recordings come from."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.random import default_rng
from scipy.signal import welch

from pipeline import levels
from pipeline.chance import stream
from pipeline.errors import BadlineError
from pipeline.line.room.noise import Noise, Options, sound_files
from pipeline.line.scene import Nominal, Scene
from pipeline.spec.words import read_words

KINDS = ("white", "pink", "speech_shaped")
RATES = (8000, 16000, 22050, 24000, 44100, 48000)
THIRDS_HZ = 1000 * 10 ** (np.arange(-13, 13) / 10)
# Byrne et al. 1994, table II, from 63 Hz on, per third of an octave
LTASS_DB = (38.6, 43.5, 54.4, 57.7, 56.8, 60.2, 60.3, 59.0, 62.1, 62.1, 60.5, 56.8, 53.7, 53.0, 52.0, 48.7,
            48.1, 46.8, 45.6, 44.5, 44.3, 43.7, 43.4, 41.3, 40.7)  # fmt: skip


def silent_scene(seconds: float, rate: int = 16000, *, rows: int = 1, hidden: int = 0) -> Scene:
    stem = np.zeros((rows, round(seconds * rate)), dtype=np.float32)
    return Scene(rate, stem, stem, stem, stem, (Nominal(-26.0, -30.0),) * rows, hidden=hidden)


def streams(rows: int = 1, seed: int = 1):
    return [stream(seed, str(row)) for row in range(rows)]


def bed(options: Options, seconds: float, rate: int = 16000, seed: int = 1):
    return Noise(options)(silent_scene(seconds, rate), streams(seed=seed)).noise[0]


def band_db(samples, rate: int, low_hz: float, high_hz: float) -> float:
    freqs, power = welch(samples, rate, nperseg=16384)
    return float(10 * np.log10(power[(freqs >= low_hz) & (freqs < high_hz)].sum()))


def write(path: Path, samples, rate: int = 16000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate)
    return path


def wavering(seconds: float, rate: int = 16000):
    """A noise that is 12 dB louder in its second half, on top of a DC of .1."""
    n = round(seconds * rate)
    return 0.1 + default_rng(3).standard_normal(n) * np.where(np.arange(n) < n // 2, 0.02, 0.08)


def profile(folder: Path, words: str) -> Path:
    path = folder / "noise.yaml"
    path.write_text(words)
    return path


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("kind", "per_octave_db"), [("white", 3.01), ("pink", 0.0)])
def test_octaves_of_white_noise_rise_by_3_db_and_those_of_pink_noise_are_equal(kind, per_octave_db, rate):
    samples = bed(Options(kind=kind), 30.0, rate)
    edges = 50.0 * 2.0 ** np.arange(int(np.log2(rate / 2 / 50)) + 1)
    octaves = [band_db(samples, rate, *pair) for pair in pairwise(edges)]
    top = band_db(samples, rate, rate / 4, rate / 2) - band_db(samples, rate, rate / 8, rate / 4)
    assert [*np.diff(octaves), top] == pytest.approx([per_octave_db] * len(octaves), abs=0.5)


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_speech_shaped_noise_has_the_long_term_spectrum_of_speech(rate):
    samples = bed(Options(kind="speech_shaped"), 60.0, rate)
    centres = THIRDS_HZ[1 : len(LTASS_DB) + 1]
    heard = [(hz, db) for hz, db in zip(centres, LTASS_DB, strict=True) if 100 <= hz < 0.44 * rate]
    got = np.array([band_db(samples, rate, hz / 2 ** (1 / 6), hz * 2 ** (1 / 6)) for hz, _ in heard])
    off = got - [db for _, db in heard]
    assert np.abs(off - off.mean()).max() < 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_procedural_noise_is_gaussian(kind):
    samples = bed(Options(kind=kind), 60.0).astype(np.float64)
    deviations = samples / samples.std()
    assert (deviations**4).mean() == pytest.approx(3.0, abs=0.1)
    assert (np.abs(deviations) > 3).mean() == pytest.approx(0.0027, rel=0.1)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_snr_is_the_weighted_nominal_level_less_the_weighted_level_of_the_bed(kind, rate):
    samples = bed(Options(kind=kind, snr_db=12.0), 60.0, rate)
    weighted = levels.leq_dbov(levels.a_weighted(samples, rate))
    assert -30.0 - weighted == pytest.approx(12.0, abs=0.1)


def test_without_weighting_the_snr_holds_between_plain_levels():
    samples = bed(Options(kind="pink", snr_db=20.0, weighting="none"), 60.0)
    assert -26.0 - 10 * np.log10(np.mean(samples.astype(np.float64) ** 2)) == pytest.approx(20.0, abs=0.1)


def test_what_was_asked_and_got_is_measured_on_the_visible_part():
    scene = silent_scene(4.0, rows=2, hidden=32000)
    after = Noise(Options(kind="white", snr_db=10.0, weighting="none"))(scene, streams(2))
    for row in (0, 1):
        (measure,) = after.got[row]
        assert (measure.effect, measure.name, measure.asked, measure.kind) == (
            "room.noise",
            "snr_db",
            10.0,
            "set",
        )
        visible = after.noise[row, 32000:].astype(np.float64)
        assert measure.got == pytest.approx(-26.0 - 10 * np.log10(np.mean(visible**2)), abs=1e-3)
        assert not measure.off_target


def test_every_window_has_the_same_gain_whatever_its_own_noise():
    loud, soft = (bed(Options(kind="pink", snr_db=snr_db), 0.5) for snr_db in (10.0, 16.0))
    assert loud == pytest.approx(soft * 10 ** (6 / 20), rel=1e-5, abs=1e-9)
    short = [levels.leq_dbov(bed(Options(kind="pink"), 0.2, seed=seed)) for seed in range(20)]
    assert np.std(short) > 0.2, "a window's own level is left as chance made it"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [8000, 44100])
def test_a_longer_bed_begins_with_the_same_samples(kind, rate):
    long, short = (bed(Options(kind=kind), seconds, rate) for seconds in (70.0, 1.3))
    assert (long[: len(short)] == short).all()


def test_the_bed_is_added_to_what_there_was_hidden_samples_too():
    scene = silent_scene(2.0, hidden=16000)
    there = replace(scene, noise=scene.noise + np.float32(0.25))
    alone, beside = (Noise(Options())(before, streams()).noise for before in (scene, there))
    assert beside == pytest.approx(alone + 0.25, abs=1e-6)
    assert alone[0, :16000].std() == pytest.approx(alone[0, 16000:].std(), rel=0.1)


@pytest.mark.parametrize("seconds", [0.4, 5.0, 40.0, 75.0])
@pytest.mark.parametrize("weighting", ["A", "none"])
def test_a_recording_has_its_snr_over_any_minute(tmp_path, seconds, weighting):
    path = write(tmp_path / "cafe.wav", wavering(seconds))
    options = Options(file=path, snr_db=7.0, weighting=weighting)
    for seed in (1, 2, 3):
        (measure,) = Noise(options)(silent_scene(60.0), streams(seed=seed)).got[0]
        assert measure.got == pytest.approx(7.0, abs=0.1)


def test_a_recording_is_resampled_and_loses_its_dc(tmp_path):
    tone = 0.2 + 0.1 * np.sin(2 * np.pi * 1000 * np.arange(3 * 44100) / 44100)
    path = write(tmp_path / "tone.flac", tone, 44100)
    samples = bed(Options(file=path, weighting="none"), 3.0, 16000)
    assert abs(samples.mean()) < 0.01 * samples.std()
    spectrum = np.abs(np.fft.rfft(samples[:16000] * np.hanning(16000)))
    assert spectrum.argmax() == pytest.approx(1000, abs=1)


def test_a_looped_recording_has_no_step_or_hole_at_its_seam(tmp_path):
    rng = default_rng(5)
    path = write(tmp_path / "hiss.wav", 0.1 * rng.standard_normal(16000 * 2))
    samples = bed(Options(file=path), 60.0)
    pieces = samples[: len(samples) // 800 * 800].reshape(-1, 800).std(axis=1)
    assert 20 * np.log10(pieces.max() / pieces.min()) < 2.0


def test_each_window_begins_at_a_place_of_its_own_in_the_recording(tmp_path):
    path = write(tmp_path / "hiss.wav", 0.1 * default_rng(5).standard_normal(16000 * 10))
    after = Noise(Options(file=path))(silent_scene(1.0, rows=2), streams(2))
    assert not np.allclose(after.noise[0], after.noise[1])


def test_of_several_channels_the_first_is_heard(tmp_path):
    hiss = 0.1 * default_rng(5).standard_normal(32000)
    mono = write(tmp_path / "mono.wav", hiss)
    stereo = write(tmp_path / "stereo.wav", np.stack((hiss, -hiss), axis=1))
    assert (bed(Options(file=mono), 1.0) == bed(Options(file=stereo), 1.0)).all()


def test_recordings_are_found_at_any_depth_in_order_and_one_channel_of_demand(tmp_path):
    for name in (
        "PCAFETER/ch01.wav",
        "PCAFETER/ch02.wav",
        "PCAFETER/ch16.wav",
        "free/b.flac",
        "a.wav",
        "._a.wav",
    ):
        write(tmp_path / name, np.ones(100) * 0.1)
    (tmp_path / "readme.txt").write_text("no sound")
    found = [path.relative_to(tmp_path).as_posix() for path in sound_files(tmp_path)]
    assert found == ["PCAFETER/ch01.wav", "a.wav", "free/b.flac"]


def test_one_recording_of_the_folder_is_picked_for_the_call_and_all_are_in_time(tmp_path):
    for name in "abc":
        write(tmp_path / f"{name}.wav", wavering(1.0))
    options = Options(folder=tmp_path)
    picked = {options.settled(stream(seed, "noise")).file.name for seed in range(40)}
    assert picked == {"a.wav", "b.wav", "c.wav"}
    settled = options.settled(stream(1, "noise"))
    assert settled == options.settled(stream(1, "noise"))
    assert settled.folder is None
    with pytest.raises(ValueError, match="settled"):
        Noise(options)


def test_a_path_leads_from_the_profiles_folder(tmp_path):
    path = write(tmp_path / "sounds" / "pub.wav", wavering(1.0))
    options = read_words(Options, profile(tmp_path, "file: sounds/pub.wav\n"))
    assert options.file == path
    assert Options.model_validate(options.model_dump()).file == path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("snr_db: 9\nfile: nowhere.wav\n", r"noise.yaml:2: file: .*nowhere.wav: there is no such file"),
        ("file: noise.yaml\n", r"noise.yaml:1: file: .*is not a sound file"),
        ("file: empty.wav\n", r"noise.yaml:1: file: .*holds no samples"),
        ("snr_db: 9\nfolder: nowhere\n", r"noise.yaml:2: folder: .*nowhere: there is no such folder"),
        ("folder: bare\n", r"noise.yaml:1: folder: .*bare: no sound file"),
        ("snr_db: 80\n", r"noise.yaml:1: snr_db: 80.* is above 50"),
        ("file: empty\nkind: pnik\n", r"kind: .*'pnik'"),
        ("kind: pink\nfile: hiss.wav\n", r"noise.yaml:2: file: wants one of .* not file and kind"),
    ],
)
def test_words_that_cannot_be_meant_are_refused_with_their_line(tmp_path, words, message):
    (tmp_path / "bare").mkdir()
    write(tmp_path / "empty.wav", np.zeros(0))
    write(tmp_path / "hiss.wav", wavering(0.1))
    with pytest.raises(BadlineError, match=message):
        read_words(Options, profile(tmp_path, words))


@pytest.mark.parametrize("samples", [np.zeros(16000), np.full(16000, 0.3), np.full(1, 0.3)])
def test_a_silent_recording_is_refused_rather_than_raised_without_end(tmp_path, samples):
    write(tmp_path / "sounds" / "silent.wav", samples)
    with pytest.raises(BadlineError, match=r"noise.yaml:1: file: .*silent.wav: is silent"):
        read_words(Options, profile(tmp_path, "file: sounds/silent.wav\n"))
    picked = Options(folder=tmp_path / "sounds").settled(stream(1, "noise"))
    with pytest.raises(BadlineError, match=r"silent.wav: is silent"):
        Noise(picked)(silent_scene(1.0), streams())


def test_a_recording_that_holds_nan_is_refused(tmp_path):
    soundfile.write(tmp_path / "broken.wav", np.array([0.1, np.nan, 0.1]), 16000, subtype="FLOAT")
    with pytest.raises(BadlineError, match=r"noise.yaml:1: file: .*holds NaN"):
        read_words(Options, profile(tmp_path, "file: broken.wav\n"))


def test_a_recording_that_vanished_is_an_error_and_never_a_clean_call(tmp_path):
    path = write(tmp_path / "gone.wav", wavering(1.0))
    options = Options(file=path)
    path.unlink()
    with pytest.raises(BadlineError, match="there is no such file"):
        Noise(options)(silent_scene(1.0), streams())


def test_a_silent_stretch_of_a_recording_has_no_snr(tmp_path):
    clip = np.concatenate((wavering(0.5), np.full(16000 * 20, 0.0)))
    path = write(tmp_path / "clip.wav", clip - clip.mean())
    got = [
        Noise(Options(file=path, weighting="none"))(silent_scene(0.2), streams(seed=seed)).got[0] for seed in range(5)
    ]
    assert all(np.isfinite(measure.got) for row in got for measure in row)


@pytest.mark.parametrize("samples", [0, 1, 10])
def test_the_shortest_scenes_get_noise_too(samples):
    stem = np.zeros((1, samples), dtype=np.float32)
    scene = Scene(8000, stem, stem, stem, stem, (Nominal(-26.0, -30.0),))
    assert Noise(Options())(scene, streams()).noise.shape == (1, samples)
