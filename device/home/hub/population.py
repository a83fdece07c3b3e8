"""From randomised answers to the population's shares: pure."""

import math
from collections.abc import Sequence

import numpy as np

from device.home.privacy import keep_probability
from device.values import Prior

# reports: below this the shares' standard error is above 0.14 at ε 1, k 5, and nothing is learned
ENOUGH = 100
MOST = 0.1          # of a share: as far as one period's answers move what was told before


def debias(counts: Sequence[int], epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    """Unbiased shares (k,) of true answers from the counts (k,) of randomised ones, and their
    standard errors (k,).

    Warner (1965) for k answers: (c/n − q) / (p − q). Single shares may be below 0 or above 1.
    """
    k, n = len(counts), float(sum(counts))
    p = keep_probability(k, epsilon)
    q = (1 - p) / (k - 1)
    seen = np.asarray(counts, float) / n
    errors = np.sqrt(np.maximum(seen * (1 - seen), 1 / n) / n) / (p - q)
    return (seen - q) / (p - q), errors


def simplex(shares: np.ndarray) -> np.ndarray:
    """The nearest distribution (k,) to `shares` (Duchi et al. 2008)."""
    ordered = np.sort(shares)[::-1]
    slack = (np.cumsum(ordered) - 1) / np.arange(1, len(shares) + 1)
    return np.maximum(shares - slack[np.flatnonzero(ordered > slack)[-1]], 0.0)


def estimate(
    question: str, counts: Sequence[int], epsilon: float, version: int,
    before: Sequence[float] | None = None,
) -> Prior | None:
    """The prior to publish, or None while there are too few reports. `before`: the shares (k,) told
    when this period began, of which none moves by more than MOST."""
    if sum(counts) < ENOUGH:
        return None
    shares, errors = debias(counts, epsilon)
    shares = simplex(shares)
    shares /= math.fsum(shares)
    if before is not None:
        step = shares - before
        shares = before + step * min(MOST / max(np.abs(step).max(), MOST), 1.0)
    return Prior(
        version, question, tuple(shares.tolist()), tuple(errors.tolist()), int(sum(counts))
    )
