"""Movement from the accelerometer: its strength, activity counts, and turning over."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from device.sleep.filters import butterworth_bandpass, rows
from device.sleep.grid import RATE

GRAVITY = 9.80665               # m/s², exact by convention (CGPM 1901)
COUNT = 5 / 128 * GRAVITY       # m/s² per step: 128 steps over 0..5 g
OFFSET = 18 / 15                # steps: the paper takes 18 off each sum of 15 seconds
FACTOR = 3.07                   # counts per step, wrist to Actiwatch
TURN = math.cos(math.radians(25))       # between the means of the seconds before and after
SETTLED = 5                     # s on each side
EVENLY = np.full(RATE, 1 / RATE)


@dataclass(frozen=True, slots=True)
class Motion:
    """One second of the accelerometer."""
    movement: float             # m/s² RMS about the second's mean, all axes together
    activity: float             # counts
    turned: bool


class Movement:
    """Adds a second at a time. Activity counts are those of te Lindert & Van Someren 2013 (Sleep 36(5):781–789).

    Their code: the z axis (out of the body) band-passed 3–11 Hz by a fifth-order Butterworth run forth and back, its
    size in 128 steps over 0–5 g, the largest step of each second, summed over 15 s, less 18, times 3.07, not below 0.
    Here the 18 is taken off in fifteenths, so that counts add up over any epoch, and the filter is an FIR of the same
    magnitude with 0.5 s of delay.
    """

    def __init__(self):
        self.filter = rows(butterworth_bandpass(3, 11, 5, RATE, RATE + 1), RATE)
        self.z = np.zeros(2 * RATE)
        self.means: deque[list[float]] = deque(maxlen=2 * SETTLED)
        self.seconds = 0                # of readings in a row
        self.since_turn = 0

    def add(self, block: np.ndarray | None) -> Motion | None:
        """`block` (RATE, 3) m/s². None: there was not a whole second of readings."""
        if block is None or block.shape[1] != 3:
            self.seconds = 0
            self.means.clear()
            return None
        self.seconds += 1
        mean = EVENLY @ block
        swing = block - mean
        self.means.append(mean.tolist())
        level = self.means[-1][2]
        z = self.z
        if self.seconds == 1:
            z[RATE:] = level
        z[:RATE] = z[RATE:]
        z[RATE:] = block[:, 2]
        filtered = self.filter @ (z - level)
        step = int(max(filtered.max(), -filtered.min()) / COUNT) + 1
        return Motion(math.sqrt(float(np.vdot(swing, swing)) / RATE), max(step - OFFSET, 0.0) * FACTOR, self.turn())

    def turn(self) -> bool:
        """Whether gravity points elsewhere than it did; told once, when the new posture has settled."""
        self.since_turn += 1
        if min(self.since_turn, len(self.means)) < 2 * SETTLED:
            return False
        (x0, y0, z0), (x1, y1, z1) = ((sum(axis) for axis in zip(*half, strict=True))
                                      for half in (list(self.means)[:SETTLED], list(self.means)[SETTLED:]))
        sizes = math.sqrt((x0 * x0 + y0 * y0 + z0 * z0) * (x1 * x1 + y1 * y1 + z1 * z1))
        turned = x0 * x1 + y0 * y1 + z0 * z1 < TURN * sizes
        if turned:
            self.since_turn = 0
        return turned
