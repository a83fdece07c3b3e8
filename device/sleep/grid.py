"""Readings at whatever rate the chip has, put on one even grid: a block a second, gaps as NaN."""

import math

import numpy as np

from device.sleep.filters import resampling
from device.values import Signal

RATE = 64               # Hz of the grid
LAG = 0.12              # s: the block of second k holds the values at k − 1 − LAG + i / RATE, so nothing later than k
PASS = 20.0             # Hz: kept; above 25 Hz nothing may fold down
WILD = 1e9              # counts or m/s²: more than this is no reading
SLOWEST, FASTEST = 20.0, 1100.0     # Hz


class Grid:
    """One chip's signal on the grid. Memory: about two seconds of readings."""

    def __init__(self):
        self.channels = 0
        self.clear()

    def clear(self) -> None:
        self.readings = np.empty((0, self.channels))
        self.rate = math.nan
        self.end = -math.inf        # s: when the reading after the last is due

    def add(self, signal: Signal) -> None:
        """Take the next readings; whatever is missing before them becomes NaN. Nonsense is no reading."""
        values = np.asarray(signal.values, dtype=float)
        rate, start = float(signal.rate), float(signal.start)
        if values.ndim == 1:
            values = values[:, None]
        if not (values.ndim == 2 and len(values) and SLOWEST <= rate <= FASTEST and math.isfinite(start)):
            return
        same = values.shape[1] == self.channels and abs(rate / self.rate - 1) < 0.1
        missing = round((start - self.end) * rate) if same else 0
        if not same or missing < -2 or missing > 2 * rate:
            self.channels = values.shape[1]
            self.readings = values
        elif missing > 2 or (missing > 0 and signal.lost > 0):
            gap = np.full((missing, self.channels), np.nan)
            self.readings = np.concatenate((self.readings, gap, values))
        else:
            self.readings = np.concatenate((self.readings, values))
        self.rate = rate
        self.end = start + len(values) / rate

    def take(self, second: int) -> np.ndarray | None:
        """The block of the second that ends at `second`: (RATE, channels), NaN where readings are missing.

        None when not even one value is there. Readings older than the next block needs are forgotten.
        """
        if not len(self.readings):
            return None
        half = max(2 / self.rate, 0.05)
        begin = self.end - len(self.readings) / self.rate
        # Rate and phase are rounded (to 0.1 %, 1/32 reading: under 1 ms) so that the weights can be kept.
        rate = round(self.rate, 3 - math.floor(math.log10(self.rate)))
        offset = (second - 1 - LAG - half - begin) * self.rate
        first = math.floor(offset)
        phase = round((offset - first) * 32) / 32
        weights = resampling(rate, RATE, phase, RATE, half, min(self.rate / 2, PASS))
        need = weights.shape[1]
        low, high = max(first, 0), min(first + need, len(self.readings))
        if high <= low:
            return None
        piece = self.readings[low:high]
        if high - low < need:
            padded = np.full((need, self.channels), np.nan)
            padded[low - first:high - first] = piece
            piece = padded
        keep = math.floor((second - LAG - half - begin) * self.rate) - 2
        if keep > 0:
            self.readings = self.readings[keep:]
        if np.abs(piece).max() < WILD:          # False for NaN too
            return weights @ piece
        bad = ~(np.abs(piece) < WILD)
        block = weights @ np.where(bad, 0.0, piece)
        block[(np.abs(weights) > 1e-3).astype(float) @ bad > 0] = np.nan
        return None if np.isnan(block).all() else block
