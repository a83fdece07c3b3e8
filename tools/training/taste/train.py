"""Train what hears tempo, key, instruments and notes: tools/train taste --data DIR

The tuning half of the pieces that tools/evaluate taste doesn't judge by, rendered and heard three
times: alone, with rain 6 dB below it, and at another pitch with rain at another level (else what is
far from where most pieces lie is drawn there). The weights of a beat's
multiples by conditional logit, the profiles of both modes as the mean pitch classes above the
tonic, the families of instruments by logistic regression, and which pitches sound and begin by a
small network (device/taste/notes.py). The rule from its answers to the score's register and density
is fitted on pieces that a network wasn't trained on.
"""

import argparse
import hashlib
import io
import itertools
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from device.errors import Refused
from kit.setup import ensure

SEED = 0
LEVELS = (-15.0, 0.0)       # dB re the music, of the other rain
HIGHER = 16                 # semitones, up or down, of the other pitch
OTHER = 2                   # place of that sound
SHARE, EPOCHS, BATCH = 2, 6, 2048   # one of so many frames, times they are seen, rows at a time
LAYERS = (64, 32)
RATE = 3e-3                 # of Adam, falling to 0
LINEAR, LIKE = 10.0, 0.3    # ridges of the rule's two parts
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
    beats, near, classes, minors, rows, families, heard = [], [], [], [], [], [], []
    chosen = [each for each in renderings.pieces(data) if not each.judging][:count]
    if (len({each.minor for each in chosen}) < 2
            or len({renderings.FAMILY[each.program] for each in chosen}) < len(FAMILIES)):
        raise Refused(f"{len(chosen)} pieces of {data} are too few: a mode or a family of "
                      "instruments isn't among them")
    for place, piece in enumerate(chosen):
        for number, (played, sound) in enumerate(sounds(piece, folder)):
            whole = spectrum(sound)
            heard.append(Heard(place, whole.bins, played))
            if number == OTHER:
                continue
            curve = onset_curve(whole.bands)
            beats.append(fits(curve))
            near.append(np.abs(np.log(TEMPI / piece.qpm)) <= NEAR)
            classes.append(np.roll(features.chroma(whole), -piece.tonic))
            minors.append(piece.minor)
            rows.append(traits(whole, curve))
            families.append(FAMILIES.index(renderings.FAMILY[piece.program]))
        print(f"{place + 1} of {len(chosen)}", end="\r", flush=True)
    rows, minors, classes = np.array(rows), np.array(minors), np.array(classes)
    centre, scale = rows.mean(0), rows.std(0) + 1e-6
    inputs = np.column_stack([(rows - centre) / scale, np.ones(len(rows))])
    return {
        "tempo": conditional(np.array(beats), np.array(near)),
        "key": np.array([classes[minors == minor].mean(0) for minor in (False, True)]),
        "centre": centre, "scale": scale,
        "family": softmax(inputs, np.array(families), len(FAMILIES)),
        **network(heard), **rule(heard),
    }


def sounds(piece, folder: Path) -> list[tuple[Any, np.ndarray]]:
    """What is played, and its sound."""
    from areas.taste import renderings
    seed = renderings.digest(piece.name, "rain") % 2**31
    level = np.random.default_rng(seed + 1).uniform(*LEVELS)
    dry, other = renderings.render(piece, folder), transposed(piece)
    return [(piece, dry), (piece, renderings.mixed(dry, seed)),
            (other, renderings.mixed(renderings.render(other, folder), seed + 1, level))]


def transposed(piece):
    """By as many semitones as its name says, as far as there are tones."""
    from areas.taste import renderings
    from device.taste.spectrum import HIGH, LOW
    pitches = [pitch for *_, pitch, _ in piece.notes]
    by = renderings.digest(piece.name, "pitch") % (2 * HIGHER + 1) - HIGHER
    by = int(np.clip(by, min(LOW - min(pitches), 0), max(HIGH - max(pitches), 0)))
    notes = tuple((start, long, pitch + by, loud) for start, long, pitch, loud in piece.notes)
    return replace(piece, name=f"{piece.name} {by:+d}", notes=notes)


# ---- notes ---------------------------------------------------------------------------------------

@dataclass(frozen=True, eq=False)
class Heard:
    place: int              # of the piece
    bins: np.ndarray        # as device/taste/spectrum.py has them
    piece: Any              # areas.taste.renderings.Piece


def network(heard: Sequence[Heard]) -> dict[str, np.ndarray]:
    """The layers of device/taste/notes.py, each with its bias as the last row."""
    import torch

    from device.taste.notes import INPUTS, inputs
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    random = np.random.default_rng(SEED)
    seen, wanted = [], []
    for each in heard:
        some = random.choice(len(each.bins), max(1, len(each.bins) // SHARE), replace=False)
        seen.append(np.concatenate(inputs(each.bins))[some].reshape(-1, INPUTS))
        wanted.append(score(each.piece, len(each.bins))[some].reshape(-1, 2))
    x, y = (torch.from_numpy(np.concatenate(each)) for each in (seen, wanted))
    sizes = (INPUTS, *LAYERS, 2)
    layers = [torch.nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
    net = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
    adam = torch.optim.Adam(net.parameters(), lr=RATE)
    batches = EPOCHS * (len(x) // BATCH + 1)
    falling = torch.optim.lr_scheduler.LinearLR(adam, 1.0, 0.0, batches)
    loss = torch.nn.BCEWithLogitsLoss(reduction="none")
    for _ in range(EPOCHS):
        for some in torch.from_numpy(random.permutation(len(x))).split(BATCH):
            adam.zero_grad()
            loss(net(x[some]), y[some]).mean(0).sum().backward()
            adam.step()
            falling.step()
    return {f"notes_{n + 1}": np.vstack([layer.weight.detach().numpy().T,
                                         layer.bias.detach().numpy()])
            for n, layer in enumerate(layers)}


def score(piece, count: int) -> np.ndarray:
    """(count, tones, 2): the share of each frame in which a pitch sounds, and whether it begins."""
    from device.taste.notes import TONES
    from device.taste.spectrum import FRAMES
    table = np.zeros((count, len(TONES), 2), np.float32)
    edges = np.arange(count + 1) - 0.5          # a frame is centred on its time
    for start, end, pitch in piece.sounded():
        tone = int(pitch) - TONES[0]
        if 0 <= tone < len(TONES):
            share = np.clip(end * FRAMES - edges[:-1], 0, 1) - np.clip(
                start * FRAMES - edges[:-1], 0, 1)
            table[:, tone, 0] = np.minimum(table[:, tone, 0] + share, 1)
            table[min(round(start * FRAMES), count - 1), tone, 1] = 1
    return table


def rule(heard: Sequence[Heard]) -> dict[str, np.ndarray]:
    """From `notes.summary` to register and the logarithm of density: a ridge regression, and what
    pieces like this one are off it."""
    from areas.taste.evaluate import onset_times
    from device.taste.notes import likeness, summary
    from device.taste.spectrum import FRAMES
    rows, wanted = [], []
    for half in (0, 1):
        weights = network([each for each in heard if each.place % 2 != half])
        for each in heard:
            if each.place % 2 == half:
                rows.append(summary(each.bins, weights))
                notes = each.piece.sounded()
                onsets = len(onset_times(notes)) / (len(each.bins) / FRAMES)
                wanted.append((notes[:, 2].mean(), np.log(onsets)))
    table, wanted = np.array(rows), np.array(wanted)
    centre, scale = table.mean(0), table.std(0) + 1e-6
    table = (table - centre) / scale
    inputs = np.column_stack([table, np.ones(len(table))])
    ridge = LINEAR * np.diag([*np.ones(len(centre)), 0.0])
    weights = np.linalg.solve(inputs.T @ inputs + ridge, inputs.T @ wanted)
    pulls = np.linalg.solve(likeness(table, table) + LIKE * np.eye(len(table)),
                            wanted - inputs @ weights)
    return {"score_centre": centre, "score_scale": scale, "score": weights,
            "score_rows": table, "score_pulls": pulls}


# ---- tempo and families --------------------------------------------------------------------------

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
    from device.taste.listening import PARTS
    content = io.BytesIO()
    np.savez(content, **{name: array.astype(np.float32) for name, array in arrays.items()})
    (MODELS / "taste.npz").write_bytes(content.getvalue())
    card = {
        "name": "taste", "file": "taste.npz",
        "sha256": hashlib.sha256(content.getvalue()).hexdigest(),
        "inputs": list(PARTS), "outputs": list(PARTS),
        "summary": "What hears tempo, key, instruments, register and density in one's own "
                   "music, at a desk or on the hub; the board never loads it.",
        "sources": SOURCES,
        "training": {"command": "tools/train taste --data DIR", "seed": SEED, "pieces": pieces},
        "figures": {},
    }
    (MODELS / "taste.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")
