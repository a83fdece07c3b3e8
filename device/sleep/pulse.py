"""One source of heartbeats, light through a finger or the bed's recoil: from its signal to what can be trusted."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from device.sleep.beats import Beat, Beats
from device.sleep.heart import HeartRate
from device.sleep.variability import Intervals
from device.values import Measured

TRUSTED = 0.5           # a heart rate of less quality is no heart rate
BRISK = 0.5             # m/s² RMS: above this someone walks about,
SURE_WALKING = 0.8      # where a rate must be believed more to be told
SWINGING = 1.5          # m/s² RMS: an arm that swings like that
RESTING = 60            # /min: fools the light with every other step, while no walker's heart is that slow
SURE = 0.5              # a belief of less can't guide the search for beats
CALM = 0.1              # m/s² RMS: below this a pulse has beats one can tell apart
SUPPORTED = 0.4         # share of the last seconds' intervals that must fit the rate
FASTEST = 180           # /min: no heart at rest; lamps beat against the chip's clock like that
RINGING = 5.0           # times its fundamental that a recoil's overtones count: it rings more than once a beat
CLEAR = 0.95            # a quality of this and beats that bear it out: for
COUNTED = 2             # s the beats are counted and no spectrum is made
SLIGHT = 0.3            # m/s² RMS: below this counted beats are better than the spectrum
SHARE = 0.75            # of beats that were counted in the rate, the rest is the spectrum's
LEARNING = 9            # s of signal before beats can be asked for


@dataclass(frozen=True, slots=True)
class Heart:
    """What one second said of the heart."""
    rate: Measured | None = None            # /min
    rmssd: Measured | None = None           # ms
    beats: tuple[Beat, ...] = ()


NOTHING = Heart()


class Pulse:
    """`skewed`: beats rise steeply (a pulse of light); else they ring (a recoil)."""

    def __init__(self, skewed: bool = True):
        self.skewed = skewed
        self.heart = HeartRate() if skewed else HeartRate(RINGING)
        self.beats, self.intervals = Beats(skewed=skewed), Intervals()
        self.clear, self.age = False, 0                 # so clear that counting will do; s since the last spectrum
        self.last: Measured | None = None
        self.channel = self.seconds = 0                 # whose beats are looked for; s of signal in a row

    def add(self, second: int, signal: np.ndarray | None, motion: np.ndarray | None,
            shapes: np.ndarray | None = None, hint: Callable[[], np.ndarray] | None = None) -> Heart:
        """A second of `signal` (RATE, channels) and `motion` (RATE, 3) m/s²; None is a gap.

        `shapes` (RATE, channels): where to look for the beats themselves, when that isn't `signal`.
        `hint` gives HeartRate's, when it is asked for.
        """
        self.seconds = 0 if signal is None else self.seconds + 1
        ready = self.heart.take(signal, motion)
        self.age += 1
        rate, counting = None, ready and self.clear and self.age <= COUNTED
        if ready and not counting:
            rate = self.judge(hint)
        if self.heart.channel != self.channel:
            self.channel = self.heart.channel
            self.beats = Beats(skewed=self.skewed)
        guide = self.last if counting else rate
        period = 60 / guide.value if guide and guide.quality >= SURE else None
        block = signal if shapes is None else shapes
        beats = self.beats.add(second, None if signal is None else block[:, self.channel], period)
        self.intervals.add(beats, second)
        if counting:
            counted = self.intervals.rate(second, 60 / self.last.value)
            rate = Measured(counted, self.last.quality) if counted else self.judge(hint)
        if rate is None or not self.trusted(rate, second):
            self.clear = False
            return NOTHING
        if self.age == 0 and self.heart.sway <= SLIGHT:
            counted = self.intervals.rate(second, 60 / rate.value)
            if counted is not None:
                rate = Measured(SHARE * counted + (1 - SHARE) * rate.value, rate.quality)
        self.clear = self.heart.sway <= CALM and rate.quality >= CLEAR and self.seconds >= LEARNING
        self.last = rate
        return Heart(rate, self.intervals.rmssd(), tuple(beats))

    def judge(self, hint: Callable[[], np.ndarray] | None) -> Measured | None:
        self.age = 0
        return self.heart.judge(hint() if hint else 0.0)

    def trusted(self, rate: Measured, second: int) -> bool:
        """Whether the rate is believed, and, of a body at rest, whether beats bear it out."""
        if rate.quality < (TRUSTED if self.heart.sway <= BRISK else SURE_WALKING):
            return False
        if self.heart.sway > SWINGING and rate.value < RESTING:
            return False
        if self.heart.sway > CALM or self.seconds < LEARNING:
            return True
        return rate.value < FASTEST and self.intervals.support(second, 60 / rate.value) >= SUPPORTED
