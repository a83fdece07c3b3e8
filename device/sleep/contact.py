"""Is there anything to measure? A signal that stands still, sticks to a rail or is mere noise has
no pulse in it."""

import numpy as np

from device.sleep.resampling import RATE
from device.values import Measured

STUCK = RATE // 4       # values of a second at its extreme: a rail, or no conversion at all
ABSENT = 5              # s without a pulse after which a still signal means nobody is there


class Contact:
    def __init__(self) -> None:
        self.still = 0          # s in a row without any swing
        self.pulse = 0          # s since a pulse was trusted

    def add(self, block: np.ndarray | None) -> bool:
        """Whether the second (RATE, channels) may hold a pulse at all."""
        alive = block is not None and lively(block)
        self.still = 0 if alive or block is None else self.still + 1
        return alive

    def present(self, heart: Measured | None) -> bool | None:
        """Someone is there when a pulse is; nobody is when the signal has stood still; else nobody
        can tell."""
        self.pulse = 0 if heart else self.pulse + 1
        if self.pulse < ABSENT:
            return True
        return False if self.still >= ABSENT else None


def lively(block: np.ndarray) -> bool:
    """False when any channel stands still or sticks to its highest or lowest value."""
    ranked = block.T.copy()
    ranked.sort()
    for channel in ranked.tolist():
        low, high = channel[0], channel[-1]
        width = (high - low) * 1e-3
        if width <= 1e-12 * abs(high):
            return False
        if channel[STUCK] - low <= width or high - channel[-1 - STUCK] <= width:
            return False
    return True
