"""Movement from the accelerometer: its strength, activity counts, and turning over."""

import math
from typing import NamedTuple

import numpy as np

from device.sleep.filters import butterworth_bandpass, rows
from device.sleep.resampling import RATE

GRAVITY = 9.80665               # m/s², exact by convention (CGPM 1901)
COUNT = 5 / 128 * GRAVITY       # m/s² per step: 128 steps over 0..5 g
OFFSET = 18 / 15                # steps: the paper takes 18 off each sum of 15 seconds
FACTOR = 3.07                   # counts per step, wrist to Actiwatch
TURN = math.cos(math.radians(25))       # between the means of the seconds before and after
SETTLED = 5                     # s on each side
EVENLY = np.full(RATE, 1 / RATE)
HALVES = np.kron(np.eye(2), np.ones(SETTLED))


class Motion(NamedTuple):
    """One second of the accelerometer."""
    movement: float             # m/s² RMS about the second's mean, all axes together
    activity: float             # counts
    turned: bool


class Movement:
    """Adds a second at a time. Activity counts are those of te Lindert & Van Someren 2013 (Sleep
    36(5):781–789).

    Their code: the z axis (out of the body) band-passed 3–11 Hz by a fifth-order Butterworth run
    forth and back, its size in 128 steps over 0–5 g, the largest step of each second, summed over
    15 s, less 18, times 3.07, not below 0. Here the 18 is taken off in fifteenths, so that counts
    add up over any epoch, and the filter is an FIR of the same magnitude with 0.5 s of delay.
    """

    def __init__(self) -> None:
        taps = butterworth_bandpass(3, 11, 5, RATE, RATE + 1)
        self.filter = rows(taps, RATE)
        # a swing of less energy can't fill a step (Cauchy, Schwarz)
        self.faint = COUNT**2 / float(taps @ taps)
        self.means = np.zeros((2 * SETTLED, 3))
        self.before = np.zeros(RATE)    # z of the second before, m/s²,
        self.swung = 0.0                # the energy of that second's swing
        self.seconds = 0                # of readings in a row
        self.since_turn = 0

    def add(self, block: np.ndarray | None) -> Motion | None:
        """`block` (RATE, 3) m/s². None: there was not a whole second of readings."""
        if block is None or block.shape[1] != 3:
            self.seconds = self.since_turn = 0
            return None
        self.seconds += 1
        mean = EVENLY @ block
        swing = block - mean
        swung = float(np.vdot(swing, swing))
        z, level = block[:, 2], float(mean[2])
        if self.seconds == 1:
            self.before, self.swung = np.full(RATE, level), 0.0
        else:
            self.swung += RATE * (float(self.means[-1, 2]) - level) ** 2
        step = 1
        if self.swung + swung >= self.faint:
            filtered = self.filter @ (np.concatenate([self.before, z]) - level)
            step += int(np.abs(filtered).max() / COUNT)
        self.before, self.swung = z, swung
        self.means[:-1] = self.means[1:]
        self.means[-1] = mean
        return Motion(math.sqrt(swung / RATE), max(step - OFFSET, 0.0) * FACTOR, self.turn())

    def turn(self) -> bool:
        """Whether gravity points elsewhere than it did; told once, when the new posture has
        settled."""
        self.since_turn += 1
        if self.since_turn < 2 * SETTLED:
            return False
        (x0, y0, z0), (x1, y1, z1) = (HALVES @ self.means).tolist()
        sizes = math.sqrt((x0 * x0 + y0 * y0 + z0 * z0) * (x1 * x1 + y1 * y1 + z1 * z1))
        turned = x0 * x1 + y0 * y1 + z0 * z1 < TURN * sizes
        if turned:
            self.since_turn = 0
        return turned
