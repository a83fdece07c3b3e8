"""The body, once a second: Readings in, Vitals out. Causal, and constant in memory."""

import math

import numpy as np

from device.sleep.beats import Beat, Beats
from device.sleep.grid import Grid
from device.sleep.heart import HeartRate
from device.sleep.movement import Movement
from device.sleep.quality import Contact
from device.sleep.variability import Intervals
from device.values import Measured, Readings, Vitals

PATIENCE = 1.0          # s after a second's end that a late chip is waited for
TRUSTED = 0.5           # a heart rate of less quality is no heart rate
SURE = 0.5              # a belief of less can't guide the search for beats
CALM = 0.3              # m/s² RMS: below this a pulse has beats one can tell apart
SUPPORTED = 0.4         # share of the last seconds' intervals that must fit the rate
LEARNING = 9            # s of signal before beats can be asked for


class VitalSigns:
    """Adds what the chips gave since the last tick and answers each whole second of signal that this completed.

    A value at second t uses nothing after t. Seconds without any signal are answered too, with nothing in them.
    """

    def __init__(self):
        self.pulse, self.motion = Grid(), Grid()
        self.movement, self.contact = Movement(), Contact()
        self.heart, self.beats, self.intervals = HeartRate(), Beats(), Intervals()
        self.channel = 0
        self.rate: Measured | None = None               # believed, before it had to be trusted
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
        if not self.contact.add(pulse):
            pulse = None
        self.rate = self.heart.add(pulse, motion)
        beats = self.find_beats(second, pulse)
        heart = self.rate if self.rate and self.trusted(second) else None
        return Vitals(float(second), heart, self.intervals.rmssd() if heart else None,
                      movement=moved.movement if moved else None, activity=moved.activity if moved else None,
                      present=self.contact.present(heart), turned=bool(moved and moved.turned),
                      beats=tuple(beat.time for beat in beats) if heart else ())

    def find_beats(self, second: int, pulse: np.ndarray | None) -> list[Beat]:
        if self.heart.channel != self.channel:
            self.channel = self.heart.channel
            self.beats = Beats()
        period = 60 / self.rate.value if self.rate and self.rate.quality >= SURE else None
        beats = self.beats.add(second, None if pulse is None else pulse[:, self.channel], period)
        self.intervals.add(beats, second)
        return beats

    def trusted(self, second: int) -> bool:
        """Whether the rate is believed, and, of a body at rest, whether beats bear it out."""
        if self.rate.quality < TRUSTED:
            return False
        if self.heart.sway > CALM or self.beats.seconds < LEARNING:
            return True
        return self.intervals.support(second, 60 / self.rate.value) >= SUPPORTED
