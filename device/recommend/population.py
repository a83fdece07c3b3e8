"""What other beds' answers do to the shipped weights of the kinds of sleeper."""

import math

import numpy as np

from device.errors import Refused
from device.values import QUESTION, Prior

# share that says so of those whom the shipped prior was trained on: tools/swarm learn, trained
USUAL = 0.22
SPREAD = 0.25       # SD of a home's shares about those that the shipped prior was trained on


def blend(shipped: np.ndarray, quiet: np.ndarray, prior: Prior) -> np.ndarray:
    """Weights (kinds,) of the recommender's kinds of sleeper, from those that were `shipped`
    (kinds,) and the share of beds that say that silence is best for them; `quiet` (kinds,) bool
    names the kinds that lean to silence.

    Only a majority, by more than its standard error, moves anything: where half say so, moving cost
    newcomers 0.04 of their first week (tools/swarm learn, mixed). Then the odds of the quiet
    kinds move as the odds of that answer differ from what the shipped prior's own people say.
    Raises Refused if the prior answers another question.
    """
    if prior.question != QUESTION or (len(prior.shares), len(prior.errors)) != (2, 2):
        raise Refused(f"prior: {prior.question!r} says nothing about kinds of sleeper")
    share, error = min(max(prior.shares[1], 0.05), 0.95), prior.errors[1]
    if share - error <= 0.5:
        return np.asarray(shipped, float)
    trust = SPREAD**2 / (SPREAD**2 + error**2)
    shift = trust * (math.log(share / (1 - share)) - math.log(USUAL / (1 - USUAL)))
    weights = np.asarray(shipped, float) * np.exp(shift * np.asarray(quiet, float))
    return weights / weights.sum()


def shipped(weights: np.ndarray, quiet: np.ndarray) -> np.ndarray:
    """Of who doesn't share: nothing is blended in."""
    return weights
