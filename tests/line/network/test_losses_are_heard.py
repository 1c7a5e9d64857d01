"""Lost frames are heard: quality by ITU-T P.862 (PESQ) falls with each that is lost; concealment gives some back."""

from functools import cache

import numpy as np
import pytest

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


@cache
def quality(name, conceal, loss, draw=0):
    """The mean over utterances, beside the clean words; all losses and concealments share their chance."""
    pesq = pytest.importorskip("pesq").pesq
    rate, mode = (16_000, "wb") if name == "opus" else (8_000, "nb")
    losing = packet_loss.PacketLoss(packet_loss.Options(rate=loss))
    coding = codec.Codec(codec.Options(name=name, conceal=conceal))
    scores = []
    for i, clean in enumerate(spoken(rate)):
        scene = scene_of(clean, rate=rate, nominal=Nominal(-26.0, -30.0), voices={}, hidden=0)
        heard = coding(losing(scene, [np.random.default_rng([draw, i])]), []).speech[0]
        scores.append(pesq(rate, clean, heard, mode))
    return np.mean(scores)


@pytest.mark.parametrize("conceal", ["zero", "repeat", "g711_app1", "codec"])
def test_quality_falls_with_each_step_of_losses(conceal):
    name = "opus" if conceal == "codec" else "g711u"
    assert (np.diff([quality(name, conceal, loss) for loss in RATES]) < -0.1).all()


def test_at_ten_per_cent_the_last_frame_beats_silence_and_the_last_pitch_periods_beat_the_last_frame():
    means = {
        conceal: np.mean([quality("g711u", conceal, 0.1, draw) for draw in range(DRAWS)])
        for conceal in ("zero", "repeat", "g711_app1")
    }
    assert means["repeat"] > means["zero"] + 0.3
    assert means["g711_app1"] > means["repeat"]
