"""Readings at whatever rate the chip has, put on one even grid: a block a second, or a gap."""

import math

import numpy as np

from device.sleep.filters import resampling
from device.values import Signal

RATE = 64               # Hz of the grid
# s: the block of second k holds the values at k − 1 − LAG + i / RATE, so nothing later than k
LAG = 0.12
PASS = 20.0             # Hz: kept; above 25 Hz nothing may fold down
WILD = 1e9              # counts or m/s²: more than this is no reading
SLOWEST, FASTEST = 20.0, 1100.0     # Hz


class Grid:
    """One chip's signal on the grid. Memory: about two seconds of readings."""

    def __init__(self) -> None:
        self.channels = 0
        self.pieces: list[np.ndarray] = []              # of readings, oldest first
        self.count = 0                                  # readings in them
        self.rate = self.rounded = self.half = self.cutoff = math.nan
        self.end = -math.inf                            # s: when the reading after the last is due

    def add(self, signal: Signal) -> None:
        """Take the next readings; whatever is missing before them becomes NaN. Nonsense is no
        reading."""
        values, rate, start = signal.values, signal.rate, signal.start
        if not (len(values) and SLOWEST <= rate <= FASTEST and math.isfinite(start)):
            return
        same = values.shape[1] == self.channels and abs(rate / self.rate - 1) < 0.1
        missing = round((start - self.end) * rate) if same else 0
        if not same or missing < -2 or missing > 2 * rate:
            self.channels = values.shape[1]
            self.pieces, self.count = [], 0
        elif missing > 2 or (missing > 0 and signal.lost > 0):
            self.pieces.append(np.full((missing, self.channels), np.nan))
            self.count += missing
        self.pieces.append(values)
        self.count += len(values)
        if rate != self.rate:
            # Rate and phase are rounded (to 0.1 %, 1/32 reading: under 1 ms) so that the weights
            # can be kept.
            self.rate, self.rounded = rate, round(rate, 3 - math.floor(math.log10(rate)))
            self.half, self.cutoff = max(2 / rate, 0.05), min(rate / 2, PASS)
        self.end = start + len(values) / rate

    def take(self, second: int) -> np.ndarray | None:
        """The block of the second that ends at `second`, (RATE, channels); None if a reading of it
        is missing or wild.

        Readings older than the next block needs are forgotten.
        """
        if not self.count:
            return None
        readings = self.pieces[0] if len(self.pieces) == 1 else np.concatenate(self.pieces)
        offset = (second - 1 - LAG - self.half - self.end) * self.rate + self.count
        first = math.floor(offset)
        phase = round((offset - first) * 32) / 32
        weights = resampling(self.rounded, RATE, phase, RATE, self.half, self.cutoff)
        keep = math.floor(offset + self.rate) - 2
        if keep > 0:
            self.pieces, self.count = [readings[keep:]], max(self.count - keep, 0)
        low, high = max(-first, 0), min(len(readings) - first, weights.shape[1])
        if high - low < weights.shape[1]:
            absent = np.abs(weights).max(axis=0)
            if high <= low or max(absent[:low].max(initial=0), absent[high:].max(initial=0)) > 1e-3:
                return None
            weights = weights[:, low:high]
        piece = readings[first + low:first + high]
        return weights @ piece if np.vdot(piece, piece) < WILD**2 else None     # nor with a NaN
