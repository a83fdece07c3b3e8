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
from tools.train_composer_net import CONDITIONS, EXCERPT, ROOTS, WIDTH, Net


class Cell(nn.Module):
    """A GRU cell as two MatMuls: onnxruntime's quantize_dynamic leaves the ONNX GRU operator alone."""

    def __init__(self, gru: nn.GRU):
        super().__init__()
        self.wi = nn.Parameter(gru.weight_ih_l0.detach().t().contiguous())
        self.wh = nn.Parameter(gru.weight_hh_l0.detach().t().contiguous())
        self.bi, self.bh, self.size = gru.bias_ih_l0.detach(), gru.bias_hh_l0.detach(), gru.hidden_size

    def forward(self, x, h):
        n = self.size
        gates_a, new_a = torch.split(x @ self.wi + self.bi, [2 * n, n], 1)
        gates_b, new_b = torch.split(h @ self.wh + self.bh, [2 * n, n], 1)
        r, z = torch.split(torch.sigmoid(gates_a + gates_b), [n, n], 1)
        new = torch.tanh(new_a + r * new_b)
        return new + z * (h - new)


class Step(nn.Module):
    """One token: (fields (1, 7), asked (1, CONDITIONS + STYLE_SIZE), one, two (1, hidden)) → logits, new states.

    The same as `Net`, in as few nodes as may be: at this size onnxruntime's time goes by nodes, not by numbers.
    """

    def __init__(self, net: Net):
        super().__init__()
        self.first, self.second, self.asked = Cell(net.first), Cell(net.second), net.asked
        self.embed = nn.Parameter(net.embed.weight.detach())
        self.sides = nn.Parameter(torch.cat([table.weight.detach() for table in net.sides]))
        heads = net.out, net.moves, net.over
        self.out = nn.Parameter(torch.cat([head.weight.detach() for head in heads]).t().contiguous())
        self.bias = torch.cat([head.bias.detach() for head in heads])
        self.tables = torch.arange(len(net.sides)) * tk.VOCABULARY
        pitches = torch.arange(WIDTH)
        self.shifts = pitches + WIDTH - 1 + tk.PITCH            # minus the last pitch: which move
        # Which place over the root each pitch has, for every chord token.
        self.places = (pitches[None] - tk.REACH - ROOTS[:, None]) % 12 + tk.VOCABULARY + 2 * WIDTH - 1

    def forward(self, fields, asked, one, two):
        token, rest = torch.split(fields, [1, len(FIELDS) - 1], 1)
        sides = self.sides[(rest + self.tables)[0]].reshape(1, -1)
        one = self.first(torch.cat([self.embed[token[0]], torch.tanh(self.asked(asked)), sides], 1), one)
        two = self.second(one, two)
        whole = two @ self.out + self.bias
        plain, pitched = torch.split(whole[:, :tk.VOCABULARY], [tk.PITCH, WIDTH], 1)
        moves = torch.index_select(whole, 1, self.shifts - fields[0, 4] + tk.VOCABULARY)
        over = torch.index_select(whole, 1, self.places[fields[0, 3]])
        return torch.cat([plain, pitched + moves + over], 1), one, two


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
    # The Gemm of the conditions is too small to gain by it.
    quantize_dynamic(str(exact), str(small), weight_type=QuantType.QInt8, per_channel=True,
                     op_types_to_quantize=["MatMul"])
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
