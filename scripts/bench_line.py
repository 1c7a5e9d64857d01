"""How fast the line is, beside the peers that can be installed: one process, one thread, turn by turn, CPU time.

The reference chain: a room of 0.6 s by its impulse response, noise at 10 dB, 8 kHz and G.711, clipping; ours with all
that was asked and got. Peers do what they have of it: see `PEERS`. Figures are times real time, medians.
"""

import argparse
import importlib
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import get_args

import numpy as np
import soundfile

from pipeline.chance import Chance, stream
from pipeline.errors import BadlineError
from pipeline.line import rooms
from pipeline.line.carry import carry, scene_of
from pipeline.line.draw import Line, draw_line
from pipeline.line.network.codec import Codecs
from pipeline.run.crew import Voices
from pipeline.spec.profile import read_profile
from pipeline.spec.voice import voice_named

RATE = 16_000
SNR_DB = 10.0
T60_S, DRR_DB = 0.6, 5.0
CLIP_DB = 12.0
ROUNDS = {5: 40, 60: 8}
NOISE_S = 90
Chain = Callable[[np.ndarray], object]
Times = dict[str, list[float]]


def line_of(words: str, folder: Path, name: str) -> Line:
    """The line of a profile, written as a file."""
    path = folder / f"{name}.yaml"
    path.write_text(f"name: {name}\nabout: For the bench.\n{words}", encoding="utf-8")
    return draw_line(read_profile(path), Chance(1))


def ours(line: Line, speaker) -> Chain:
    """The line on one window; measures and all."""
    return lambda x: carry(line, scene_of(x, rate=RATE, nominal=speaker.nominal, voices={}, hidden=0), [Chance(1)])


def reference(folder: Path) -> Line:
    """The reference chain."""
    return line_of(
        f"room:\n  - reverb: {{rir: {folder}/rirs/room.wav}}\n"
        f"  - noise: {{file: {folder}/noises/noise.wav, snr_db: {SNR_DB}}}\n"
        f"device:\n  - clip: {{db_over_asl: {CLIP_DB}}}\n"
        "network:\n  - codec: {name: g711u}\n",
        folder,
        "reference",
    )


def audiomentations(folder: Path) -> Chain:
    """Impulse response, noise, band-pass and clipping: without a codec, and without a measure."""
    a = importlib.import_module("audiomentations")
    chain = a.Compose(
        [
            a.ApplyImpulseResponse(str(folder / "rirs"), p=1),
            a.AddBackgroundNoise(str(folder / "noises"), min_snr_db=SNR_DB, max_snr_db=SNR_DB, p=1),
            a.BandPassFilter(
                min_center_freq=1010,
                max_center_freq=1010,
                min_bandwidth_fraction=1.9,
                max_bandwidth_fraction=1.9,
                min_rolloff=24,
                max_rolloff=24,
                zero_phase=False,
                p=1,
            ),
            a.ClippingDistortion(min_percentile_threshold=5, max_percentile_threshold=5, p=1),
        ]
    )
    return lambda x: chain(x, RATE)


def torch_audiomentations(folder: Path) -> Chain:
    """The same as audiomentations' without clipping, which it does not have."""
    a, torch = importlib.import_module("torch_audiomentations"), importlib.import_module("torch")
    chain = a.Compose(
        [
            a.ApplyImpulseResponse(str(folder / "rirs"), p=1, output_type="dict"),
            a.AddBackgroundNoise(
                str(folder / "noises"), min_snr_in_db=SNR_DB, max_snr_in_db=SNR_DB, p=1, output_type="dict"
            ),
            a.BandPassFilter(min_center_frequency=1010, max_center_frequency=1011, p=1, output_type="dict"),
        ],
        output_type="dict",
    )
    return lambda x: chain(torch.from_numpy(x)[None, None], sample_rate=RATE)


def phonesim(folder: Path) -> Chain:
    """Noise, 8 kHz, band, mu-law and clipping: it has no room."""
    p, torch = importlib.import_module("phonesim"), importlib.import_module("torch")
    chain = p.Pipeline(
        [
            p.NoiseStage(snr_db=(SNR_DB, SNR_DB)),
            p.ResampleStage(RATE, 8000),
            p.BandlimitStage(),
            p.CompandingStage("mulaw"),
            p.ClipStage(mode="hard"),
            p.ResampleStage(8000, RATE),
        ]
    )

    def run(x: np.ndarray) -> object:
        with torch.inference_mode():
            return chain(
                torch.from_numpy(x)[None, None], p.SimContext(RATE, generator=torch.Generator().manual_seed(1))
            )

    return run


PEERS: Mapping[str, Callable[[Path], Chain]] = {
    "audiomentations": audiomentations,
    "torch_audiomentations": torch_audiomentations,
    "phonesim": phonesim,
}


def peers(folder: Path) -> tuple[dict[str, Chain], dict[str, str]]:
    """Those that are there, and why the others are not."""
    there, missing = {}, {}
    for name, made in PEERS.items():
        try:
            there[name] = made(folder)
        except ImportError as error:
            missing[name] = str(error)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    return there, missing


def side_by_side(chains: Mapping[str, Chain], x: np.ndarray, rounds: int) -> dict[str, float]:
    """Times real time of each: the median of its CPU seconds, all taking turns."""
    times: Times = {name: [] for name in chains}
    for chain in chains.values():
        chain(x)
    for _ in range(rounds):
        for name, chain in chains.items():
            times[name].append(cpu_s(lambda chain=chain: chain(x)))
    return {name: len(x) / RATE / float(np.median(took)) for name, took in times.items()}


def cpu_s(run: Callable[[], object]) -> float:
    """CPU seconds of this process, all its threads."""
    start = time.process_time()
    run()
    return time.process_time() - start


def prepared(folder: Path, noise: np.ndarray) -> None:
    """The sounds that all chains share."""
    for name in ("rirs", "noises"):
        (folder / name).mkdir()
    response = rooms.room_response(T60_S, DRR_DB, 40.0, RATE, stream(1, "bench"), hf_damping=0.8)
    soundfile.write(folder / "rirs/room.wav", response / np.abs(response).max(), RATE, subtype="FLOAT")
    soundfile.write(folder / "noises/noise.wav", noise, RATE)


def speech_of(speaker, seconds: int) -> np.ndarray:
    """The caller's calibration sentences, over and over."""
    return np.resize(speaker.calibration, seconds * RATE)


def rooms_ms(count: int = 100) -> float:
    """What it costs to make up a room, each another one."""
    took = [
        cpu_s(lambda seed=seed: rooms.room_response(0.5, DRR_DB, 40.0, RATE, stream(seed, "bench"), hf_damping=0.8))
        for seed in range(count)
    ]
    return 1000 * float(np.median(took))


TEN_STAGES = """
room: [{reverb: {t60_s: 0.5, drr_db: 5}}, {noise: {kind: speech_shaped, snr_db: 14}}]
device: [{response: {preset: handset}}, {highpass: {}}, {self_noise: {}}, {clip: {}}, {adc: {}}, {agc: {}}]
network: [{band: {kind: nb}}, {codec: {name: g711u}}]
"""
FOURTEEN_STAGES = """
talker: [{effort: {noise_dba: 60}}, {level: {}}, {mumble: {severity: 0.3}}]
room: [{reverb: {t60_s: 0.5, drr_db: 5}}, {noise: {kind: speech_shaped, snr_db: 14}}]
device: [{response: {preset: handset}}, {highpass: {}}, {self_noise: {}}, {clip: {}}, {adc: {}}, {agc: {}}]
network: [{band: {kind: nb}}, {packet_loss: {rate: 0.02}}, {codec: {name: g711u}}]
"""


def alone(words: str, folder: Path, name: str, speaker, seconds: int) -> float:
    """Times real time of one line."""
    x = speech_of(speaker, seconds)
    return side_by_side({name: ours(line_of(words, folder, name), speaker)}, x, ROUNDS[seconds])[name]


def codecs(folder: Path, speaker) -> dict[str, float]:
    """Each codec that is here alone, from 16 kHz and back to it, on 60 s."""
    told = {}
    for name in get_args(Codecs):
        try:
            told[name] = alone(f"network: [{{codec: {{name: {name}}}}}]", folder, f"codec_{name}", speaker, 60)
        except BadlineError as error:
            print(f"{name}: not measured: {str(error).splitlines()[-1]}", file=sys.stderr)
    return told


def hour_gib() -> float:
    """The most memory that one hour through the reference chain takes, in a process of its own."""
    told = subprocess.run([sys.executable, __file__, "--hour"], check=True, capture_output=True, text=True)
    return float(told.stdout)


def one_hour() -> float:
    """Carry it; the peak of this process in GiB, stems and all."""
    speaker = Voices().voice(voice_named("heart"), "en")
    with tempfile.TemporaryDirectory() as folder:
        prepared(Path(folder), speech_of(speaker, NOISE_S))
        ours(reference(Path(folder)), speaker)(speech_of(speaker, 3600))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measured(folder: Path) -> dict[str, object]:
    """All figures by their keys."""
    speaker = Voices().voice(voice_named("heart"), "en")
    prepared(folder, 0.05 * stream(1, "bench noise").standard_normal(NOISE_S * RATE).astype(np.float32))
    others, missing = peers(folder)
    lines = {
        "reference_chain": reference(folder),
        "ten_stages": line_of(TEN_STAGES, folder, "ten_stages"),
        "fourteen_stages": line_of(FOURTEEN_STAGES, folder, "fourteen_stages"),
    }
    chains = {**{name: ours(line, speaker) for name, line in lines.items()}, **others}
    told: dict[str, object] = {"machine": platform.processor() or platform.machine(), "not_measured": missing}
    for seconds, rounds in ROUNDS.items():
        speeds = side_by_side(chains, speech_of(speaker, seconds), rounds)
        told |= {f"{name}_{seconds}s": speed for name, speed in speeds.items()}
        told |= {f"ratio_to_{name}_{seconds}s": speeds["reference_chain"] / speeds[name] for name in others}
    told |= {f"codec_{name}_60s": speed for name, speed in codecs(folder, speaker).items()}
    return {**told, "room_ms": rooms_ms(), "hour_peak_gib": hour_gib()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--hour", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.hour:
        print(one_hour())
        return
    warnings.simplefilter("ignore")  # what peers warn of is not ours to mend
    with tempfile.TemporaryDirectory() as folder:
        told = measured(Path(folder))
    if asked.json:
        print(json.dumps(told, indent=1))
        return
    for name, figure in told.items():
        print(f"{name:<32}{figure:>10.4g}" if isinstance(figure, float) else f"{name:<32}{figure}")


if __name__ == "__main__":
    main()
