"""Movement from the accelerometer: its strength, activity counts, and turning over."""

import math
from dataclasses import dataclass

import numpy as np

from device.sleep.filters import butterworth_bandpass
from device.sleep.grid import RATE

GRAVITY = 9.80665               # m/s², exact by convention (CGPM 1901)
COUNT = 5 / 128 * GRAVITY       # m/s² per step: 128 steps over 0..5 g
OFFSET = 18 / 15                # steps: the paper takes 18 off each sum of 15 seconds
FACTOR = 3.07                   # counts per step, wrist to Actiwatch
TURN = np.cos(np.radians(25))   # between the means of the seconds before and after
SETTLED = 5                     # s on each side
EVENLY = np.full(RATE, 1 / RATE)
HALVES = np.kron(np.eye(2), np.full(SETTLED, 1 / SETTLED))


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
        self.taps = butterworth_bandpass(3, 11, 5, RATE, RATE + 1)
        self.z = np.full(2 * RATE, np.nan)
        self.means = np.full((2 * SETTLED, 3), np.nan)
        self.since_turn = 0

    def add(self, block: np.ndarray | None) -> Motion | None:
        """`block` (RATE, 3) m/s², NaN in gaps. None: there was not a whole second of readings."""
        self.z[:RATE] = self.z[RATE:]
        self.means[:-1] = self.means[1:]
        mean = None if block is None or block.shape[1] != 3 else EVENLY @ block
        if mean is None or math.isnan(mean[0] + mean[1] + mean[2]):
            self.z[RATE:] = np.nan
            self.means[-1] = np.nan
            return None
        self.z[RATE:] = block[:, 2]
        self.means[-1] = mean
        swing = block - mean
        movement = math.sqrt(float(np.vdot(swing, swing)) / RATE)
        if math.isnan(self.z[0]):
            self.z[:RATE] = mean[2]
        filtered = np.convolve(self.z - mean[2], self.taps, "valid")
        step = int(np.abs(filtered).max() / COUNT) + 1
        return Motion(movement, max(step - OFFSET, 0.0) * FACTOR, self.turn())

    def turn(self) -> bool:
        """Whether gravity points elsewhere than it did; told once, when the new posture has settled."""
        self.since_turn += 1
        if self.since_turn < 2 * SETTLED or math.isnan(self.means[0, 0]):
            return False
        (bx, by, bz), (ax, ay, az) = (HALVES @ self.means).tolist()
        sizes = math.sqrt((bx * bx + by * by + bz * bz) * (ax * ax + ay * ay + az * az))
        turned = bool(bx * ax + by * ay + bz * az < TURN * sizes)
        if turned:
            self.since_turn = 0
        return turned
