import numpy as np
import pytest
from librosa import mel_frequencies
from matplotlib.colors import to_rgb

from pipeline.chance import Chance
from pipeline.line.draw import draw_line
from pipeline.line.scene import Nominal
from pipeline.line.window import Saying, Studio
from pipeline.report.plot import write_plot
from pipeline.report.stages import BANDS, BLUE, draw_stages, mel_centres_hz, mel_dbov
from pipeline.run.single import Listened
from pipeline.spec.profile import Profile

RATE = 16_000
SECOND = np.arange(RATE) / RATE


def sine(freq_hz, amplitude=0.5):
    return (amplitude * np.sin(2 * np.pi * freq_hz * SECOND)).astype(np.float32)


def listened(speech=None, **places):
    """A tone of a nominal level of -12 dBov on a line."""
    profile = Profile.model_validate({"name": "mine", "about": "A line.", **places})
    studio = Studio(draw_line(profile, Chance(1)), Nominal(-12.0, -12.0), {}, Chance(1))
    saying = Saying(sine(1000) if speech is None else speech, "tone")
    return Listened("mine typical", studio.utterance("listen", 1, saying), (), saying, studio)


def drawn(**places):
    return draw_stages("mine: tone", list(listened(**places).stages()), RATE)


def words(figure):
    return [text.get_text() for text in figure.texts]


QUIETER = {"talker": [{"level": {"asl_dbov": -24}}]}
NOISY = {**QUIETER, "room": [{"noise": {"kind": "pink", "snr_db": 10}}], "network": [{"band": {"kind": "nb"}}]}
MEASURED = ("gain_db", "snr_db", "share", "low_hz")


def test_there_is_a_row_for_the_voice_alone_and_for_each_effect_in_order():
    names = [text for text in words(drawn(**NOISY))[1:] if not text.startswith(MEASURED)]
    assert names == ["the voice alone", "talker.level", "room.noise", "device.adc", "network.band (this arrives)"]


def test_all_rows_share_time_height_and_colours():
    figure = drawn(**NOISY)
    waves, pictures = figure.axes[:-1:2], figure.axes[1:-1:2]
    assert len(waves) == len(pictures) == 5
    assert len({axes.get_xlim() for axes in (*waves, *pictures)}) == 1
    assert len({axes.get_ylim() for axes in waves}) == 1
    assert len({axes.images[0].get_clim() for axes in pictures}) == 1


def test_a_wave_that_is_12_db_down_is_a_quarter_as_high():
    figure = drawn(**QUIETER)
    before, after = (np.ptp(axes.collections[0].get_paths()[0].vertices[:, 1]) for axes in figure.axes[:4:2])
    assert after / before == pytest.approx(10 ** (-12 / 20), abs=0.005)
    assert tuple(figure.axes[0].collections[0].get_facecolor()[0][:3]) == to_rgb(BLUE)


def test_each_row_tells_what_its_own_effect_measured():
    told = [text for text in words(drawn(**NOISY)) if text.startswith(MEASURED)]
    assert tuple(text.split()[0] for text in told) == MEASURED
    assert told[0].startswith("gain_db -12")
    assert told[3] == "low_hz 300 · high_hz 3400"


def test_the_last_stage_is_what_arrives_to_the_byte():
    heard = listened(**NOISY)
    *_, last = heard.stages()
    assert last.window.sha256 == heard.window.sha256


def test_measures_of_the_stages_are_those_of_the_window():
    heard = listened(**NOISY)
    assert tuple(one for stage in heard.stages() for one in stage.got) == heard.window.got


def test_what_the_line_cuts_off_at_its_end_is_no_measure_of_an_effect():
    # A square wave of full scale overshoots in a filter by the ninth part of its step (Gibbs).
    heard = listened(np.sign(sine(500)).astype(np.float32), network=[{"band": {"kind": "nb"}}])
    assert heard.window.got[-1].effect == "line" and heard.window.got[-1].got > 0
    assert {one.effect for stage in heard.stages() for one in stage.got} == {"device.adc", "network.band"}


def test_who_speaks_faster_is_shown_to_take_less_time_from_their_row_on():
    alone, faster, _ = (
        stage.window.saying.length_ms for stage in listened(talker=[{"rate": {"factor": 1.6}}]).stages()
    )
    assert (alone, faster) == (1000, pytest.approx(1000 / 1.6, abs=20))


def test_a_full_scale_sine_has_its_level_in_the_band_of_its_frequency():
    edges_hz = mel_frequencies(BANDS + 2, fmin=0, fmax=RATE / 2)
    band = 30
    levels = mel_dbov(sine(edges_hz[band + 1], 1.0), RATE)[:, 20:-20]
    assert (levels.argmax(axis=0) == band).all()
    # A Hann window spreads a sine over bins of 31 Hz, and the band's slope takes some of it.
    assert levels[band] == pytest.approx(10 * np.log10(1 / 2), abs=2.0)


def test_bands_peak_where_slaneys_mel_scale_has_them():
    assert mel_centres_hz(RATE) == pytest.approx(mel_frequencies(BANDS + 2, fmin=0, fmax=RATE / 2)[1:-1], abs=2)


def test_silence_and_a_hair_of_sound_can_be_drawn():
    for speech in (np.zeros(RATE, np.float32), np.ones(10, np.float32)):
        figure = draw_stages("mine", list(listened(speech).stages()), RATE)
        assert words(figure)[1:2] == ["the voice alone (this arrives)"]


def test_a_picture_is_written(tmp_path):
    path = tmp_path / "stages.png"
    write_plot(path, drawn(**QUIETER))
    assert path.read_bytes().startswith(b"\x89PNG")
