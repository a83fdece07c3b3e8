"""The styles as points: any music to a point between them, and points between points."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from device.compose import tokens as tk
from device.compose.rnn import session
from device.compose.transcription import Heard
from device.inference import model_card

HEARD = 96                  # tokens that the encoder hears at a time, as in training
EXCERPTS = 12               # of a piece, evenly spaced


def encode(heard: Heard, folder: Path = model_card.MODELS) -> np.ndarray:
    """(STYLE_SIZE,): the mean point of a piece's excerpts. Raises ModelMismatch."""
    model, _ = model_card.read("composer_style", ("token", "h", "sums"), folder)
    encoder = session(model, "composer_style.onnx")
    tokens = [token for tick in heard.ticks for token in tick.tokens()]
    if not tokens:
        return np.zeros(tk.STYLE_SIZE, np.float32)
    size = next(given.shape[1] for given in encoder.get_inputs() if given.name == "h")
    points = []
    for start in np.unique(np.linspace(0, max(len(tokens) - HEARD, 0), EXCERPTS).astype(int)):
        h = sums = np.zeros((1, size), np.float32)
        for token in np.resize(tokens[start:start + HEARD], HEARD):
            given = {"token": np.array([token], np.int64), "h": h, "sums": sums}
            h, sums, point = encoder.run(None, given)
        points.append(point[0])
    return np.mean(points, 0).astype(np.float32)


def morph(styles: Mapping[str, np.ndarray], wanted: str) -> np.ndarray:
    """A point by name: `piano`, or a mixture such as `piano+lute` or
    `piano*0.7+folk*0.3`.

    Raises KeyError for a name that isn't there, ValueError for a weight that isn't a number.
    """
    names, weights = parts(wanted)
    points = np.array([styles[name] for name in names])
    return (np.array(weights)[:, None] * points).sum(0) / max(sum(weights), 1e-6)


def parts(wanted: str) -> tuple[list[str], list[float]]:
    """Names and weights of a mixture. Raises ValueError."""
    each = [part.split("*") for part in wanted.replace(" ", "").split("+")]
    return [name for name, *_ in each], [float(rest[0]) if rest else 1.0 for _, *rest in each]
