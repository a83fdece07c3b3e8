"""Layers of small networks in plain numpy: int8 weights with a step a row, floats in between."""

from collections.abc import Mapping

import numpy as np


class Layers:
    """From arrays `NAME` (out, in) int8, `NAME_step` (out,) and `NAME_bias` (out,), float32."""

    def __init__(self, arrays: Mapping[str, np.ndarray]):
        """Raises KeyError or ValueError."""
        self._biases = {name[:-5]: arrays[name] for name in arrays if name.endswith("_bias")}
        self.weights = {
            name: (
                arrays[name].reshape(len(arrays[name]), -1).astype(np.float32)
                * arrays[f"{name}_step"][:, None]
            )
            for name in arrays
            if f"{name}_step" in arrays
        }

    def dense(self, name: str, x: np.ndarray) -> np.ndarray:
        """(n, in) → (n, out)"""
        return np.asarray(x @ self.weights[name].T + self._biases[name])

    def around(self, name: str, x: np.ndarray, step: int) -> np.ndarray:
        """(n, size) → (n, size): x and, rectified, what a convolution of three rows, `step` apart,
        makes of it."""
        return np.asarray(x + np.maximum(self.dense(name, beside(x, step)), 0))


def beside(x: np.ndarray, step: int) -> np.ndarray:
    """(n, 3·size): each row between those `step` before and after; beyond the ends is nothing."""
    out = np.zeros((len(x), 3, x.shape[1]), x.dtype)
    out[:, 1] = x
    out[step:, 0] = x[:-step]
    out[:-step, 2] = x[step:]
    return out.reshape(len(x), -1)
