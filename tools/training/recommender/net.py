"""The two-tower network and the population's mixture, fitted on synthetic sleepers; numpy only.

A sleeper's minutes saved are modelled as w · (context tower ∘ recipe tower): the towers are shared
(content), w is the sleeper's own factors (collaborative). The mixture over w is what a new sleeper
starts from.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from desk.sleepers import Evening, Sleeper
from device.recommend.bandit import Prior
from device.recommend.candidates import CANDIDATES, QUIET
from device.recommend.features import CONTEXT, RECIPE, context_features, recipe_features
from device.recommend.network import SLOTS
from device.recommend.reward import Weights, reward
from device.values import SCALES, STYLES, TEXTURES, Recipe

SIZE, HIDDEN, KINDS = 16, 48, 4
BORROWED = 400.0    # people's worth of the pooled covariance in each kind's
SAVED_UNIT = 4.0    # min: the embedding is trained in units of a typical effect


@dataclass
class Population:
    """Synthetic people and evenings: contexts (s, c, features), recipes (r, features), saved (s, c,
    r) min."""
    contexts: np.ndarray
    recipes: np.ndarray
    saved: np.ndarray
    delays: np.ndarray      # (s, c) min: onset latency in silence
    people: list[Sleeper]


def population(sleepers: int, evenings: int, seed: int) -> Population:
    generator = np.random.default_rng(seed)
    recipes = [candidate.recipe for candidate in CANDIDATES]
    recipes += [jitter(generator) for _ in range(SLOTS - len(recipes))]
    people = [Sleeper.born(generator) for _ in range(sleepers)]
    contexts = np.empty((sleepers, evenings, len(CONTEXT)))
    saved = np.empty((sleepers, evenings, len(recipes)))
    delays = np.empty((sleepers, evenings))
    for s, sleeper in enumerate(people):
        for c in range(evenings):
            evening = Evening.falls(sleeper, generator)
            contexts[s, c] = context_features(evening.context)
            saved[s, c] = [sleeper.saves(evening, recipe) for recipe in recipes]
            delays[s, c] = sleeper.usual_sol + evening.delay
    return Population(contexts, np.array([recipe_features(recipe) for recipe in recipes]), saved,
                      delays, people)


def jitter(generator: np.random.Generator) -> Recipe:
    """A recipe off the grid, so that the tower is smooth between its points."""
    textures = {str(name): float(generator.uniform(0.1, 0.8))
                for name in generator.choice(TEXTURES, generator.integers(0, 3), replace=False)}
    return Recipe(scale=str(generator.choice(SCALES)), style=str(generator.choice(STYLES)),
                  pulse=generator.uniform(40, 72), density=generator.uniform(0.1, 0.6),
                  register=generator.uniform(48, 62), brightness=generator.uniform(0.1, 0.6),
                  tension=generator.uniform(0, 0.4), textures=textures, music=0.8)


class Towers:
    """context → 48 → 16, recipe → 48 → 16, and context → 16 → 1 for the onset latency to expect."""

    def __init__(self, generator: np.random.Generator):
        def layer(out: int, into: int) -> list[np.ndarray]:
            return [generator.normal(0, np.sqrt(2 / into), (out, into)), np.zeros(out)]
        self.p = [*layer(HIDDEN, len(CONTEXT)), *layer(SIZE, HIDDEN), *layer(HIDDEN, len(RECIPE)),
                  *layer(SIZE, HIDDEN), *layer(16, len(CONTEXT)), *layer(1, 16)]
        self.p[2] *= 0.3
        self.p[3] += 1.0            # the context tower starts as "no effect"

    @classmethod
    def load(cls, path: Path) -> "Towers":
        """The float weights that the int8 network was made from."""
        towers = cls.__new__(cls)
        with np.load(path, allow_pickle=False) as arrays:
            towers.p = [arrays[f"arr_{i}"].astype(float) for i in range(len(arrays.files))]
        return towers

    def context(self, x: np.ndarray) -> np.ndarray:
        return np.maximum(x @ self.p[0].T + self.p[1], 0) @ self.p[2].T + self.p[3]

    def recipe(self, x: np.ndarray) -> np.ndarray:
        return np.maximum(x @ self.p[4].T + self.p[5], 0) @ self.p[6].T + self.p[7]

    def expected(self, x: np.ndarray) -> np.ndarray:
        """(…,) min."""
        return (np.maximum(x @ self.p[8].T + self.p[9], 0) @ self.p[10].T + self.p[11])[..., 0]

    def embed(self, contexts: np.ndarray, recipes: np.ndarray) -> np.ndarray:
        """(…, r, SIZE)"""
        return self.context(contexts)[..., None, :] * self.recipe(recipes)


def fit_towers(data: Population, seed: int, steps: int = 6000, batch: int = 48) -> Towers:
    """Adam on towers and sleepers' factors at once; then silence's embedding is pinned to zero by
    an offset."""
    generator = np.random.default_rng(seed)
    towers = Towers(generator)
    own = generator.normal(0, 0.3, (len(data.saved), SIZE))
    target = data.saved / SAVED_UNIT
    adam, adam_own = Adam(towers.p[:8]), Adam([own])
    for step in range(steps):
        rate = 4e-3 * 0.5 * (1 + np.cos(np.pi * step / steps))
        who = generator.integers(len(own), size=batch)
        when = generator.integers(target.shape[1], size=(batch, 4))
        x, y, w = data.contexts[who[:, None], when], target[who[:, None], when], own[who]
        p = towers.p
        hc = np.maximum(x @ p[0].T + p[1], 0)
        u = hc @ p[2].T + p[3]                              # (b, 4, d)
        hr = np.maximum(data.recipes @ p[4].T + p[5], 0)
        v = hr @ p[6].T + p[7]
        v = v - v[QUIET]  # (r, d): silence saves nothing, by definition
        uw = u * w[:, None]
        error = (uw @ v.T - y) * (2 / y.size)
        duw = error @ v
        dv = np.einsum("bcr,bcd->rd", error, uw) + 2e-5 * v
        dv[QUIET] -= dv.sum(0)
        du = duw * w[:, None]
        dw = (duw * u).sum(1) + 1e-4 * w / batch
        dhc, dhr = (du @ p[2]) * (hc > 0), (dv @ p[6]) * (hr > 0)
        gradients = [
            np.einsum("bch,bci->hi", dhc, x),
            dhc.sum((0, 1)),
            np.einsum("bcd,bch->dh", du, hc),
            du.sum((0, 1)),
            dhr.T @ data.recipes,
            dhr.sum(0),
            dv.T @ hr,
            dv.sum(0),
        ]
        adam.step(gradients, rate)
        whole = np.zeros_like(own)
        np.add.at(whole, who, dw)
        adam_own.step([whole], rate * 3)
    towers.p[7] -= towers.recipe(data.recipes)[QUIET]
    fit_expected(towers, data, generator)
    return towers


def fit_expected(towers: Towers, data: Population, generator: np.random.Generator,
                 steps: int = 2500) -> None:
    x, y = data.contexts.reshape(-1, len(CONTEXT)), data.delays.reshape(-1)
    towers.p[11][:] = y.mean()
    adam = Adam(towers.p[8:])
    for step in range(steps):
        rows = generator.integers(len(x), size=256)
        p = towers.p
        hidden = np.maximum(x[rows] @ p[8].T + p[9], 0)
        error = ((hidden @ p[10].T + p[11])[:, 0] - y[rows]) / 256
        back = (error[:, None] * p[10]) * (hidden > 0)
        adam.step([back.T @ x[rows], back.sum(0), error[None] @ hidden, error.sum(keepdims=True)],
                  2e-2 * (1 - step / steps))


class Adam:
    """Kingma & Ba 2015, in place."""

    def __init__(self, parameters: list[np.ndarray]):
        self._p, self._n = parameters, 0
        self._m, self._v = ([np.zeros_like(p) for p in parameters] for _ in range(2))

    def step(self, gradients: list[np.ndarray], rate: float) -> None:
        self._n += 1
        for p, g, m, v in zip(self._p, gradients, self._m, self._v, strict=True):
            m += 0.1 * (g - m)
            v += 0.01 * (g * g - v)
            p -= rate * (m / (1 - 0.9**self._n)) / (np.sqrt(v / (1 - 0.99**self._n)) + 1e-8)


def balance(towers: Towers, data: Population) -> None:
    """Scale every dimension of both towers to the same reach: int8 gives all columns of a tensor
    one step."""
    contexts = np.abs(towers.context(data.contexts)).max((0, 1))
    recipes = np.abs(towers.recipe(data.recipes)).max(0)
    for weights, bias, reach in ((2, 3, contexts), (6, 7, recipes)):
        towers.p[weights] /= reach[:, None]
        towers.p[bias] /= reach


def quantize(towers: Towers, data: Population) -> bytes:
    """The int8 network: context (1, CONTEXT), recipes (SLOTS, RECIPE) → embedding (SLOTS, SIZE),
    expected (1, 1)."""
    from kit.tflite_writer import (
        Graph,  # of the training extra; judging needs the towers without it
    )
    contexts = data.contexts.reshape(-1, 1, len(CONTEXT))[:4096]
    slots = np.zeros((SLOTS, len(RECIPE)))
    slots[:len(data.recipes)] = data.recipes[:SLOTS]
    p, graph = towers.p, Graph("nocturne recommender")
    context = graph.input("context", contexts, (-1, 1))
    recipes = graph.input("recipes", slots[None], (-1, 1))
    u = graph.dense(
        "context.embedding",
        graph.dense("context.hidden", context, p[0], p[1], relu=True),
        p[2],
        p[3],
    )
    v = graph.dense(
        "recipe.embedding", graph.dense("recipe.hidden", recipes, p[4], p[5], relu=True), p[6], p[7]
    )
    expected = graph.dense(
        "expected", graph.dense("expected.hidden", context, p[8], p[9], relu=True), p[10], p[11]
    )
    return graph.write(graph.multiply("embedding", u, v), expected)


def fit_factors(embedding: np.ndarray, saved: np.ndarray) -> np.ndarray:
    """(s, SIZE): each sleeper's own factors, from embedding (s, c, r, SIZE) and noise-free minutes
    saved (s, c, r)."""
    rows = embedding.reshape(len(saved), -1, embedding.shape[-1])
    gram = np.einsum("sni,snj->sij", rows, rows) / rows.shape[1]
    pull = np.einsum("sni,sn->si", rows, saved.reshape(len(saved), -1)) / rows.shape[1]
    return np.linalg.solve(gram + 1e-3 * np.eye(rows.shape[-1]), pull[..., None])[..., 0]


def fit_mixture(factors: np.ndarray, own_level: np.ndarray, noise: float, seed: int,
                rounds: int = 60) -> Prior:
    """EM for a mixture of Gaussians over sleepers' factors; `own_level` (s,) min is how far each is
    from expected."""
    generator = np.random.default_rng(seed)
    x = np.column_stack([factors, own_level])
    floor = 1e-3 * np.diag(x.var(0)) + 1e-6 * np.eye(x.shape[1])
    chance = generator.dirichlet(np.full(KINDS, 0.3), size=len(x))
    for _ in range(rounds):
        count = chance.sum(0)
        weights = count / len(x)
        means = chance.T @ x / count[:, None]
        spread = x[None] - means[:, None]
        scatter = np.array([(chance[:, k, None] * spread[k]).T @ spread[k] for k in range(KINDS)])
        # A small kind borrows its shape from all: of few people, a full covariance would be sure of
        # too much.
        pooled = scatter.sum(0) / len(x)
        covariances = (scatter + BORROWED * pooled) / (count + BORROWED)[:, None, None] + floor
        precisions = np.linalg.inv(covariances)
        density = np.log(weights) + 0.5 * np.linalg.slogdet(precisions)[1] - 0.5 * np.stack(
            [((spread[k] @ precisions[k]) * spread[k]).sum(1) for k in range(KINDS)], 1)
        chance = np.exp(density - density.max(1, keepdims=True))
        chance /= chance.sum(1, keepdims=True)
    return Prior(weights, means, precisions, noise)


def fit_population(towers: Towers, data: Population, seed: int) -> Prior:
    """What a new sleeper starts from: kinds of sleepers, and how noisy one night's reward is."""
    factors = fit_factors(towers.embed(data.contexts, data.recipes), data.saved)
    level, noise = night_rewards(towers, data.people, factors, seed)
    return fit_mixture(factors, level, noise, seed)


def night_rewards(towers: Towers, people: list[Sleeper], factors: np.ndarray, seed: int,
                  nights: int = 20) -> tuple[np.ndarray, float]:
    """(s,) min: each sleeper's own level, the mean reward that their factors leave over; and the SD
    around it, min."""
    generator = np.random.default_rng(seed)
    over = np.empty((len(people), nights))
    for s, sleeper in enumerate(people):
        for n in range(nights):
            evening = Evening.falls(sleeper, generator)
            recipe = CANDIDATES[generator.integers(len(CANDIDATES))].recipe
            x = context_features(evening.context)
            got = reward(sleeper.outcome(evening, recipe, generator), float(towers.expected(x)),
                         Weights())
            over[s, n] = got - float(towers.embed(x, recipe_features(recipe)[None])[0] @ factors[s])
    noise = float(np.sqrt(over.var(1, ddof=1).mean()))
    middle = over.mean()
    # A mean of few nights spreads more than the levels themselves do.
    true_share = max(1 - noise**2 / nights / over.mean(1).var(), 0)
    return middle + np.sqrt(true_share) * (over.mean(1) - middle), noise
