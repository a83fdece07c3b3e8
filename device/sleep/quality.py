"""Is there anything to measure? A signal that stands still, sticks to a rail or is mere noise has no pulse in it."""

import math

import numpy as np

from device.values import Measured

STUCK = 0.25            # share of a second's values equal to its extreme: a rail, or no conversion at all
ABSENT = 5              # s without a pulse after which a still signal means nobody is there


class Contact:
    def __init__(self):
        self.still = 0          # s in a row without any swing
        self.pulse = 0          # s since a pulse was trusted

    def add(self, block: np.ndarray | None) -> bool:
        """Whether the second (RATE, channels) may hold a pulse at all."""
        alive = block is not None and not math.isnan(float(block.sum())) and lively(block)
        self.still = 0 if alive or block is None else self.still + 1
        return alive

    def present(self, heart: Measured | None) -> bool | None:
        """Someone is there when a pulse is; nobody is when the signal has stood still; else nobody can tell."""
        self.pulse = 0 if heart else self.pulse + 1
        if self.pulse < ABSENT:
            return True
        return False if self.still >= ABSENT else None


def lively(block: np.ndarray) -> bool:
    """False when any channel stands still or sticks to its highest or lowest value."""
    low, high = block.min(axis=0), block.max(axis=0)
    width = (high - low) * 1e-3
    if (width <= 1e-12 * np.abs(high)).any():
        return False
    most = STUCK * len(block)
    return not ((np.count_nonzero(block >= high - width, axis=0) > most).any()
                or (np.count_nonzero(block <= low + width, axis=0) > most).any())
