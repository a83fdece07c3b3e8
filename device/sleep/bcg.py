"""The heart felt through the mattress: a ballistocardiogram (BCG) from an accelerometer nobody wears.

Each beat makes the bed ring for some tenths of a second at 2–14 Hz. How loud it rings rises and falls once a beat, which
is what the rate is read from; the ringing itself, learnt, gives the beats.
"""

import numpy as np

from device.sleep.filters import bandpass
from device.sleep.grid import RATE
from device.sleep.pulse import NOTHING, Heart, Pulse

BAND = (2.5, 14.0)      # Hz
TAPS = 49               # 0.38 s of delay
QUIET = 0.3             # m/s² RMS in a second: more is a body that moves, and its bed with it
SETTLE = 2              # s after moving before the bed is still enough
EMPTY = 20              # s without any heart after which a still bed is empty


class Recoil:
    def __init__(self):
        self.taps = bandpass(*BAND, RATE, TAPS)
        self.raw = np.full((RATE + TAPS - 1, 3), np.nan)
        self.pulse = Pulse(skewed=False)
        self.still = 0              # s since the last movement
        self.heartless = EMPTY      # s since the last heart rate
        self.present: bool | None = None

    def add(self, second: int, motion: np.ndarray | None, movement: float) -> Heart:
        """A second of `motion` (RATE, 3) m/s² whose RMS was `movement`; None is a gap."""
        self.raw[:-RATE] = self.raw[RATE:]
        self.raw[-RATE:] = np.nan if motion is None else motion
        self.still = self.still + 1 if motion is not None and movement < QUIET else 0
        ringing = None
        if self.still > SETTLE and not np.isnan(self.raw[0, 0]):
            centred = self.raw - self.raw.mean(axis=0)
            ringing = np.stack([np.convolve(axis, self.taps, "valid") for axis in centred.T], axis=1)
        heart = self.pulse.add(second, None if ringing is None else np.abs(ringing), None, ringing)
        self.heartless = 0 if heart is not NOTHING else self.heartless + 1
        if self.heartless == 0 or 0 < self.still <= EMPTY // 2:
            self.present = True
        elif motion is None:
            self.present = None
        elif self.still and self.heartless >= EMPTY:
            self.present = False
        return heart
