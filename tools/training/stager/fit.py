"""Fits the stager: logistic regression on each input bent at two knots, and boosted trees of wake.
Both end the same each time."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from device.sleep import doubt, features
from device.sleep.additive import Additive
from device.sleep.blend import Blend
from device.sleep.stager import HEARTS, LIMITS, SPREADS, within
from device.sleep.trees import Trees
from device.values import STAGES
from training.stager.data import UNSCORED, Night

RIDGE = 100.0           # on weights of standardised inputs; 30 to 300 score alike
ONSET_RIDGE = 5.0       # 3 to 10 score alike
STEPS = 150
KNOTS = (.5, .85)       # quantiles
ROUNDS = 150            # trees
GROWTH = {
    "objective": "binary",
    "learning_rate": 0.05,
    "max_depth": 5,
    "num_leaves": 15,
    "max_bin": 63,
    "min_data_in_leaf": 60,
    "lambda_l2": 20,
    "feature_fraction": 0.25,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}
# The heart alone: few inputs, all of them rising with wake but the time, so that it holds for other
# people too.
HEART_GROWTH = {**GROWTH, "num_leaves": 8, "max_depth": 3,
                "feature_fraction": .5, "min_data_in_leaf": 100}
HEART_ROUNDS = 150
LASTING = 10            # epochs: a heart can't tell briefer wakes from a turn in bed or an apnoea's
# end, and what they teach it makes it worse at the long ones, of which the watch nights have few.
SOON = 10.0             # min after lights out that its trees may tell apart; then no clock
# Share of the time awake that its trees begin with: of whom only the heart is known may be anybody,
# and a sleep efficiency of .85 parts good sleepers from bad ones (Buysse et al. 1989).
AWAKE = .15
# how far decisions lean towards showing each stage as often as it occurs; 0: the likeliest
LEAN = .5
AFTER = 120             # epochs after the first sleep that teach onset
PERSONAL = 120          # epochs of a night before it says who slept it
SHRINK = .2             # of the persons' covariance is a sphere's: there are few of them


def inputs_of(night: Night) -> np.ndarray:
    """(n, INPUTS) as the board computes them; it has them from the same epochs."""
    memory, rows = features.Memory(), []
    for n, epoch in enumerate(night.epochs):
        rows.append(memory.add(within(epoch.activity, LIMITS), within(epoch.heart_rate, HEARTS),
                               within(epoch.heart_sd, SPREADS), (n + 1) / 2))
    return np.array(rows)


def fit(inputs: Sequence[np.ndarray], stages: Sequence[np.ndarray]) -> dict:
    """The numbers of the stager's model file, of inputs (n, INPUTS) and stages (n,) of each night.
    """
    return {
        "changes": changes(stages).round(5).tolist(),
        "whole": fit_blend(inputs, stages, features.STAGING).numbers(),
        "motion": fit_blend(inputs, stages, features.MOTION).numbers(),
        "heart": fit_heart(inputs, stages).numbers(),
        "onset": fit_onset(inputs, stages).numbers(),
        "likeness": fit_likeness(inputs).numbers(),
    }


def chosen(inputs: Sequence[np.ndarray], stages: Sequence[np.ndarray], places: np.ndarray
           ) -> tuple[np.ndarray, np.ndarray]:
    """(m, k) and (m,): the scored epochs of all nights."""
    x, y = np.concatenate(inputs)[:, places], np.concatenate(stages)
    return x[y != UNSCORED], y[y != UNSCORED]


def fit_blend(inputs: Sequence[np.ndarray], stages: Sequence[np.ndarray], names: Sequence[str],
              known: Sequence[str] = features.INPUTS, rising: frozenset[str] = features.RISING,
              growth: dict = GROWTH, ridge: float = RIDGE) -> Blend:
    x, y = chosen(inputs, stages, np.array([known.index(name) for name in names]))
    trees = fit_trees(x, y == 0, growth, ROUNDS, [int(name in rising) for name in names])
    return leaning(Blend(tuple(names), fit_additive(x, y, ridge), trees, np.zeros(4)), x, y)


def fit_heart(inputs: Sequence[np.ndarray], stages: Sequence[np.ndarray]) -> Blend:
    """With movement unknown: trees of what rises with wake, and an additive model for the rest."""
    x, y = chosen(inputs, stages, features.places(features.HEART))
    slope = np.array([1 if name in features.RISING else -1 if name == "minutes" else 0
                      for name in features.HEART])
    minutes = features.HEART.index("minutes")
    seen = np.where(slope, x, np.nan)
    seen[:, minutes] = np.minimum(x[:, minutes], SOON)
    taught = np.concatenate([~brief(night)[night != UNSCORED] for night in stages])
    trees = fit_trees(seen[taught], y[taught] == 0, HEART_GROWTH, HEART_ROUNDS, slope.tolist())
    blend = leaning(Blend(features.HEART, fit_additive(x, y, RIDGE), trees, np.zeros(4), 1.0), x, y)
    share = (y[taught] == 0).mean()
    more = np.log(AWAKE / (1 - AWAKE)) - np.log(share / (1 - share))
    return replace(blend, trees=replace(
        trees, value=(trees.value + more / len(trees.value)).round(5)))


def brief(stage: np.ndarray) -> np.ndarray:
    """(n,) whether an epoch belongs to a wake of less than LASTING epochs."""
    edges = np.flatnonzero(np.diff(np.r_[0, stage == 0, 0]))
    out = np.zeros(len(stage), bool)
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        out[first:end] = end - first < LASTING
    return out


def leaning(blend: Blend, x: np.ndarray, y: np.ndarray) -> Blend:
    return replace(blend, lean=lean(blend.probabilities(x), y).round(3))


def fit_onset(inputs: Sequence[np.ndarray], stages: Sequence[np.ndarray]) -> Additive:
    """P(has slept tonight), taught by the time before the first sleep and the hour after it."""
    places, xs, ys = features.places(features.ONSET), [], []
    for x, y in zip(inputs, stages, strict=True):
        if (y > 0).any():
            first = int((y > 0).argmax())
            xs.append(x[:first + AFTER, places])
            ys.append((np.arange(len(xs[-1])) >= first).astype(int))
    return fit_additive(np.concatenate(xs), np.concatenate(ys), ONSET_RIDGE, 2)


def fit_likeness(inputs: Sequence[np.ndarray]) -> doubt.Likeness:
    nights = np.array([np.nanmean(x[PERSONAL // 2:][:, doubt.PLACES], 0) for x in inputs])
    nights = nights[~np.isnan(nights).any(1)]
    mean, scale = nights.mean(0), nights.std(0) + 1e-3
    k = len(mean)
    alike = np.atleast_2d(np.cov(((nights - mean) / scale).T)) if len(nights) > 2 else np.eye(k)
    alike = (1 - SHRINK) * alike + SHRINK * np.eye(k)
    whiten = (np.linalg.cholesky(np.linalg.inv(alike)).T / scale).round(5)
    known = [x[PERSONAL:][~np.isnan(x[PERSONAL:][:, doubt.PLACES]).any(1)][:, doubt.PLACES]
             for x in inputs]
    far = np.linalg.norm((np.concatenate(known) - mean) @ whiten.T, axis=1) if any(
        map(len, known)) else np.array([3.0])
    return doubt.Likeness(mean.round(5), whiten, round(float(np.quantile(far, .9)), 4))


def fit_trees(x: np.ndarray, wake: np.ndarray, growth: dict, rounds: int, rising: Sequence[int]
              ) -> Trees:
    """LightGBM's trees of wake (n,) by inputs (n, k)."""
    import lightgbm
    growth = {**growth, "monotone_constraints": list(rising)} if any(rising) else growth
    grown = lightgbm.train(growth, lightgbm.Dataset(x, wake.astype(float)), rounds)
    return exported(grown.dump_model()["tree_info"])


def exported(grown: Sequence[dict]) -> Trees:
    """LightGBM's own description of its trees as arrays; each parent stands before its children."""
    size = max(max(tree["num_leaves"] for tree in grown) - 1, 1)
    feature, left, right, missing = (np.zeros((len(grown), size), int) for _ in range(4))
    threshold, value = np.zeros((len(grown), size)), np.zeros((len(grown), size + 1))
    left[:], right[:] = -1, -1
    for row, tree in enumerate(grown):
        nodes: list[dict] = []
        leaves: list[float] = []

        def walk(node: dict, row=row, nodes=nodes, leaves=leaves) -> int:
            if "split_feature" not in node:
                leaves.append(node["leaf_value"])
                return -len(leaves)
            place = len(nodes)
            nodes.append(node)
            feature[row, place], threshold[row, place] = node["split_feature"], node["threshold"]
            missing[row, place] = (not node["default_left"] if node["missing_type"] == "NaN"
                                   else node["threshold"] < 0)
            left[row, place] = walk(node["left_child"])
            right[row, place] = walk(node["right_child"])
            return place

        walk(tree["tree_structure"])
        value[row, :len(leaves)] = leaves
    # Rounded down, never up: between two readings there is room, "−1e-35" parts zero from less.
    return Trees.of({"feature": feature, "threshold": np.floor(threshold * 1e5) / 1e5,
                     "left": left, "right": right, "missing": missing, "value": value.round(5)},
                    int(feature.max()) + 1)


def fit_additive(x: np.ndarray, y: np.ndarray, ridge: float = RIDGE, outcomes: int = len(STAGES)
                 ) -> Additive:
    """Accelerated descent on Böhning's quadratic bound (1992): one factorisation."""
    seen = ~np.isnan(x).all(0)
    filled = np.where(seen, x, 0.0)
    mean = np.nanmean(filled, 0).round(4)
    scale = np.maximum(np.where(seen, np.nanstd(filled, 0), 1.0), 1e-2).round(4)
    none = np.zeros((0, x.shape[1]))
    z = Additive(mean, scale, none, none).standard(x)
    knots = np.quantile(z, KNOTS, axis=0).round(3)
    basis = Additive(mean, scale, knots, none).basis(x)
    penalty = np.full(basis.shape[1], ridge)
    penalty[-1] = 1e-6
    factor = cho_factor(.5 * basis.T @ basis + np.diag(penalty))
    target = np.eye(outcomes)[y]
    weights = ahead = np.zeros((basis.shape[1], outcomes))
    momentum = 1.0
    for _ in range(STEPS):
        slope = basis.T @ (softmax(basis @ ahead) - target) + penalty[:, None] * ahead
        moved = ahead - cho_solve(factor, slope)
        grown = (1 + np.sqrt(1 + 4 * momentum ** 2)) / 2
        ahead, weights, momentum = moved + (momentum - 1) / grown * (moved - weights), moved, grown
    return Additive(mean, scale, knots, weights.round(4))


def lean(probabilities: np.ndarray, stages: np.ndarray) -> np.ndarray:
    """(4,) to add to log probabilities before the largest is taken."""
    logs, share = (
        np.log(probabilities + 1e-9),
        np.bincount(stages, minlength=len(STAGES)) / len(stages),
    )
    offsets = np.zeros(len(STAGES))
    for _ in range(200):
        shown = np.bincount((logs + offsets).argmax(1), minlength=len(STAGES)) / len(stages)
        offsets += .3 * (np.log(share + .01) - np.log(shown + .01))
    return LEAN * (offsets - offsets[0])


def changes(stages: Sequence[np.ndarray]) -> np.ndarray:
    """(4, 4) share of epochs of each stage that are followed by each stage."""
    count = np.full((len(STAGES), len(STAGES)), .5)
    for night in stages:
        scored = (night[:-1] != UNSCORED) & (night[1:] != UNSCORED)
        np.add.at(count, (night[:-1][scored], night[1:][scored]), 1)
    return count / count.sum(1, keepdims=True)


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)
