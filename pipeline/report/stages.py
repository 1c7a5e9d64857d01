"""What each effect did to a sentence, as a picture: waveform and mel spectrogram after every stage of the line."""

from collections.abc import Sequence

import numpy as np
from librosa.filters import mel
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy import signal

from pipeline.audio import Floats, from_pcm
from pipeline.line.scene import Measure
from pipeline.report.fit import Print, printable
from pipeline.report.table import number
from pipeline.run.single import Stage

WINDOW_MS, HOP_MS, BANDS = 32, 10, 64
RANGE_DB = 75  # from the strongest of all stages down: below it nothing is told apart on a telephone
COLUMNS = 1200  # of a waveform
# In inches.
WIDTH, LEFT, RIGHT, BETWEEN, SCALE = 13.0, 0.15, 0.75, 0.55, 0.12
WAVE = 4.6
HEAD, TITLE, ROW, AXIS = 0.45, 0.24, 0.95, 0.45
BLUE, BLACK, GREY = "#0072B2", "#222222", "#777777"


def draw_stages(title: str, stages: Sequence[Stage], rate: int) -> Figure:
    """One row a stage, all on the same scales of time, height and colour; the last is what arrives."""
    sounds = [from_pcm(stage.window.heard) for stage in stages]
    spectra = [mel_dbov(sound, rate) for sound in sounds]
    seconds = max(len(sound) for sound in sounds) / rate
    peak = max(float(np.abs(sound).max(initial=0)) for sound in sounds) or 1.0
    loudest = max(float(spectrum.max()) for spectrum in spectra)
    height = HEAD + len(stages) * (TITLE + ROW) + AXIS
    figure = Figure(figsize=(WIDTH, height), facecolor="white")
    FigureCanvasAgg(figure)
    _write(
        figure, LEFT, height - 0.25, Print(11).cut(printable(title), WIDTH - LEFT - RIGHT), size=Print(11), colour=BLACK
    )
    for nth, (stage, sound, spectrum) in enumerate(zip(stages, sounds, spectra, strict=True)):
        bottom = height - HEAD - (nth + 1) * (TITLE + ROW)
        _named(figure, stage, bottom + ROW + 0.06, is_last=nth == len(stages) - 1)
        wave, picture = _axes(figure, bottom, seconds, with_time=nth == len(stages) - 1)
        _draw_wave(wave, sound, rate, peak)
        _draw_spectrum(picture, spectrum, rate, loudest)
    _colours(figure, loudest, height)
    return figure


def mel_dbov(sound: Floats, rate: int) -> Floats:
    """Mel bands x frames in dBov: a full-scale sine has -3 dBov in its band, less what the band's slope takes."""
    size, hop = rate * WINDOW_MS // 1000, rate * HOP_MS // 1000
    padded = np.pad(sound, (0, max(0, size - len(sound))))
    _, _, spectrum = signal.stft(padded, rate, nperseg=size, noverlap=size - hop, padded=False)
    # A sine's amplitude A stands as A/2 in the spectrum; norm=None keeps each band's peak at 1.
    power = mel(sr=rate, n_fft=size, n_mels=BANDS, norm=None) @ (2 * np.abs(spectrum) ** 2)
    levels: Floats = 10 * np.log10(np.maximum(power, 1e-12))
    return levels


def _axes(figure: Figure, bottom: float, seconds: float, *, with_time: bool) -> tuple[Axes, Axes]:
    wide, high = WIDTH, float(figure.get_figheight())
    second = LEFT + WAVE + BETWEEN
    places = ((LEFT, WAVE), (second, wide - second - RIGHT))
    both = []
    for left, width in places:
        axes = figure.add_axes((left / wide, bottom / high, width / wide, ROW / high))
        axes.set_xlim(0, seconds)
        axes.tick_params(labelsize=7, labelbottom=with_time)
        if with_time:
            axes.set_xlabel("s", fontsize=8, labelpad=1)
        both.append(axes)
    return both[0], both[1]


def _draw_wave(axes: Axes, sound: Floats, rate: int, peak: float) -> None:
    """The lowest and highest sample of each column."""
    step = max(1, len(sound) // COLUMNS)
    at = np.arange(0, len(sound), step)
    low, high = np.minimum.reduceat(sound, at), np.maximum.reduceat(sound, at)
    axes.fill_between((at + step / 2) / rate, low, high, color=BLUE, linewidth=0.3)
    axes.set_ylim(-peak, peak)
    axes.set_yticks([])


def _draw_spectrum(axes: Axes, spectrum: Floats, rate: int, loudest: float) -> None:
    """Frame k is centred at k hops; the upper edges of the bands are told in kHz."""
    hop = HOP_MS / 1000
    extent = (-hop / 2, (spectrum.shape[1] - 0.5) * hop, 0, BANDS)
    shown = axes.imshow(spectrum, origin="lower", aspect="auto", extent=extent, cmap="magma", interpolation="nearest")
    shown.set_clim(loudest - RANGE_DB, loudest)
    ticks_hz = [hz for hz in (500, 1000, 2000, 4000) if hz < rate / 2]
    centres = mel_centres_hz(rate)
    axes.set_yticks(np.interp(ticks_hz, centres, np.arange(BANDS) + 0.5), [f"{hz / 1000:g}k" for hz in ticks_hz])


def mel_centres_hz(rate: int) -> Floats:
    """Where each band peaks, to the bin."""
    size = rate * WINDOW_MS // 1000
    # Finer than the spectrum's own bins: low bands are narrower than those.
    fine = 16
    return np.asarray(mel(sr=rate, n_fft=fine * size, n_mels=BANDS, norm=None).argmax(axis=1) * rate / (fine * size))


def _named(figure: Figure, stage: Stage, y: float, *, is_last: bool) -> None:
    name = f"{stage.effect.place}.{stage.effect.name}" if stage.effect else "the voice alone"
    shown = printable(f"{name} (this arrives)" if is_last else name)
    bold, small = Print(9), Print(8)
    _write(figure, LEFT, y, shown, size=bold, colour=BLACK)
    after = LEFT + bold.width(shown) + 0.25
    told = small.cut(printable(" · ".join(map(_told, stage.got))), WIDTH - RIGHT - after)
    if told:
        _write(figure, after, y, told, size=small, colour=GREY)


def _told(measure: Measure) -> str:
    asked, got = number(measure.asked), number(measure.got)
    return f"{measure.name} {got}" if measure.asked is None or asked == got else f"{measure.name} {got} (asked {asked})"


def _write(figure: Figure, x: float, y: float, text: str, *, size: Print, colour: str) -> None:
    places = (x / WIDTH, y / float(figure.get_figheight()))
    figure.text(*places, text, fontproperties=size.font, color=colour, parse_math=False)


def _colours(figure: Figure, loudest: float, height: float) -> None:
    """The key to the colours, beside the first row."""
    bottom = height - HEAD - TITLE - ROW
    axes = figure.add_axes(((WIDTH - RIGHT + 0.1) / WIDTH, bottom / height, SCALE / WIDTH, ROW / height))
    shades = np.linspace(0, 1, 64)[:, np.newaxis]
    axes.imshow(shades, origin="lower", aspect="auto", extent=(0, 1, loudest - RANGE_DB, loudest), cmap="magma")
    axes.set_xticks([])
    axes.tick_params(labelsize=7, labelright=True, labelleft=False, right=True, left=False)
    axes.set_title("dBov", fontsize=7, pad=3)
