"""Coughs, made by rule: no recording, no model, as many different ones as there are seeds.

A cough has three phases, as studies of its sound agree (Korpas, Sadlonova and Vrabec 1996; Van Hirtum and Berckmans
2002; Morice et al. 2007): an explosive burst as the glottis opens, a longer and weaker rush of air, and, not always, a
short voiced end. The rush excites the open vocal tract: the source is noise, the filter a row of formants as of an open
neutral vowel. The figures below are of the order that such studies give, from memory; what is drawn between them is our
choice.
"""

from dataclasses import dataclass

import numpy as np
import scipy.signal
from numpy.random import Generator

from pipeline.audio import Floats
from pipeline.levels import Doubles, gain, scale_to

ASL_DBOV = -26.0
SILENT_DB = -45.0  # below the peak of a cough, where its sound is trimmed
AGAIN = 0.5  # the share of coughs that a second one follows

# Formants of an open neutral vowel and their bandwidths, Hz; a person's tract is up to a sixth shorter or longer.
FORMANTS_HZ = ((640.0, 160.0), (1300.0, 200.0), (2500.0, 300.0), (3500.0, 400.0), (4700.0, 600.0))


@dataclass(frozen=True)
class _Person:
    """Whose cough it is: a factor on the formants, and the pitch of the voiced end in Hz."""

    tract: float
    f0_hz: float


def cough(rng: Generator, rate: int = 16000) -> Floats:
    """One cough, or two of the same person, in 0.2 to 1.5 s at -26 dBov active level; silence around it is cut off."""
    person = _Person(tract=float(rng.uniform(0.9, 1.16)), f0_hz=float(rng.uniform(140, 320)))
    sounds = [_one(person, rng, rate)]
    if rng.random() < AGAIN:
        gap = np.zeros(round(rng.uniform(0.08, 0.3) * rate))
        sounds += [gap, gain(-rng.uniform(1, 6)) * _one(person, rng, rate)]
    return scale_to(_trimmed(np.concatenate(sounds)).astype(np.float32), rate, ASL_DBOV)


def _one(person: _Person, rng: Generator, rate: int) -> Doubles:
    """Burst and rush, one after the other and of one noise, then perhaps the voiced end."""
    burst_s, rush_s = rng.uniform(0.03, 0.06), rng.uniform(0.1, 0.22)
    voiced_s = rng.uniform(0.06, 0.14) if rng.random() < 0.6 else 0.0
    total = round((burst_s + rush_s + voiced_s) * rate) + rate // 20
    t = np.arange(total) / rate
    noise = rng.standard_normal(total) * _noise_envelope(t, burst_s, rush_s, rng)
    if voiced_s:
        noise += _voice(t, burst_s + 0.8 * rush_s, voiced_s, person.f0_hz, rng)
    fade = np.clip((total - np.arange(total)) / (0.02 * rate), 0, 1)
    return _tract(noise, person.tract, rate) * fade


def _noise_envelope(t: Doubles, burst_s: float, rush_s: float, rng: Generator) -> Doubles:
    """A rise within 2 to 5 ms, a steep fall to the rush 8 to 14 dB below, and its slow decay."""
    rise_s, below = rng.uniform(0.002, 0.005), gain(-rng.uniform(8, 14))
    burst = np.exp(-np.maximum(t - rise_s, 0) / (burst_s / 2.5))
    rush = below * np.exp(-np.maximum(t - burst_s - 0.5 * rush_s, 0) / (0.3 * rush_s))
    return np.asarray(np.minimum(t / rise_s, 1) * (burst + rush))


def _voice(t: Doubles, start_s: float, voiced_s: float, f0_hz: float, rng: Generator) -> Doubles:
    """Pulses of the closing glottis: a falling, unsteady pitch under a bell, as loud as the rush before it."""
    inside = np.clip((t - start_s) / voiced_s, 0, 1)
    wander = 1 + 0.04 * np.interp(t, np.linspace(0, t[-1], 8), rng.standard_normal(8))
    phase = np.cumsum(f0_hz * (1 - 0.25 * inside) * wander) * (t[1] - t[0])
    pulses = 2 * np.exp(-8 * (phase % 1)) - 0.25
    return np.asarray(rng.uniform(0.3, 0.6) * np.sin(np.pi * inside) ** 2 * pulses)


def _tract(source: Doubles, tract: float, rate: int) -> Doubles:
    """The source through parallel resonators below half the rate, 6 dB an octave down; nothing below 150 Hz."""
    heard = [(tract * hz, width) for hz, width in FORMANTS_HZ if tract * hz + width < rate / 2]
    spread = np.sum([_resonance(source, hz, width, rate) * FORMANTS_HZ[0][0] / hz for hz, width in heard], axis=0)
    return np.asarray(scipy.signal.sosfilt(scipy.signal.butter(2, 150, "highpass", fs=rate, output="sos"), spread))


def _resonance(source: Doubles, hz: float, width_hz: float, rate: int) -> Doubles:
    """A second-order band-pass with unit gain at its centre."""
    return np.asarray(scipy.signal.lfilter(*scipy.signal.iirpeak(hz, hz / width_hz, fs=rate), source))


def _trimmed(samples: Doubles) -> Doubles:
    loud = np.flatnonzero(np.abs(samples) > gain(SILENT_DB) * np.abs(samples).max())
    return samples[loud[0] : loud[-1] + 1]
