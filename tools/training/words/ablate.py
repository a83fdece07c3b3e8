"""What each source of the reader's training is worth: one small network without each of them.

    tools/train words ablate --data DIR [--share S]

Each learns from a share of the notes from frames, and is judged alone, without the grammar, on
notes_natural_dev.jsonl and on the half of the home utterances that judges.
"""

import argparse

import torch

from areas.words.measures import Answer, home, wishes
from areas.words.peers import NAMES
from device.words import grammar, verdict
from device.words.mood import Mood
from device.words.reader import Reader
from device.words.script import simplified
from device.words.text import clean
from training.words.examples import notes
from training.words.home import utterances
from training.words.reader import SOURCES, one

KEYS = (
    "slot_f1",
    "inversions",
    "invented",
    "silent_misses",
    "asked_back",
    "distraction_wishes",
    "volume_right",
    "volume_inverted",
)


def main(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    rows = [row for row in notes(options.data) if row["language"] != "other"]
    judges = [each for each in utterances(options.data) if each.judges]
    print("without  ", *KEYS, flush=True)
    for without in ((), *((source,) for source in SOURCES)):
        arrays = one(options.data, 1, without, options.share)
        reader = Reader.of(Mood(), [arrays])
        figures = wishes(rows, [answer(reader, row["text"]) for row in rows])
        figures |= home(judges, lambda text, reader=reader: answer(reader, text))
        print(
            f"{', '.join(without) or 'nothing':9}",
            *(f"{figures[key]:.3f}" for key in KEYS),
            flush=True,
        )


def answer(reader: Reader, text: str) -> Answer:
    read = verdict.read(*reader(simplified(clean(text))), grammar.Reading())
    slots = {f"{wish.verb}:{wish.name}" for wish in read.wishes}
    return Answer(frozenset(slots | {NAMES[flag] for flag in read.flags}), bool(read.unsure))
