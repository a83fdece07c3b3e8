"""Is there anything to measure? A signal that stands still, sticks to a rail or is mere noise has
no pulse in it."""

import numpy as np

from device.sleep.resampling import RATE

EVENLY = np.full(RATE, 1 / RATE)
STUCK = RATE // 4       # values of a second at its extreme: a rail, or no conversion at all
ABSENT = 5              # s without a pulse after which a still signal means nobody is there
PROVEN = 10             # s with a pulse after which it was one
HOLDING = 300           # s without a pulse in which light as strong as with one is still a finger's
SAME = 0.15             # of the light's level then: a finger that lies otherwise changes it by less


class Contact:
    def __init__(self) -> None:
        self.still = 0          # s in a row without any swing
        self.pulse = HOLDING    # s since a pulse was trusted,
        self.level = 0.0        # and the light's level then, counts;
        self.pulses = 0         # s with a pulse while the light has been like that

    def add(self, block: np.ndarray | None) -> bool:
        """Whether the second (RATE, channels) may hold a pulse at all."""
        alive = block is not None and lively(block)
        self.still = 0 if alive or block is None else self.still + 1
        return alive

    def present(self, block: np.ndarray | None, heart: bool) -> bool | None:
        """Someone is there when a `heart` beats, and while the light stays as strong; nobody is
        when the signal has stood still; else nobody can tell."""
        level = self.level if block is None else float(EVENLY @ block[:, 0])
        if heart:
            self.pulse, self.level, self.pulses = 0, level, self.pulses + 1
            return True
        self.pulse += 1
        if self.still >= ABSENT:
            return False
        same = abs(level - self.level) < SAME * abs(self.level)
        self.pulses = self.pulses if same else 0
        holding = HOLDING if self.pulses >= PROVEN else ABSENT
        return True if self.pulse < holding else None


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
