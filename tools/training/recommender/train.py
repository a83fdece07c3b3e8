"""Train the recommender's prior on synthetic sleepers: models/recommender.tflite, its mixture and
their cards.

    tools/train recommender [--sleepers N] [--seed S] [--out DIR]

Needs no data: the sleepers are made by tools/desk/sleepers.py from published effects. Takes a few
minutes on one core.
"""

import argparse
import hashlib
import json
from pathlib import Path


def main(options: argparse.Namespace) -> None:
    import numpy as np

    from training.recommender import net
    print(f"{options.sleepers} synthetic sleepers …", flush=True)
    data = net.population(options.sleepers // 4, 10, options.seed)
    print("towers …", flush=True)
    towers = net.fit_towers(data, options.seed + 1)
    net.balance(towers, data)
    model = net.quantize(towers, data)
    print("mixture …", flush=True)
    prior = net.fit_population(towers, net.population(options.sleepers, 3, options.seed + 3),
                               options.seed + 2)
    options.out.mkdir(exist_ok=True)
    (options.out / "recommender.tflite").write_bytes(model)
    with open(options.out / "recommender_prior.npz", "wb") as file:
        np.savez(file, weights=prior.weights, means=prior.means, precisions=prior.precisions,
                 noise=np.array(prior.noise))
    np.savez(options.out / "recommender_float.npz",
             *(weights.astype(np.float32) for weights in towers.p))
    write_cards(options, net, prior)
    print(
        f"{len(model)} bytes of network, noise {prior.noise:.1f} min, kinds "
        f"{np.round(prior.weights, 2)}"
    )


def write_cards(options, net, prior) -> None:
    from device.recommend.candidates import NAMES
    from device.recommend.features import INPUTS
    command = f"tools/train recommender --sleepers {options.sleepers} --seed {options.seed}"
    old = options.out / "recommender.json"
    sources = [
        {
            "name": "synthetic sleepers (tools/desk/sleepers.py)",
            "licence": "Apache-2.0",
            "credit": "effects after Scarratt 2023, Jespersen 2022, Van Dyck 2017, Kirk & "
            "Timmers, Dickson & Schubert 2020; every constant is cited or called an assumption in "
            "tools/desk/sleepers.py",
        }
    ]
    digest = sha256(options.out / "recommender.tflite")
    card = {
        "summary": "SYNTHETIC: trained on invented sleepers only; nobody's sleep is in it, and "
        "nothing is claimed about anyone's. Full-int8 two-tower prior: context × recipe → "
        "embedding, expected onset latency.",
        "name": "recommender",
        "file": "recommender.tflite",
        "sha256": digest,
        "inputs": list(INPUTS),
        "outputs": [*(f"embedding.{i}" for i in range(net.SIZE)), "expected_sol_min"],
        "shapes": {
            "context": [1, sum(name.startswith("context.") for name in INPUTS)],
            "recipes": [net.SLOTS, sum(name.startswith("recipe.") for name in INPUTS)],
            "embedding": [net.SLOTS, net.SIZE],
            "expected": [1, 1],
        },
        "float": {
            "file": "recommender_float.npz",
            "sha256": sha256(options.out / "recommender_float.npz"),
            "for": "tools/evaluate, to compare int8 with; the device never reads it",
        },
        "candidates": list(NAMES),
        "sources": sources,
        "training": {"command": command, "seed": options.seed},
        "figures": {},
    }
    old.write_text(json.dumps(card, indent=1) + "\n")
    prior_card = {
        "summary": "SYNTHETIC: the population's mixture of Gaussians over the embedding of "
        "recommender.tflite; what a new sleeper starts from.",
        "name": "recommender_prior",
        "file": "recommender_prior.npz",
        "network": digest,
        "sha256": sha256(options.out / "recommender_prior.npz"),
        "inputs": [],
        "outputs": ["weights", "means", "precisions", "noise"],
        "kinds": len(prior.weights),
        "sources": sources,
        "training": {"command": command, "seed": options.seed},
        "figures": {},
    }
    (options.out / "recommender_prior.json").write_text(json.dumps(prior_card, indent=1) + "\n")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
