"""The body, once a second: Readings in, Vitals out. Causal, and constant in memory."""

import math

import numpy as np

from device.sleep.grid import RATE, Grid
from device.sleep.heart import SPAN, HeartRate
from device.sleep.movement import Movement
from device.sleep.quality import Contact
from device.values import Measured, Readings, Vitals

PATIENCE = 1.0          # s after a second's end that a late chip is waited for
TRUSTED = 0.5           # a heart rate of less quality is no heart rate


class VitalSigns:
    """Adds what the chips gave since the last tick and answers each whole second of signal that this completed.

    A value at second t uses nothing after t. Seconds without any signal are answered too, with nothing in them.
    """

    def __init__(self):
        self.pulse, self.motion = Grid(), Grid()
        self.movement, self.heart, self.contact = Movement(), HeartRate(), Contact()
        self.pulses = None                              # (SPAN·RATE, channels): the last seconds on the grid
        self.motions = np.full((SPAN * RATE, 3), np.nan)
        self.second: int | None = None                  # the next one to end

    def add(self, readings: Readings) -> list[Vitals]:
        """The Vitals of each second that ended, oldest first; [] when none did."""
        for grid, signal in ((self.pulse, readings.ppg), (self.motion, readings.motion)):
            if signal is not None:
                grid.add(signal)
                if self.second is None and math.isfinite(grid.end):
                    self.second = math.floor(float(signal.start) + 1e-6) + 1
        if self.second is None:
            return []
        late = readings.time - PATIENCE
        ended = []
        while True:
            ends = [grid.end for grid in (self.pulse, self.motion) if grid.end > max(self.second - 1, late)]
            if not (min(ends) >= self.second - 1e-3 if ends else late >= self.second):
                return ended
            ended.append(self.finish(self.second))
            self.second += 1

    def finish(self, second: int) -> Vitals:
        pulse, motion = self.pulse.take(second), self.motion.take(second)
        moved = self.movement.add(motion)
        self.motions = shifted(self.motions, motion if moved else None)
        heart = self.heart_rate(pulse)
        return Vitals(float(second), heart,
                      movement=moved.movement if moved else None, activity=moved.activity if moved else None,
                      present=self.contact.present(heart), turned=bool(moved and moved.turned))

    def heart_rate(self, pulse: np.ndarray | None) -> Measured | None:
        if pulse is not None and (self.pulses is None or pulse.shape[1] != self.pulses.shape[1]):
            self.pulses = np.full((SPAN * RATE, pulse.shape[1]), np.nan)
        if self.pulses is None:
            return None
        self.pulses = shifted(self.pulses, pulse)
        if not self.contact.add(pulse) or np.isnan(self.pulses).any():
            self.heart.forget()
            return None
        calm = np.isnan(self.motions).any()
        heart = self.heart.step(self.pulses, None if calm else self.motions)
        return heart if heart and heart.quality >= TRUSTED else None


def shifted(history: np.ndarray, block: np.ndarray | None) -> np.ndarray:
    """The history with a second more at its end and one less at its beginning."""
    history[:-RATE] = history[RATE:]
    history[-RATE:] = np.nan if block is None or block.shape[1] != history.shape[1] else block
    return history
