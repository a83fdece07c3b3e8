"""The network that hears how a note sounds, in plain numpy: word vectors → valence and arousal."""

from collections.abc import Mapping

import numpy as np

from device.words.layers import Layers

INPUTS = ("vectors",)  # of the words, in order
DILATIONS = (1, 2, 4)


class Feeling:
    def __init__(self, arrays: Mapping[str, np.ndarray]):
        """Raises KeyError or ValueError."""
        self._layers = Layers(arrays)

    def __call__(self, vectors: np.ndarray) -> tuple[float, float]:
        """(n, size), −1..1 and 0 for what says nothing → (valence, arousal) in SDs of EmoBank's
        sentences."""
        layers = self._layers
        x = np.maximum(layers.dense("enter", vectors), 0)
        for place, step in enumerate(DILATIONS):
            x = layers.around(f"around{place}", x, step)
        mean = np.broadcast_to(x.mean(0), x.shape)
        said = layers.dense("say", np.maximum(layers.dense("own", np.concatenate([x, mean], 1)), 0))
        weights = np.exp(said[:, 2] - said[:, 2].max())
        valence, arousal = weights @ said[:, :2] / weights.sum()
        return float(valence), float(arousal)
