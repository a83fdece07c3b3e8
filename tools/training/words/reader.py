"""Train the reader of wishes: models/reader.npz and its card.

    tools/train words reader --data DIR [--out DIR] [--without SOURCE …]

DIR holds EmoBank and `home_utterances.csv.gz`, of which the half that never judges is learned from.
The notes of tests/words and of registers.txt are learned, too, each voter leaving out a third of
the registers; notes_natural_dev.jsonl isn't. The word vectors are those
of models/words_table.npz, which `tools/train words` makes. Takes half an hour on one core.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from device.errors import NocturneError
from device.inference.model_card import MODELS
from device.words.features import INPUTS
from device.words.mood import Mood
from device.words.reader import LABELS
from kit.setup import ROOT
from training.words import tagger as net
from training.words.data import emobank
from training.words.examples import Example, Reader, counted, learned, notes
from training.words.home import SOUND, utterances
from training.words.notes import made
from training.words.train import save, sha256

MADE = {"english": 36_000, "chinese": 14_000}  # notes from frames, for each voter anew
RETOLD = 24_000  # notes after those of registers.txt and tests/words
EPOCHS = 4
VOTERS = 3
LONGEST_ASIDE = 14  # words of a sentence of EmoBank that stands in a note
OWN_NOTES = 3  # times that a note of tests/words is seen an epoch
SOURCES = ("frames", "notes", "registers", "emobank", "home")
CREDITS = [
    {
        "name": "notes made from tools/training/words/frames_*.txt",
        "licence": "Apache-2.0",
        "credit": "Nocturne",
    },
    {
        "name": "annotated notes, tests/words/*.jsonl and tools/training/words/registers.txt",
        "licence": "Apache-2.0",
        "credit": "Nocturne",
    },
    {
        "name": "EmoBank (JULIELab/EmoBank @ 248ce2a), split train: sentences that wish nothing",
        "licence": "CC BY-SA 4.0",
        "credit": "Buechel & Hahn 2017",
    },
    {
        "name": "NLU-Evaluation-Data (xliuhw @ f6071b49), the half that never judges",
        "licence": "CC BY 4.0",
        "credit": "Liu, Eshghi, Swietojanski, Rieser 2019",
    },
    {
        "name": "the word vectors of words_table.npz",
        "licence": "CC BY-SA 4.0",
        "credit": "see its card",
    },
]


def main(options: argparse.Namespace) -> None:
    if unknown := set(options.without) - set(SOURCES):
        raise NocturneError(f"no source is called {', '.join(sorted(unknown))}; there are "
                            f"{', '.join(SOURCES)}")
    torch.set_num_threads(1)
    arrays = {}
    for voter in range(VOTERS):
        trained = one(options.data, voter + 1, options.without)
        arrays |= {f"{voter}/{name}": array for name, array in trained.items()}
    write(arrays, options.out)


def one(
    data: Path,
    seed: int,
    without: Sequence[str] = (),
    share: float = 1.0,
    rows: Sequence[dict] | None = None,
) -> dict[str, np.ndarray]:
    """One network's arrays; `share` of the notes from frames, `rows` instead of tests/words."""
    some = examples(Reader(Mood()), data, seed, without, share, rows)
    words = counted(some)
    torch.manual_seed(seed)
    tagger = net.Tagger(words, some[0].vectors.shape[1])
    net.learn(tagger, some, seed, EPOCHS)
    return net.arrays(tagger, words)


def examples(
    reader: Reader,
    data: Path,
    seed: int,
    without: Sequence[str] = (),
    share: float = 1.0,
    rows: Sequence[dict] | None = None,
) -> list[Example]:
    texts = emobank(data)["train"][0] if "emobank" not in without else []
    short = [t for t in texts if 2 < len(t.split()) <= LONGEST_ASIDE and '"' not in t]
    out: list[Example] = []
    own: list[dict] = []
    if "frames" not in without:
        many = {tongue: int(count * share) for tongue, count in MADE.items()}
        out += reader.framed(made(many, seed, short))
    if "notes" not in without:
        own = notes(ROOT / "tests" / "words") if rows is None else rows
        out += reader.annotated(own) * OWN_NOTES
    if "registers" not in without:
        mine, _ = learned((seed - 1) % VOTERS, VOTERS)
        out += reader.annotated(mine) * OWN_NOTES
        out += reader.retold([*mine, *mine, *own], int(RETOLD * share), seed, short)
    out += reader.silent(texts, 0.5)
    if "home" not in without:
        out += at_home(reader, data)
    return out


def at_home(reader: Reader, data: Path) -> list[Example]:
    """What is said to other assistants: silence, or the volume's direction, twice each."""
    learned = [each for each in utterances(data) if not each.judges]
    out = 2 * reader.silent(each.text for each in learned if each.intent not in SOUND)
    for each in learned:
        mute = each.way < 0 and each.intent != "audio_volume_down"
        slots = (
            ["raise:level", "raise:music"]
            if each.way > 0
            else ["require:silence"]
            if mute
            else ["lower:level", "lower:music"]
        )
        if each.way:
            out += reader.annotated([{"text": each.text, "language": "en", "wishes": slots}] * 2)
    return out


def write(arrays: dict[str, np.ndarray], out: Path) -> None:
    with open(out / "reader.npz", "wb") as file:
        np.savez(file, **arrays)
    card = {
        "summary": "What is wished of each word of a note that names a sound or quality: nothing, "
        "to have it, not to have it, more, less, or only it. Three small convolutional networks "
        "over the kinds that the lexicon gives words, the words and their vectors; their mean is "
        "how sure it is. English and Chinese. It knows no other things than the lexicon names.",
        "name": "reader",
        "file": "reader.npz",
        "sha256": sha256(out / "reader.npz"),
        "vectors": json.loads((MODELS / "words_table.json").read_text())["sha256"],
        "inputs": list(INPUTS),
        "outputs": list(LABELS),
        "licence": "CC BY-SA 4.0, as that of the word vectors and of EmoBank",
        "sources": CREDITS,
        "training": {"command": "tools/train words reader --data DIR", "seed": 1},
        "tried": json.loads((MODELS / "reader.json").read_text())["tried"],
        "figures": {},
    }
    save(out / "reader.json", card)
