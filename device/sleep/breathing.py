"""Breathing rate from whatever breathing sways: the light's level, the size and spacing of beats, the bed's tilt.

Each is a slow signal; their spectra are added, the more concentrated the heavier ("smart fusion", Karlen 2013, IEEE
TBME 60(7), with weights in place of a vote).
"""

import math

import numpy as np

from device.sleep.beats import Beat
from device.sleep.grid import RATE
from device.values import Measured

SPAN = 48                       # s
SLOW = 4                        # Hz
SIZE = 512                      # FFT length: 0.47 /min a bin
BINS = np.arange(13, 78)        # 6–36 /min
PER_MINUTE = 60 * SLOW / SIZE
LOBE = 5                        # bins to either side of a line, by the window's width
SLOWEST = 0.085                 # Hz: what wanders slower is taken out
CHANCE = 0.35                   # share near its peak that noise has
TRUSTED = 0.42                  # share near the fused peak that makes a breathing rate
MISSING = 0.4                  # share of a signal that may be missing
MOVING = 0.3                    # m/s² RMS in a second: no tilt can be read
HELD = 3                        # s for which the last beat stands for the next
EVERY = 4                       # s between judgements: a window of 48 s says the same in between
AVERAGE = np.kron(np.eye(SLOW), np.full(RATE // SLOW, SLOW / RATE))     # (SLOW, RATE)
LIGHT, BEATS, TILT = range(3)   # where the columns of the rows come from
SOURCES = np.array([LIGHT, BEATS, BEATS, TILT, TILT, TILT])
SIGNALS = np.eye(4)[[0, 1, 2, 3, 3, 3]]         # (6, 4): level, size of beats, their spacing, tilt


class Breathing:
    def __init__(self):
        self.rows = np.zeros((SPAN * SLOW, 6))          # level, size and spacing of beats, tilt (x, y, z)
        self.known = np.zeros((SPAN, 3), bool)          # each second's sources
        count = len(self.rows)
        k = np.arange(1 + int(2 * SLOWEST * SPAN))
        trends = np.cos(np.pi * k * (np.arange(count)[:, None] + 0.5) / count)
        self.trends = trends / np.sqrt((trends**2).sum(axis=0))
        self.window = np.hanning(count + 2)[1:-1, None]
        self.beat: Beat | None = None
        self.latest = (0.0, 0.0)            # size and spacing of the last beat,
        self.held = HELD                    # s ago
        self.rate: Measured | None = None
        self.age = 0                        # s since it was judged

    def add(self, light: np.ndarray | None, motion: np.ndarray | None, beats: tuple[Beat, ...],
            movement: float) -> Measured | None:
        """A second of light (RATE, channels) and motion (RATE, 3), None where there is none to trust; /min or None."""
        self.rows[:-SLOW] = self.rows[SLOW:]
        self.known[:-1] = self.known[1:]
        new = self.rows[-SLOW:]
        if light is not None:
            new[:, 0] = AVERAGE @ light[:, 0]
        self.held += 1
        for beat in beats:
            if self.beat is not None and beat.time - self.beat.time < 2.2:
                self.latest, self.held = (math.sqrt(max(beat.size, 0.0)), beat.time - self.beat.time), 0
            self.beat = beat
        new[:, 1:3] = self.latest
        tilted = motion is not None and movement < MOVING
        if tilted:
            new[:, 3:] = AVERAGE @ motion
        self.known[-1] = light is not None, self.held < HELD, tilted
        self.age += 1
        if self.age >= EVERY:
            self.rate, self.age = self.judge(), 0
        return self.rate

    def judge(self) -> Measured | None:
        shares = self.known.mean(axis=0)
        usable = (shares >= 1 - MISSING)[SOURCES]
        if not usable.any():
            return None
        rows = self.rows
        if (shares < 1).any():
            known = np.repeat(self.known[:, SOURCES], SLOW, axis=0)
            means = (rows * known).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
            rows = np.where(known, rows, means)
        rows = rows - self.trends @ (self.trends.T @ rows)
        spectrum = np.fft.rfft(rows * self.window, SIZE, axis=0)[BINS[0] - LOBE:BINS[-1] + LOBE + 1]
        power = (spectrum.real**2 + spectrum.imag**2) @ (SIGNALS * usable[:, None])
        power /= np.maximum(power.sum(axis=0), 1e-300)
        fused = power @ np.maximum(around(power).max(axis=0) - CHANCE, 0.0) ** 2
        total = fused.sum()
        if total <= 0:
            return None
        mass = around(fused)
        peak = int(np.argmax(fused[LOBE:-LOBE])) + LOBE
        quality = float(mass[peak - LOBE] / total)
        if quality < TRUSTED:
            return None
        left, top, right = fused[peak - 1:peak + 2]
        offset = 0.5 * (left - right) / (left - 2 * top + right) if top > max(left, right) else 0.0
        return Measured(float((BINS[0] - LOBE + peak + offset) * PER_MINUTE), quality)


def around(share: np.ndarray) -> np.ndarray:
    """Sums along the first axis within LOBE bins of each bin but the outermost."""
    sums = np.cumsum(share, axis=0)
    sums[2 * LOBE + 1:] -= sums[:-2 * LOBE - 1].copy()
    return sums[2 * LOBE:]
