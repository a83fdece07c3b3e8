"""From trained weights to `models/`: the int8 ONNX step, the encoder beside it, the Markov table, and their cards."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from device.compose import tokens as tk
from device.compose.contexts import FIELDS
from tools.train_composer_net import CONDITIONS, EXCERPT, Net


class Cell(nn.Module):
    """A GRU cell as two MatMuls: onnxruntime's quantize_dynamic leaves the ONNX GRU operator alone."""

    def __init__(self, gru: nn.GRU):
        super().__init__()
        self.wi = nn.Parameter(gru.weight_ih_l0.detach().t().contiguous())
        self.wh = nn.Parameter(gru.weight_hh_l0.detach().t().contiguous())
        self.bi, self.bh, self.size = gru.bias_ih_l0.detach(), gru.bias_hh_l0.detach(), gru.hidden_size

    def forward(self, x, h):
        a, b, n = x @ self.wi + self.bi, h @ self.wh + self.bh, self.size
        r, z = torch.sigmoid(a[:, :n] + b[:, :n]), torch.sigmoid(a[:, n:2 * n] + b[:, n:2 * n])
        return (1 - z) * torch.tanh(a[:, 2 * n:] + r * b[:, 2 * n:]) + z * h


class Step(nn.Module):
    """One token: (fields (1, 7), asked (1, CONDITIONS + STYLE_SIZE), one, two (1, hidden)) → logits, new states."""

    def __init__(self, net: Net):
        super().__init__()
        self.net = net
        self.first, self.second = Cell(net.first), Cell(net.second)

    def forward(self, fields, asked, one, two):
        one = self.first(self.net.given(fields, asked), one)
        two = self.second(one, two)
        return self.net.scores(two, fields), one, two


class Listen(nn.Module):
    """The style encoder, a token at a time: (token, h) → h and what a mean of h so far means."""

    def __init__(self, net: Net):
        super().__init__()
        self.embed, self.cell, self.latent = net.embed, Cell(net.listen), net.latent

    def forward(self, token, h, sums):
        h = self.cell(self.embed(token), h)
        sums = sums + h
        return h, sums, self.latent(sums / EXCERPT)[:, :tk.STYLE_SIZE]


def quantized(module: nn.Module, args: tuple, inputs: list[str], outputs: list[str], folder: Path, name: str,
              quantize: bool = True) -> Path:
    from onnxruntime.quantization import QuantType, quantize_dynamic
    exact, small = folder / f"{name}.float.onnx", folder / f"{name}.onnx"
    torch.onnx.export(module.eval(), args, str(exact), input_names=inputs, output_names=outputs, opset_version=17,
                      dynamo=False)
    if not quantize:
        return exact
    quantize_dynamic(str(exact), str(small), weight_type=QuantType.QInt8, per_channel=True,
                     op_types_to_quantize=["MatMul", "Gemm"])
    return small


def step_model(net: Net, folder: Path, quantize: bool = True) -> Path:
    """Writes composer.onnx (and composer.float.onnx beside it)."""
    state = torch.zeros(1, net.hidden)
    asked = torch.zeros(1, CONDITIONS + tk.STYLE_SIZE)
    return quantized(Step(net), (torch.full((1, len(FIELDS)), tk.PITCH), asked, state, state),
                     ["fields", "asked", "one", "two"], ["logits", "one_next", "two_next"], folder, "composer",
                     quantize)


def listen_model(net: Net, folder: Path) -> Path:
    h = torch.zeros(1, net.listen.hidden_size)
    return quantized(Listen(net), (torch.zeros(1, dtype=torch.long), h, h), ["token", "h", "sums"],
                     ["h_next", "sums_next", "style"], folder, "composer_style")


def card(file: Path, name: str, inputs: tuple, outputs: tuple, **facts) -> None:
    """`NAME.json` beside the file."""
    whole = {"name": name, "file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
             "inputs": list(inputs), "outputs": list(outputs), **facts}
    (file.parent / f"{name}.json").write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")


def markov_file(arrays: dict[str, np.ndarray], folder: Path) -> Path:
    """The same bytes for the same counts: an npz without times of day."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    path = folder / "markov.npz"
    path.write_bytes(buffer.getvalue())
    return path
