"""The stager's model: an additive one for the stages, and boosted trees that have half a say in
awake or asleep."""

from dataclasses import dataclass

import numpy as np

from device.sleep.additive import Additive
from device.sleep.trees import Trees


@dataclass(frozen=True, eq=False)
class Blend:
    """Mean of both log odds of wake; the sleep stages share the rest as the additive model has
    them."""
    additive: Additive
    trees: Trees

    @classmethod
    def of(cls, numbers: dict, inputs: int) -> "Blend":
        """From a model file's numbers. Raises what its parts raise."""
        return cls(Additive.of(numbers, inputs), Trees.of(numbers, inputs))

    def numbers(self) -> dict:
        """What `of` reads."""
        return self.additive.numbers() | self.trees.numbers()

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """(n, 4) in the order of STAGES, of inputs (n, k); NaN: missing."""
        z = self.additive.standard(x)
        p = self.additive.probabilities(x)
        wake, asleep = p[:, 0], p[:, 1:].sum(1)
        odds = np.exp(.5 * (np.log(wake + 1e-12) - np.log(asleep + 1e-12) + self.trees.score(z)))
        wake = odds / (1 + odds)
        return np.concatenate([wake[:, None], p[:, 1:] * ((1 - wake) / asleep)[:, None]], 1)

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """(n,) place in STAGES: rare stages are shown a little more readily than the likeliest one
        would be."""
        return self.additive.decide(probabilities)
