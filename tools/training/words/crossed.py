"""Cross-validation of the shipped reader: each register by the one voter that left it out.

    tools/train words crossed [--wrong]

Whole notes as the device reads them, grammar and tables included, but by one voter instead of all.
What was mended by hand with a register in view (frames, phrases, the table of tones) is no part of
what is crossed.
"""

import argparse

import numpy as np

from areas.words.evaluate import answer
from areas.words.measures import opposites, wishes
from device.inference.model_card import MODELS
from device.words import Words
from device.words.mood import Mood
from device.words.reader import Reader
from training.words.examples import learned
from training.words.reader import VOTERS

KEYS = ("slot_f1", "inversions", "invented", "silent_misses", "asked_back", "always_false")


def main(options: argparse.Namespace) -> None:
    rows, answers = [], []
    for voter in range(VOTERS):
        _, unseen = learned(voter, VOTERS)
        words = voting(voter)
        rows += unseen
        answers += [answer(words.understand(row["text"])) for row in unseen]
    print("register", *KEYS)
    for group in (*dict.fromkeys(row["group"] for row in rows), ""):
        some = [i for i, row in enumerate(rows) if row["group"] == group or not group]
        figures = wishes([rows[i] for i in some], [answers[i] for i in some])
        name = f"{group or 'all'} ({len(some)})"
        print(name, *(f"{figures[key]:.3f}" for key in KEYS), sep="\t")
    for row, said in zip(rows, answers, strict=True):
        gold = frozenset(":".join(slot.split(":")[:2]) for slot in row["wishes"])
        if options.wrong and said.slots != gold:
            worst = "!!" if opposites(gold) & said.slots else "+" if said.slots - gold else "-"
            print(worst, row["text"], sorted(gold), sorted(said.slots), "asked" * said.asked)


def voting(voter: int) -> Words:
    """The room with one voter."""
    with np.load(MODELS / "reader.npz") as arrays:
        start = f"{voter}/"
        mine = {name[len(start) :]: arrays[name] for name in arrays if name.startswith(start)}
    words = Words()
    words._mood = Mood()
    words._reader = Reader.of(words._mood, [mine])
    return words
