"""The benchmark on JSB chorales: exact set likelihood of quarter-note frames, frame 1 not scored.
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime

FOLDER = Path(__file__).resolve().parent / "bench_models"
PITCHES, LOW, HIGH, HIDDEN, BACK, BEATS = 88, 16, 82, 160, 3, 4
OUTSIDE = -12.0  # score of the rows that no chorale has: they cost something, but are possible


def frames(path: Path, split: str = "test") -> list[list[list[int]]]:
    """Frames of rows (MIDI − 21), piece by piece."""
    return [[sorted({note - 21 for note in frame if 0 <= note - 21 < PITCHES}) for frame in piece]
            for piece in json.loads(path.read_text())[split]]


def nll(pieces: list[list[list[int]]], step, head) -> float:
    """Nats per frame; `step(x, beat, h, back) → h, local, wide` and `head(local, wide, h, placed) →
    scores`."""
    total, count = 0.0, 0
    outside = np.full(PITCHES + 1, OUTSIDE)
    for piece in pieces:
        roll = np.zeros((len(piece), PITCHES), np.float32)
        for row, notes in enumerate(piece):
            roll[row, notes] = 1
        h = np.zeros((1, HIDDEN), np.float32)
        back = np.zeros((1, BACK, PITCHES), np.float32)
        for row in range(1, len(piece)):
            back = np.concatenate([roll[None, row - 1:row], back[:, :-1]], 1)
            beat = np.eye(BEATS, dtype=np.float32)[[row % BEATS]]
            h, local, wide = step(roll[row - 1:row], beat, h, back)
            notes = piece[row]
            placed = np.zeros((len(notes) + 1, PITCHES), np.float32)
            for place, note in enumerate(notes):
                placed[place + 1:, note] = 1
            many = len(placed)
            scores = head(
                np.repeat(local, many, 0), np.repeat(wide, many, 0), np.repeat(h, many, 0), placed
            )
            for place, target in enumerate([*notes, PITCHES]):
                full = outside.copy()
                full[LOW:HIGH], full[PITCHES] = scores[place, :-1], scores[place, -1]
                if place:
                    full[:notes[place - 1] + 1] = -np.inf
                top = full.max()
                total -= full[target] - top - np.log(np.exp(full - top).sum())
            count += 1
    return total / count


def quantized(folder: Path = FOLDER):
    """The int8 model in onnxruntime, one thread: (step, head)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    sessions = [
        onnxruntime.InferenceSession(str(folder / f"composer_jsb_{name}.onnx"), options,
                                     providers=["CPUExecutionProvider"])
        for name in ("step", "head")
    ]
    return (
        lambda x, beat, h, back: sessions[0].run(None,
                                                 {"x": x, "beat": beat, "h": h, "back": back}),
        lambda local, wide, h, placed: sessions[1].run(
            None, {"local": local, "wide": wide, "h": h, "placed": placed}
        )[0],
    )


def exact(folder: Path = FOLDER):
    """The same before quantization, in numpy, from its weights (kept in 16 bits): (step, head)."""
    w = {
        name: array.astype(np.float32)
        for name, array in np.load(folder / "composer_jsb_float.npz").items()
    }
    past = (w["past.weight"].shape[1] // BACK - 1) // 2
    below = w["below.weight"].shape[1]
    rows = np.arange(LOW, HIGH)

    def linear(x, name):
        return x @ w[f"{name}.weight"].T + w.get(f"{name}.bias", 0)

    def windows(x, reach, ahead):
        padded = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(reach, max(ahead, 0))])
        return padded[..., rows[:, None] + np.arange(reach + ahead + 1)]

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    def full(x):
        return np.concatenate([x, np.minimum(x @ w["classes"], 1)], -1)

    def step(x, beat, h, back):
        x = np.tanh(linear(np.concatenate([full(x), beat], -1), "inp"))
        a = x @ w["rnn.weight_ih_l0"].T + w["rnn.bias_ih_l0"]
        b = h @ w["rnn.weight_hh_l0"].T + w["rnn.bias_hh_l0"]
        (ar, az, an), (br, bz, bn) = np.split(a, 3, -1), np.split(b, 3, -1)
        z = sigmoid(az + bz)
        h = (1 - z) * np.tanh(an + sigmoid(ar + br) * bn) + z * h
        near = windows(back, past, past).transpose(0, 2, 1, 3).reshape(len(back), len(rows), -1)
        return (
            h,
            linear(near, "past") + linear(h, "context")[:, None] + w["place"],
            linear(h, "wide"),
        )

    def head(local, wide, h, placed):
        near = windows(placed, below, -1)
        shaped = np.tanh(local + linear(near, "below") + linear(full(placed), "placed")[:, None])
        end = np.tanh(linear(np.concatenate([full(placed), h], -1), "stopping"))
        return np.concatenate([linear(shaped, "score")[..., 0], linear(end, "stop")], -1) + wide

    return step, head
