"""The statistical opinion: an order-2 Markov chain over tokens of a kind, from the same music as
the RNN.

What comes next depends on the last two tokens that decide it: a chord on the two chords before, a
pitch on the two pitches before, a rhythm on the two tokens before it, the rest on their own last
value and the token just written. Unseen contexts fall back on shorter ones (Witten & Bell 1991).
"""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from device.compose import tokens as tk
from device.compose.contexts import Context
from device.inference import model_card

INPUTS = ("context", "context before", "token")


class Table:
    """Counts after two contexts, one and none, of tokens told apart by what may follow."""

    def __init__(self, kinds: np.ndarray, tokens: np.ndarray, counts: np.ndarray):
        """`kinds` (n, 3): nearer and farther context, the first token that may follow; each with a
        token, a count."""
        self.exact: dict[tuple, tuple] = {}
        shorter: dict[tuple, dict[int, float]] = {}
        rows = zip(kinds.tolist(), tokens.tolist(), counts.tolist(), strict=True)
        for (near, far, follow), token, count in rows:
            for key in ((follow, near, far), (follow, near), (follow,)):
                row = shorter.setdefault(key, {})
                row[token] = row.get(token, 0) + count
        for key, row in shorter.items():
            self.exact[key] = np.array(list(row)), np.array(list(row.values()), float)

    def probabilities(self, follow: slice, near: int, far: int) -> np.ndarray:
        """(VOCABULARY,) that sum to one over `follow`."""
        out = np.zeros(tk.VOCABULARY)
        out[follow] = 1 / (follow.stop - follow.start)
        for key in ((follow.start,), (follow.start, near), (follow.start, near, far)):
            if key in self.exact:
                tokens, counts = self.exact[key]
                total, types = counts.sum(), len(tokens)
                out *= types / (total + types)
                out[tokens] += counts / (total + types)
        return out


def count(sequences: Iterable[Iterable[int]]) -> dict[str, np.ndarray]:
    """The table's arrays from token sequences that begin with BOS."""
    sums: dict[tuple, int] = {}
    for sequence in sequences:
        context = Context()
        for position, token in enumerate(sequence):
            if position:
                key = (*context.key(), tk.following(context.last).start, int(token))
                sums[key] = sums.get(key, 0) + 1
            context.push(int(token))
    keys = np.array(sorted(sums), np.uint8)
    return {"kinds": keys[:, :3], "tokens": keys[:, 3],
            "counts": np.array([min(sums[tuple(key)], 65535) for key in keys.tolist()], np.uint16)}


class Markov:
    """Draws on the table as tokens come; the table is shared, the context is its own."""

    styles: Mapping[str, np.ndarray] = {}

    def __init__(self, table: Table):
        self.table, self.context = table, Context()

    @classmethod
    def load(cls, folder: Path = model_card.MODELS) -> "Markov":
        """Raises ModelMismatch."""
        model, _ = model_card.read("markov", INPUTS, folder)
        with np.load(io.BytesIO(model)) as arrays:
            return cls(Table(arrays["kinds"], arrays["tokens"], arrays["counts"]))

    def condition(self, values: np.ndarray, style: np.ndarray) -> None:
        """The chain listens to the steering alone."""

    def answer(self, lag: int) -> None:
        """What is answered reaches it by the steering's wishes alone."""

    def push(self, token: int) -> None:
        self.context.push(token)

    def logits(self) -> np.ndarray:
        follow = tk.following(self.context.last)
        return np.log(self.table.probabilities(follow, *self.context.key()) + 1e-9)

    def snapshot(self) -> dict:
        return vars(self.context).copy()

    def restore(self, state: dict) -> None:
        vars(self.context).update(state)
