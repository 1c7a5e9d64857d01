"""Beds of noise: their spectrum, their level against the talker, where recordings come from."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.random import default_rng
from scipy.signal import butter, sosfilt, welch

from pipeline import levels
from pipeline.chance import stream
from pipeline.errors import BadlineError
from pipeline.line.room.noise import Noise, Options
from pipeline.line.scene import Nominal, Scene
from pipeline.spec.words import read_words

STEADY = ("white", "pink", "brown", "hoth", "speech_shaped", "car", "hvac")
WAVERING = ("street", "crowd", "water")
STRUCK = ("dishes", "rain", "keyboard")
KINDS = (*STEADY, *WAVERING, *STRUCK)
SYLLABIC = ((0.2, 1.0), (2.0, 8.0), (20.0, 40.0))
RATES = (8000, 16000, 22050, 24000, 44100, 48000)
THIRDS_HZ = 1000 * 10 ** (np.arange(-13, 13) / 10)
# Byrne et al. 1994, table II, from 63 Hz on, per third of an octave
LTASS_DB = (38.6, 43.5, 54.4, 57.7, 56.8, 60.2, 60.3, 59.0, 62.1, 62.1, 60.5, 56.8, 53.7, 53.0, 52.0, 48.7,
            48.1, 46.8, 45.6, 44.5, 44.3, 43.7, 43.4, 41.3, 40.7)  # fmt: skip
# IEEE 269 and ITU-T P.800, Hoth noise per third of an octave from 100 Hz on; dB SPL, 50 dBA in all
HOTH_DB = (45.9, 45.5, 44.9, 44.1, 43.6, 43.1, 42.3, 41.7, 41.2, 40.4, 39.7, 39.3, 38.7, 37.8, 37.2, 36.5, 34.8,
           33.2, 30.4, 26.0)  # fmt: skip
# EN 1793-3, traffic per third of an octave from 100 Hz on; A-weighted
TRAFFIC_DBA = (-20, -20, -18, -16, -15, -14, -13, -12, -11, -9, -8, -9, -10, -11, -13, -15, -16, -18)
NC40_DB = (64, 56, 50, 45, 41, 39, 38, 37)  # octaves from 63 Hz on


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


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
@pytest.mark.parametrize(("kind", "per_octave_db"), [("white", 3.01), ("pink", 0.0), ("brown", -3.01)])
def test_octaves_of_white_noise_rise_by_3_db_of_pink_noise_are_equal_and_of_brown_noise_fall_by_3_db(
    kind, per_octave_db, rate
):
    samples = bed(Options(kind=kind), 15.0, rate)
    edges = 50.0 * 2.0 ** np.arange(int(np.log2(rate / 2 / 50)) + 1)
    octaves = [band_db(samples, rate, *pair) for pair in pairwise(edges)]
    top = band_db(samples, rate, rate / 4, rate / 2) - band_db(samples, rate, rate / 8, rate / 4)
    assert [*np.diff(octaves), top] == pytest.approx([per_octave_db] * len(octaves), abs=0.5)


def thirds_db(samples, rate: int, centres):
    freqs, power = welch(samples, rate, nperseg=16384)
    edges = [(freqs >= hz / 2 ** (1 / 6)) & (freqs < hz * 2 ** (1 / 6)) for hz in centres]
    return 10 * np.log10([power[there].sum() for there in edges])


def assert_shaped(got, asked, within_db: float) -> None:
    off = np.array(got) - asked
    assert np.abs(off - off.mean()).max() < within_db


@pytest.mark.parametrize("rate", [8000, 24000])
@pytest.mark.parametrize(
    ("kind", "first_hz", "table_db"),
    [("speech_shaped", 63.1, LTASS_DB), ("hoth", 100.0, HOTH_DB), ("crowd", 63.1, LTASS_DB)],
)
def test_noise_has_the_spectrum_of_its_table_of_thirds(kind, first_hz, table_db, rate):
    samples = bed(Options(kind=kind), 40.0, rate)
    centres = first_hz * 10 ** (np.arange(len(table_db)) / 10)
    heard = (centres >= 100) & (centres < 0.44 * rate)
    assert_shaped(thirds_db(samples, rate, centres[heard]), np.array(table_db)[heard], 1.0)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_the_street_has_the_traffic_spectrum_once_it_is_a_weighted(rate):
    weighted = levels.a_weighted(bed(Options(kind="street"), 60.0, rate), rate)
    centres = 100 * 10 ** (np.arange(len(TRAFFIC_DBA)) / 10)
    heard = centres < 0.4 * rate
    assert_shaped(thirds_db(weighted, rate, centres[heard]), np.array(TRAFFIC_DBA)[heard], 1.0)


def test_ventilation_has_the_octaves_of_its_nc_curve():
    samples = bed(Options(kind="hvac"), 60.0, 24000)
    centres = 1000 * 2.0 ** np.arange(-3, 4)
    octaves = [band_db(samples, 24000, hz / 2**0.5, hz * 2**0.5) for hz in centres]
    # Straight between the points in density, an octave of a steep part holds a little more than its centre says.
    assert_shaped(octaves, NC40_DB[1:], 1.0)


@pytest.mark.parametrize("rate", RATES)
def test_most_of_the_energy_in_a_car_lies_below_500_hz(rate):
    samples = bed(Options(kind="car"), 5.0, rate)
    assert band_db(samples, rate, 0, 500) - band_db(samples, rate, 0, rate) > 10 * np.log10(0.85)


def wavering_of(kind: str, low_hz: float, high_hz: float, seconds: float = 120.0):
    """How much the power from 1 to 2 kHz varies between two modulation frequencies, as a share of its mean."""
    samples = bed(Options(kind=kind), seconds, 8000)
    sos = butter(4, (1000, 2000), "bandpass", fs=8000, output="sos")
    power = np.square(sosfilt(sos, samples)).reshape(-1, 80).mean(axis=1)  # 100 a second
    spectrum = np.abs(np.fft.rfft(power / power.mean() - 1)) ** 2
    hz = np.fft.rfftfreq(len(power), 0.01)
    return float(np.sqrt(2 * spectrum[(hz >= low_hz) & (hz < high_hz)].sum()) / len(power))


def test_a_crowd_wavers_as_syllables_do_beyond_what_its_noise_does():
    crowd, still = (np.array([wavering_of(kind, *band) for band in SYLLABIC]) for kind in ("crowd", "speech_shaped"))
    slow, syllabic, fast = np.sqrt(np.maximum(crowd**2 - still**2, 0))
    # A power of exp(2 x .35 g) has a deviation of sqrt(exp(.7^2) - 1) of its mean, some of it outside 2 to 8 Hz.
    assert 0.4 < syllabic < 0.79
    assert slow < syllabic / 3
    assert fast < syllabic / 2


@pytest.mark.parametrize("kind", ["dishes", "keyboard"])
def test_strikes_stand_out_and_come_as_often_as_said(kind):
    samples = bed(Options(kind=kind), 60.0)
    frames = levels.leq_dbov(samples), [levels.leq_dbov(part) for part in samples.reshape(-1, 160)]
    assert max(frames[1]) > frames[0] + 8
    assert np.median(frames[1]) < frames[0] - 3


@pytest.mark.parametrize("kind", [*WAVERING, *STRUCK])
def test_no_stretch_of_a_bed_is_heard_again(kind):
    samples = bed(Options(kind=kind), 60.0, 8000)
    spectrum = np.fft.rfft(samples, 2 * len(samples))
    again = np.fft.irfft(np.abs(spectrum) ** 2)[8000 : len(samples) // 2] / np.sum(samples.astype(float) ** 2)
    assert np.abs(again).max() < 0.3


@pytest.mark.parametrize("kind", STRUCK)
def test_strikes_run_on_from_block_to_block_of_a_silence(kind):
    whole = bed(Options(kind=kind), 4.0)
    blocks = Noise(Options(kind=kind))(replace(silent_scene(2.0, rows=2), since=(0, 32000)), streams() + streams())
    power = [np.square(part).reshape(-1, 160).mean(axis=1) for part in (whole, blocks.noise.reshape(-1))]
    assert np.corrcoef(*power)[0, 1] > 0.9


def test_a_recording_runs_on_from_block_to_block_of_a_silence(tmp_path):
    path = write(tmp_path / "hiss.wav", 0.1 * default_rng(5).standard_normal(16000 * 3))
    options = Options(file=path)
    blocks = Noise(options)(replace(silent_scene(2.0, rows=2), since=(0, 32000)), streams() + streams())
    assert (blocks.noise.reshape(-1) == bed(options, 4.0)).all()


@pytest.mark.parametrize("kind", STEADY)
def test_steady_noise_is_gaussian(kind):
    samples = bed(Options(kind=kind), 60.0, 8000).astype(np.float64)
    deviations = samples / samples.std()
    # Where the power lies below 100 Hz, a minute holds some 5000 independent numbers: 14 of them beyond 3.
    deep = kind in {"brown", "car", "hvac", "hoth"}
    assert (deviations**4).mean() == pytest.approx(3.0, abs=0.25 if deep else 0.1)
    assert (np.abs(deviations) > 3).mean() == pytest.approx(0.0027, rel=0.6 if deep else 0.15)


@pytest.mark.parametrize(
    ("kind", "rate"), [*((kind, 8000) for kind in KINDS), ("pink", 22050), ("rain", 24000), ("speech_shaped", 48000)]
)
@pytest.mark.slow
def test_the_snr_is_the_weighted_nominal_level_less_the_weighted_level_of_the_bed(kind, rate):
    samples = bed(Options(kind=kind, snr_db=12.0), 60.0, rate)
    weighted = levels.leq_dbov(levels.a_weighted(samples, rate))
    # Dishes come 4 times a second: 240 of them vary by 8 % in their energy, 2 standard deviations of which are .7 dB.
    assert -30.0 - weighted == pytest.approx(12.0, abs={"dishes": 0.8, "keyboard": 0.6}.get(kind, 0.2))


def test_the_bed_is_6_db_louder_at_twice_the_severity_up_to_the_range():
    assert [Options(snr_db=14.0).at(s).snr_db for s in (0.25, 0.5, 1)] == pytest.approx([20.02, 14, 7.98], abs=0.01)
    assert Options(snr_db=-10.0).at(1).snr_db == -10.0


def test_by_chance_alone_no_minute_of_a_bed_misses_its_tolerance():
    for kind in STRUCK:
        (measure,) = Noise(Options(kind=kind))(silent_scene(60.0, 8000), streams()).got[0]
        assert not measure.off_target
        assert measure.tolerance < 2.6


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


@pytest.mark.parametrize(("kind", "rate"), [*((kind, 8000) for kind in KINDS), ("pink", 44100), ("crowd", 22050)])
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


def test_a_recording_whose_first_minute_is_silent_is_refused_however_loud_it_goes_on(tmp_path):
    later = np.concatenate((np.zeros(60 * 8000), 0.1 * default_rng(1).standard_normal(8000)))
    write(tmp_path / "sounds" / "late.wav", later, 8000)
    with pytest.raises(BadlineError, match=r"late.wav: is silent in its first 60 s"):
        read_words(Options, profile(tmp_path, "file: sounds/late.wav\n"))


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
