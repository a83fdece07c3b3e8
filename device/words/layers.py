"""Layers of small networks in plain numpy: int8 weights with a step a row, floats in between."""

from collections.abc import Mapping

import numpy as np


class Layers:
    """From arrays `NAME` (out, in) int8, `NAME_step` (out,) and `NAME_bias` (out,), float32. They
    stay int8 in memory: floats of them are made where they are used, and let go."""

    def __init__(self, arrays: Mapping[str, np.ndarray]):
        """Raises KeyError or ValueError."""
        self._biases = {name[:-5]: arrays[name] for name in arrays if name.endswith("_bias")}
        self._steps = {name[:-5]: arrays[name] for name in arrays if name.endswith("_step")}
        self._counts = {name: arrays[name].reshape(len(arrays[name]), -1) for name in self._steps}

    def rows(self, name: str, places: np.ndarray) -> np.ndarray:
        """(n,) places in a table → (n, size)"""
        return np.asarray(self._counts[name][places] * self._steps[name][places][:, None])

    def dense(self, name: str, x: np.ndarray) -> np.ndarray:
        """(n, in) → (n, out)"""
        product = x.astype(np.float32) @ self._counts[name].astype(np.float32).T
        return np.asarray(product * self._steps[name] + self._biases[name])

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
