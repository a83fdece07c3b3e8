"""Breathing rate from whatever breathing sways: the light's level, the size and spacing of beats,
the bed's tilt.

Each is a slow signal; their spectra are added, the more concentrated the heavier ("smart fusion",
Karlen 2013, IEEE TBME 60(7), with weights beside the vote): of the light's three ways two must
agree, or nothing is told.
"""

import math
from collections.abc import Sequence

import numpy as np

from device.sleep.beats import Beat
from device.sleep.resampling import RATE
from device.values import Measured

SPAN = 48                       # s
SLOW = 4                        # Hz
SIZE = 512                      # FFT length: 0.47 /min a bin
PER_MINUTE = 60 * SLOW / SIZE
LOBE = 5                        # bins to either side of a line, by the window's width
BINS = np.arange(13 - LOBE, 78 + LOBE)          # 6–36 /min, and a line's skirts
ONES = np.ones(len(BINS))
PEAKS = len(BINS) - 2 * LOBE    # bins that a breathing rate may lie in
AROUND = np.tri(PEAKS, len(BINS), 2 * LOBE) - np.tri(PEAKS, len(BINS), -1)
SLOWEST = 0.085                 # Hz: what wanders slower is taken out
CHANCE = 0.35                   # share near its peak that noise has
TRUSTED = 0.42                  # share near the fused peak that makes a breathing rate
# of a way's greatest share, and of all its power, near a peak that it has, too
SAME, FAINTEST = 0.85, 0.2
MISSING = 0.4                  # share of a signal that may be missing
MOVING = 0.3                    # m/s² RMS in a second: no breath can be read
HELD = 3                        # s for which the last beat stands for the next
EVERY = 4                       # s between judgements: a window of 48 s says the same in between
AVERAGE = np.kron(np.eye(SLOW), np.full(RATE // SLOW, SLOW / RATE))     # (SLOW, RATE)
LIGHT, BEATS, TILT = range(3)   # where the columns of the rows come from
SOURCES = np.array([LIGHT, BEATS, BEATS, TILT, TILT, TILT])
SIGNALS = np.eye(4)[[0, 1, 2, 3, 3, 3]]         # (6, 4): level, size of beats, their spacing, tilt


class Breathing:
    def __init__(self) -> None:
        self.rows = np.zeros((SPAN * SLOW, 6))  # level, size and spacing of beats, tilt (x, y, z)
        self.known = np.zeros((SPAN, 3))                # 1 where the second had such a source
        self.evenly = np.full(SPAN, 1 / SPAN)
        count = len(self.rows)
        k = np.arange(1 + int(2 * SLOWEST * SPAN))
        trends = np.cos(np.pi * k * (np.arange(count)[:, None] + 0.5) / count)
        trends /= np.sqrt((trends**2).sum(axis=0))
        # What takes the trends out, the window and the transform's bins in one: real parts, then
        # imaginary ones.
        waves = np.exp(-2j * np.pi / SIZE * np.outer(BINS, np.arange(count)))
        waves *= np.hanning(count + 2)[1:-1]
        waves -= waves @ trends @ trends.T
        self.waves = np.concatenate([waves.real, waves.imag])
        self.beat: Beat | None = None
        self.latest = (0.0, 0.0)            # size and spacing of the last beat,
        self.held = HELD                    # s ago
        self.rate: Measured | None = None
        self.waiting: list[tuple] = []      # the seconds since it was judged

    def add(self, light: np.ndarray | None, motion: np.ndarray | None, beats: tuple[Beat, ...],
            movement: float, machines: Sequence[float] = ()) -> Measured | None:
        """A second of light (RATE, channels) and motion (RATE, 3), None where there is none to
        trust; /min or None. `machines`: Hz at which the bed sways with nobody in it."""
        self.held += 1
        for beat in beats:
            if self.beat is not None and beat.time - self.beat.time < 2.2:
                self.latest = math.sqrt(max(beat.size, 0.0)), beat.time - self.beat.time
                self.held = 0
            self.beat = beat
        still = movement < MOVING
        latest = self.latest if self.held < HELD else None
        self.waiting.append((light if still else None, latest, motion if still else None))
        if len(self.waiting) == EVERY:
            self.take()
            self.rate = self.judge(machines)
            self.waiting.clear()
        return self.rate

    def take(self) -> None:
        """Put the seconds that wait at the end of rows and known."""
        self.rows[:-EVERY * SLOW] = self.rows[EVERY * SLOW:]
        self.known[:-EVERY] = self.known[EVERY:]
        for place, (light, beats, motion) in enumerate(self.waiting, -EVERY):
            self.known[place] = light is not None, beats is not None, motion is not None
            new = self.rows[place * SLOW:(place + 1) * SLOW or None]
            if light is not None:
                new[:, 0] = AVERAGE @ light[:, 0]
            if beats is not None:
                new[:, 1:3] = beats
            if motion is not None:
                new[:, 3:] = AVERAGE @ motion

    def judge(self, machines: Sequence[float] = ()) -> Measured | None:
        shares = self.evenly @ self.known
        usable = (shares >= 1 - MISSING)[SOURCES]
        if not usable.any():
            return None
        rows = self.rows
        if shares.min() < 1:
            known = np.repeat(self.known[:, SOURCES], SLOW, axis=0)
            means = (rows * known).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
            rows = np.where(known > 0, rows, means)
        parts = self.waves @ (rows - rows[0])
        parts *= parts
        power = (parts[:len(BINS)] + parts[len(BINS):]) @ (SIGNALS * usable[:, None])
        for hertz in machines:
            at = round(60 * hertz / PER_MINUTE) - int(BINS[0])
            power[max(at - LOBE, 0):max(at + LOBE + 1, 0), TILT + 1] = 0.0
        power /= np.maximum(ONES @ power, 1e-300)
        near = AROUND @ power
        weights = np.maximum(near.max(axis=0) - CHANCE, 0.0) ** 2
        fused = power @ weights
        total = float(ONES @ fused)
        if total <= 0:
            return None
        peak = int(fused[LOBE:-LOBE].argmax())
        quality = float(near[peak] @ weights) / total
        if quality < TRUSTED or not self.agreed(near, peak):
            return None
        left, top, right = fused[peak + LOBE - 1:peak + LOBE + 2].tolist()
        offset = 0.5 * (left - right) / (left - 2 * top + right) if top > max(left, right) else 0.0
        return Measured(float(BINS[peak + LOBE] + offset) * PER_MINUTE, quality)

    def agreed(self, near: np.ndarray, peak: int) -> bool:
        """Whether the bed's tilt, or two of the light's three ways (level, size, spacing), have
        that peak themselves."""
        ways = [near[peak, way] > SAME * near[:, way].max() and near[peak, way] > FAINTEST
                for way in range(near.shape[1])]
        return ways[-1] or sum(ways[:-1]) >= 2
