"""Lost frames are heard: each takes from intelligibility (ESTOI) and quality (PESQ); concealment gives some back.

PESQ is an extra of its own; ESTOI is always there.
"""

from functools import cache

import numpy as np
import pytest
from pystoi import stoi

from pipeline.levels import scale_to
from pipeline.line.network import codec, packet_loss
from pipeline.line.scene import Nominal
from pipeline.line.window import scene_of

pytestmark = pytest.mark.slow
RATES = (0.0, 0.02, 0.05, 0.1, 0.2)
UTTERANCES = 4
DRAWS = 2  # of which frames are lost, where one concealment is held against another


@cache
def spoken(rate):
    """The clean words, two sentences in an utterance: some five seconds at -26 dBov."""
    from pipeline.run.survey import VOICES, sentences
    from pipeline.spec.voice import voice_named

    voices = [voice_named(name).build() for name in VOICES]
    texts = [" ".join(sentences()[2 * i : 2 * i + 2]) for i in range(UTTERANCES)]
    sounds = [voices[i % len(voices)].speak(text, seed=1).at(rate).samples for i, text in enumerate(texts)]
    return [scale_to(sound, rate, -26.0) for sound in sounds]


def judged(by, rate, clean, heard, mode):
    if by == "estoi":
        return stoi(clean, heard, rate, extended=True)
    return pytest.importorskip("pesq").pesq(rate, clean, heard, mode)


@cache
def quality(by, name, conceal, loss, draw=0):
    """The mean over utterances, beside the clean words; all losses and concealments share their chance."""
    rate, mode = (16_000, "wb") if name == "opus" else (8_000, "nb")
    losing = packet_loss.PacketLoss(packet_loss.Options(rate=loss))
    coding = codec.Codec(codec.Options(name=name, conceal=conceal))
    scores = []
    for i, clean in enumerate(spoken(rate)):
        scene = scene_of(clean, rate=rate, nominal=Nominal(-26.0, -30.0), voices={}, hidden=0)
        heard = coding(losing(scene, [np.random.default_rng([draw, i])]), []).speech[0]
        scores.append(judged(by, rate, clean, heard, mode))
    return np.mean(scores)


@pytest.mark.parametrize(("by", "step"), [("estoi", 0.005), ("pesq", 0.1)])
@pytest.mark.parametrize("conceal", ["zero", "repeat", "g711_app1", "codec"])
def test_it_falls_with_each_step_of_losses(conceal, by, step):
    name = "opus" if conceal == "codec" else "g711u"
    assert (np.diff([quality(by, name, conceal, loss) for loss in RATES]) < -step).all()


@pytest.mark.parametrize(("by", "step"), [("estoi", 0.01), ("pesq", 0.3)])
def test_at_ten_per_cent_the_last_frame_beats_silence_and_the_last_pitch_periods_beat_the_last_frame(by, step):
    means = {
        conceal: np.mean([quality(by, "g711u", conceal, 0.1, draw) for draw in range(DRAWS)])
        for conceal in ("zero", "repeat", "g711_app1")
    }
    assert means["repeat"] > means["zero"] + step
    assert means["g711_app1"] > means["repeat"]
