"""The sleeper's own layer: Bayesian linear regression over the prior's embedding, with Thompson
sampling.

The prior is a mixture of Gaussians, one for each kind of sleeper that the population holds; each
night moves both the kinds' weights and the posterior inside each (exact, conjugate: Bishop 2006,
3.3 and 3.5; Russo et al. 2018).
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

FADES = 0.75        # what evidence of no night keeps each night: liking misleads some, nights don't
DRAWS = 256         # Thompson draws behind a propensity: a standard error of at most 0.03


@dataclass(frozen=True, eq=False)
class Prior:
    """weights (k,), means (k, d), precisions (k, d, d), noise: SD of one night's reward; fading
    (k,): nats that a kind's odds lose each night; hears (k,): 1 if a kind's likes tell what helps,
    −1 if they tell what harms, 0 if they tell nothing."""
    weights: np.ndarray
    means: np.ndarray
    precisions: np.ndarray
    noise: float
    fading: np.ndarray | float = 0.0
    hears: np.ndarray | float = 1.0

    @classmethod
    def flat(cls, size: int, spread: float, noise: float) -> "Prior":
        """One kind, centred on zero: for whoever knows nothing."""
        return cls(np.ones(1), np.zeros((1, size)), np.eye(size)[None] / spread**2, noise)

    @cached_property
    def pulls(self) -> np.ndarray:
        """(k, d): precision times mean."""
        return np.einsum("kij,kj->ki", self.precisions, self.means)

    @cached_property
    def constants(self) -> np.ndarray:
        """(k,): the evidence's part that no night changes."""
        return (np.log(self.weights) + 0.5 * np.linalg.slogdet(self.precisions)[1]
                - 0.5 * np.einsum("ki,ki->k", self.means, self.pulls))


@dataclass(frozen=True, eq=False)
class Told:
    """What was said of nights: Σ φφᵀ / noise² (d, d) and Σ φ·value / noise² (d,), as for nights;
    `idle`: nats by which it is likelier if it hangs on nothing that a recipe is, before any
    recipe is looked at."""
    gram: np.ndarray
    pull: np.ndarray
    idle: float = 0.0

    @classmethod
    def nothing(cls, size: int) -> "Told":
        return cls(np.zeros((size, size)), np.zeros(size))

    def and_then(self, row: np.ndarray, value: float, noise: float, about: float) -> "Told":
        """`noise`: SD of a value that tells of the effect; `about`: of one that tells nothing."""
        trust = 1 / noise**2
        idle = 0.5 * value**2 * (trust - 1 / about**2) + math.log(noise / about)
        return Told(self.gram + trust * np.outer(row, row), self.pull + trust * value * row,
                    self.idle + idle)

    def fades(self, share: float) -> "Told":
        return Told(share * self.gram, share * self.pull, share * self.idle)


@dataclass(frozen=True, eq=False)
class Posterior:
    """weights (k,), means (k, d), and roots (k, d, d): rootᵀ · root is a kind's covariance."""
    weights: np.ndarray
    means: np.ndarray
    roots: np.ndarray

    @cached_property
    def mean(self) -> np.ndarray:
        """(d,)"""
        return self.weights @ self.means

    def covariance(self) -> np.ndarray:
        """(d, d), between and within kinds."""
        within = np.tensordot(self.weights, self.roots.transpose(0, 2, 1) @ self.roots, 1)
        apart = self.means - self.mean
        return within + (self.weights * apart.T) @ apart

    def spread(self, features: np.ndarray) -> np.ndarray:
        """(n,): SD of the expectation for each row of `features` (n, d)."""
        return np.sqrt(np.maximum(((features @ self.covariance()) * features).sum(1), 0))

    def unsure(self, features: np.ndarray) -> np.ndarray:
        """(n,): the same inside the kinds, on average. What the kinds disagree on isn't in it: to
        look forward to that is to play one kind's favourite to all the others."""
        each = np.sqrt(((features @ self.roots.transpose(0, 2, 1))**2).sum(2))
        return self.weights @ each

    def draw(self, generator: np.random.Generator, count: int, boldness: float = 1.0) -> np.ndarray:
        """(count, d) samples; `boldness` scales their distance from the mean: below 1 explores
        less."""
        kinds = generator.choice(len(self.weights), size=count, p=self.weights)
        noise = generator.standard_normal((count, self.means.shape[1]))
        samples = np.empty_like(noise)
        for kind in np.unique(kinds):
            mine = kinds == kind
            samples[mine] = self.means[kind] + noise[mine] @ self.roots[kind]
        return self.mean + boldness * (samples - self.mean)


class Head:
    """Sufficient statistics of every night so far; forgets slowly towards the prior."""

    def __init__(self, prior: Prior, forget: float = 1.0, boldness: float = 1.0,
                 patience: float = 0.0, optimism: tuple[float, float, float] = (0.0, 0.0, 1.0)):
        """`forget`: what a night's evidence keeps each further night, 0..1. `boldness`: of
        Thompson's draws, reached after `patience` nights, as their square: a stranger's first
        nights aren't for experiments. `optimism`: SDs of a candidate's expectation added to each
        draw, so that what is unsure gets its turn (May et al. 2012): at first, in the end, and the
        nights after which it is half-way; inside the kinds (`Posterior.unsure`).
        """
        self.prior, self.forget, self._boldest, self._patience = prior, forget, boldness, patience
        self._optimism = optimism
        self.nights = 0
        size = prior.means.shape[1]
        self.gram = np.zeros((size, size))      # Σ φφᵀ / noise²
        self.pull = np.zeros(size)              # Σ φ·reward / noise²
        self.told = Told.nothing(size)
        self.hint = np.zeros((size, size)), np.zeros(size)      # the same of what no night told
        self._posterior: Posterior | None = None

    def update(self, features: np.ndarray, reward: float) -> None:
        """One night: `features` (d,) of what was played, `reward` in the prior's unit."""
        row = finite(features, reward)
        trust = 1 / self.prior.noise**2
        self.nights += 1
        self.gram = self.forget * self.gram + trust * np.outer(row, row)
        self.pull = self.forget * self.pull + trust * reward * row
        self.told = self.told.fades(self.forget)
        self._posterior = None

    def see(self, features: np.ndarray, value: float, noise: float) -> None:
        """What else a night shows beside its reward: `features` (d,), a value in the prior's unit
        and its SD."""
        row, trust = finite(features, value), 1 / noise**2
        self.gram = self.gram + trust * np.outer(row, row)
        self.pull = self.pull + trust * value * row
        self._posterior = None

    def hear(self, features: np.ndarray, value: float, noise: float, about: float) -> None:
        """What was said of a night: as `see`, and the SD `about` 0 of what hangs on nothing."""
        self.told = self.told.and_then(finite(features, value), value, noise, about)
        self._posterior = None

    def begin_from(self, prior: Prior) -> None:
        """Another prior under the same nights."""
        self.prior, self._posterior = prior, None

    def lean(self, gram: np.ndarray, pull: np.ndarray) -> None:
        """Evidence beside the nights'; it replaces what was given before."""
        self.hint, self._posterior = (gram, pull), None

    @property
    def evidence(self) -> tuple[np.ndarray, np.ndarray]:
        """gram and pull of the nights and, fading, of the hint."""
        left = FADES ** self.nights
        return self.gram + left * self.hint[0], self.pull + left * self.hint[1]

    @property
    def boldness(self) -> float:
        grown = min(1.0, self.nights / self._patience) if self._patience else 1.0
        return self._boldest * grown**2

    @property
    def optimism(self) -> float:
        first, last, half = self._optimism
        return last + (first - last) / (1 + self.nights / half)

    def posterior(self) -> Posterior:
        if self._posterior is None:
            self._posterior = posterior(self.prior, *self.evidence, self.nights, self.told)
        return self._posterior

    def expect(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and SD (n,) of the reward's expectation for `features` (n, d)."""
        now = self.posterior()
        return features @ now.mean, now.spread(features)

    def choose(self, features: np.ndarray,
               generator: np.random.Generator) -> tuple[int, np.ndarray]:
        """A row of `features` (n, d) and the probabilities (n,) it was drawn with."""
        return choose(self.posterior(), features, generator, self.boldness, self.optimism)


def finite(features: np.ndarray, value: float) -> np.ndarray:
    """`features` as floats. Raises ValueError."""
    row = np.asarray(features, float)
    if not (np.isfinite(row).all() and math.isfinite(value)):
        raise ValueError("features and value must be finite")
    return row


def posterior(prior: Prior, gram: np.ndarray, pull: np.ndarray, nights: int = 0,
              told: Told | None = None) -> Posterior:
    """The mixture after evidence with these sufficient statistics, faded by so many nights."""
    precisions = prior.precisions + gram
    pulls = prior.pulls + pull
    idle: np.ndarray | float = 0.0
    if told is not None:
        hears = np.broadcast_to(prior.hears, prior.weights.shape)
        precisions = precisions + (hears**2)[:, None, None] * told.gram
        pulls = pulls + hears[:, None] * told.pull
        idle = np.where(hears == 0, told.idle, 0.0)
    factors = np.linalg.cholesky(precisions)
    # precision = L Lᵀ, so rows of z · L⁻¹ have its inverse as covariance
    roots = np.linalg.inv(factors)
    means = np.einsum("kji,kj->ki", roots, np.einsum("kij,kj->ki", roots, pulls))
    halves = np.log(np.einsum("kii->ki", factors)).sum(1)
    evidence = (prior.constants - prior.fading * nights - halves + idle
                + 0.5 * np.einsum("ki,ki->k", means, pulls))
    weights = np.exp(evidence - evidence.max())
    return Posterior(weights / weights.sum(), means, roots)


def choose(now: Posterior, features: np.ndarray, generator: np.random.Generator,
           boldness: float, optimism: float) -> tuple[int, np.ndarray]:
    """Thompson sampling has no closed-form propensity: count seeded draws, then draw from *that*
    distribution."""
    scores = now.draw(generator, DRAWS, boldness) @ features.T
    if optimism:
        scores += optimism * now.unsure(features)
    chances = np.bincount(scores.argmax(1), minlength=len(features)) / DRAWS
    return int(generator.choice(len(features), p=chances)), chances
