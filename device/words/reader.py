"""The network that reads wishes, in plain numpy: each word of a note → what is wished of it.

Networks alike, trained on different notes, vote: where they disagree nothing is sure. Of each:
a word's kind, the word and its vector go in, four dilated convolutions look at fifteen words to
either side, and the note as a whole stands beside each word. `models/reader.npz`: int8 weights with
a step a row; array names begin with the network's number.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from device.errors import ModelMismatch
from device.inference import model_card
from device.words.features import INPUTS, Unit, said, units
from device.words.layers import Layers
from device.words.mood import Mood, word_hash
from device.words.text import tokens

LABELS = ("none", "require", "forbid", "raise", "lower", "only")
DILATIONS = (1, 2, 4, 8)


class Reader:
    """The shipped networks; they share the mood's word vectors."""

    def __init__(self, mood: Mood, folder: Path = model_card.MODELS):
        """Raises ModelMismatch."""
        content, card = model_card.read("reader", INPUTS, folder)
        if card.facts.get("vectors") != mood.sha256:
            raise ModelMismatch(
                f"{folder}/reader.npz belongs to other word vectors; install Nocturne again"
            )
        self._mood = mood
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                self._networks = [
                    Network(
                        {
                            name.partition("/")[2]: arrays[name]
                            for name in arrays.files
                            if name.startswith(f"{voter}/")
                        }
                    )
                    for voter in sorted({name.partition("/")[0] for name in arrays.files})
                ]
            self("rain")
        except (KeyError, ValueError, TypeError, OSError) as trouble:
            raise ModelMismatch(
                f"{folder}/reader.npz: {trouble}; install Nocturne again"
            ) from trouble

    @classmethod
    def of(cls, mood: Mood, arrays: Sequence[Mapping[str, np.ndarray]]) -> "Reader":
        """One that has just been trained."""
        reader = cls.__new__(cls)
        reader._mood, reader._networks = mood, [Network(each) for each in arrays]
        return reader

    def __call__(self, line: str) -> tuple[list[Unit], np.ndarray]:
        """The words of a clean line, and (n, labels) how likely each verdict is; only the rows of
        words that are `judged` mean anything."""
        found = units(line, self._mood.knows)
        if not any(unit.judged for unit in found):
            return found, np.zeros((len(found), len(LABELS)))
        kinds = np.array([unit.kind for unit in found])
        hashes = np.array([word_hash(text) for text in said(found)], np.uint32)
        vectors = self._vectors(found)
        votes = [network(kinds, hashes, vectors) for network in self._networks]
        return found, np.asarray(sum(votes) / len(votes))

    def _vectors(self, found: Sequence[Unit]) -> np.ndarray:
        """(n, size), −1..1: the mean of each unit's words, 0 for what has no letters of ours."""
        parts = [[word for word in tokens(unit.text) if word.isascii()] for unit in found]
        some, known = self._mood.vectors([word for words in parts for word in words] or ["."])
        out = np.zeros((len(found), some.shape[1]), np.float32)
        place = 0
        for row, words in enumerate(parts):
            span = slice(place, place + len(words))
            if known[span].any():
                out[row] = some[span][known[span]].mean(0)
            place += len(words)
        return out


class Network:
    """One of them."""

    def __init__(self, arrays: Mapping[str, np.ndarray]):
        """Raises KeyError or ValueError."""
        self._hashes = arrays["hashes"]
        self._layers = Layers(arrays)

    def __call__(self, kinds: np.ndarray, hashes: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """(n,) places in KINDS, (n,) uint32 and (n, size) → (n, labels), each row's sum 1."""
        layers = self._layers
        at = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        places = np.where(self._hashes[at] == hashes, at + 1, 0)
        named = layers.rows("kind", kinds), layers.rows("word", places)
        x = np.concatenate([*named, layers.dense("vector", vectors)], 1)
        x = np.maximum(layers.dense("enter", x), 0)
        for place, step in enumerate(DILATIONS):
            x = layers.around(f"around{place}", x, step)
        whole = layers.dense("whole", x.max(0))
        logits = layers.dense("say", np.maximum(layers.dense("own", x) + whole, 0))
        odds = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(odds / odds.sum(1, keepdims=True))
