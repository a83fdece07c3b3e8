"""Logistic regression in which each input may bend twice; every term can be read."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

CLIP = 3.0      # SD: an input further out than this tells no more


@dataclass(frozen=True, eq=False)
class Additive:
    """mean, scale (k,); knots (j, k) of the standardised inputs; weights ((1 + j) k + 1, m) for m
    outcomes."""
    mean: np.ndarray
    scale: np.ndarray
    knots: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, numbers: Mapping, inputs: int, outcomes: int) -> "Additive":
        """From a model file's numbers. Raises KeyError, TypeError, OverflowError or ValueError."""
        mean, scale, knots, weights = parts = [
            np.array(numbers[name], float) for name in ("mean", "scale", "knots", "weights")
        ]
        if not (
            mean.shape == scale.shape == (inputs,)
            and knots.shape[1:] == (inputs,)
            and weights.shape == ((1 + len(knots)) * inputs + 1, outcomes)
            and all(np.isfinite(part).all() for part in parts)
            and (scale > 0).all()
        ):
            raise ValueError("shapes don't fit the inputs")
        return cls(*parts)

    def numbers(self) -> dict:
        """What `of` reads."""
        return {name: getattr(self, name).tolist()
                for name in ("mean", "scale", "knots", "weights")}

    def standard(self, x: np.ndarray) -> np.ndarray:
        """(n, k) SD from the mean; a missing input says what an average one says."""
        z = (x - self.mean) / self.scale
        z[np.isnan(z)] = 0.0
        return np.minimum(np.maximum(z, -CLIP), CLIP)

    def basis(self, x: np.ndarray) -> np.ndarray:
        """(n, (1 + j) k + 1) of inputs (n, k)."""
        z = self.standard(x)
        bent = [np.maximum(z - knot, 0) for knot in self.knots]
        return np.concatenate([z, *bent, np.ones((len(z), 1))], 1)

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """(n, m) of inputs (n, k)."""
        z = self.basis(x) @ self.weights
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)
