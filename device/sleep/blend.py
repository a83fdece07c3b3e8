"""The stager's model: an additive one for the stages, and boosted trees that share in
awake or asleep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from device.sleep.additive import Additive
from device.sleep.trees import Trees
from device.values import STAGES

TREES = .6      # of the log odds of wake is the trees', if the model doesn't say otherwise


@dataclass(frozen=True, eq=False)
class Blend:
    """Log odds of wake by both; the sleep stages share the rest as the additive model has them.

    inputs: names, in order.  lean (4,): see `decide`.  share: of the log odds of wake, the trees'.
    """
    inputs: tuple[str, ...]
    additive: Additive
    trees: Trees
    lean: np.ndarray
    share: float = TREES

    @classmethod
    def of(cls, numbers: Mapping, known: Sequence[str]) -> "Blend":
        """From a model file's numbers; `known`: the inputs there are. Raises what its parts raise.
        """
        inputs, lean = tuple(numbers["inputs"]), np.array(numbers["lean"], float)
        part = float(numbers["share"])
        if not set(inputs) <= set(known) or lean.shape != (4,) or not (
                np.isfinite(lean).all() and 0 <= part <= 1):
            raise ValueError("inputs that this firmware doesn't feed")
        return cls(inputs, Additive.of(numbers, len(inputs), len(STAGES)),
                   Trees.of(numbers, len(inputs)), lean, part)

    def numbers(self) -> dict:
        """What `of` reads."""
        return {"inputs": list(self.inputs), "lean": self.lean.tolist(), "share": self.share,
                **self.additive.numbers(), **self.trees.numbers()}

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """(n, 4) in the order of STAGES, of this model's inputs (n, k); NaN: missing."""
        p = self.additive.probabilities(x)
        wake, asleep = p[:, 0] + 1e-12, p[:, 1:].sum(1) + 1e-12
        odds = self.share * self.trees.score(x) + (1 - self.share) * (np.log(wake) - np.log(asleep))
        awake = 1 / (1 + np.exp(-odds))
        return np.concatenate([awake[:, None], p[:, 1:] * ((1 - awake) / asleep)[:, None]], 1)

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """(n,) place in STAGES: rare stages are shown a little more readily than the likeliest one
        would be."""
        return (np.log(probabilities + 1e-9) + self.lean).argmax(1)
