"""Train the composers on music like data/music and write models/composer.*, composer_style.*,
markov.* with cards.

Without a prepared folder, get the upstream sources that `training/composer/data.py` names. Seeded;
the same CPU and versions give the same weights.
"""

import argparse
import csv
from pathlib import Path

SOURCES = [
    {
        "name": "JSB chorales (czhuang/JSB-Chorales-dataset 9a7f733), training part",
        "licence": "public domain",
        "credit": "J. S. Bach; Boulanger-Lewandowski 2012; Huang & Cooijmans 2017",
    },
    {
        "name": "JS Fake Chorales (omarperacha/TonicNet 0a00997)",
        "licence": "Apache-2.0",
        "credit": "Omar Peracha",
    },
    {
        "name": "OpenEWLD (00sapo/OpenEWLD ec03cbd), 350 public domain lead sheets",
        "licence": "MIT",
        "credit": "Federico Simonetta",
    },
    {
        "name": "Mutopia Project (2144afd), slow pieces",
        "licence": "public domain and CC BY, per file",
        "credit": "see cc_by",
    },
    {
        "name": "OpenScore Lieder (bca12245), songs of the evening and slow ones",
        "licence": "CC0",
        "credit": "the OpenScore community",
    },
]


def credits(folder: Path) -> list[dict[str, str]]:
    """Every CC BY piece that was used, with its maintainer."""
    rows = []
    for index in folder.rglob("index.csv"):
        with index.open(newline="") as file:
            rows += [
                {
                    "title": row["title"],
                    "composer": row["composer"],
                    "maintainer": row["maintainer"],
                    "licence": row["licence"],
                    "file": row["file"],
                }
                for row in csv.DictReader(file)
                if row.get("licence", "").upper().startswith(("CC", "CREATIVE"))
            ]
    return rows


def main(options: argparse.Namespace) -> None:
    import torch

    from device.compose import markov, rnn
    from device.compose.tokens import VOCABULARY
    from training.composer.data import corpus
    from training.composer.export import card, listen_model, markov_file, step_model
    from training.composer.net import Net, sequence, style_points, tick_nll, train, weighted

    torch.set_num_threads(1)
    music = corpus(options.data, options.cache)
    pieces = weighted(music)
    held, test = (
        [
            sequence(heard, source.style)
            for source, slow, heard in music
            if source.part == part and source.calm and slow == 1
        ]
        for part in ("valid", "test")
    )
    if options.weights:
        kept = torch.load(options.weights)
        net = Net()
        net.load_state_dict(kept)
    else:
        net = train(pieces, held, options.steps, options.seed)
    if options.save:
        torch.save(net.state_dict(), options.save)
    net.eval()
    training = {
        "command": "tools/train composer --data DIR",
        "seed": options.seed,
        "steps": options.steps,
    }
    measured = {
        "tick_nll_float": {"value": round(tick_nll(net, test), 3), "command": training["command"]}
    }
    card(
        step_model(net, options.out),
        "composer",
        rnn.INPUTS,
        ("logits", "one_next", "two_next"),
        summary="The next token of music from the recipe, the phrase, what it answers, a style and "
        "the state: two GRU layers, int8.",
        parameters=sum(
            p.numel()
            for name, p in net.named_parameters()
            if not name.startswith(("listen", "words", "name"))
        ),
        vocabulary=VOCABULARY,
        styles=style_points(net),
        sources=SOURCES,
        cc_by=credits(options.data),
        training=training,
        figures=measured,
    )
    card(
        listen_model(net, options.out),
        "composer_style",
        ("token", "h", "sums"),
        ("h_next", "sums_next", "style"),
        summary="The style of an excerpt as a point between the composer's named ones: a GRU "
        "classifier, int8.",
        sources=SOURCES,
        cc_by="see composer.json",
        training=training,
        figures={},
    )
    mutopia = [p.tokens for p in pieces if p.style not in ("chorale", "folk")] or [
        p.tokens for p in pieces
    ]
    card(
        markov_file(markov.count(mutopia), options.out),
        "markov",
        markov.INPUTS,
        ("probabilities",),
        summary="Order-2 Markov chain over tokens of a kind, Witten-Bell smoothed: the "
        "statistical baseline.",
        sources=SOURCES[3:],
        cc_by="see composer.json",
        training=training,
        figures={},
    )
    for file in options.out.glob("*.float.onnx"):
        file.unlink()
    print(
        f"wrote {options.out}/composer.onnx: "
        f"{(options.out / 'composer.onnx').stat().st_size / 1e3:.0f} kB, held-out "
        f"{measured['tick_nll_float']['value']} nats/tick before int8"
    )
