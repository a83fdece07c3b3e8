"""What masks and guidance buy, by composing without them: the sampling half of the composer's
ablations.

    tools/train composer parts [--recipes 42]
"""

import argparse
import json

import numpy as np

from areas.composer import trials
from device.compose import RNNComposer
from device.compose import tokens as tk
from device.compose.composer import Composer
from device.compose.constraints import Steering
from device.compose.rnn import RNN


class Free(Steering):
    """No masks and no controllers: the grammar alone. The network must do what it was asked by
    itself."""

    def chord_bias(self, before, ahead, wish=None, ending=""):
        return dict.fromkeys(range(tk.CHORD, tk.END), 0.0)

    def rhythm_bias(self, wish, ending=""):
        first = tk.RHYTHM + min(self.slot, tk.SLOTS) * len(tk.DURATIONS)
        return dict.fromkeys([*range(tk.END, tk.RHYTHM), *range(first, tk.PITCH)], 0.0)

    def pitch_bias(self, slot, wish, forbidden, lift=0, ends=False, slots=4):
        return dict.fromkeys(range(tk.PITCH, tk.VOCABULARY), 0.0)


class Guided:
    """Classifier-free guidance: away from what the network says when nothing is asked (Ho &
    Salimans 2022)."""

    def __init__(self, strength: float):
        self.told, self.untold, self.strength = RNN.load(), RNN.load(), strength
        self.styles = self.told.styles

    def condition(self, values, style):
        self.told.condition(values, style)
        self.untold.condition(np.zeros_like(values), style)

    def answer(self, lag):
        self.told.answer(lag)
        self.untold.answer(lag)

    def push(self, token):
        self.told.push(token)
        self.untold.push(token)

    def logits(self):
        plain = self.untold.logits()
        return plain + self.strength * (self.told.logits() - plain)


def make(steered: bool, strength: float | None):
    def composer(seed: int) -> Composer:
        made = RNNComposer.load(seed) if strength is None else Composer(Guided(strength), seed)
        if not steered:
            made.steering = Free()
        return made
    return composer


def main(options: argparse.Namespace) -> None:
    recipes = trials.hypercube(options.recipes, 3)
    for name, steered, strength in (
        ("masks and controllers", True, None),
        ("neither", False, None),
        ("neither, guidance 2", False, 2.0),
        ("both, guidance 2", True, 2.0),
    ):
        maker = make(steered, strength)
        figures = trials.obedience(maker, recipes, 4.0)
        calm, _, _ = trials.calm(maker, 7, 4.0)
        figures |= {
            key: calm[key] for key in ("harsh", "small_steps", "consistency", "range", "entropy")
        }
        print(
            json.dumps({"name": name, **{key: round(value, 3) for key, value in figures.items()}}),
            flush=True)
