"""Mumbling at equal level and long-term spectrum: what is left of vowels, syllables and words. Prints, and draws."""

import argparse
import json
import runpy
from collections import Counter
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.signal import fftconvolve, firwin2

from pipeline.asr import Asr
from pipeline.audio import Floats, Sound
from pipeline.chance import stream
from pipeline.files import find_named
from pipeline.levels import active_speech_level, scale_to
from pipeline.line.window import RATE
from pipeline.run.crew import Voices
from pipeline.run.single import DEFAULT_RELEASE
from pipeline.run.survey import VOICES, errors_in, sentences
from pipeline.score._tokens import tokens
from pipeline.spec.release import read_release
from pipeline.spec.voice import voice_named

MEASURES = runpy.run_path(str(Path(__file__).parents[1] / "tests/line/talker/test_mumble_is_no_filter.py"))
SEVERITIES = MEASURES["SEVERITIES"]
SNR_DB = 6.0
QUIET = ("equal", "control"), (0.0, 0.5, 0.75, 1.0)
NOISY = ("noisy",), (0.0, 0.5, 1.0)
AROUND = int(0.3 * RATE)


def main() -> None:
    """Measure what is not measured yet, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=60)
    parser.add_argument("--kept", type=Path, default=Path("mumble.jsonl"))
    parser.add_argument("--plot", type=Path)
    asked = parser.parse_args()
    clean = spoken(asked.sentences)
    heard_all(clean, asked.kept)
    rows = [json.loads(line) for line in asked.kept.read_text(encoding="utf-8").splitlines()]
    rates = {key: rate_of(rows, *key) for key in {(row["sort"], row["severity"]) for row in rows}}
    curves = measured(clean)
    for key in sorted(rates):
        print(*key, *(f"{100 * part:.1f}" for part in rates[key]))
    for name, (spaces, modulations) in curves.items():
        print(name, [f"{one:.0f}" for one in spaces], [f"{one:.3f}" for one in modulations])
    if asked.plot:
        draw(rates, curves, asked.plot)


def spoken(count: int) -> list[Floats]:
    """The first sentences, by the voices in turn."""
    voices = Voices()
    speakers = [voices.voice(voice_named(name), "en") for name in VOICES]
    return [speakers[i % len(speakers)].speak(sentences()[i]) for i in range(count)]


def sound_of(sort: str, severity: float, clean: Floats) -> Floats:
    """What is recognised: equalised mumbling (at 0 the clean words), also in noise; and the control."""
    shaped_as, mumbled = MEASURES["shaped_as"], MEASURES["mumbled"]
    if sort == "control":
        return shaped_as(clean, mumbled(clean, severity))
    equal = shaped_as(mumbled(clean, severity), clean) if severity else clean
    return equal + noise(clean) if sort == "noisy" else equal


def noise(clean: Floats) -> Floats:
    """Noise with the sentence's long-term spectrum, so far below its active level."""
    hz, power = MEASURES["long_term"](clean)
    white = stream(1, "mumble", "noise").standard_normal(len(clean) + 1024)
    bed = fftconvolve(white, firwin2(1025, hz, np.sqrt(power), fs=RATE), mode="valid").astype(np.float32)
    return scale_to(bed, RATE, active_speech_level(clean, RATE).asl_dbov - SNR_DB)


def heard_all(clean: list[Floats], kept: Path) -> None:
    """Errors of each sentence in each sort, added to the file as they come."""
    asr: Asr = read_release(find_named(DEFAULT_RELEASE, folder="fixtures/releases")).asr.build()
    known = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()] if kept.exists() else []
    done = {(one["sort"], one["severity"], one["sentence"]) for one in known}
    with kept.open("a", encoding="utf-8") as file:
        for sorts in (QUIET, NOISY):
            for i, sort, severity in product(range(len(clean)), *sorts):
                if (sort, severity, i) not in done and (sort != "control" or severity == 1):
                    file.write(json.dumps(heard(asr, i, sort, severity, clean[i])) + "\n")
                    file.flush()


def heard(asr: Asr, i: int, sort: str, severity: float, clean: Floats) -> dict:
    """The errors of one sentence."""
    said = tokens(sentences()[i])
    [transcript] = asr.transcribe([Sound(np.pad(sound_of(sort, severity, clean), AROUND), RATE)])
    errors = errors_in(said, tokens(transcript.text))
    return {"sentence": i, "sort": sort, "severity": severity, "words": len(said), "errors": errors,
            "text": transcript.text}  # fmt: skip


def rate_of(rows: list[dict], sort: str, severity: float) -> tuple[float, float, float]:
    """The word error rate with its 95 % interval over sentences (bootstrap)."""
    errors, words = Counter(), Counter()
    for row in rows:
        if (row["sort"], row["severity"]) == (sort, severity):
            errors[row["sentence"]] += row["errors"]
            words[row["sentence"]] += row["words"]
    counts = np.array([(errors[i], words[i]) for i in words], float)
    drawn = counts[stream(1, "bootstrap").integers(len(counts), size=(2000, len(counts)))].sum(axis=1)
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], [2.5, 97.5])
    return float(counts[:, 0].sum() / counts[:, 1].sum()), float(low), float(high)


def measured(clean: list[Floats]) -> dict[str, tuple[list[float], list[float]]]:
    """Formant space and modulation by severity, of equalised mumbling and of the control."""
    shaped_as, mumbled = MEASURES["shaped_as"], MEASURES["mumbled"]
    curves: dict[str, tuple[list[float], list[float]]] = {"mumbled": ([], []), "control": ([], [])}
    for severity in SEVERITIES:
        dull = [mumbled(row, severity) for row in clean]
        there = {
            "mumbled": [shaped_as(one, row) for one, row in zip(dull, clean, strict=True)],
            "control": [shaped_as(row, one) for one, row in zip(dull, clean, strict=True)],
        }
        for name, rows in there.items():
            curves[name][0].append(MEASURES["formant_space"](rows, clean))
            curves[name][1].append(MEASURES["modulation"](rows))
    return curves


def draw(rates: dict, curves: dict, path: Path) -> None:
    """Three pictures side by side: vowels, syllables, words."""
    figure, places = plt.subplots(1, 3, figsize=(11, 3.2))
    for name, label in (("mumbled", "mumbled, equalised"), ("control", "clean, filtered alike")):
        for place, values in zip(places, curves[name], strict=False):
            place.plot(SEVERITIES, 100 * np.array(values) / values[0], marker="o", ms=4, label=label)
    for sort, label in (("equal", "mumbled, equalised"), ("control", "clean, filtered alike"),
                        ("noisy", f"mumbled, equalised, SNR {SNR_DB:g} dB")):  # fmt: skip
        x = sorted(severity for one, severity in rates if one == sort)
        wer, low, high = (100 * np.array([rates[sort, one][part] for one in x]) for part in range(3))
        places[2].errorbar(x, wer, yerr=[wer - low, high - wer], marker="o", ms=4, capsize=2, label=label)
    for place, title in zip(places, ("formant space, %", "modulation 4 to 16 Hz, %", "word error rate, %"), strict=True):
        place.set(title=title, xlabel="mumble severity", ylim=(0, None))
        place.grid(alpha=0.3)
        place.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
