"""What the stager reads, epoch by epoch; training and the board both come through here.

The two signals are those of Walch et al. 2019 (doi 10.1093/sleep/zsz180; code ojwalch/sleep_classifiers): activity
counts under a Gaussian (σ 50 s, ± 285 s), and the SD over ± 285 s of the heart rate after a difference of Gaussians
(σ 120 s and 600 s, ± 142 s). Both look ahead, so both are used late: as late as it takes for nothing ahead to count.
"""

import math
from collections.abc import Sequence

import numpy as np

from device.values import EPOCH

ACTIVITY_LATE = 10      # epochs until the last reading under the activity's kernel has been taken
HEART_LATE = 15         # the same for the heart's window and filter
FLOOR = 1e-6            # the training rows' resolution of activity
SPANS = (4, 20, 80)     # epochs: time constants of the running means
INPUTS = ("activity", *(f"activity_mean_{span}" for span in SPANS), "activity_peak",
          "heart", *(f"heart_mean_{span}" for span in SPANS), "minutes", "minutes_log")
KERNEL = np.exp(-.5 * (np.arange(-9, 10) * EPOCH / 50) ** 2)
KERNEL /= KERNEL.sum()
OFFSETS = np.arange(-4, 5) * EPOCH
DOG = np.exp(-.5 * (OFFSETS / 120) ** 2)
DOG = DOG / DOG.sum() - .75 * np.exp(-.5 * (OFFSETS / 600) ** 2) / np.exp(-.5 * (OFFSETS / 600) ** 2).sum()


def smooth_activity(counts: Sequence[float | None]) -> float | None:
    """Counts of 19 epochs → the middle one's, under the Gaussian; None if half of it is missing."""
    values = np.array([np.nan if c is None else c for c in counts], float)
    known = ~np.isnan(values)
    weight = KERNEL[known].sum()
    return float(values[known] @ KERNEL[known] / weight) if weight > .5 else None


def heart_variability(rates: Sequence[float | None]) -> float | None:
    """Heart rates (/min) of 29 epochs → SD of the filtered rate over the middle 21; None if too many are missing."""
    values = np.array([np.nan if r is None else r for r in rates], float)
    known = ~np.isnan(values)
    if known.mean() < .7:
        return None
    values = np.interp(np.arange(len(values)), np.flatnonzero(known), values[known])
    return float(np.convolve(values - values.mean(), DOG, "valid").std())


class Memory:
    """Running means of the two signals, which are all that is remembered of a night."""

    def __init__(self):
        self.state: dict[str, float | None] = dict.fromkeys(INPUTS)

    def add(self, activity: float | None, heart: float | None, minutes: float | None) -> np.ndarray:
        """The model's inputs, (len(INPUTS),), NaN where missing; a missing signal leaves its means alone."""
        new: dict[str, float | None] = dict.fromkeys(INPUTS)
        for name, value in (("activity", log(activity)), ("heart", log(heart))):
            new[name] = value
            for span in SPANS:
                key = f"{name}_mean_{span}"
                old = self.state[key]
                new[key] = old if value is None else value if old is None else old + (value - old) / span
        peak = self.state["activity_peak"]
        if new["activity"] is not None:
            peak = max(new["activity"], -20 if peak is None else peak - .2)
        new["activity_peak"] = peak
        new["minutes"] = minutes if minutes is None else min(minutes, 480) / 60
        new["minutes_log"] = minutes if minutes is None else math.log1p(max(minutes, 0) / 5)
        self.state = new
        return np.array([np.nan if new[name] is None else new[name] for name in INPUTS], float)


def log(value: float | None) -> float | None:
    return None if value is None else math.log(value + FLOOR * 1e3)
