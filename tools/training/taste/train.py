"""Train what hears tempo, key and instruments: tools/train taste --data DIR [--renderings DIR]

The tuning half of the pieces that tools/evaluate taste doesn't judge by, rendered with rain and
without: the weights of a beat's multiples by conditional logit, the profiles of both modes as the
mean pitch classes above the tonic, and the families of instruments by logistic regression.
"""

import argparse
import hashlib
import io
import json
import tempfile
from pathlib import Path

import numpy as np

from kit.setup import ensure

RIDGE = 0.05                # of the weights, against fitting few pieces too well
STEPS, PACE = 600, 0.03     # of Adam
SOURCES = [
    {"name": "OpenEWLD (ec03cbd), lead sheets", "licence": "public domain, by its own filter",
     "credit": "00sapo/OpenEWLD"},
    {"name": "Bach chorales of the music21 corpus", "licence": "public domain",
     "credit": "music21"},
    {"name": "Mutopia Project (2144afd), slow pieces",
     "licence": "public domain and CC BY, per file", "credit": "see composer.json"},
]


def main(options: argparse.Namespace) -> int:
    ensure(["train-taste"], {"fluidsynth": "fluidsynth",
                                "fluid-soundfont-gm": "/usr/share/sounds/sf2/FluidR3_GM.sf2"})
    with tempfile.TemporaryDirectory() as folder:
        arrays = fitted(options.data, options.renderings or Path(folder), options.pieces)
    export(arrays, options.pieces)
    return 0


def fitted(data: Path, folder: Path, count: int) -> dict[str, np.ndarray]:
    from areas.taste import renderings
    from device.taste import features
    from device.taste.listening import FAMILIES, traits
    from device.taste.spectrum import spectrum
    from device.taste.tempo import NEAR, TEMPI, fits, onset_curve
    folder.mkdir(parents=True, exist_ok=True)
    beats, near, classes, minors, rows, families = [], [], [], [], [], []
    for piece in [each for each in renderings.pieces(data) if not each.judging][:count]:
        dry = renderings.render(piece, folder)
        for sound in (dry, renderings.mixed(dry, renderings.digest(piece.name, "rain") % 2**31)):
            whole = spectrum(sound)
            curve = onset_curve(whole.bands)
            beats.append(fits(curve))
            near.append(np.abs(np.log(TEMPI / piece.qpm)) <= NEAR)
            classes.append(np.roll(features.chroma(whole), -piece.tonic))
            minors.append(piece.minor)
            rows.append(traits(whole, curve))
            families.append(FAMILIES.index(renderings.FAMILY[piece.program]))
        print(f"{len(rows) // 2} of {count}", end="\r", flush=True)
    rows, minors, classes = np.array(rows), np.array(minors), np.array(classes)
    centre, scale = rows.mean(0), rows.std(0) + 1e-6
    inputs = np.column_stack([(rows - centre) / scale, np.ones(len(rows))])
    return {
        "tempo": conditional(np.array(beats), np.array(near)),
        "key": np.array([classes[minors == minor].mean(0) for minor in (False, True)]),
        "centre": centre, "scale": scale,
        "family": softmax(inputs, np.array(families), len(FAMILIES)),
    }


def conditional(beats: np.ndarray, near: np.ndarray) -> np.ndarray:
    """(features,): `beats` (pieces, tempi, features), `near` (pieces, tempi) those that are right.
    """
    beats, near = beats[near.any(1)], near[near.any(1)]

    def slope(weights: np.ndarray) -> np.ndarray:
        chances = shares(beats @ weights)
        right = chances * near
        right /= np.maximum(right.sum(1, keepdims=True), 1e-12)
        return np.einsum("pt,ptf->f", right - chances, beats) / len(beats)
    return ascend(slope, np.zeros(beats.shape[2]), RIDGE / len(beats) ** 0.5)


def softmax(inputs: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """(inputs, count)"""
    wanted = np.eye(count)[labels]

    def slope(weights: np.ndarray) -> np.ndarray:
        return inputs.T @ (wanted - shares(inputs @ weights)) / len(inputs)
    return ascend(slope, np.zeros((inputs.shape[1], count)), RIDGE / len(inputs) ** 0.5)


def shares(scores: np.ndarray) -> np.ndarray:
    chances = np.exp(scores - scores.max(1, keepdims=True))
    return chances / chances.sum(1, keepdims=True)


def ascend(slope, weights: np.ndarray, ridge: float) -> np.ndarray:
    """Adam (Kingma & Ba 2015)."""
    mean, power = np.zeros_like(weights), np.zeros_like(weights)
    for _ in range(STEPS):
        step = slope(weights) - ridge * weights
        mean, power = 0.9 * mean + 0.1 * step, 0.99 * power + 0.01 * step ** 2
        weights = weights + PACE * mean / (np.sqrt(power) + 1e-9)
    return weights


def export(arrays: dict[str, np.ndarray], pieces: int) -> None:
    from device.inference.model_card import MODELS
    content = io.BytesIO()
    np.savez(content, **{name: array.astype(np.float32) for name, array in arrays.items()})
    (MODELS / "taste.npz").write_bytes(content.getvalue())
    card = {
        "name": "taste", "file": "taste.npz",
        "sha256": hashlib.sha256(content.getvalue()).hexdigest(),
        "inputs": ["tempo", "key", "family"], "outputs": ["tempo", "key", "family"],
        "summary": "What hears tempo, key and family of instruments in one's own music, at a desk "
                   "or on the hub; the board never loads it.",
        "sources": SOURCES,
        "training": {"command": "tools/train taste --data DIR", "seed": 0, "pieces": pieces},
        "figures": {},
    }
    (MODELS / "taste.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")
