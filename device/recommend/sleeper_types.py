"""The kinds of sleeper in the shipped mixture: which lean to silence, and what own nights say of
other weights."""

import numpy as np

from device.recommend.bandit import Head, Prior, posterior
from device.recommend.candidates import QUIET

DRAWS = 1000        # sleepers of each kind: a standard error of at most 0.016
MARKED = 1.5        # times as often as people do on the whole


def leaning(prior: Prior, rows: np.ndarray) -> np.ndarray:
    """(kinds,) bool: the kinds whose sleepers are MARKED times as often best in silence as people
    are on the whole.

    `rows` (candidates, d): the embedding of every candidate.
    """
    size, generator = rows.shape[1], np.random.default_rng(5)
    now = posterior(prior, np.zeros((size, size)), np.zeros(size))
    best = np.array(
        [
            np.mean(
                ((mean + generator.standard_normal((DRAWS, size)) @ root) @ rows.T).argmax(1)
                == QUIET
            )
            for mean, root in zip(now.means, now.roots, strict=True)
        ]
    )
    return best >= MARKED * (now.weights @ best)


def beliefs(prior: Prior, head: Head) -> np.ndarray:
    """(kinds,): how likely each kind is after the nights in `head`, by `prior`."""
    return posterior(prior, head.gram, head.pull, told=head.told).weights


def bayes_factor(prior: Prior, weights: np.ndarray, head: Head) -> float:
    """How many times likelier the nights in `head` are if the kinds weigh `weights` (kinds,)
    instead of the prior's.

    Without nights it is 1. Exact: the mixture's evidence is linear in its weights (Kass & Raftery
    1995).
    """
    return round(float(beliefs(prior, head) @ (weights / prior.weights)), 9)
