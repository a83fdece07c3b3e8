"""One source of heartbeats, light through a finger or the bed's recoil: from its signal to what can
be trusted."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from device.sleep.beats import Beat, Beats
from device.sleep.heart import HeartRate
from device.sleep.variability import Intervals
from device.values import Measured

TRUSTED = 0.5           # a heart rate of less quality is no heart rate
BRISK = 0.5             # m/s² RMS: above this someone walks about,
SURE_WALKING = 0.8      # where a rate must be believed more to be told
SWINGING = 1.5          # m/s² RMS: an arm that swings like that
RESTING = 60  # /min: fools the light with every other step, while no walker's heart is that slow
SURE = 0.5              # a belief of less can't guide the search for beats
CALM = 0.1              # m/s² RMS: below this a pulse has beats one can tell apart
SUPPORTED = 0.3         # share of the last seconds' intervals that must fit the rate
FASTEST = 180           # /min: no heart at rest; lamps beat against the chip's clock like that,
FASTEST_FELT = 110      # and a bed rings twice a beat
# times its fundamental that a recoil's overtones count: it rings more than once a beat
RINGING = 5.0
CLEAR = 0.95            # a quality of this and beats that bear it out: for
HOP, LEAP = 2, 6        # s between spectra, and when it is clear
SLIGHT = 0.3  # m/s² RMS: above this no beat can be told, below it counted beats beat the spectrum
BEATS = 0.5             # quality of a rate that only the beats bear out
USUAL = 0.8             # s between beats, before anything is known
LEARNING = 9            # s of signal before beats can be asked for


class Heart(NamedTuple):
    """What one second said of the heart."""
    rate: Measured | None = None            # /min
    rmssd: Measured | None = None           # ms
    beats: tuple[Beat, ...] = ()


NOTHING = Heart()


class Pulse:
    """`skewed`: beats rise steeply (a pulse of light); else they ring (a recoil), and come
    filtered, `late` s later."""

    def __init__(self, skewed: bool = True, late: float = 0.0):
        self.skewed, self.late = skewed, late
        self.heart = HeartRate() if skewed else HeartRate(RINGING)
        self.fastest = FASTEST if skewed else FASTEST_FELT
        self.beats, self.intervals = Beats(skewed, late), Intervals()
        self.clear = False                              # so clear that counting will do
        self.last: Measured | None = None               # by spectrum, or carried on from it
        self.told: Measured | None = None
        self.channel = self.seconds = 0  # whose beats are looked for; s of signal in a row

    def add(self, second: int, signal: np.ndarray | None, motion: np.ndarray | None,
            movement: float, shapes: np.ndarray | None = None,
            hint: Callable[[], np.ndarray] | None = None) -> Heart:
        """A second of `signal` (RATE, channels) and `motion` (RATE, 3) m/s², with its RMS; None is
        a gap.

        `shapes` (RATE, channels): where to look for the beats themselves, when that isn't `signal`.
        `hint` gives HeartRate's, when it is asked for.
        """
        self.seconds = 0 if signal is None else self.seconds + 1
        if not self.heart.take(signal, motion):
            self.last = None
        elif self.last is None or second % (LEAP if self.clear else HOP) == 0:
            self.last = self.heart.judge(hint() if hint else 0.0)
        elif self.clear:
            self.last = self.told                       # beats carry it on
        if self.heart.channel != self.channel:
            self.channel = self.heart.channel
            self.beats = Beats(self.skewed, self.late)
        period = 60 / self.last.value if self.last and self.last.quality >= SURE else None
        usual = self.intervals.period() or USUAL
        apart = period or usual
        if self.skewed:
            apart = min(apart, usual)
        block = None
        if signal is not None and movement <= SLIGHT:
            block = (signal if shapes is None else shapes)[:, self.channel]
        beats = self.beats.add(second, block, period, apart)
        self.intervals.add(beats, second)
        self.told = rate = self.rate(second)
        self.clear = (rate is not None and rate.quality >= CLEAR and self.heart.sway <= CALM
                      and self.seconds >= LEARNING)
        return Heart(rate, self.intervals.rmssd(), tuple(beats)) if rate else NOTHING

    def rate(self, second: int) -> Measured | None:
        """The spectrum's, made finer by the beats of a body at rest; without it what they say by
        themselves."""
        if self.last is not None and self.trusted(self.last, second):
            counted = None
            if self.heart.sway <= SLIGHT:
                counted = self.intervals.rate(second, 60 / self.last.value)
            return self.last if counted is None else Measured(counted, self.last.quality)
        period = self.intervals.period()
        if period is None or self.heart.sway > CALM:
            return None
        if self.intervals.support(second, period) < SUPPORTED:
            return None
        counted = self.intervals.rate(second, period)
        return Measured(counted, BEATS) if counted and counted < self.fastest else None

    def trusted(self, rate: Measured, second: int) -> bool:
        """Whether the rate is believed, and, of a body at rest, whether beats bear it out."""
        if rate.quality < (TRUSTED if self.heart.sway <= BRISK else SURE_WALKING):
            return False
        if self.heart.sway > SWINGING and rate.value < RESTING:
            return False
        if self.heart.sway > CALM:
            return True
        if rate.value >= self.fastest:
            return False
        if self.seconds < LEARNING:
            return True
        return self.intervals.support(second, 60 / rate.value) >= SUPPORTED
