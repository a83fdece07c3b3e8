"""Boosted trees of depth three in plain numpy, for what adds up to more than its parts."""

from dataclasses import dataclass

import numpy as np

DEPTH = 3
SPLITS = 2 ** DEPTH - 1


@dataclass(frozen=True, eq=False)
class Trees:
    """Each tree as a heap: the node below k is 2k + 1, or 2k + 2 where the input lies above the
    threshold.

    feature, threshold (trees, SPLITS); value (trees, SPLITS + 1) of the leaves, log odds.
    """
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray

    @classmethod
    def of(cls, numbers: dict, inputs: int) -> "Trees":
        """From a model file's numbers. Raises KeyError, TypeError, OverflowError or ValueError."""
        feature, threshold = (
            np.array(numbers["feature"], np.intp),
            np.array(numbers["threshold"], float),
        )
        value = np.array(numbers["value"], float)
        if not (
            feature.shape == threshold.shape == (len(value), SPLITS)
            and value.shape == (len(value), SPLITS + 1)
            and feature.size
            and feature.min() >= 0
            and feature.max() < inputs
            and np.isfinite(threshold).all()
            and np.isfinite(value).all()
        ):
            raise ValueError("trees don't fit the inputs")
        return cls(feature, threshold, value)

    def numbers(self) -> dict:
        """What `of` reads."""
        return {
            "feature": self.feature.tolist(),
            "threshold": self.threshold.tolist(),
            "value": self.value.tolist(),
        }

    def score(self, z: np.ndarray) -> np.ndarray:
        """(n,) log odds of inputs (n, k)."""
        row, tree = np.arange(len(z))[:, None], np.arange(len(self.value))
        node = np.zeros((len(z), len(self.value)), np.intp)
        for _ in range(DEPTH):
            node = 2 * node + 1 + (z[row, self.feature[tree, node]] > self.threshold[tree, node])
        return self.value[tree, node - SPLITS].sum(1)
