"""The heart's variability on the board: causal, in the unit of the training data."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from device.sleep.features import WINDOW
from device.values import EPOCH

REACH = 4                       # epochs: the filter's ± 142 s
SPAN = WINDOW + 2 * REACH
ENOUGH = .6                     # share of the window that must be known
PERCENTILE = .9
TYPICAL = 2.0  # /min: median of the 90th percentiles of 30 real nights (night_rr_bcgsleep)
BELIEF = 40.0  # epochs: weight of the typical night before this one has shown its own
MOST = 1e9                      # of anything kept
EDGES = np.geomspace(.05, 40, 64)       # /min


def filters() -> np.ndarray:
    """(WINDOW, SPAN): each row filters one epoch of the window; both Gaussians are cut where the
    future begins."""
    apart = np.arange(SPAN)[None, :] - (np.arange(WINDOW) + 2 * REACH)[:, None]
    near = np.abs(apart) <= REACH
    narrow = np.where(near, np.exp(-.5 * (apart * EPOCH / 120) ** 2), 0)
    wide = np.where(near, np.exp(-.5 * (apart * EPOCH / 600) ** 2), 0)
    return narrow / narrow.sum(1, keepdims=True) - .75 * wide / wide.sum(1, keepdims=True)


FILTERS = filters()


class HeartVariability:
    """SD of the filtered heart rate over the last ten minutes, as a share of tonight's 90th
    percentile so far."""

    def __init__(self) -> None:
        self._rates: list[float | None] = [None] * SPAN
        typical = np.abs(np.random.default_rng(0).standard_normal(4000)) * TYPICAL / 1.645
        counts, _ = np.histogram(np.clip(typical, EDGES[0], EDGES[-1]), EDGES)
        self._sizes = counts * (BELIEF / 4000)
        self._mean, self._n = 0.0, 0

    def add(self, rate: float | None) -> float | None:
        """rate: /min, of the epoch. None: too little of the last ten minutes is known."""
        self._rates = [*self._rates[1:], rate]
        if rate is not None:
            self._n += 1
            self._mean += (rate - self._mean) / self._n
        values = np.array([np.nan if r is None else r for r in self._rates], float)
        known = ~np.isnan(values)
        if rate is None or known[-WINDOW:].mean() < ENOUGH:
            return None
        values = np.interp(np.arange(SPAN), np.flatnonzero(known), values[known])
        filtered = FILTERS @ (values - self._mean)
        settled = abs(float(filtered[-1 - REACH]))
        place = np.clip(np.searchsorted(EDGES, settled) - 1, 0, len(EDGES) - 2)
        self._sizes[place] += 1
        share = np.cumsum(self._sizes) / self._sizes.sum()
        return float(filtered.std() / EDGES[1 + np.searchsorted(share, PERCENTILE)])

    def snapshot(self) -> dict:
        return {"rates": self._rates, "sizes": self._sizes.tolist(),
                "mean": self._mean, "n": self._n}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Raises KeyError, TypeError or ValueError, and changes nothing, when it isn't whole."""
        rates = [None if rate is None else checked(rate) for rate in snapshot["rates"]]
        sizes = np.array([checked(size) for size in snapshot["sizes"]])
        mean, n = checked(snapshot["mean"]), snapshot["n"]
        if len(rates) != SPAN or len(sizes) != len(EDGES) - 1:
            raise ValueError("the heart's rates are of another length")
        if sizes.min() < 0 or not sizes.sum() > 0 or type(n) is not int or not 0 <= n < MOST:
            raise ValueError("the heart's counts are torn")
        self._rates, self._sizes, self._mean, self._n = rates, sizes, mean, n


def checked(value: object) -> float:
    """A finite number that no night exceeds. Raises ValueError."""
    if not isinstance(value, int | float) or not abs(value) < MOST:     # nor NaN
        raise ValueError("the heart's numbers are torn")
    return float(value)
