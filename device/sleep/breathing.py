"""Breathing rate from whatever breathing sways: the light's level, the size and spacing of beats, the bed's tilt.

Each is a slow signal; their spectra are added, the more concentrated the heavier ("smart fusion", Karlen 2013, IEEE
TBME 60(7), with weights in place of a vote).
"""

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
HELD = 3 * SLOW                 # values for which the last beat stands for the next
EVERY = 3                       # s between judgements: a window of 48 s says the same in between
AVERAGE = np.kron(np.eye(SLOW), np.full(RATE // SLOW, SLOW / RATE))     # (SLOW, RATE)
ROWS = {"level": [0], "size": [1], "spacing": [2], "tilt": [3, 4, 5]}


class Breathing:
    def __init__(self):
        self.rows = np.full((SPAN * SLOW, 6), np.nan)
        count = len(self.rows)
        k = np.arange(1 + int(2 * SLOWEST * SPAN))
        trends = np.cos(np.pi * k * (np.arange(count)[:, None] + 0.5) / count)
        self.trends = trends / np.sqrt((trends**2).sum(axis=0))
        self.window = np.hanning(count + 2)[1:-1, None]
        self.beat: Beat | None = None
        self.latest = (np.nan, np.nan)      # size and spacing of the last beat
        self.held = 0
        self.rate: Measured | None = None
        self.age = 0                        # s since it was judged

    def add(self, light: np.ndarray | None, motion: np.ndarray | None, beats: tuple[Beat, ...],
            movement: float) -> Measured | None:
        """A second of light (RATE, channels) and motion (RATE, 3), None where there is none to trust; /min or None."""
        self.rows[:-SLOW] = self.rows[SLOW:]
        new = self.rows[-SLOW:]
        new[:] = np.nan
        if light is not None:
            new[:, 0] = AVERAGE @ light[:, 0]
        for beat in beats:
            if self.beat is not None and beat.time - self.beat.time < 2.2:
                self.latest, self.held = (np.sqrt(max(beat.size, 0.0)), beat.time - self.beat.time), 0
            self.beat = beat
        self.held += SLOW
        if self.held <= HELD:
            new[:, 1:3] = self.latest
        if motion is not None and movement < MOVING:
            new[:, 3:] = AVERAGE @ motion
        self.age += 1
        if self.age >= EVERY:
            self.rate, self.age = self.judge(), 0
        return self.rate

    def judge(self) -> Measured | None:
        missing = np.isnan(self.rows)
        usable = missing.mean(axis=0) <= MISSING
        if not usable.any():
            return None
        rows = self.rows
        if missing.any():
            means = np.nansum(rows, axis=0) / np.maximum((~missing).sum(axis=0), 1)
            rows = np.where(missing, means, rows)
        rows = rows - self.trends @ (self.trends.T @ rows)
        power = np.abs(np.fft.rfft(rows * self.window, SIZE, axis=0)[BINS[0] - LOBE:BINS[-1] + LOBE + 1]) ** 2
        fused = np.zeros(len(power))
        for columns in ROWS.values():
            if usable[columns].all():
                share = power[:, columns].sum(axis=1)
                total = share.sum()
                if total > 0:
                    share = share / total
                    mass = float(around(share).max())
                    fused += share * max(mass - CHANCE, 0.0) ** 2
        total = fused.sum()
        if total <= 0:
            return None
        mass = around(fused)
        peak = int(np.argmax(fused[LOBE:-LOBE])) + LOBE
        quality = float(mass[peak - LOBE]) / total
        if quality < TRUSTED:
            return None
        left, top, right = fused[peak - 1:peak + 2]
        offset = 0.5 * (left - right) / (left - 2 * top + right) if top > max(left, right) else 0.0
        return Measured(float((BINS[0] - LOBE + peak + offset) * PER_MINUTE), quality)


def around(share: np.ndarray) -> np.ndarray:
    """Sums within LOBE bins of each bin but the outermost."""
    sums = np.concatenate(((0.0,), np.cumsum(share)))
    return sums[2 * LOBE + 1:] - sums[:-2 * LOBE - 1]
