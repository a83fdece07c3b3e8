"""Boosted trees in plain numpy, for what adds up to more than its parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Trees:
    """Rows of nodes; an input at or below the threshold goes left. A child ≥ 0 is a node, one below
    0 the leaf −1 − child.

    feature, threshold, left, right (trees, nodes); missing (trees, nodes): whether a missing input
    goes right.  value (trees, leaves), log odds.  depth: steps from a root to its furthest leaf.
    """
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    missing: np.ndarray
    value: np.ndarray
    depth: int

    @classmethod
    def of(cls, numbers: Mapping, inputs: int) -> "Trees":
        """From a model file's numbers. Raises KeyError, TypeError, OverflowError or ValueError."""
        feature, left, right = (np.array(numbers[name], np.intp)
                                for name in ("feature", "left", "right"))
        missing = np.array(numbers["missing"], np.intp)
        threshold, value = (np.array(numbers[name], float) for name in ("threshold", "value"))
        shape = feature.shape
        if not (
            len(shape) == 2 and feature.size and value.ndim == 2 and len(value) == shape[0]
            and threshold.shape == left.shape == right.shape == missing.shape == shape
            and feature.min() >= 0 and feature.max() < inputs
            and np.isfinite(threshold).all() and np.isfinite(value).all()
            and set(np.unique(missing)) <= {0, 1}
        ):
            raise ValueError("trees don't fit the inputs")
        here = np.arange(shape[1])
        for child in (left, right):     # a child comes after its parent, so every walk ends
            if ((child >= 0) & (child <= here)).any() or child.max() >= shape[1] or (
                    child.min() < -value.shape[1]):
                raise ValueError("trees lead nowhere")
        return cls(feature, threshold, left, right, missing, value, deepest(left, right))

    def numbers(self) -> dict:
        """What `of` reads."""
        return {name: getattr(self, name).tolist()
                for name in ("feature", "threshold", "left", "right", "missing", "value")}

    @cached_property
    def walk(self) -> "Walk":
        return Walk.of(self)

    def score(self, x: np.ndarray) -> np.ndarray:
        """(n,) log odds of inputs (n, k), NaN: missing."""
        return np.array([self.walk.score(row) for row in x])


@dataclass(frozen=True, eq=False)
class Walk:
    """All trees laid end to end, leaves as nodes that lead to themselves: no step needs to ask
    whether it has arrived, and one epoch costs a few takes of one number a tree."""
    roots: np.ndarray       # (trees,)
    feature: np.ndarray     # (all nodes,), as are the others
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    missing: np.ndarray
    value: np.ndarray
    depth: int

    @classmethod
    def of(cls, trees: Trees) -> "Walk":
        count, nodes = trees.feature.shape
        size = nodes + trees.value.shape[1]
        roots = np.arange(count) * size

        def laid(inner: np.ndarray, leaf: np.ndarray | float) -> np.ndarray:
            leaves = np.broadcast_to(leaf, (count, size - nodes))
            return np.concatenate([inner, leaves], 1).ravel()

        stay = roots[:, None] + np.arange(nodes, size)

        def lead(child: np.ndarray) -> np.ndarray:
            return laid(roots[:, None] + np.where(child >= 0, child, nodes - 1 - child), stay)

        return cls(roots, laid(trees.feature, 0), laid(trees.threshold, 0.0), lead(trees.left),
                   lead(trees.right), laid(trees.missing > 0, False),
                   laid(0.0 * trees.threshold, trees.value), trees.depth)

    def score(self, x: np.ndarray) -> float:
        """Log odds of inputs (k,)."""
        node, absent = self.roots, np.isnan(x)
        some = bool(absent.any())
        for _ in range(self.depth):
            feature = self.feature.take(node)
            over = x.take(feature) > self.threshold.take(node)
            if some:
                over |= absent.take(feature) & self.missing.take(node)
            node = np.where(over, self.right.take(node), self.left.take(node))
        return float(self.value.take(node).sum())


def deepest(left: np.ndarray, right: np.ndarray) -> int:
    """Steps that reach every leaf."""
    depth = np.ones(left.shape, int)
    for node in range(left.shape[1] - 1, -1, -1):
        for child in (left[:, node], right[:, node]):
            inner = child >= 0
            deep = depth[np.flatnonzero(inner), child[inner]]
            depth[inner, node] = np.maximum(depth[inner, node], deep + 1)
    return int(depth[:, 0].max())
