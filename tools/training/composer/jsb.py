"""The benchmark model: the composer's kind of cell on the JSB chorales, to be held against
published figures.

Exact likelihood of each quarter-note frame as a set of pitches: the frame is spelled from the
lowest note up, each note or the end drawn from one softmax over what lies above. A GRU carries the
past; a head shared by all pitches scores each by what surrounds it in the frames before and below
it in this one (tied weights as in Johnson 2017, "Generating polyphonic music using tied parallel
networks"). It stays with the bench and is never shipped to a board.

    tools/train composer jsb --data DIR [--minutes 40] [--seed 1]
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from kit.setup import ROOT

# rows 0..87 are MIDI 21..108; scored rows [LOW, HIGH), others OUTSIDE
PITCHES, LOW, HIGH = 88, 16, 82
OUTSIDE = -12.0  # score of the other rows: no chorale has them, but none may be impossible
HIDDEN, LOCAL, PAST, BELOW, BACK = 160, 48, 14, 26, 3
BEATS = 4                               # place in a bar of four, counted from the first frame
SHIFT = 5                               # augmentation: semitones either way
OUT = ROOT / "tools" / "areas" / "composer" / "bench_models"


def rolls(path: Path) -> dict[str, list[np.ndarray]]:
    """Piano rolls (frames, 88) of the quarter-note JSON, by split."""
    out = {}
    for split, pieces in json.loads(path.read_text()).items():
        out[split] = []
        for piece in pieces:
            roll = np.zeros((len(piece), PITCHES), np.float32)
            for frame, notes in enumerate(piece):
                roll[frame, [note - 21 for note in notes]] = 1
            out[split].append(roll)
    return out


def windows(x: torch.Tensor, reach: int, ahead: int) -> torch.Tensor:
    """(..., 88) → (..., HIGH−LOW, reach+ahead+1): the surroundings of each scored row."""
    padded = nn.functional.pad(x, (reach, ahead))
    index = torch.arange(LOW, HIGH)[:, None] + torch.arange(reach + ahead + 1)[None]
    return padded[..., index]


class Chorales(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp = nn.Linear(PITCHES + 12 + BEATS, HIDDEN)
        self.rnn = nn.GRU(HIDDEN, HIDDEN, batch_first=True)
        self.context = nn.Linear(HIDDEN, LOCAL)
        self.wide = nn.Linear(HIDDEN, HIGH - LOW + 1)
        self.past = nn.Linear(BACK * (2 * PAST + 1), LOCAL, bias=False)
        self.below = nn.Linear(BELOW, LOCAL, bias=False)
        self.placed = nn.Linear(PITCHES + 12, LOCAL, bias=False)
        self.place = nn.Parameter(0.05 * torch.randn(HIGH - LOW, LOCAL))
        self.score = nn.Linear(LOCAL, 1)
        self.stop = nn.Linear(LOCAL, 1)
        self.stopping = nn.Linear(PITCHES + 12 + HIDDEN, LOCAL)
        self.drop = nn.Dropout(0.35)
        self.register_buffer("classes", torch.eye(12)[(torch.arange(PITCHES) + 21) % 12])

    def frames(self, x: torch.Tensor, beat: torch.Tensor) -> torch.Tensor:
        """(..., 88) rolls and one-hot beats → the recurrent input."""
        return torch.tanh(self.inp(torch.cat([x, (x @ self.classes).clamp(max=1), beat], -1)))

    def base(self, h: torch.Tensor, back: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """State (n, HIDDEN) and the last frames (n, BACK, 88), newest first → (n, rows, LOCAL), (n,
        rows+1)."""
        near = windows(back, PAST, PAST).transpose(1, 2).flatten(2)
        return self.past(near) + self.context(h)[:, None] + self.place, self.wide(h)

    def head(self, local: torch.Tensor, wide: torch.Tensor, h: torch.Tensor,
             placed: torch.Tensor) -> torch.Tensor:
        """Scores (n, rows+1) of each row and of the end, given the notes placed so far (n, 88)."""
        full = torch.cat([placed, (placed @ self.classes).clamp(max=1)], -1)
        rows = torch.tanh(
            local + self.below(windows(placed, BELOW, -1)) + self.placed(full)[:, None]
        )
        end = torch.tanh(self.stopping(torch.cat([full, h], -1)))
        return torch.cat([self.score(rows)[..., 0], self.stop(end)], -1) + wide


def spelled(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """For frames (n, 88): each step's frame, what is placed before it, its target and the lowest
    row left."""
    which, placed, target, floor = [], [], [], []
    for index, frame in enumerate(frames):
        notes = np.flatnonzero(frame)
        below = np.zeros(PITCHES, np.float32)
        for step, note in enumerate([*notes, -1]):
            which.append(index)
            placed.append(below.copy())
            target.append(note)
            floor.append(notes[step - 1] + 1 if step else 0)
            if note >= 0:
                below[note] = 1
    return np.array(which), np.array(placed), np.array(target), np.array(floor)


def beats(length: int) -> np.ndarray:
    return np.eye(BEATS, dtype=np.float32)[np.arange(length) % BEATS]


def loss_of(model: Chorales, pieces: list[np.ndarray]) -> tuple[torch.Tensor, int]:
    """Summed negative log-likelihood of all frames but each piece's first, and how many they are.
    """
    length = max(map(len, pieces))
    x = np.zeros((len(pieces), length, PITCHES), np.float32)
    real = np.zeros((len(pieces), length - 1), bool)
    for row, piece in enumerate(pieces):
        x[row, :len(piece)] = piece
        real[row, :len(piece) - 1] = True
    beat = torch.from_numpy(
        np.broadcast_to(beats(length)[1:], (len(pieces), length - 1, BEATS)).copy()
    )
    xt = torch.from_numpy(x)
    h, _ = model.rnn(model.drop(model.frames(xt[:, :-1], beat)))
    h = model.drop(h)[torch.from_numpy(real)]
    back = torch.stack(
        [
            torch.from_numpy(np.roll(x, lag, 1) * (np.arange(length) >= lag)[None, :, None])[:, 1:]
            for lag in range(1, BACK + 1)
        ],
        2,
    )[torch.from_numpy(real)]
    which, placed, target, floor = (torch.from_numpy(a) for a in spelled(x[:, 1:][real]))
    local, wide = model.base(h, back)
    logits = model.head(local[which], wide[which], h[which], placed)
    rows = torch.arange(LOW, HIGH)
    logits = torch.cat(
        [logits[:, :-1].masked_fill(rows[None] < floor[:, None], -1e9), logits[:, -1:]], 1
    )
    goal = torch.where(target < 0, HIGH - LOW, target - LOW)
    return nn.functional.cross_entropy(logits, goal, reduction="sum"), int(real.sum())


def shifted(piece: np.ndarray, by: int) -> np.ndarray:
    return np.roll(piece, by, 1)


@torch.no_grad()
def nll(model: Chorales, pieces: list[np.ndarray]) -> float:
    model.eval()
    sums = [loss_of(model, pieces[i:i + 16]) for i in range(0, len(pieces), 16)]
    return float(sum(float(loss) for loss, _ in sums) / sum(count for _, count in sums))


def train(data: dict[str, list[np.ndarray]], epochs: int, seed: int, deadline: float) -> Chorales:
    """The epoch best on validation, of a running average of the weights; stops at `deadline` (s,
    process time)."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model, average, best, kept = Chorales(), Chorales(), math.inf, None
    average.load_state_dict(model.state_dict())
    optimiser = torch.optim.AdamW(model.parameters(), lr=2.5e-3, weight_decay=0.03)
    total = epochs * math.ceil(len(data["train"]) / 8)
    plan = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: (
            min(1, step / 100) * (0.5 + 0.5 * math.cos(math.pi * min(step / total, 1))) + 1e-3
        ),
    )
    began = time.process_time()
    for epoch in range(epochs):
        model.train()
        order = rng.permutation(len(data["train"]))
        for start in range(0, len(order), 8):
            batch = [
                shifted(data["train"][i], int(rng.integers(-SHIFT, SHIFT + 1)))
                for i in order[start : start + 8]
            ]
            loss, count = loss_of(model, batch)
            optimiser.zero_grad()
            (loss / count).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            plan.step()
            with torch.no_grad():
                for mean, now in zip(average.parameters(), model.parameters(), strict=True):
                    mean.lerp_(now, 0.01)
        if epoch % 2 and epoch > 8 or epoch == epochs - 1:
            now = nll(average, data["valid"])
            print(
                f"epoch {epoch} valid {now:.4f} ({time.process_time() - began:.0f} s)", flush=True
            )
            if now < best:
                best, kept = (
                    now,
                    {name: value.clone() for name, value in average.state_dict().items()},
                )
        if time.process_time() - began > deadline:
            break
    average.load_state_dict(kept)
    return average


class Step(nn.Module):
    """One frame for ONNX, all in MatMuls so that each weight is quantized: (x, beat, h, back) →
    (h', local, wide)."""

    def __init__(self, model: Chorales):
        super().__init__()
        self.model, rnn = model, model.rnn
        self.wi = nn.Parameter(rnn.weight_ih_l0.t().contiguous())
        self.wh = nn.Parameter(rnn.weight_hh_l0.t().contiguous())
        self.bi, self.bh = rnn.bias_ih_l0, rnn.bias_hh_l0

    def forward(self, x, beat, h, back):
        a, b, n = self.model.frames(x, beat) @ self.wi + self.bi, h @ self.wh + self.bh, HIDDEN
        r, z = torch.sigmoid(a[:, :n] + b[:, :n]), torch.sigmoid(a[:, n:2 * n] + b[:, n:2 * n])
        new = torch.tanh(a[:, 2 * n:] + r * b[:, 2 * n:])
        h = (1 - z) * new + z * h
        local, wide = self.model.base(h, back)
        return h, local, wide


class Head(nn.Module):
    def __init__(self, model: Chorales):
        super().__init__()
        self.model = model

    def forward(self, local, wide, h, placed):
        return self.model.head(local, wide, h, placed)


def export(model: Chorales, folder: Path, facts: dict) -> None:
    """`composer_jsb_{step,head}.onnx` (int8), the weights before that as `composer_jsb_float.npz`,
    and a card."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    model.eval()
    folder.mkdir(exist_ok=True)
    step = (
        torch.zeros(2, PITCHES),
        torch.zeros(2, BEATS),
        torch.zeros(2, HIDDEN),
        torch.zeros(2, BACK, PITCHES),
    )
    head = (
        torch.zeros(2, HIGH - LOW, LOCAL),
        torch.zeros(2, HIGH - LOW + 1),
        torch.zeros(2, HIDDEN),
        torch.zeros(2, PITCHES),
    )
    for name, module, args, inputs, outputs in (
            ("step", Step(model), step, ["x", "beat", "h", "back"], ["h2", "local", "wide"]),
            ("head", Head(model), head, ["local", "wide", "h", "placed"], ["scores"])):
        exact = folder / f"composer_jsb_{name}.float.onnx"
        torch.onnx.export(
            module.eval(),
            args,
            str(exact),
            input_names=inputs,
            output_names=outputs,
            opset_version=17,
            dynamo=False,
            dynamic_axes={key: {0: "n"} for key in inputs + outputs},
        )
        quantize_dynamic(str(exact), str(folder / f"composer_jsb_{name}.onnx"),
                         weight_type=QuantType.QInt8, per_channel=True)
        exact.unlink()
    np.savez_compressed(
        folder / "composer_jsb_float.npz",
        **{name: value.numpy().astype(np.float16) for name, value in model.state_dict().items()})
    (folder / "composer_jsb.json").write_text(json.dumps(facts, indent=1) + "\n")


def main(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    data = rolls(options.data / "jsb" / "jsb-chorales-quarter.json")
    model = train(data, options.epochs, options.seed, options.minutes * 60)
    facts = {
        "name": "composer_jsb",
        "summary": __doc__.split("\n")[0],
        "seed": options.seed,
        "command": "tools/train composer jsb --data DIR",
        "epochs": options.epochs,
        "parameters": sum(p.numel() for p in model.parameters()),
        "source": "JSB chorales, canonical split (Boulanger-Lewandowski 2012), public domain",
        "valid_nll": round(nll(model, data["valid"]), 4),
        "test_nll": round(nll(model, data["test"]), 4),
    }
    print(json.dumps(facts))
    export(model, options.out, facts)
