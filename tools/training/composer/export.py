"""From trained weights to `models/`: the int8 ONNX step, the encoder beside it, the Markov table,
and their cards."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from device.compose import tokens as tk
from device.compose.contexts import FIELDS
from training.composer.net import CONDITIONS, EXCERPT, GATES, HIDDEN, SAID, Net


class Cell(nn.Module):
    """A GRU cell as one MatMul of input and state: onnxruntime's quantize_dynamic leaves the ONNX
    GRU operator alone, and at this size its time goes by nodes, not by numbers. The new gate's two
    halves stay apart, hence the zeros."""

    def __init__(self, gru: nn.GRU):
        super().__init__()
        self.size = n = gru.hidden_size
        wi, wh, bi, bh = (
            each.detach().t()
            for each in (gru.weight_ih_l0, gru.weight_hh_l0, gru.bias_ih_l0, gru.bias_hh_l0)
        )
        zero = torch.zeros
        self.weight = nn.Parameter(
            torch.cat(
                [
                    torch.cat([wi, zero(len(wi), n)], 1),
                    torch.cat([wh[:, : 2 * n], zero(n, n), wh[:, 2 * n :]], 1),
                ]
            )
        )
        self.bias = torch.cat([bi[:2 * n] + bh[:2 * n], bi[2 * n:], bh[2 * n:]])

    def forward(self, x, h):
        n = self.size
        gates, given, kept = torch.split(torch.cat([x, h], 1) @ self.weight + self.bias,
                                         [2 * n, n, n], 1)
        r, z = torch.split(torch.sigmoid(gates), [n, n], 1)
        new = torch.tanh(given + r * kept)
        return new + z * (h - new)


class Step(nn.Module):
    """One token: (fields (len(FIELDS),), asked (1, CONDITIONS + STYLE_SIZE), one, two (1, hidden))
    → logits, new states; the same as `Net`."""

    def __init__(self, net: Net):
        super().__init__()
        self.first, self.second, self.asked = Cell(net.first), Cell(net.second), net.asked
        self.embed, self.tables, self.relative = (
            nn.Parameter(net.embed.weight.detach()),
            net.tables,
            net.relative,
        )
        self.heads, self.bias = (
            nn.Parameter(net.heads.weight.detach().t().contiguous()),
            net.heads.bias.detach(),
        )

    def forward(self, fields, asked, one, two):
        rows = fields + self.tables
        one = self.first(self.embed[rows].reshape(1, -1) + self.asked(asked), one)
        two = self.second(one, two)
        whole = two @ self.heads + self.bias
        # after the chord and the pitch, the first two FIELDS
        more = whole[0][self.relative[rows[:2]]]
        # what may be said again, through its gate
        said = (fields[SAID][:, None] == torch.arange(tk.VOCABULARY)[None]).float()
        again = whole[:, GATES:] @ said
        return whole[:, :tk.VOCABULARY] + more.sum(0, keepdim=True) + again, one, two


class Listen(nn.Module):
    """The style classifier, a token at a time: (token, h) → h and the point among the named ones
    where a mean of h so far lies."""

    def __init__(self, net: Net):
        super().__init__()
        self.embed = nn.Embedding.from_pretrained(net.words.weight.detach())
        self.cell, self.name = Cell(net.listen), net.name
        self.points = nn.Parameter(net.points.weight.detach())

    def forward(self, token, h, sums):
        h = self.cell(self.embed(token), h)
        sums = sums + h
        return h, sums, torch.softmax(self.name(sums / EXCERPT), -1) @ self.points


def quantized(module: nn.Module, args: tuple, inputs: list[str], outputs: list[str], folder: Path,
              name: str, quantize: bool = True) -> Path:
    from onnxruntime.quantization import QuantType, quantize_dynamic
    exact, small = folder / f"{name}.float.onnx", folder / f"{name}.onnx"
    torch.onnx.export(module.eval(), args, str(exact), input_names=inputs, output_names=outputs,
                      opset_version=17, dynamo=False)
    if not quantize:
        return exact
    # The conditions' weights are too few to gain by it.
    quantize_dynamic(str(exact), str(small), weight_type=QuantType.QInt8, per_channel=True,
                     op_types_to_quantize=["MatMul"], nodes_to_exclude=["/asked/Gemm_MatMul"])
    return small


def step_model(net: Net, folder: Path, quantize: bool = True) -> Path:
    """Writes composer.onnx (and composer.float.onnx beside it)."""
    state = torch.zeros(1, HIDDEN)
    asked = torch.zeros(1, CONDITIONS + tk.STYLE_SIZE)
    return quantized(
        Step(net),
        (torch.full((len(FIELDS),), tk.PITCH), asked, state, state),
        ["fields", "asked", "one", "two"],
        ["logits", "one_next", "two_next"],
        folder,
        "composer",
        quantize,
    )


def listen_model(net: Net, folder: Path) -> Path:
    h = torch.zeros(1, net.listen.hidden_size)
    return quantized(Listen(net), (torch.zeros(1, dtype=torch.long), h, h), ["token", "h", "sums"],
                     ["h_next", "sums_next", "style"], folder, "composer_style")


def card(file: Path, name: str, inputs: tuple, outputs: tuple, **facts) -> None:
    """`NAME.json` beside the file."""
    whole = {
        "name": name,
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "inputs": list(inputs),
        "outputs": list(outputs),
        **facts,
    }
    (file.parent / f"{name}.json").write_text(
        json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
    )


def markov_file(arrays: dict[str, np.ndarray], folder: Path) -> Path:
    """The same bytes for the same counts: an npz without times of day."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    path = folder / "markov.npz"
    path.write_bytes(buffer.getvalue())
    return path
