"""Fits the stager: logistic regression on each input bent at two knots, and boosted trees; both end
the same."""

from collections.abc import Sequence

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from device.sleep import features
from device.sleep.additive import Additive
from device.sleep.blend import Blend
from device.sleep.trees import DEPTH, SPLITS, Trees
from device.values import STAGES
from training.stager.data import Night, known, recovered

RIDGE = 10.0            # on weights of standardised inputs; 3 to 30 score alike
STEPS = 150
KNOTS = (.5, .85)       # quantiles
ROUNDS = 150            # trees
GROWTH = {
    "objective": "binary",
    "learning_rate": 0.05,
    "max_depth": DEPTH,
    "num_leaves": SPLITS + 1,
    "max_bin": 63,
    "min_data_in_leaf": 100,
    "lambda_l2": 5,
    "feature_fraction": 0.4,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}
# how far decisions lean towards showing each stage as often as it occurs; 0: the likeliest
LEAN = .5


def board_inputs(night: Night, counts: np.ndarray, heart: bool = True) -> np.ndarray:
    """(n, inputs) as the board would have computed them: counts without delay, the heart's window
    ending now."""
    memory, rows = features.Memory(), []
    for n in range(len(night.time)):
        rate = (
            night.heart[n - features.WINDOW_LATE] if heart and n >= features.WINDOW_LATE else None
        )
        rows.append(memory.add(float(counts[n]), rate, minutes(night, n)))
    return np.array(rows)


def lagged_inputs(night: Night, by_age: np.ndarray, earlier: int = 0) -> np.ndarray:
    """(n, inputs) from rows at least ten (activity) and fifteen (heart) epochs old, less `earlier`.
    """
    memory, rows = features.Memory(), []
    late = features.HEART_LATE - earlier
    for n in range(len(night.time)):
        rate = night.heart[n - late] if n >= late else None
        rows.append(memory.add(None, rate, minutes(night, n), by_age[n]))
    return np.array(rows)


def minutes(night: Night, n: int) -> float:
    return float(night.time[n] / 60 + .5)


def inputs_of(night: Night, way: str) -> np.ndarray:
    """`way`: "board", "motion" (no heart), "rows" (lagged), or "late" (rows as known two minutes
    later)."""
    if way == "rows":
        return lagged_inputs(night, known(night))
    if way == "late":
        return lagged_inputs(night, known(night, features.ACTIVITY_LATE - 4), 4)
    return board_inputs(night, recovered(night), heart=way == "board")


def fit(inputs: Sequence[np.ndarray], stages: Sequence[np.ndarray]) -> Blend:
    """The model of these nights."""
    additive = fit_additive(inputs, stages)
    return Blend(additive,
                 fit_trees(additive.standard(np.concatenate(inputs)), np.concatenate(stages) == 0))


def fit_trees(z: np.ndarray, wake: np.ndarray) -> Trees:
    """LightGBM's trees of wake (n,) by standardised inputs (n, k), as heaps; a short branch goes on
    unchanged."""
    import lightgbm

    grown = lightgbm.train(GROWTH, lightgbm.Dataset(z, wake.astype(float)), ROUNDS).dump_model()[
        "tree_info"
    ]
    feature, threshold = np.zeros((len(grown), SPLITS), int), np.zeros((len(grown), SPLITS))
    value = np.zeros((len(grown), SPLITS + 1))
    for tree, told in enumerate(grown):
        level = [told["tree_structure"]]
        for depth in range(DEPTH):
            lower = []
            for place, node in enumerate(level, 2 ** depth - 1):
                if "split_feature" in node:
                    feature[tree, place] = node["split_feature"]
                    threshold[tree, place] = node["threshold"]
                lower += [node.get("left_child", node), node.get("right_child", node)]
            level = lower
        value[tree] = [leaf["leaf_value"] for leaf in level]
    # not rounded: "−1e-35" is how LightGBM parts zero from less
    below = np.floor(threshold * 1e4) / 1e4
    return Trees(feature, below, value.round(5))


def fit_additive(inputs: Sequence[np.ndarray], stages: Sequence[np.ndarray],
                 ridge: float = RIDGE) -> Additive:
    """Accelerated descent on Böhning's quadratic bound (1992): one factorisation."""
    x, y = np.concatenate(inputs), np.concatenate(stages)
    with np.errstate(all="ignore"):
        seen = ~np.isnan(x).all(0)
        mean = np.where(seen, np.nanmean(np.where(seen, x, 0.0), 0), 0.0)
        scale = np.where(seen, np.nanstd(np.where(seen, x, 0.0), 0), 1.0)
    mean, scale = mean.round(4), np.maximum(scale, 1e-2).round(4)
    none = np.zeros(len(STAGES))
    z = Additive(mean, scale, none, none, none).standard(x)
    knots = np.quantile(z, KNOTS, axis=0).round(3)
    basis = Additive(mean, scale, knots, none, none).basis(x)
    penalty = np.full(basis.shape[1], ridge)
    penalty[-1] = 1e-6
    factor = cho_factor(.5 * basis.T @ basis + np.diag(penalty))
    target = np.eye(len(STAGES))[y]
    weights = ahead = np.zeros((basis.shape[1], len(STAGES)))
    momentum = 1.0
    for _ in range(STEPS):
        slope = basis.T @ (softmax(basis @ ahead) - target) + penalty[:, None] * ahead
        moved = ahead - cho_solve(factor, slope)
        grown = (1 + np.sqrt(1 + 4 * momentum ** 2)) / 2
        ahead, weights, momentum = moved + (momentum - 1) / grown * (moved - weights), moved, grown
    weights = weights.round(4)
    return Additive(mean, scale, knots, weights, lean(softmax(basis @ weights), y).round(3))


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
        np.add.at(count, (night[:-1], night[1:]), 1)
    return count / count.sum(1, keepdims=True)


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)
