"""Silero's network over many frames at once, built from the weights of the one that takes a frame at a time.

The published model asks to be called for every 32 ms, and half of the time goes into the calls. Here the encoder takes
all frames as one batch and the recurrent layer takes them as one sequence: the same arithmetic on the same weights, so
that the probabilities are the same to the last bit, in less than half the time.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx.numpy_helper import from_array, to_array

# Rows are a frame and what lies before it, at 16 kHz; `h` and `c` are the state, from one call to the next.
NETWORK = """
<ir_version: 8, opset_import: ["" : 16]>
silero (float[frames, samples] rows, float[1, 1, 128] h, float[1, 1, 128] c)
    => (float[frames] speech, float[1, 1, 128] next_h, float[1, 1, 128] next_c)
{
    right = Constant <value = int64[4] {0, 0, 0, 64}> ()
    one = Constant <value = int64[1] {1}> ()
    all = Constant <value = int64[1] {-1}> ()
    square = Constant <value = float {2.0}> ()
    reflected = Pad <mode = "reflect"> (rows, right)
    sound = Unsqueeze (reflected, one)
    spectrum = Conv <strides = [128]> (sound, stft)
    real, imaginary = Split <axis = 1> (spectrum)
    real_power = Pow (real, square)
    imaginary_power = Pow (imaginary, square)
    power = Add (real_power, imaginary_power)
    magnitude = Sqrt (power)
    first = Conv <pads = [1, 1]> (magnitude, encoder_0_weight, encoder_0_bias)
    first_out = Relu (first)
    second = Conv <pads = [1, 1], strides = [2]> (first_out, encoder_1_weight, encoder_1_bias)
    second_out = Relu (second)
    third = Conv <pads = [1, 1], strides = [2]> (second_out, encoder_2_weight, encoder_2_bias)
    third_out = Relu (third)
    fourth = Conv <pads = [1, 1]> (third_out, encoder_3_weight, encoder_3_bias)
    fourth_out = Relu (fourth)
    features = Transpose <perm = [0, 2, 1]> (fourth_out)
    states, next_h, next_c = LSTM <hidden_size = 128> (features, lstm_input, lstm_state, lstm_bias, , h, c)
    recalled = Squeeze (states, one)
    recalled_out = Relu (recalled)
    over_time = Transpose <perm = [1, 2, 0]> (recalled_out)
    odds = Conv (over_time, decoder_weight, decoder_bias)
    probabilities = Sigmoid (odds)
    speech = Reshape (probabilities, all)
}
"""
# What the network above calls a weight, and what the published model does.
CONVOLUTIONS = {
    "stft": "stft.forward_basis_buffer",
    **{f"encoder_{k}_{part}": f"encoder.{k}.reparam_conv.{part}" for k in range(4) for part in ("weight", "bias")},
    **{f"decoder_{part}": f"decoder.decoder.2.{part}" for part in ("weight", "bias")},
}
GATES = {
    "lstm_input": ("decoder.rnn.weight_ih",),
    "lstm_state": ("decoder.rnn.weight_hh",),
    "lstm_bias": ("decoder.rnn.bias_ih", "decoder.rnn.bias_hh"),
}


def sequence_model(path: Path) -> bytes:
    """The network for 16 kHz, serialised, with the weights of the published model at `path`."""
    published = _constants(onnx.load(path))
    weights = {ours: published[theirs] for ours, theirs in CONVOLUTIONS.items()}
    for ours, theirs in GATES.items():
        weights[ours] = np.concatenate([_in_onnx_order(published[name]) for name in theirs])[np.newaxis]
    model = onnx.parser.parse_model(NETWORK)
    model.graph.initializer.extend(from_array(weight, name) for name, weight in weights.items())
    return bytes(model.SerializeToString())


def _constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Of the branch for 16 kHz, by their names: the published model has one branch for each of its two rates."""
    [choice] = [node for node in model.graph.node if node.op_type == "If"]
    [branch] = [attribute.g for attribute in choice.attribute if attribute.name == "then_branch"]
    nodes = (node for node in branch.node if node.op_type == "Constant")
    return {node.output[0].rpartition("__")[2]: to_array(node.attribute[0].t) for node in nodes}


def _in_onnx_order(gates: np.ndarray) -> np.ndarray:
    """Rows of the four gates in ONNX's order: input, output, forget, cell. torch has input, forget, cell, output."""
    into, forget, cell, out = np.split(gates, 4)
    return np.concatenate([into, out, forget, cell])
